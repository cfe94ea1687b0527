// The marker of a pending log-out can do this very log-out, and nothing else.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  control,
  failObject,
  gateFor,
  isSignedIn,
  login,
  logout,
  NEW_SECRET,
  refreshSession,
  SECRET,
  STAND_IN,
  tokensIn,
  visit,
} from "../support/index.mjs";

const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN });

/**
 * A session whose log-out is pending, and the object well again. The restart ends what the
 * gate still had under way, so that only the marker can complete the log-out.
 */
async function pendingLogout(session, request, faulty = gate) {
  await failObject(faulty, "throw");
  const response = await logout(faulty, session, request);
  await faulty.restart();
  const { pending } = tokensIn(response);
  assert.ok(pending, "the marker is set");
  return pending;
}

describe("the marker ends what its log-out asked for:", () => {
  test("current: this session and no other", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
    const pending = await pendingLogout(here);
    await visit(gate, { pending });
    assert.deepEqual([await isSignedIn(gate, here), await isSignedIn(gate, there)], [false, true]);
  });

  test("current: not more, whatever scope the request that brings it names", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
    const pending = await pendingLogout(here);
    await logout(gate, { pending }, { path: "/logout/all" });
    assert.deepEqual([await isSignedIn(gate, here), await isSignedIn(gate, there)], [false, true]);
  });

  // What is made within the 10 s by which clocks may differ ends too; tests/faults/clock.test.mjs has what comes later.
  test("all: every session of then", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
    const pending = await pendingLogout(here, { path: "/logout/all" });
    await visit(gate, { pending });
    const alive = await Promise.all([here, there].map((session) => isSignedIn(gate, session)));
    assert.deepEqual(alive, [false, false]);
  });

  test("nothing a second time", async () => {
    const here = await login(gate, "alice");
    const pending = await pendingLogout(here, { path: "/logout/all" });
    await visit(gate, { pending });
    await gate.moveClock(1);
    const later = await login(gate, "alice");
    await visit(gate, { pending });
    assert.ok(await isSignedIn(gate, later));
  });
});

describe("the marker is good for nothing else:", () => {
  test("not as an access, refresh or bearer token", async () => {
    const pending = await pendingLogout(await login(gate, "alice"));

    assert.equal(await isSignedIn(gate, { access: pending }), false);
    assert.equal((await refreshSession(gate, { refresh: pending })).status, 401);
    assert.equal((await visit(gate, {}, { authorization: `Bearer ${pending}` })).status, 401);
    assert.equal((await visit(gate, { pending })).status, 401);
  });

  test("tokens in its place end nothing", async () => {
    const session = await login(gate, "alice");
    for (const pending of [session.access, session.refresh, session.handle]) await visit(gate, { pending });
    assert.ok(await isSignedIn(gate, session));
  });

  test("a marker with any one character changed ends nothing", async () => {
    const session = await login(gate, "alice");
    const pending = await pendingLogout(session);

    for (const at of pending.split("").keys()) {
      const changed = pending[at] === "A" ? "Q" : "A";
      await visit(gate, { pending: pending.slice(0, at) + changed + pending.slice(at + 1) });
      assert.ok(await isSignedIn(gate, { access: session.access }), `character ${at}`);
    }
  });

  test("it shows nothing of the user", async () => {
    const pending = await pendingLogout(await login(gate, "somebody@example.com"));
    const decoded = Buffer.from(pending, "base64url").toString("latin1");
    for (const text of [pending, decoded]) assert.doesNotMatch(text, /somebody|example/);
  });
});

test("a marker is taken also when GATE_SECRET has become GATE_SECRET_PREVIOUS", async (t) => {
  const faulty = await gateFor(t, { objectFault: STAND_IN });
  const session = await login(faulty, "alice");
  const pending = await pendingLogout(session, {}, faulty);
  await faulty.restart({ GATE_SECRET: NEW_SECRET, GATE_SECRET_PREVIOUS: SECRET });

  await visit(faulty, { pending });

  assert.equal(await isSignedIn(faulty, { refresh: session.refresh }), false);
});

test("the marker stays while its log-out cannot be done, also when the application says that the session is over", async (t) => {
  const open = await gateFor(t, { objectFault: STAND_IN, vars: { RULES: [{ path: "/*", session: "none" }] } });
  const session = await login(open, "alice");
  await failObject(open, "throw");
  const { pending } = tokensIn(await logout(open, session));
  const response = await control(open, { revoke: "current" }, { pending });
  assert.equal(response.status, 503);
  assertCookiesUntouched(response);
});
