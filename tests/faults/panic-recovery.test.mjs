// Should the gate's Wasm instance break all the same, it takes with it what was under way in it, and nothing else:
// whatever comes next meets a new instance, and the sessions in the objects' storage. `tests/hostile/panic.test.mjs` shows that
// no input breaks it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  BREAKABLE,
  breakBy,
  breakInLogin,
  breakInObject,
  gateFor,
  isolateOf,
  isSignedIn,
  login,
  logout,
  renewed,
  visit,
} from "../support/index.mjs";

const gate = await gateFor({ after }, { objectFault: BREAKABLE });
const alice = await login(gate, "alice");

/** How an instance can break, and what becomes of what broke it. */
const BREAKS = {
  "a trap that nobody caught is reported": async () => {
    // The report comes first.
    assert.equal((await breakBy(gate, "reported", alice)).status, 200);
  },
  "a request traps at once": async () => {
    assert.equal((await breakBy(gate, "at once", alice)).status, 500);
  },
  "a request traps after it had waited": async () => {
    assert.equal((await breakInLogin(gate)).status, 500);
  },
  "an object traps": () => assert.rejects(breakInObject(gate, alice)),
};

for (const [what, breakInstance] of Object.entries(BREAKS)) {
  test(`when ${what}, everything after it goes on in a new instance of the same isolate`, async () => {
    const before = await isolateOf(gate);
    const [bob, carol] = [await login(gate, "bob"), await login(gate, "carol")];
    await logout(gate, carol);

    await breakInstance();

    assert.equal((await visit(gate, alice)).status, 200, "who was signed in still is");
    assert.deepEqual(await isolateOf(gate), { ...before, rebuilt: before.rebuilt + 1 });
    assert.ok(await isSignedIn(gate, await renewed(gate, bob)), "a session is renewed");
    assert.equal(await isSignedIn(gate, carol), false, "who was signed out still is");
    const dave = await login(gate, "dave");
    assert.ok(await isSignedIn(gate, dave), "a login is one");
    for (const leaving of [bob, dave]) {
      assert.deepEqual(await (await logout(gate, leaving)).json(), { status: "OK", revoked: 1 });
      assert.equal(await isSignedIn(gate, { refresh: leaving.refresh }), false, "a logout is one");
    }
    assert.equal((await isolateOf(gate)).rebuilt, before.rebuilt + 1, "and once was enough");
  });
}

test("each was an instance of its own, and the log says why", async () => {
  assert.equal((await isolateOf(gate)).rebuilt, Object.keys(BREAKS).length);
  assert.ok(await gate.logged((line) => /^Critical RuntimeError: unreachable/.test(line)));
  assert.ok(await gate.logged((line) => line === "Reinitializing Wasm application"));
});

test("an error that is no trap changes nothing", async () => {
  const before = await isolateOf(gate);
  assert.equal((await breakBy(gate, "another's", alice)).status, 200);
  assert.equal((await visit(gate, alice)).status, 200);
  assert.deepEqual(await isolateOf(gate), before);
});
