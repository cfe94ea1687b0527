// `Clear-Site-Data` of the application takes everything away but the gate's cookies: it can neither set nor clear them,
// unless its own control header ends the session in the same answer.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { answer, assertCleared, gateFor, isSignedIn, login, presenting } from "../support/index.mjs";

const RULES = [
  { path: "/answer/none", session: "none" },
  { path: "/answer/optional", session: "optional" },
];
const gate = await gateFor({ after }, { vars: { RULES } });

const KEPT = {
  '"cookies"': null,
  '"cache", "cookies", "storage"': '"cache", "storage"',
  '"storage","cookies"': '"storage"',
  '"cache", "storage"': '"cache", "storage"',
  '"*"': '"cache", "storage", "executionContexts", "clientHints", "prefetchCache", "prerenderCache"',
};

for (const at of ["/answer/none", "/answer/optional", "/answer"]) {
  test(`what the application at ${at} clears is all but cookies`, async () => {
    const session = await login(gate, "alice");
    for (const [said, kept] of Object.entries(KEPT)) {
      const headers = [`Clear-Site-Data: ${said}`, "X-Own: 1"];
      const response = await gate.fetch(answer({ at, headers }), { headers: presenting(session) });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("clear-site-data"), kept, said);
      assert.equal(response.headers.get("x-own"), "1");
    }
    assert.ok(await isSignedIn(gate, session));
  });
}

test("an application that ends the session clears whatever it says", async () => {
  for (const said of Object.keys(KEPT)) {
    const session = await login(gate, "alice");
    const headers = [`Clear-Site-Data: ${said}`, "Gate-Revoke-Session: current"];
    const response = await gate.fetch(answer({ headers }), { headers: presenting(session) });
    assertCleared(response);
    assert.equal(response.headers.get("clear-site-data"), said);
  }
});
