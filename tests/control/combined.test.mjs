// Control headers beside each other, and beside a renewal of the same request: the browser ends
// up with what all of them together say.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { assertCleared, claimsOf, control, gateFor, isSignedIn, login, tokensIn } from "../support/index.mjs";

const gate = await gateFor({ after });

describe("in a request that was itself renewed", () => {
  test("current ends the session and hands out none of the new tokens", async () => {
    const { refresh } = await login(gate, "alice");
    const response = await control(gate, { revoke: "current" }, { refresh });
    assertCleared(response);
    assert.equal(await isSignedIn(gate, { refresh }), false);
  });

  test("a new payload is in the one access token that the browser gets", async () => {
    const { refresh } = await login(gate, "alice");
    const response = await control(gate, { payload: '{"role":"editor"}' }, { refresh });
    assert.equal(response.headers.getSetCookie().length, 2);
    const renewed = tokensIn(response);
    assert.equal(claimsOf(renewed.access).role, "editor");
    assert.ok(await isSignedIn(gate, { access: renewed.access }));
    assert.ok(await isSignedIn(gate, { refresh: renewed.refresh }));
  });

  test("a new session takes the place of the old one", async () => {
    const { refresh } = await login(gate, "before");
    const fresh = tokensIn(await control(gate, { create: '{"userId":"after"}' }, { refresh }));
    assert.equal(claimsOf(fresh.access).sub, "after");
    assert.ok(await isSignedIn(gate, fresh));
    assert.equal(await isSignedIn(gate, { refresh }), false);
  });
});

describe("several headers at once", () => {
  test("end the old sessions, and make the new one with the new payload", async () => {
    const [here, there] = [await login(gate, "several"), await login(gate, "several")];
    const fresh = tokensIn(
      await control(gate, { create: '{"userId":"several"}', revoke: "all", payload: '{"x":1}' }, here),
    );
    assert.equal(claimsOf(fresh.access).x, 1);
    const alive = await Promise.all([here, there, fresh].map((session) => isSignedIn(gate, session)));
    assert.deepEqual(alive, [false, false, true]);
  });

  test("change and end nothing where there is no session", async () => {
    const response = await control(gate, { revoke: "current", payload: '{"x":1}' });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "control");
    assert.deepEqual(tokensIn(response), { access: undefined, refresh: undefined, pending: undefined });
  });
});

describe("a session that cannot be made", () => {
  test("ends none either: what is refused is refused whole", async () => {
    const session = await login(gate, "alice");
    const create = JSON.stringify({ userId: "alice", payload: { x: "y".repeat(5000) } });
    const response = await control(gate, { create, revoke: "current" }, session);
    assert.equal(response.status, 502);
    assert.match(await response.text(), /gate-create-session/);
    assert.ok(await isSignedIn(gate, session));
  });
});
