// The random walk of tests/session/walk.test.mjs, for as long as wanted: WALK_STEPS steps under each policy,
// a new way every WALK_LEG steps. WALK_SEED is the seed of the first.

import { test } from "node:test";
import { POLICIES, walk } from "../support/index.mjs";

const STEPS = Number(process.env.WALK_STEPS ?? 5000);
const LEG = Number(process.env.WALK_LEG ?? 500);
const SEED = Number(process.env.WALK_SEED ?? Math.floor(Math.random() * 2 ** 30));

for (const [name, policy] of Object.entries(POLICIES)) {
  test(`on a long random walk ${name} the gate says and keeps at each step what its documents say`, async (t) => {
    t.diagnostic(`WALK_SEED=${SEED}`);
    const total = {};
    for (let taken = 0, seed = SEED; taken < STEPS; taken += LEG, seed += 1) {
      const counts = await walk(t, { policy, seed, steps: Math.min(LEG, STEPS - taken) });
      for (const [kind, count] of Object.entries(counts)) total[kind] = (total[kind] ?? 0) + count;
    }
    t.diagnostic(JSON.stringify(total));
  });
}
