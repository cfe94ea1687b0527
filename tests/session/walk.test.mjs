// Some hundred random steps of browsers, backends and thieves, each compared with what the documents
// say. `WALK_SEED` takes the same way again; tests/long/walk.test.mjs walks on for thousands.

import { test } from "node:test";
import { POLICIES, walk } from "../support/index.mjs";

const STEPS = 200;

for (const [name, policy] of Object.entries(POLICIES)) {
  test(`on a random walk ${name} the gate says and keeps at each step what its documents say`, async (t) => {
    const seed = Number(process.env.WALK_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`WALK_SEED=${seed}`);
    t.diagnostic(JSON.stringify(await walk(t, { policy, seed, steps: STEPS })));
  });
}
