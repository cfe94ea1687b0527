// The gate under full load for ten seconds: it errs nowhere, and has kept its word to everyone.
// `tests/long/soak.test.mjs` lasts ten minutes, and measures as well.

import { soak } from "../support/index.mjs";

await soak({ seconds: 10, people: 200 });
