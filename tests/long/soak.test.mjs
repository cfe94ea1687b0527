// The soak of tests/faults/soak.test.mjs, in the proportions of a real site, for ten minutes; and the runtime takes no more
// memory at the end than at the beginning.
//
// SOAK_SECONDS, SOAK_PEOPLE and SOAK_WARM_UP (in acts) make it shorter and smaller.

import { soak } from "../support/index.mjs";

/** Until the caches are full and what is open at a time is open: a run with less cannot judge memory. */
const SETTLED = 20_000;

const warmUp = Number(process.env.SOAK_WARM_UP ?? SETTLED);

await soak({
  seconds: Number(process.env.SOAK_SECONDS ?? 600),
  people: Number(process.env.SOAK_PEOPLE ?? 10_000),
  measured: { warmUp, judgesMemory: warmUp >= SETTLED },
});
