// A token is genuine in every bit: with one turned over it opens no door and ends no session.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { oneBitOfEveryByte, otherSpellings, startGateWithTokens } from "../support/index.mjs";

const { tokens, assertRefusedEverywhere, assertNothingEnded } = await startGateWithTokens({ after });

for (const kind of ["access", "refresh", "marker"]) {
  test(`no ${kind} token is taken with a bit of any byte turned over, and none ends anything`, async () => {
    const changed = [...oneBitOfEveryByte(tokens[kind])];
    assert.ok(changed.length >= 116, `${changed.length} bytes`);
    await assertRefusedEverywhere(kind, changed);
    await assertNothingEnded();
  });
}

test("no token has a second spelling", async () => {
  for (const [kind, token] of Object.entries(tokens)) {
    const spellings = [...otherSpellings(token)];
    assert.ok(spellings.length > 0);
    await assertRefusedEverywhere(kind, spellings);
  }
  await assertNothingEnded();
});
