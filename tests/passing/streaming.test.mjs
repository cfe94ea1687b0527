// Bodies flow through the gate without being collected in it, however large.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { gateFor, login, presenting } from "../support/index.mjs";

const MIB = 1024 * 1024;
const COUNT = 64;

/** `/back` returns the body while it comes in; `/count` reads it to its end. */
const ORIGIN = `
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login") {
      return new Response("", { headers: { "Gate-Create-Session": JSON.stringify({ userId: searchParams.get("user") }) } });
    }
    if (pathname === "/back") return new Response(request.body);
    let length = 0;
    for await (const chunk of request.body) length += chunk.length;
    return Response.json({ length });
  },
};`;

const gate = await gateFor({ after }, { origin: ORIGIN });
const headers = presenting(await login(gate, "alice"));
const post = (path, body) => gate.fetch(path, { method: "POST", headers, body });

function mebibytes(count) {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent === count) return controller.close();
      controller.enqueue(new Uint8Array(MIB).fill(sent));
      sent += 1;
    },
  });
}

async function digest(stream) {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

test("64 MiB go up", async () => {
  const response = await post("/count", mebibytes(COUNT));
  assert.deepEqual(await response.json(), { length: COUNT * MIB });
});

test("64 MiB go up and come back unchanged", async () => {
  const response = await post("/back", mebibytes(COUNT));
  assert.equal(await digest(response.body), await digest(mebibytes(COUNT)));
});

test("each part of a body arrives before the next one is sent", async () => {
  let source;
  const body = new ReadableStream({ start: (controller) => (source = controller) });
  const send = (text) => source.enqueue(new TextEncoder().encode(text));
  send("first");
  const reader = (await post("/back", body)).body.getReader();
  const receive = async () => new TextDecoder().decode((await reader.read()).value);
  assert.equal(await receive(), "first");
  send("second");
  assert.equal(await receive(), "second");
  source.close();
  assert.equal((await reader.read()).done, true);
});
