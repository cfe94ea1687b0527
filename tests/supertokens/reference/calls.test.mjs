// Every call of the reference session library has its counterpart here, with the same effect
// on sessions and, where that matters to an application, on cookies.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  backendOf,
  claimsOf,
  gateFor,
  isSignedIn,
  login,
  logout,
  presenting,
  refreshSession,
  renewed,
  tokensIn,
  visit,
} from "../../support/index.mjs";

const gate = await gateFor({ after });
const withToken = await gateFor({ after }, { vars: { ANTI_CSRF: "token" } });
const backend = backendOf(gate);

const GONE = { status: "UNAUTHORISED", message: "Session does not exist." };

describe("create_new_session", () => {
  test("on a response (Gate-Create-Session) sets the cookies", async () => {
    const { access, refresh } = await login(gate, "alice");
    assert.ok(await isSignedIn(gate, { access }));
    assert.ok(await isSignedIn(gate, { refresh }));
  });

  test("with anti-CSRF enabled gives the anti-csrf header and exposes it", async () => {
    const { response, access } = await login(withToken, "alice");
    assert.equal(response.headers.get("anti-csrf"), claimsOf(access).antiCsrfToken);
    assert.match(response.headers.get("access-control-expose-headers"), /anti-csrf/);
  });

  test("by a backend gives the session and both tokens, which the gate takes", async () => {
    const { status, session, accessToken, refreshToken } = await backend.createNewSession("alice", {
      userDataInJWT: { role: "editor" },
      userDataInDatabase: { cart: [1] },
    });
    assert.equal(status, "OK");
    assert.equal(session.userId, "alice");
    assert.ok(await isSignedIn(gate, { access: accessToken.token }));
    assert.ok(await isSignedIn(gate, { refresh: refreshToken.token }));
  });
});

describe("get_session", () => {
  test("gives the session of the request: the gate hands it to the origin", async () => {
    const session = await login(gate, "alice");
    const { headers } = await (await visit(gate, session)).json();
    assert.deepEqual([headers["gate-user"], headers["gate-session"]], ["alice", session.handle]);
  });

  test("replaces the access token at the first use after a refresh", async () => {
    const child = await renewed(gate, await login(gate, "alice"));
    const { access, refresh } = tokensIn(await visit(gate, child));
    assert.equal(claimsOf(access).parentRefreshTokenHash1, null);
    assert.equal(refresh, undefined);
  });

  test("by a backend tells whether the session lives", async () => {
    const { accessToken, session } = await backend.createNewSession("alice");
    assert.equal((await backend.getSession(accessToken.token)).session.handle, session.handle);
    await backend.revokeSession(session.handle);
    assert.equal((await backend.getSession(accessToken.token)).status, "UNAUTHORISED");
  });

  test("with CSRF protection refuses an unsafe request without the session's own token", async () => {
    const { response, access } = await login(withToken, "alice");
    const post = (token) =>
      withToken.fetch("/echo", { method: "POST", headers: { ...presenting({ access }), ...token } });
    assert.equal((await post({})).status, 403);
    assert.equal((await post({ "anti-csrf": "another" })).status, 403);
    assert.equal((await post({ "anti-csrf": response.headers.get("anti-csrf") })).status, 200);
  });
});

describe("refresh_session", () => {
  test("gives two new tokens in cookies", async () => {
    const session = await login(gate, "alice");
    const child = await renewed(gate, session);
    assert.notEqual(child.access, session.access);
    assert.notEqual(child.refresh, session.refresh);
  });

  test("by a backend gives two new tokens of the same session", async () => {
    const { session, refreshToken } = await backend.createNewSession("alice");
    const child = await backend.refreshSession(refreshToken.token);
    assert.equal(child.session.handle, session.handle);
    assert.notEqual(child.refreshToken.token, refreshToken.token);
  });
});

describe("revoke_session", () => {
  test("is true if it ended the session now, false if it was gone", async () => {
    const { handle } = await login(gate, "alice");
    assert.equal(await backend.revokeSession(handle), true);
    assert.equal(await backend.revokeSession(handle), false);
  });

  test("is false for a handle that never was", async () => {
    assert.equal(await backend.revokeSession("A".repeat(64)), false);
    assert.equal(await backend.revokeSession("no-handle"), false);
  });

  test("ends exactly that session, for every token of it", async () => {
    const [ended, kept] = [await login(gate, "alice"), await login(gate, "alice")];
    await backend.revokeSession(ended.handle);
    assert.equal(await isSignedIn(gate, { access: ended.access }), false);
    assert.equal(await isSignedIn(gate, { refresh: ended.refresh }), false);
    assert.ok(await isSignedIn(gate, kept));
  });

  test("clears no cookies", async () => {
    const { handle } = await login(gate, "alice");
    assertCookiesUntouched(
      await backend.core.request("POST", "/recipe/session/remove", { body: { sessionHandles: [handle] } }),
    );
  });
});

describe("revoke_all_sessions_for_user", () => {
  test("ends every session of the user and no other", async () => {
    const sessions = [await login(gate, "leaver"), await login(gate, "leaver"), await login(gate, "stayer")];
    await backend.revokeAllSessionsForUser("leaver");
    assert.deepEqual(await Promise.all(sessions.map((session) => isSignedIn(gate, session))), [false, false, true]);
  });

  test("says which it ended, and ends nothing when there is none", async () => {
    const handles = [(await login(gate, "counted")).handle, (await login(gate, "counted")).handle];
    assert.deepEqual((await backend.revokeAllSessionsForUser("counted")).sort(), handles.sort());
    assert.deepEqual(await backend.revokeAllSessionsForUser("counted"), []);
  });

  test("clears no cookies", async () => {
    await login(gate, "leaver");
    assertCookiesUntouched(
      await backend.core.request("POST", "/recipe/session/remove", { body: { userId: "leaver" } }),
    );
  });
});

test("get_all_session_handles_for_user gives the handles of all living sessions", async () => {
  const [one, two, ended] = [await login(gate, "listed"), await login(gate, "listed"), await login(gate, "listed")];
  await backend.revokeSession(ended.handle);
  assert.deepEqual((await backend.getAllSessionHandlesForUser("listed")).sort(), [one.handle, two.handle].sort());
});

describe("get_session_info and update_session_info", () => {
  test("read and replace the data that stays on the server", async () => {
    const { handle } = await login(gate, "alice", { data: { cart: [1] } });
    assert.deepEqual((await backend.getSessionInformation(handle)).userDataInDatabase, { cart: [1] });

    assert.deepEqual(await backend.updateSessionData(handle, { wishes: { a: null } }), { status: "OK" });

    assert.deepEqual((await backend.getSessionInformation(handle)).userDataInDatabase, { wishes: { a: null } });
  });

  test("say Unauthorized when the session is gone", async () => {
    const { handle } = await login(gate, "alice");
    await backend.revokeSession(handle);
    assert.deepEqual(await backend.getSessionInformation(handle), GONE);
    assert.deepEqual(await backend.updateSessionData(handle, {}), GONE);
  });
});

test("set_headers_for_options_api: a preflight to the gate's routes is answered with what they need", async (t) => {
  const origin = "https://app.example";
  const crossOrigin = await gateFor(t, { vars: { CORS_ORIGINS: [origin] } });
  const { headers } = await crossOrigin.fetch("/auth/session/refresh", {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "anti-csrf,rid" },
  });
  assert.equal(headers.get("access-control-allow-origin"), origin);
  assert.equal(headers.get("access-control-allow-credentials"), "true");
  for (const name of ["anti-csrf", "rid", "fdi-version", "st-auth-mode", "authorization", "content-type"]) {
    assert.match(headers.get("access-control-allow-headers").toLowerCase(), new RegExp(name));
  }
});

describe("Session.revoke_session", () => {
  const ways = {
    "/logout": (session) => logout(gate, session),
    "/auth/signout": (session) => logout(gate, session, { path: "/auth/signout" }),
    "Gate-Revoke-Session: current": (session) =>
      gate.fetch("/control?revoke=current", { headers: presenting(session) }),
  };
  for (const [way, revoke] of Object.entries(ways)) {
    test(`by ${way} ends the session and clears its cookies`, async () => {
      const session = await login(gate, "alice");
      assertCleared(await revoke(session));
      assert.equal(await isSignedIn(gate, session), false);
    });
  }
});

describe("Session.get_session_info and Session.update_session_info", () => {
  test("work with the handle that the origin gets with each request", async () => {
    const session = await login(gate, "alice", { data: { seen: 1 } });
    const { headers } = await (await visit(gate, session)).json();
    assert.deepEqual((await backend.getSessionInformation(headers["gate-session"])).userDataInDatabase, { seen: 1 });
  });
});

describe("Session.get_user_id and Session.get_jwt_payload", () => {
  test("reach the origin with each request", async () => {
    const session = await login(gate, "alice", { payload: { role: "editor" } });
    const { headers } = await (await visit(gate, session)).json();
    assert.equal(headers["gate-user"], "alice");
    assert.equal(claimsOf(headers["gate-token"]).role, "editor");
  });

  test("change with Gate-Set-Payload and with a backend's update, visible at once", async () => {
    const session = await login(gate, "alice", { payload: { role: "reader" } });
    await backend.updatePayload(session.handle, { role: "editor" });
    assert.deepEqual((await backend.getSessionInformation(session.handle)).userDataInJWT, { role: "editor" });
    const { payload } = await (
      await gate.fetch("/auth/session", { headers: presenting({ refresh: session.refresh }) })
    ).json();
    assert.deepEqual(payload, { role: "editor" });
  });
});

test("a user id that looks like the reference's stored integer is a user id like any other", async () => {
  for (const userId of ['{"i": 5}', '{"i":5}', "5"]) {
    const { session } = await backend.createNewSession(userId);
    assert.equal(session.userId, userId);
    assert.deepEqual(await backend.getAllSessionHandlesForUser(userId), [session.handle]);
  }
});

test("a refresh of a session that a backend made is the same through the browser's route", async () => {
  const { refreshToken } = await backend.createNewSession("alice");
  assert.ok(tokensIn(await refreshSession(gate, { refresh: refreshToken.token })).refresh);
});
