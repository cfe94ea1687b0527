// `ORIGIN_TIMEOUT`: an application that does not begin to answer in time is given up with 504. One that has begun may
// take its time, and without the variable so may every one.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gateFor, HELD_ORIGIN, HELD_RULES, meanwhile, NAVIGATION } from "../support/index.mjs";

const LIMIT = 20;
const RULES = [...HELD_RULES, { path: "/open", session: "none" }];
const setting = (vars) => ({ clock: true, origin: HELD_ORIGIN, vars: { RULES, ...vars } });
const limited = await gateFor({ after }, setting({ ORIGIN_TIMEOUT: LIMIT }));

/** What the gate answers for an application that never does. */
function givenUp(headers = {}, answered = {}) {
  const query = new URLSearchParams({ id: "never", headers: JSON.stringify(answered) });
  return limited.letTimePass(LIMIT, limited.fetch(`/open?${query}`, { headers }));
}

/** The answer of an application that takes so many seconds for it. */
const answeredAfter = (seconds, gate) => meanwhile(gate, { path: "/open", late: false }, () => gate.moveClock(seconds));

test("an API hears that the origin does not answer in time", async () => {
  const response = await givenUp();
  assert.equal(response.status, 504);
  assert.deepEqual(await response.json(), { message: "the origin does not answer in time" });
});

test("a person sees a page that says so", async () => {
  const response = await givenUp(NAVIGATION);
  assert.equal(response.status, 504);
  assert.match(await response.text(), /takes too long/);
});

test("an origin that answers within the limit is heard", async () => {
  const response = await answeredAfter(LIMIT - 1, limited);
  assert.equal(response.status, 200);
});

test("a late answer makes no session", async () => {
  const response = await givenUp({}, { "Gate-Create-Session": JSON.stringify({ userId: "ada" }) });
  assert.equal(response.status, 504);
  assert.deepEqual(response.headers.getSetCookie(), []);
});

test("without the variable the origin may take its time", async (t) => {
  const patient = await gateFor(t, setting({}));
  assert.equal((await answeredAfter(10 * LIMIT, patient)).status, 200);
});
