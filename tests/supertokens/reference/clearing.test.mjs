// When cookies are cleared and when they are not, rule by rule of the reference session
// library: clearing too late leaves a dead login behind, clearing too early ends a living one.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  ACCESS,
  assertCleared,
  assertCookiesUntouched,
  backendOf,
  failObject,
  gateFor,
  healObject,
  login,
  logout,
  presenting,
  REFRESH,
  refreshSession,
  renewed,
  STAND_IN,
  setCookies,
  visit,
} from "../../support/index.mjs";

const gate = await gateFor({ after });
const backend = backendOf(gate);

async function revoked() {
  const session = await login(gate, "alice");
  await backend.revokeSession(session.handle);
  return session;
}

async function stolen() {
  const first = await login(gate, "alice");
  await renewed(gate, await renewed(gate, await renewed(gate, first)));
  return first;
}

describe("cleared, with front-token: remove, exposed:", () => {
  const rules = {
    "get_session says Unauthorized": async () => visit(gate, await revoked()),
    "refresh_session says Unauthorized": async () => refreshSession(gate, await revoked()),
    "refresh_session without a refresh token": () => refreshSession(gate, {}),
    "refresh_session says TokenTheft": async () => refreshSession(gate, await stolen()),
    "Session.revoke_session by /logout": async () => logout(gate, await login(gate, "alice")),
    "Session.revoke_session by /auth/signout": async () =>
      logout(gate, await login(gate, "alice"), { path: "/auth/signout" }),
    "Session.revoke_session by Gate-Revoke-Session": async () =>
      gate.fetch("/control?revoke=current", { headers: presenting(await login(gate, "alice")) }),
    "Session.revoke_session when the session was gone": async () => logout(gate, await revoked()),
    "Session.get_session_info says Unauthorized": async () =>
      gate.fetch("/auth/session", { headers: presenting(await revoked()) }),
  };
  for (const [rule, answer] of Object.entries(rules)) {
    test(rule, async () => {
      const response = await answer();
      assertCleared(response);
      assert.equal(response.headers.get("front-token"), "remove");
      assert.match(response.headers.get("access-control-expose-headers"), /front-token/);
      assert.match(response.headers.get("cache-control"), /no-store/);
    });
  }
});

describe("never cleared:", () => {
  const rules = {
    "revoke_session(handle)": async () => {
      const { handle } = await login(gate, "alice");
      return backend.core.request("POST", "/recipe/session/remove", { body: { sessionHandles: [handle] } });
    },
    "revoke_session(handle) by a request that carries the session's cookies": async () => {
      const session = await login(gate, "alice");
      return backend.core.request("POST", "/recipe/session/remove", {
        body: { sessionHandles: [session.handle] },
        headers: presenting(session),
      });
    },
    "revoke_all_sessions_for_user(user_id)": async () => {
      await login(gate, "alice");
      return backend.core.request("POST", "/recipe/session/remove", { body: { userId: "alice" } });
    },
    "get_session_info(handle) of a session that is gone": async () =>
      backend.core.request("GET", "/recipe/session", { query: { sessionHandle: (await revoked()).handle } }),
    "update_session_info(handle) of a session that is gone": async () =>
      backend.core.request("PUT", "/recipe/session/data", {
        body: { sessionHandle: (await revoked()).handle, userDataInDatabase: {} },
      }),
    "signing out without any token": () => logout(gate, {}, { path: "/auth/signout" }),
  };
  for (const [rule, answer] of Object.entries(rules)) {
    test(rule, async () => {
      assertCookiesUntouched(await answer());
    });
  }

  test("TryRefreshToken", async (t) => {
    const explicit = await gateFor(t, { vars: { REFRESH_COOKIE_PATH: "/auth/session/refresh" } });
    const { refresh } = await login(explicit, "alice");
    const response = await explicit.fetch("/echo", { headers: { cookie: `__Secure-sRefreshToken=${refresh}` } });
    assert.deepEqual(await response.json(), { message: "try refresh token" });
    assertCookiesUntouched(response);
  });

  test("General: a storage fault", async (t) => {
    const faulty = await gateFor(t, { objectFault: STAND_IN });
    const session = await login(faulty, "alice");
    await failObject(faulty, "throw");
    const answers = [await visit(faulty, session), await refreshSession(faulty, session)];
    await healObject(faulty);
    answers.forEach(assertCookiesUntouched);
  });
});

test("clearing is the same cookie with the same path and attributes, empty and unquoted, and no more alive", async () => {
  const { response } = await login(gate, "alice");
  const set = Object.fromEntries(setCookies(response).map(({ name, attributes }) => [name, attributes]));

  const cleared = setCookies(await logout(gate, {}));

  for (const name of [ACCESS, REFRESH]) {
    const { value, attributes } = cleared.find((cookie) => cookie.name === name);
    assert.equal(value, "");
    assert.deepEqual(attributes, { ...set[name], "max-age": "0" });
  }
});
