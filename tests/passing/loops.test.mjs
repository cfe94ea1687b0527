// A way to the application that leads back to the gate ends at once, and says so at the client as well.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { gateFor, NAVIGATION } from "../support/index.mjs";

const RULES = [{ path: "/open/*", session: "none" }];

/** Neither ORIGIN nor ORIGIN_URL: what is forwarded goes to the address it came to. */
const ALONE = `export { default } from "./index.js";`;

/** A Worker that sends everything back to where the browser has sent it. */
const BACK = `export default { fetch: (request) => fetch(request) };`;

/** The same, one segment further each time. */
const FURTHER = `export default { fetch: (request) => fetch(request.url + "/x", request) };`;

async function assertLoop(gate, response) {
  assert.equal(response.status, 508);
  assert.equal(response.headers.get("gate-reason"), "loop");
  assert.equal(response.headers.get("session-gate-hops"), null, "no mark reaches the client");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(await gate.logged(isLoop));
}

const isLoop = (line) => line.event === "loop";

for (const [what, options] of Object.entries({
  "without ORIGIN and ORIGIN_URL": { sameWorker: ALONE },
  "through a Worker that leads back": { origin: BACK },
})) {
  test(`${what} a request is forwarded once and answered with 508`, async (t) => {
    const gate = await gateFor(t, { ...options, vars: { RULES } });
    const response = await gate.fetch("/open/x?y");
    await assertLoop(gate, response);
    assert.deepEqual(await response.json(), { message: "the way to the application leads back to the gate" });
    assert.equal(gate.logs.filter(isLoop).length, 2, "where it is found, and where it began");
    const page = await gate.fetch("/open/x", { headers: NAVIGATION });
    await assertLoop(gate, page);
    assert.match(await page.text(), /not configured correctly/);
    assert.equal((await gate.fetch("/closed")).status, 401, "who may not pass does not get so far");
    assert.equal((await (await gate.fetch("/auth/health")).json()).status, "ok");
  });
}

test("ORIGIN_URL with the gate's own address is a loop", async (t) => {
  const gate = await gateFor(t, { sameWorker: ALONE, vars: { RULES } });
  await gate.restart({ ORIGIN_URL: gate.url });
  await assertLoop(gate, await gate.fetch("/open/x", { method: "POST", body: "body" }));
});

test("a way that changes the address each time ends as well", async (t) => {
  const gate = await gateFor(t, { origin: FURTHER, vars: { RULES } });
  await assertLoop(gate, await gate.fetch("/open/x"));
  assert.ok(gate.logs.filter(isLoop).length <= 6);
});

test("an application that calls the gate anew is no loop, be it with all headers of the request", async (t) => {
  const server = createServer(async (request, response) => {
    const { url, method } = request;
    if (url !== "/open/outer") return response.end(`${method} ${url}`);
    const { host, connection, "accept-encoding": encoding, ...sent } = request.headers;
    const headers = Object.entries(sent).map(([name, value]) => [name, String(value)]);
    const inner = await gate.fetch("/open/inner", { headers });
    return response.end(`${inner.status} ${await inner.text()}`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => server.close());
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const gate = await gateFor(t, { originUrl: `http://127.0.0.1:${port}`, vars: { RULES } });
  const response = await gate.fetch("/open/outer", { headers: { "x-more": "kept" } });
  assert.equal(await response.text(), "200 GET /open/inner");
});

test("marks that a client makes up reach no application, unless they look like marks", async (t) => {
  const origin = `export default { fetch: ({ headers }) => new Response(headers.get("session-gate-hops")) };`;
  const gate = await gateFor(t, { origin, vars: { RULES } });
  const hops = (value) => gate.fetch("/open/x", { headers: { "session-gate-hops": value } });
  const own = await (await gate.fetch("/open/x")).text();
  assert.match(own, /^[0-9a-f]{16}$/);
  assert.equal(await (await hops("root, <script>, \u00ff, ABCDEF0123456789")).text(), own);
  assert.equal(await (await hops("0123456789abcdef")).text(), `0123456789abcdef, ${own}`);
  assert.equal((await hops(own)).status, 508, "who says that it has been here is believed, and refused");
  assert.notEqual(await (await gate.fetch("/open/y")).text(), own);
});
