// The eighteen known bugs of the reference session library, none of which is copied.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  assertCleared,
  backendOf,
  callsDuring,
  claimsOf,
  gateFor,
  headerOf,
  isSignedByOneOf,
  isSignedIn,
  login,
  logout,
  newSession,
  presenting,
  publishedKeys,
  refreshSession,
  renewed,
  STAND_IN,
  setCookies,
  soon,
  storageFolder,
  storedTables,
  tokensIn,
  visit,
} from "../../support/index.mjs";

const gate = await gateFor({ after });
const backend = backendOf(gate);

test("reference bug 1: all handles of a user are listed, and none is an empty list", async () => {
  const handles = await Promise.all([1, 2, 3].map(async () => (await login(gate, "many")).handle));
  assert.deepEqual((await backend.getAllSessionHandlesForUser("many")).sort(), handles.sort());
  assert.deepEqual(await backend.getAllSessionHandlesForUser("nobody"), []);
});

test("reference bug 2: missing cookies are a 401, not a fault", async () => {
  const { access, refresh } = await login(gate, "alice");
  for (const tokens of [{}, { access: "" }, { refresh: "" }]) assert.equal((await visit(gate, tokens)).status, 401);
  assert.equal((await refreshSession(gate, { access })).status, 401);
  assert.equal((await visit(gate, { refresh })).status, 200);
});

test("reference bug 3: a second logout still clears the cookies", async () => {
  const session = await login(gate, "alice");
  assertCleared(await logout(gate, session));
  assertCleared(await logout(gate, session));
});

test("reference bug 3: a logout after `log out everywhere` on another device still clears the cookies", async () => {
  const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
  await logout(gate, there, { path: "/logout/all" });
  assertCleared(await logout(gate, here));
});

test("reference bug 4: data of an unknown or expired session is neither read nor written", async (t) => {
  const brief = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: 3600 } });
  const { handle: expired } = await login(brief, "alice");
  await brief.moveClock(3601);
  for (const handle of [expired, "A".repeat(64), "no-handle"]) {
    assert.equal((await backendOf(brief).updateSessionData(handle, { a: 1 })).status, "UNAUTHORISED");
    assert.equal((await backendOf(brief).getSessionInformation(handle)).status, "UNAUTHORISED");
  }
});

test("reference bug 5: scripts are told of a session when it begins, when it is renewed and when it ends", async () => {
  const session = await login(gate, "alice", { payload: { role: "editor" } });
  for (const response of [session.response, await refreshSession(gate, session)]) {
    const { uid, ate, up } = JSON.parse(atob(response.headers.get("front-token")));
    const { access } = tokensIn(response);
    assert.deepEqual([uid, ate, up.role], ["alice", claimsOf(access).exp * 1000, "editor"]);
    assert.match(response.headers.get("access-control-expose-headers"), /front-token/);
  }
  assert.equal((await logout(gate, session)).headers.get("front-token"), "remove");
});

test("reference bug 6: theft ends the session, for the thief who holds the newest child as well", async () => {
  const owner = await login(gate, "alice");
  const newest = await renewed(gate, await renewed(gate, await renewed(gate, owner)));
  await refreshSession(gate, owner);
  assert.equal(await isSignedIn(gate, { access: newest.access }), false);
  assert.equal((await refreshSession(gate, newest)).status, 401);
});

test("reference bug 7: every cookie has a path from the root, and no Domain unless one is configured", async () => {
  const session = await login(gate, "alice");
  for (const response of [session.response, await logout(gate, session)]) {
    for (const { attributes } of setCookies(response)) {
      assert.match(attributes.path, /^\//);
      assert.equal(attributes.domain, undefined);
    }
  }
});

test("reference bug 8: no cookie lacks HttpOnly, Secure or SameSite, and none counts by merely being there", async () => {
  const { response } = await login(gate, "alice");
  for (const { attributes } of setCookies(response)) {
    assert.deepEqual([attributes.httponly, attributes.secure, attributes.samesite], ["", "", "Lax"]);
  }
  assert.equal(
    (await gate.fetch("/echo", { headers: { cookie: "sIdRefreshToken=1; sAccessToken=1; sRefreshToken=1" } })).status,
    401,
  );
});

test("reference bug 9: what must not be guessed takes every value of every byte, and no two are alike", async () => {
  const handles = await Promise.all(
    Array.from({ length: 200 }, async () => (await backend.createNewSession("guessed")).session.handle),
  );
  const random = handles.map((handle) => Buffer.from(handle, "base64url").subarray(32));
  assert.equal(new Set(random.map((bytes) => bytes.toString("hex"))).size, 200);
  // 3200 even bytes miss a given value with probability e^-12.5.
  assert.ok(new Set(random.flatMap((bytes) => [...bytes])).size > 250);
});

test("reference bug 10: the access token is a JWS that any library reads with the published keys", async () => {
  const { access } = await login(gate, "alice");
  assert.equal(headerOf(access).alg, "EdDSA");
  assert.ok(isSignedByOneOf(await publishedKeys(gate), access));
});

test("reference bug 11: a user id that is no string is refused when the session is made", async () => {
  // By a control header a whole number is the text of its digits.
  const number = await backend.core.request("POST", "/recipe/session", { body: newSession(5) });
  assert.equal(number.status, 400);
  for (const userId of [true, 5.5, null, [], {}]) {
    const response = await backend.core.request("POST", "/recipe/session", { body: newSession(userId) });
    assert.equal(response.status, 400, JSON.stringify(userId));
    const create = encodeURIComponent(JSON.stringify({ userId }));
    assert.equal((await gate.fetch(`/control?create=${create}`)).status, 502, JSON.stringify(userId));
  }
});

test("reference bug 12: a refresh is checked against CSRF too, and a wrong token is refused once and for all", async (t) => {
  const withToken = await gateFor(t, { vars: { ANTI_CSRF: "token" } });
  const session = await login(withToken, "alice");
  const antiCsrf = session.response.headers.get("anti-csrf");

  assert.equal((await refreshSession(withToken, session)).status, 401);
  assert.equal((await refreshSession(withToken, session, { "anti-csrf": "another" })).status, 401);
  assert.equal(
    (await withToken.fetch("/echo", { method: "POST", headers: { ...presenting(session), "anti-csrf": "another" } }))
      .status,
    403,
  );
  assert.equal((await refreshSession(withToken, session, { "anti-csrf": antiCsrf })).status, 200);
});

test("reference bug 12: another site's page cannot make a browser refresh", async () => {
  const session = await login(gate, "alice");
  assert.equal((await refreshSession(gate, session, { "sec-fetch-site": "cross-site" })).status, 403);
  assert.ok(await isSignedIn(gate, session));
});

test("reference bug 13: forged tokens cost no call to any object", async (t) => {
  const counted = await gateFor(t, { objectFault: STAND_IN });
  const calls = await callsDuring(counted, async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await visit(counted, { access: "a.b.c", refresh: "A".repeat(155) });
      await refreshSession(counted, { refresh: "A".repeat(155) });
      await logout(counted, { access: "a.b.c", refresh: "A".repeat(155) });
    }
  });
  assert.equal(calls, 0);
});

test("reference bug 14: when the signing key changes, no session has to be renewed", async (t) => {
  const rotating = await gateFor(t, { clock: true, vars: { SIGNING_KEY_ROTATION: 10, ACCESS_TOKEN_TTL: 60 } });
  const session = await login(rotating, "alice");
  await rotating.moveClock(20);
  const response = await visit(rotating, session);
  assert.equal(response.status, 200);
  assert.deepEqual(response.headers.getSetCookie(), []);
});

test("reference bug 15: expired sessions are removed from storage without anyone asking", async (t) => {
  const folder = await storageFolder();
  const brief = await gateFor(t, { persist: folder, vars: { SESSION_IDLE_TTL: 1 } });
  await login(brief, "alice");
  assert.ok(await soon(async () => (await storedTables(folder)).length === 0));
});

test("reference bug 16: cookie lifetimes are durations, which no time zone can shift", async () => {
  const session = await login(gate, "alice");
  for (const { attributes } of setCookies(session.response)) {
    assert.equal(attributes.expires, undefined);
    assert.equal(attributes["max-age"], "8640000");
  }
});

test("reference bug 17: revoking all sessions of a user takes a user id: a handle in its place ends nothing", async () => {
  const session = await login(gate, "alice");
  assert.deepEqual(await backend.revokeAllSessionsForUser(session.handle), []);
  assert.ok(await isSignedIn(gate, session));
});

test("reference bug 18: revoking all says what it ended, and a session made meanwhile is either ended and named or lives", async () => {
  const parallel = Array.from({ length: 20 }, (_, at) =>
    at === 10 ? backend.revokeAllSessionsForUser("busy") : login(gate, "busy"),
  );
  const results = await Promise.all(parallel);
  const [revoked] = results.splice(10, 1);

  for (const session of results) {
    assert.equal(await isSignedIn(gate, { access: session.access }), !revoked.includes(session.handle));
    assert.equal(await isSignedIn(gate, { refresh: session.refresh }), !revoked.includes(session.handle));
  }
});
