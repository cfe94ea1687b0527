// A hundred thousand hostile requests; `HOSTILE_SEED` and `HOSTILE_REQUESTS` ask for others.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { cries, isolateOf, isSignedIn, sendHostile, startHostileGate } from "../support/index.mjs";

const TOTAL = Number(process.env.HOSTILE_REQUESTS ?? 100_000);
const SEED = Number(process.env.HOSTILE_SEED ?? 2);

test(`${TOTAL} hostile requests: no 500, no panic, no new isolate, and everybody else is served`, async (t) => {
  const hostile = await startHostileGate({ after });
  const tally = await sendHostile(hostile, SEED, TOTAL);
  t.diagnostic(
    JSON.stringify({ seed: SEED, ...tally, gate500: tally.gate500.length, unserved: tally.unserved.length }),
  );
  assert.deepEqual(tally.gate500, []);
  assert.deepEqual(cries(hostile.gate), []);
  assert.deepEqual(await isolateOf(hostile.gate), hostile.isolate);
  assert.deepEqual(tally.unserved, []);
  assert.ok(tally.good >= TOTAL / 50);
  assert.ok(await isSignedIn(hostile.gate, { access: hostile.steady.access }));
});
