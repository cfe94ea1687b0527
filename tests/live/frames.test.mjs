// What two ends say to each other over a watched WebSocket arrives as it was said, and so does how they part.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, describe, test } from "node:test";
import { connected, gateFor, liveOrigin, loginAs, soon } from "../support/index.mjs";

const MIB = 1024 * 1024;

const origin = await liveOrigin({ after });
const packing = await liveOrigin({ after }, { deflate: true });
const gate = await gateFor({ after }, { originUrl: origin.url });
const packingGate = await gateFor({ after }, { originUrl: packing.url });
const alice = await loginAs(gate, "alice");
const bob = await loginAs(packingGate, "bob");

let count = 0;
const newId = () => `socket-${(count += 1)}`;

function digest(data) {
  return createHash("sha256").update(data).digest("hex");
}

/** Bytes that do not repeat soon. */
function bytes(length) {
  const made = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) made[at] = (at * 31 + (at >> 8)) & 255;
  return made;
}

describe("a message comes back as it was sent:", () => {
  for (const [what, message] of Object.entries({
    "a text": "hello",
    "a text beyond ASCII": "Grüße, 世界 🎉",
    "an empty text": "",
    "a text with a line break and a NUL": "a\nb\0c",
    bytes: Buffer.from([0, 1, 254, 255]),
    "no bytes": Buffer.alloc(0),
    "a text of 1 MiB": "é".repeat(MIB / 2),
    "16 MiB": bytes(16 * MIB),
    "31 MiB": bytes(31 * MIB),
  })) {
    test(what, async () => {
      const { socket, echo } = await connected(gate, alice, { maxPayload: 64 * MIB });
      const back = await echo(message);
      if (typeof message === "string") assert.equal(back, message);
      else assert.equal(digest(back), digest(message));
      socket.terminate();
    });
  }

  test("a thousand of both kinds, in their order", async () => {
    const { socket, heard } = await connected(gate, alice);
    const said = Array.from({ length: 1000 }, (_, at) => (at % 2 === 0 ? `${at}` : Buffer.from(`${at}`)));
    for (const message of said) socket.send(message);
    assert.ok(await soon(() => heard.length === said.length));
    assert.deepEqual(heard, said);
    socket.terminate();
  });
});

test("a message over 32 MiB closes the WebSocket, and no part of it arrives", async () => {
  const id = newId();
  const { socket, closed } = await connected(gate, alice, { path: `/socket?id=${id}` });
  socket.send(bytes(33 * MIB));
  assert.ok([1006, 1009].includes((await closed)[0]));
  assert.deepEqual((await origin.of(id, ({ ended }) => ended)).messages, []);
});

describe("a close is carried over with its code:", () => {
  const CLOSES = [
    [1000, "done"],
    [1000, ""],
    [1001, "going away"],
    [1011, "broken"],
    [3000, "unauthorised"],
    [4001, "grüße"],
    [4999, "x".repeat(123)],
    [undefined, ""],
  ];
  for (const [code, reason] of CLOSES) {
    test(`${code ?? "none"} ${String(reason).slice(0, 20)}, by the client`, async () => {
      const id = newId();
      const { socket, closed } = await connected(gate, alice, { path: `/socket?id=${id}` });
      socket.close(code, reason);
      const { ended } = await origin.of(id, (state) => state.ended);
      assert.deepEqual(ended, [code ?? 1005, reason]);
      assert.equal((await closed)[0], code ?? 1005);
    });

    test(`${code ?? "none"} ${String(reason).slice(0, 20)}, by the application`, async () => {
      const id = newId();
      const { closed } = await connected(gate, alice, { path: `/socket?id=${id}` });
      const { socket } = await origin.of(id, (state) => state.socket);
      socket.close(code, reason);
      assert.deepEqual(await closed, [code ?? 1005, reason]);
    });
  }

  test("1011 where an end vanishes without a close", async () => {
    for (const vanishes of ["the client", "the application"]) {
      const id = newId();
      const { socket, closed } = await connected(gate, alice, { path: `/socket?id=${id}` });
      const state = await origin.of(id, ({ socket }) => socket);
      (vanishes === "the client" ? socket : state.socket).terminate();
      const [code] = vanishes === "the client" ? (await origin.of(id, ({ ended }) => ended)).ended : await closed;
      assert.ok([1006, 1011].includes(code), `${code}`);
    }
  });
});

describe("of the handshake", () => {
  test("the sub-protocol is the one that the application chose", async () => {
    const { socket } = await connected(gate, alice, { protocols: ["other", "chat"] });
    assert.equal(socket.protocol, "chat");
    socket.terminate();
  });

  test("headers and cookies of the application's answer arrive, and new cookies of the gate's beside them", async () => {
    const { response, socket } = await connected(gate, { refresh: alice.refresh });
    assert.equal(response.headers["x-own"], "1");
    const names = response.headers["set-cookie"].map((line) => line.split("=")[0]);
    assert.deepEqual(names.slice(0, 2), ["own", "other"]);
    assert.deepEqual(names.slice(2).sort(), ["__Host-sAccessToken", "__Host-sRefreshToken"]);
    socket.terminate();
  });

  test("the application is told who it is, and sees no cookie of the gate's", async () => {
    const id = newId();
    const { socket } = await connected(gate, alice, { path: `/socket?id=${id}`, headers: { "gate-user": "mallory" } });
    const { headers } = await origin.of(id, () => true);
    assert.equal(headers["gate-user"], "alice");
    assert.equal(headers["gate-session"], alice.handle);
    assert.equal(headers.cookie, undefined);
    socket.terminate();
  });
});

describe("messages to the client are compressed if it wants that, and arrive:", () => {
  for (const { at, session, name } of [
    { at: packingGate, session: bob, name: "the application does" },
    { at: gate, session: alice, name: "the application does not" },
  ]) {
    for (const perMessageDeflate of [true, false]) {
      test(`the client ${perMessageDeflate ? "does" : "does not"}, ${name}`, async () => {
        const { socket, echo, response } = await connected(at, session, { perMessageDeflate });
        const extensions = response.headers["sec-websocket-extensions"] ?? "";
        assert.equal(extensions.includes("permessage-deflate"), perMessageDeflate);
        const text = "the same again, ".repeat(1000);
        assert.equal(await echo(text), text);
        assert.equal(digest(await echo(bytes(MIB))), digest(bytes(MIB)));
        socket.terminate();
      });
    }
  }
});
