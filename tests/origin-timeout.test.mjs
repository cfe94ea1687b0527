// `ORIGIN_TIMEOUT`: an application that does not begin to answer in time is given up with 504. One that has begun may
// take its time, and without the variable so may every one.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { NAVIGATION } from "./support/gate.mjs";
import { patiently, PATIENT, SEEN_RULE } from "./support/patient-origin.mjs";
import { gateFor } from "./support/session.mjs";

const RULES = [SEEN_RULE, { path: "/open", session: "none" }];
const LATE = 2500;
const limited = await gateFor({ after }, { origin: PATIENT, vars: { RULES, ORIGIN_TIMEOUT: 1 } });
const late = patiently("/open", { wait: LATE });

test("an API hears in a second that the origin does not answer in time", async () => {
  const begun = performance.now();
  const response = await limited.fetch(late);
  const waited = performance.now() - begun;
  assert.equal(response.status, 504);
  assert.deepEqual(await response.json(), { message: "the origin does not answer in time" });
  assert.ok(waited > 900 && waited < LATE, `${waited} ms`);
});

test("a person sees a page that says so", async () => {
  const response = await limited.fetch(late, { headers: NAVIGATION });
  assert.equal(response.status, 504);
  assert.match(await response.text(), /takes too long/);
});

test("an origin that answers within the limit is heard", async () => {
  const response = await limited.fetch(patiently("/open", { wait: 300 }));
  assert.equal(response.status, 200);
});

test("a late answer makes no session", async () => {
  const headers = { "Gate-Create-Session": JSON.stringify({ userId: "ada" }) };
  const response = await limited.fetch(patiently("/open", { wait: LATE, headers }));
  assert.equal(response.status, 504);
  assert.deepEqual(response.headers.getSetCookie(), []);
});

test("without the variable the origin may take its time", async (t) => {
  const patient = await gateFor(t, { origin: PATIENT, vars: { RULES } });
  assert.equal((await patient.fetch(late)).status, 200);
});
