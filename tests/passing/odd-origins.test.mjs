// An origin that answers nonsense costs its own request a 502, and no other request anything.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { gateFor, NAVIGATION, rawOrigin, response } from "../support/index.mjs";

const ODD = {
  "/status-999": response("999 Odd"),
  "/status-600": response("600 Odd"),
  "/status-199": response("199 Odd"),
  "/status-103": response("103 Early Hints"),
  "/status-101": response("101 Switching Protocols"),
  "/status-099": response("099 Odd"),
  "/no-number": response("abc"),
  "/not-http": "SSH-2.0-OpenSSH_9.9\r\n",
  "/cut-short": "HTTP/1.1 200 OK\r\nContent-Le",
  "/silence": "",
};

/** Connections on which the origin has been asked something it will answer later. */
const held = [];
const asked = new EventTarget();

const originUrl = await rawOrigin({ after }, (head, socket) => {
  const path = head.split(" ")[1];
  if (path !== "/slow") return ODD[path] ?? response("200 OK", [], "neighbour");
  held.push(socket);
  asked.dispatchEvent(new Event("slow"));
  return undefined;
});
const gate = await gateFor({ after }, { originUrl, vars: { RULES: [{ path: "/*", session: "none" }] } });

for (const path of Object.keys(ODD)) {
  test(`an origin that answers like ${path} is a 502, and a request in flight beside it is unharmed`, async () => {
    const slow = once(asked, "slow");
    const neighbour = gate.fetch("/slow");
    await Promise.race([slow, neighbour]);
    const odd = await gate.fetch(path);
    assert.equal(odd.status, 502);
    assert.equal(typeof (await odd.json()).message, "string");
    held.pop().end(response("200 OK", [], "unharmed"), "latin1");
    assert.equal(await (await neighbour).text(), "unharmed");
  });
}

test("a person is shown a page instead", async () => {
  const odd = await gate.fetch("/status-999", { headers: NAVIGATION });
  assert.equal(odd.status, 502);
  assert.match(odd.headers.get("content-type"), /^text\/html/);
});

test("an origin that nobody serves is a 502", async (t) => {
  const gone = await gateFor(t, {
    originUrl: "http://127.0.0.1:1",
    vars: { RULES: [{ path: "/*", session: "none" }] },
  });
  assert.equal((await gone.fetch("/")).status, 502);
});

test("an origin Worker that throws is a 502", async (t) => {
  const throwing = await gateFor(t, {
    origin: `export default { fetch() { throw new Error("secret detail") } }`,
    vars: { RULES: [{ path: "/*", session: "none" }] },
  });
  const failed = await throwing.fetch("/");
  assert.equal(failed.status, 502);
  assert.doesNotMatch(await failed.text(), /secret detail/);
});

test("nothing above made the gate panic", () => {
  assert.deepEqual(
    gate.logs.filter((line) => /panic/i.test(JSON.stringify(line))),
    [],
  );
});
