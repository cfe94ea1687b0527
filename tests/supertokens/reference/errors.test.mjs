// Each error of the reference session library, where it arises here and what the client gets:
// Unauthorized, TryRefreshToken and TokenTheft are three things, and none of them is a fault.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  backendOf,
  failObject,
  gateFor,
  healObject,
  isSignedIn,
  login,
  logout,
  presenting,
  refreshSession,
  renewal,
  renewed,
  STAND_IN,
  verification,
  visit,
} from "../../support/index.mjs";

// The reference's message, and where the gate's login is.
const UNAUTHORISED = { message: "unauthorised", login: "/login?return_to=/" };
const TRY_REFRESH = { message: "try refresh token" };

const gate = await gateFor({ after });
const backend = backendOf(gate);
// Without transparent renewal the gate says "try refresh token", as the reference does.
const REFRESH_PATH = "/auth/session/refresh";
const explicit = await gateFor(
  { after },
  {
    clock: true,
    vars: { REFRESH_COOKIE_PATH: REFRESH_PATH, ACCESS_TOKEN_TTL: 1 },
  },
);
/** @param {import("../../support/types.d.ts").Tokens} tokens */
const explicitly = ({ access, refresh }) => ({
  cookie: [access && `__Host-sAccessToken=${access}`, refresh && `__Secure-sRefreshToken=${refresh}`]
    .filter(Boolean)
    .join("; "),
});

async function assertAnswer(response, status, body) {
  assert.equal(response.status, status);
  assert.deepEqual(await response.json(), body);
}

describe("Unauthorized", () => {
  test("missing auth tokens in cookies: 401 on a protected route", async () => {
    await assertAnswer(await visit(gate, {}), 401, UNAUTHORISED);
  });

  test("missing auth tokens in cookies: 401 and cleared on the refresh route", async () => {
    const response = await refreshSession(gate, {});
    assert.equal(response.status, 401);
    assertCleared(response);
  });

  test("session is over or has been blacklisted: 401 and cleared at the very next request", async () => {
    const session = await login(gate, "alice");
    await backend.revokeSession(session.handle);
    const response = await visit(gate, { access: session.access });
    assertCleared(response);
    await assertAnswer(response, 401, UNAUTHORISED);
  });

  test("session is over: a backend is told so", async () => {
    const session = await login(gate, "alice");
    await logout(gate, session);
    assert.equal((await backend.getSession(session.access)).status, "UNAUTHORISED");
  });

  test("using access token whose refresh token is no more: 401 and cleared, and the session lives", async (t) => {
    const reference = await gateFor(t, { vars: { REFRESH_GRACE: 0 } });
    const parent = await login(reference, "alice");
    const [used, lost] = [await renewed(reference, parent), await renewed(reference, parent)];
    const youngest = await renewed(reference, used);

    assertCleared(await visit(reference, { access: lost.access }));
    assert.equal((await backendOf(reference).getSession(lost.access)).status, "UNAUTHORISED");
    assert.ok(await isSignedIn(reference, youngest));
  });

  test("missing session in db: refresh, information and both updates say so", async () => {
    const session = await login(gate, "alice");
    await backend.revokeSession(session.handle);
    assert.equal((await backend.refreshSession(session.refresh)).status, "UNAUTHORISED");
    assert.equal((await backend.getSessionInformation(session.handle)).status, "UNAUTHORISED");
    assert.equal((await backend.updateSessionData(session.handle, {})).status, "UNAUTHORISED");
    assert.equal((await backend.updatePayload(session.handle, {})).status, "UNAUTHORISED");
  });

  test("session does not exist or is expired: the refresh token of an expired session", async (t) => {
    const brief = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: 3600 } });
    const session = await login(brief, "alice");
    await brief.moveClock(3601);
    assertCleared(await refreshSession(brief, session));
    assert.equal((await backendOf(brief).refreshSession(session.refresh)).status, "UNAUTHORISED");
  });

  test("user id for session does not match: a token's user is fixed by its signature, another one is a bad token", async () => {
    const session = await login(gate, "alice");
    const claims = { ...JSON.parse(Buffer.from(session.access.split(".")[1], "base64url").toString()), sub: "bob" };
    const [header, , signature] = session.access.split(".");
    const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
    assert.equal((await visit(gate, { access: forged })).status, 401);
    assert.notEqual((await backend.getSession(forged)).status, "OK");
  });

  test("bad refresh token: 401 and cleared; a backend is told UNAUTHORISED", async () => {
    for (const refresh of ["", "x", "A".repeat(155)]) {
      assertCleared(await refreshSession(gate, { refresh }));
      assert.equal((await backend.refreshSession(refresh)).status, "UNAUTHORISED");
    }
  });
});

describe("TryRefreshToken", () => {
  test("access token missing in cookies: told to try, and nothing is cleared", async () => {
    const { refresh } = await login(explicit, "alice");
    const response = await explicit.fetch("/echo", { headers: explicitly({ refresh }) });
    assertCookiesUntouched(response);
    await assertAnswer(response, 401, TRY_REFRESH);
  });

  test("expired JWT: told to try, nothing is cleared, and trying helps", async () => {
    const session = await login(explicit, "alice");
    await explicit.moveClock(1);

    const response = await explicit.fetch("/echo", { headers: explicitly(session) });

    assertCookiesUntouched(response);
    await assertAnswer(response, 401, TRY_REFRESH);
    assert.equal((await explicit.fetch(REFRESH_PATH, { method: "POST", headers: explicitly(session) })).status, 200);
  });

  test("bad, expired or forged JWT: a backend is told TRY_REFRESH_TOKEN", async () => {
    const { access } = await login(gate, "alice");
    for (const token of ["", "x", "a.b.c", `${access}A`, access.slice(0, -4)]) {
      assert.equal((await backend.getSession(token)).status, "TRY_REFRESH_TOKEN");
    }
    const { access: expired } = await login(explicit, "alice");
    await explicit.moveClock(1);
    assert.equal((await backendOf(explicit).getSession(expired)).status, "TRY_REFRESH_TOKEN");
  });

  test("anti csrf token is missing, anti-csrf check failed: a backend is told TRY_REFRESH_TOKEN", async () => {
    const { accessToken, antiCsrfToken } = await backend.createNewSession("alice", { enableAntiCsrf: true });
    const check = (given) =>
      backend.getSession(accessToken.token, { doAntiCsrfCheck: true, enableAntiCsrf: true, ...given });
    for (const given of [{}, { antiCsrfToken: "another" }]) {
      assert.deepEqual(await check(given), { status: "TRY_REFRESH_TOKEN", message: "anti-csrf check failed" });
    }
    assert.equal((await check({ antiCsrfToken })).status, "OK");
  });

  test("anti-csrf check failed: the origin's routes refuse, since no refresh would help", async (t) => {
    const withToken = await gateFor(t, { vars: { ANTI_CSRF: "token" } });
    const session = await login(withToken, "alice");
    const headers = { ...presenting(session), "anti-csrf": "another" };
    const response = await withToken.fetch("/echo", { method: "POST", headers });
    assert.equal(response.status, 403);
    assertCookiesUntouched(response);
  });
});

describe("TokenTheft", () => {
  test("token theft detected: 401 and cleared, and the session is gone", async () => {
    const first = await login(gate, "alice");
    const youngest = await renewed(gate, await renewed(gate, await renewed(gate, first)));

    const response = await refreshSession(gate, first);

    assertCleared(response);
    await assertAnswer(response, 401, { message: "token theft detected" });
    assert.equal(await isSignedIn(gate, youngest), false);
  });

  test("tells a backend whose session and which, as get_user_id and get_session_handle did", async () => {
    const { session, refreshToken } = await backend.createNewSession("alice");
    let token = refreshToken.token;
    for (let generation = 0; generation < 3; generation += 1) {
      ({
        refreshToken: { token },
      } = await backend.refreshSession(token));
    }

    const { status, session: stolen } = await backend.refreshSession(refreshToken.token);

    assert.equal(status, "TOKEN_THEFT_DETECTED");
    assert.deepEqual(stolen, { handle: session.handle, userId: "alice", recipeUserId: "alice" });
  });
});

describe("General", () => {
  test("what the caller did wrong is a 400 with a reason", async () => {
    for (const [path, body] of /** @type {[string, object][]} */ ([
      ["/recipe/session", {}],
      ["/recipe/session/verify", { accessToken: 1 }],
      ["/recipe/session/refresh", { refreshToken: null }],
      ["/recipe/session/remove", {}],
    ])) {
      const response = await backend.core.request("POST", path, { body });
      assert.equal(response.status, 400, path);
      assert.notEqual(await response.text(), "");
    }
  });

  test("a storage fault is a 503 that says when to come again, and none of the three above", async (t) => {
    const faulty = await gateFor(t, { objectFault: STAND_IN });
    const session = await login(faulty, "alice");
    const { core } = backendOf(faulty);

    await failObject(faulty, "throw");
    const answers = await Promise.all([
      visit(faulty, session),
      refreshSession(faulty, session),
      core.request("POST", "/recipe/session/verify", { body: verification(session.access, { checkDatabase: true }) }),
      core.request("POST", "/recipe/session/refresh", { body: renewal(session.refresh) }),
    ]);
    await healObject(faulty);

    for (const response of answers) {
      assert.equal(response.status, 503);
      assert.ok(response.headers.get("retry-after"));
      assertCookiesUntouched(response);
    }
    assert.ok(await isSignedIn(faulty, session));
  });
});
