// Killed a hundred times: no acknowledged log-out comes undone, no acknowledged login or renewal is
// lost, and no session is half there. CRASH_ROUNDS makes it shorter or longer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { crashRounds } from "../support/index.mjs";

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 100);

test(`what was acknowledged before the runtime was killed holds after it: ${ROUNDS} rounds`, async (t) => {
  const told = await crashRounds(t, ROUNDS);
  t.diagnostic(JSON.stringify(told));
  assert.ok(told.cutOff >= ROUNDS, "requests were under way when it was killed");
  for (const kind of ["logins", "renewals", "logouts", "looks"]) assert.ok(told[kind] > ROUNDS, `there were ${kind}`);
});
