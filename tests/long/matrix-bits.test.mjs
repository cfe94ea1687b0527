// Every single bit of every token, at every door of its kind.

import { after, test } from "node:test";
import { everyBit, startGateWithTokens } from "../support/index.mjs";

const { tokens, assertRefusedEverywhere, assertNothingEnded } = await startGateWithTokens({ after });

for (const kind of ["access", "refresh", "marker"]) {
  test(`no ${kind} token is taken with any bit turned over, and none ends anything`, async (t) => {
    const changed = [...everyBit(tokens[kind])];
    await assertRefusedEverywhere(kind, changed);
    await assertNothingEnded();
    t.diagnostic(`${changed.length} tokens`);
  });
}
