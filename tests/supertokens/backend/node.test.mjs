// The unmodified supertokens-node in an Express application, with the gate as its core: sessions
// are made, checked, renewed and ended as its documentation says.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { expiryOf, gateFor } from "../../support/index.mjs";
import { json, refresh } from "../support/app.mjs";
import { assertAnswer, assertCookiesUntouched, assertSignedOut, ODD_USER_IDS } from "../support/expectations.mjs";
import { expressFor } from "../support/express.mjs";

const gate = await gateFor({ after });
const app = await expressFor({ after }, { connectionURI: `${gate.url}/auth/core`, session: { antiCsrf: "NONE" } });

const create = (userId, payload, data) =>
  app.call("createNewSessionWithoutRequestResponse", "public", userId, payload, data);
const informationOf = (handle) => app.call("getSessionInformation", handle);
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });
const signedIn = (userId, given) => app.signedIn(userId, given);

describe("createNewSession", () => {
  test("signs a browser in by cookies", async () => {
    const { browser, session } = await signedIn("u1", { payload: { role: "admin" }, data: { cart: [1] } });
    assert.deepEqual(Object.keys(browser.cookies()).sort(), ["sAccessToken", "sRefreshToken"]);
    assert.deepEqual([session.userId, session.recipeUserId, session.tenantId], ["u1", "u1", "public"]);
    assert.equal(session.payload.role, "admin");

    const stored = await informationOf(session.handle);
    assert.deepEqual(stored.sessionDataInDatabase, { cart: [1] });
    assert.equal(stored.customClaimsInAccessTokenPayload.role, "admin");
  });

  test("signs a client in by headers", async () => {
    const response = await app.fetch("/login", json("POST", { userId: "u1" }, { "st-auth-mode": "header" }));
    assert.ok(response.headers.get("st-access-token") && response.headers.get("st-refresh-token"));
    const me = await app.fetch("/me", bearer(response.headers.get("st-access-token")));
    assert.equal((await me.json()).userId, "u1");
  });

  test("needs no request and no response", async () => {
    const { handle, userId, tokens } = await create("u1");
    assert.equal(userId, "u1");
    assert.ok(tokens.accessToken && tokens.refreshToken && tokens.frontToken);
    assert.equal((await informationOf(handle)).userId, "u1");
  });

  test("gives a user id back as it was, whatever is in it", async () => {
    for (const userId of ODD_USER_IDS) {
      const { session, browser } = await signedIn(userId);
      assert.equal(session.userId, userId);
      assert.equal((await (await browser.fetch("/me")).json()).userId, userId);
      assert.deepEqual(await app.call("getAllSessionHandlesForUser", userId), [session.handle]);
    }
  });
});

describe("getSession", () => {
  test("accepts a session offline, without any call to the core", async () => {
    const { browser, session } = await signedIn("u1");
    await app.call("coreCalls");
    assert.equal((await (await browser.fetch("/me")).json()).handle, session.handle);
    assert.deepEqual(await app.call("coreCalls"), []);
  });

  test("accepts a session after asking the core", async () => {
    const { browser, session } = await signedIn("u1");
    await app.call("coreCalls");
    assert.equal((await (await browser.fetch("/me/now")).json()).handle, session.handle);
    assert.deepEqual(await app.call("coreCalls"), ["POST /auth/core/recipe/session/verify"]);
  });

  test("refuses a visitor without a session, and clears nothing", async () => {
    const response = await app.fetch("/me");
    assertCookiesUntouched(response);
    await assertAnswer(response, 401, { message: "unauthorised" });
  });

  test("lets a visitor without a session through where none is required", async () => {
    await assertAnswer(await app.fetch("/maybe"), 200, { signedIn: false });
    const { browser } = await signedIn("u1");
    await assertAnswer(await browser.fetch("/maybe"), 200, { signedIn: true });
  });

  test("notices a revoked session only with checkDatabase, and clears its cookies then", async () => {
    const { browser, session } = await signedIn("u1");
    await app.call("revokeSession", session.handle);
    assert.equal((await browser.fetch("/me")).status, 200);
    const response = await browser.fetch("/me/now");
    await assertAnswer(response, 401, { message: "unauthorised" });
    assertSignedOut(browser, response);
  });

  test("asks for a refresh when the token is forged", async () => {
    const { tokens } = await create("u1");
    const forged = `${tokens.accessToken.slice(0, -8)}AAAAAAAA`;
    await assertAnswer(await app.fetch("/me", bearer(forged)), 401, { message: "try refresh token" });
  });

  test("asks for a refresh when the token has expired", async (t) => {
    const brief = await gateFor(t, { vars: { ACCESS_TOKEN_TTL: 1 } });
    const briefApp = await expressFor(t, { connectionURI: `${brief.url}/auth/core` });
    const { tokens } = await briefApp.call("createNewSessionWithoutRequestResponse", "public", "u1");
    await expiryOf(tokens.accessToken);
    for (const path of ["/me", "/me/now"]) {
      await assertAnswer(await briefApp.fetch(path, bearer(tokens.accessToken)), 401, { message: "try refresh token" });
    }
  });

  test("works without request and response, too", async () => {
    const { handle, tokens } = await create("u1");
    for (const checkDatabase of [false, true]) {
      const options = { checkDatabase, antiCsrfCheck: false };
      const session = await app.call("getSessionWithoutRequestResponse", tokens.accessToken, "unchecked", options);
      assert.equal(session.handle, handle);
    }
  });
});

describe("refreshSession", () => {
  test("renews the cookies; the first use after it asks the core once, and the next none", async () => {
    const { browser, session } = await signedIn("u1");
    const before = browser.cookies();
    const response = await refresh(browser);
    await assertAnswer(response, 200, {});
    assert.ok(response.headers.has("front-token"));
    const renewed = browser.cookies();
    assert.notEqual(renewed.sRefreshToken, before.sRefreshToken);

    await app.call("coreCalls");
    assert.equal((await (await browser.fetch("/me")).json()).handle, session.handle);
    assert.deepEqual(await app.call("coreCalls"), ["POST /auth/core/recipe/session/verify"]);
    assert.notEqual(browser.cookies().sAccessToken, renewed.sAccessToken, "the access token was replaced");

    assert.equal((await browser.fetch("/me")).status, 200);
    assert.deepEqual(await app.call("coreCalls"), []);
  });

  test("works in header mode", async () => {
    const { tokens } = await create("u1");
    const response = await app.fetch("/auth/session/refresh", { method: "POST", ...bearer(tokens.refreshToken) });
    assert.equal(response.status, 200);
    const me = await app.fetch("/me", bearer(response.headers.get("st-access-token")));
    assert.equal((await me.json()).userId, "u1");
  });

  test("works without request and response", async () => {
    const { handle, tokens } = await create("u1", { role: "admin" });
    const renewed = await app.call("refreshSessionWithoutRequestResponse", tokens.refreshToken, true);
    assert.equal(renewed.handle, handle);
    assert.equal(renewed.payload.role, "admin");
  });

  test("refuses without a refresh token, and clears", async () => {
    const response = await app.fetch("/auth/session/refresh", { method: "POST" });
    assert.equal(response.headers.get("front-token"), "remove");
    await assertAnswer(response, 401, { message: "unauthorised" });
  });

  test("refuses a revoked session, and clears", async () => {
    const { browser, session } = await signedIn("u1");
    await app.call("revokeSession", session.handle);
    const response = await refresh(browser);
    await assertAnswer(response, 401, { message: "unauthorised" });
    assertSignedOut(browser, response);
  });

  test("takes the replay of an old token for a theft, and the session is over for both", async () => {
    const { tokens, handle } = await create("u1");
    const child = await app.call("refreshSessionWithoutRequestResponse", tokens.refreshToken, true);
    const grandchild = await app.call("refreshSessionWithoutRequestResponse", child.tokens.refreshToken, true);
    await app.fetch("/me", bearer(grandchild.tokens.accessToken));

    const replay = await app.fetch("/auth/session/refresh", { method: "POST", ...bearer(tokens.refreshToken) });
    await assertAnswer(replay, 401, { message: "token theft detected" });
    assert.equal(await informationOf(handle), undefined);
  });

  test("names the robbed user and session to the backend", async () => {
    const { tokens, handle } = await create("robbed");
    const child = await app.call("refreshSessionWithoutRequestResponse", tokens.refreshToken, true);
    await app.call("refreshSessionWithoutRequestResponse", child.tokens.refreshToken, true);
    const grandchild = await app.call("refreshSessionWithoutRequestResponse", child.tokens.refreshToken, true);
    await app.call("refreshSessionWithoutRequestResponse", grandchild.tokens.refreshToken, true);

    await assert.rejects(
      app.call("refreshSessionWithoutRequestResponse", tokens.refreshToken, true),
      ({ type, payload }) => {
        assert.equal(type, "TOKEN_THEFT_DETECTED");
        assert.deepEqual([payload.userId, payload.sessionHandle], ["robbed", handle]);
        return true;
      },
    );
  });
});

describe("revokeSession", () => {
  test("is true when the session ended now, and false when there was none", async () => {
    const { handle } = await create("u1");
    assert.equal(await app.call("revokeSession", handle), true);
    assert.equal(await app.call("revokeSession", handle), false);
    assert.equal(await app.call("revokeSession", "unknown"), false);
    assert.equal(await informationOf(handle), undefined);
  });

  test("of the request's own session clears its cookies", async () => {
    const { browser, session } = await signedIn("u1");
    const response = await browser.fetch("/logout", { method: "POST" });
    assert.equal(response.status, 200);
    assertSignedOut(browser, response);
    assert.equal(await informationOf(session.handle), undefined);
  });

  test("of the request's own session clears them also when it was gone already", async () => {
    const { browser, session } = await signedIn("u1");
    await app.call("revokeSession", session.handle);
    assertSignedOut(browser, await browser.fetch("/logout", { method: "POST" }));
  });
});

describe("the sign-out route", () => {
  test("ends the session and clears its cookies", async () => {
    const { browser, session } = await signedIn("u1");
    const response = await browser.fetch("/auth/signout", { method: "POST" });
    await assertAnswer(response, 200, { status: "OK" });
    assertSignedOut(browser, response);
    assert.equal(await informationOf(session.handle), undefined);
  });

  test("does so also when the session was revoked elsewhere", async () => {
    const { browser, session } = await signedIn("u1");
    await app.call("revokeSession", session.handle);
    const response = await browser.fetch("/auth/signout", { method: "POST" });
    await assertAnswer(response, 200, { status: "OK" });
    assertSignedOut(browser, response);
  });
});

test("revokeMultipleSessions tells which sessions it ended", async () => {
  const handles = [await create("u1"), await create("u2")].map(({ handle }) => handle);
  const ended = await app.call("revokeMultipleSessions", [...handles, "unknown"]);
  assert.deepEqual(ended.sort(), handles.sort());
  assert.deepEqual(await app.call("revokeMultipleSessions", handles), []);
});

test("revokeAllSessionsForUser ends every session of that user, and nobody else's", async () => {
  const own = [await create("leaver"), await create("leaver")].map(({ handle }) => handle);
  const other = await create("stayer");
  const ended = await app.call("revokeAllSessionsForUser", "leaver");
  assert.deepEqual(ended.sort(), own.sort());
  assert.deepEqual(await app.call("getAllSessionHandlesForUser", "leaver"), []);
  assert.ok(await informationOf(other.handle));
});
