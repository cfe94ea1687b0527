// After an acknowledged log-out no token of the session is accepted again, ever: on no route,
// at no time, not when the runtime has started anew.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backendOf,
  gateFor,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  presenting,
  refreshSession,
  renewed,
  tokensIn,
  visit,
} from "../support/index.mjs";

/** All tokens that a session was ever given, through every way of getting one. */
async function everyTokenOf(gate, user) {
  const first = await login(gate, user);
  const child = await renewed(gate, first);
  const promoted = tokensIn(await visit(gate, { access: child.access }));
  const changed = tokensIn(await gate.fetch('/control?payload={"a":1}', { headers: presenting(promoted) }));
  const youngest = tokensIn(await visit(gate, { refresh: child.refresh }));
  const issued = {
    handle: first.handle,
    youngest,
    access: [first, child, promoted, changed, youngest].map(({ access }) => access),
    refresh: [first, child, youngest].map(({ refresh }) => refresh),
  };
  assert.equal(new Set([...issued.access, ...issued.refresh]).size, 8, "each way gave a token of its own");
  return issued;
}

async function assertRefusedEverywhere(gate, { access, refresh, handle }) {
  for (const token of access) {
    assert.equal((await visit(gate, { access: token })).status, 401);
    assert.equal((await visit(gate, {}, { authorization: `Bearer ${token}` })).status, 401);
    assert.equal((await visit(gate, { access: token }, NAVIGATION)).status, 303);
    assert.equal(await isSignedIn(gate, { access: token }), false);
    assert.equal((await gate.fetch("/auth/sessions", { headers: presenting({ access: token }) })).status, 401);
    assert.equal((await backendOf(gate).getSession(token)).status, "UNAUTHORISED");
  }
  for (const token of refresh) {
    assert.equal((await visit(gate, { refresh: token })).status, 401);
    assert.equal((await refreshSession(gate, { refresh: token })).status, 401);
    assert.equal(
      (await refreshSession(gate, {}, { authorization: `Bearer ${token}`, "st-auth-mode": "header" })).status,
      401,
    );
    assert.notEqual((await backendOf(gate).refreshSession(token)).status, "OK");
  }
  assert.equal((await backendOf(gate).getSessionInformation(handle)).status, "UNAUTHORISED");
}

for (const [how, headers, status] of /** @type {[string, Record<string, string>, number][]} */ ([
  ["200 to a script", {}, 200],
  ["303 to a page", NAVIGATION, 303],
])) {
  test(`after a ${how} no earlier token is accepted, also after a restart on the same storage`, async (t) => {
    const gate = await gateFor(t, { vars: { LOGOUT_REDIRECT: "/bye" } });
    const issued = await everyTokenOf(gate, "alice");
    assert.ok(await isSignedIn(gate, { access: issued.youngest.access }), "until now it is accepted");

    assert.equal((await logout(gate, issued.youngest, { headers })).status, status);

    await assertRefusedEverywhere(gate, issued);
    await gate.restart();
    await assertRefusedEverywhere(gate, issued);
  });
}

test("after /logout/all that holds for every session of the user", async (t) => {
  const gate = await gateFor(t);
  const [here, there] = [await everyTokenOf(gate, "alice"), await everyTokenOf(gate, "alice")];

  await logout(gate, here.youngest, { path: "/logout/all" });

  await assertRefusedEverywhere(gate, there);
  await gate.restart();
  await assertRefusedEverywhere(gate, here);
  await assertRefusedEverywhere(gate, there);
});

test("a session that is not logged out lives through a restart", async (t) => {
  const gate = await gateFor(t);
  const session = await login(gate, "alice");
  await gate.restart();
  assert.ok(await isSignedIn(gate, { access: session.access }));
  assert.ok(await isSignedIn(gate, { refresh: session.refresh }));
});

test("a page still being made during the log-out brings nothing back", async (t) => {
  // Says when it has the request, answers when the test says so, and then tries to set a session cookie of its own.
  const origin = `
    let reached = false;
    let released = false;
    export default {
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/login") return new Response("", { headers: { "Gate-Create-Session": '{"userId":"alice"}' } });
        if (pathname === "/reached") {
          while (!reached) await scheduler.wait(10);
          return new Response("reached");
        }
        if (pathname === "/release") released = true;
        else reached = true;
        while (!released) await scheduler.wait(10);
        return new Response("late", { headers: [["Set-Cookie", "__Host-sAccessToken=x; Path=/; Secure"], ["Set-Cookie", "own=1"]] });
      },
    };`;
  const gate = await gateFor(t, { origin, vars: { RULES: [{ path: "/re*", session: "none" }] } });
  const session = await login(gate, "alice");
  const slow = visit(gate, { refresh: session.refresh });
  await gate.fetch("/reached");

  await logout(gate, session);
  await gate.fetch("/release");
  const response = await slow;

  // The browser may hold another session by now: nothing of the gate's is set, and nothing cleared.
  assert.deepEqual(response.headers.getSetCookie(), ["own=1"], "the origin's own cookie is passed on");
  assert.equal(await isSignedIn(gate, { access: session.access }), false);
  assert.equal(await isSignedIn(gate, { refresh: session.refresh }), false);
});

test("a renewal that races with the log-out leaves nothing alive", async (t) => {
  const gate = await gateFor(t);
  for (let round = 0; round < 10; round += 1) {
    const session = await login(gate, "alice");
    const [renewal] = await Promise.all([visit(gate, { refresh: session.refresh }), logout(gate, session)]);
    const { access, refresh } = tokensIn(renewal);
    for (const tokens of [session, { access }, { refresh }]) assert.equal(await isSignedIn(gate, tokens), false);
  }
});
