// The runtime is killed in the middle of everything. tests/long/crash.test.mjs does it a hundred times.

import { test } from "node:test";
import { crashRounds } from "../support/index.mjs";

test("what was acknowledged before the runtime was killed holds after it: five rounds", async (t) => {
  await crashRounds(t, 5);
});
