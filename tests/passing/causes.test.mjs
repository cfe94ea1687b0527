// Whoever reads the log finds the cause of each 502 and 504, and the page says what is the matter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gateFor, HELD_ORIGIN, HELD_RULES, NAVIGATION, rawOrigin, response } from "../support/index.mjs";

const RULES = [{ path: "/*", session: "optional" }];

const starting = (beginning) => (line) => String(line).startsWith(beginning);

async function assertSaid(gate, answer, status, reason, cause) {
  assert.deepEqual([answer.status, answer.headers.get("gate-reason")], [status, reason]);
  const event = reason === "origin-headers" ? "origin_headers" : "origin_failed";
  const line = await gate.logged((line) => line.event === event);
  assert.match(line.cause, cause);
  assert.equal(gate.logs.filter((line) => line.event === event).length, 1, "once");
}

test("an application out of reach: 502, with what the platform says", async (t) => {
  const gate = await gateFor(t, { originUrl: "http://127.0.0.1:1", vars: { RULES } });
  const answer = await gate.fetch("/");
  await assertSaid(gate, answer, 502, "origin-unreachable", /^the origin does not answer: .{5,}/);
  assert.deepEqual(await answer.json(), { message: "the origin does not answer" });
});

test("an application that throws: 502, with what it threw", async (t) => {
  const origin = `export default { fetch() { throw new Error("no database"); } };`;
  const gate = await gateFor(t, { origin, vars: { RULES } });
  await assertSaid(gate, await gate.fetch("/"), 502, "origin-unreachable", /no database/);
});

test("a status that is none: 502, with the status", async (t) => {
  const originUrl = await rawOrigin(t, () => response("999 What"));
  const gate = await gateFor(t, { originUrl, vars: { RULES } });
  await assertSaid(gate, await gate.fetch("/"), 502, "origin-unreachable", /999/);
});

for (const [what, [header, cause]] of Object.entries({
  "no JSON": ["Gate-Create-Session: alice", /gate-create-session: a JSON object expected/],
  "no user": ["Gate-Create-Session: {}", /gate-create-session: userId must be/],
  "Latin-1": ['Gate-Create-Session: {"userId":"zo\xeb"}', /gate-create-session: the JSON must be UTF-8/],
  "no scope": ["Gate-Revoke-Session: everything", /gate-revoke-session: current, all, others/],
})) {
  test(`a control header with ${what}: 502, with what is wrong, and a page that does not blame the network`, async (t) => {
    const originUrl = await rawOrigin(t, () => response("200 OK", [header]));
    const gate = await gateFor(t, { originUrl, vars: { RULES } });
    const page = await gate.fetch("/", { headers: NAVIGATION });
    await assertSaid(gate, page, 502, "origin-headers", cause);
    const html = await page.text();
    assert.match(html, /sent no usable answer/);
    assert.doesNotMatch(html, /does not answer/);
  });
}

test("a header of the application that begins with Gate- and means nothing is named and goes no further", async (t) => {
  const origin = `export default { fetch: () => new Response("", { headers: { "Gate-CreateSession": "{}" } }) };`;
  const gate = await gateFor(t, { origin, vars: { RULES } });
  const answer = await gate.fetch("/");
  assert.deepEqual([answer.status, answer.headers.get("gate-createsession")], [200, null]);
  assert.match(String(await gate.logged(starting("origin-headers: "))), /`gate-createsession`/);
});

test("an application that takes too long: 504, with a line", async (t) => {
  const vars = { RULES: HELD_RULES, ORIGIN_TIMEOUT: 5 };
  const gate = await gateFor(t, { clock: true, origin: HELD_ORIGIN, vars });
  const path = "/held/optional?id=1";
  const answer = await gate.letTimePass(6, gate.fetch(path));
  await assertSaid(gate, answer, 504, "origin-timeout", /ORIGIN_TIMEOUT|in time/);
});
