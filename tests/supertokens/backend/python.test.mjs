// The unmodified supertokens-python in a Django application, with the gate as its core. Its logout
// views are the example code of the reference page "User Logout", and do what that page says.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { claimsOf, failObject, gateFor, healObject, STAND_IN } from "../../support/index.mjs";
import { json, refresh } from "../support/app.mjs";
import { djangoFor } from "../support/django.mjs";
import { assertAnswer, assertCookiesUntouched, assertSignedOut, ODD_USER_IDS } from "../support/expectations.mjs";

const gate = await gateFor({ after }, { objectFault: STAND_IN });
const app = await djangoFor({ after }, { connectionURI: `${gate.url}/auth/core` });

const GONE = {};
const form = (fields) => ({ method: "POST", body: new URLSearchParams(fields) });
const informationOf = (handle) => app.ask(`/session?${new URLSearchParams({ session_handle: handle })}`);
const handlesOf = async (userId) =>
  (await app.ask(`/sessions?${new URLSearchParams({ user_id: userId })}`)).sessionHandles.sort();

const signedIn = (userId, given) => app.signedIn(userId, given);

describe("session.revoke_session()", () => {
  const logout = (browser) => browser.fetch("/logout", { method: "POST" });

  test("ends the session and clears its cookies", async () => {
    const { browser, session } = await signedIn("u1");
    const response = await logout(browser);
    await assertAnswer(response, 200, {});
    assertSignedOut(browser, response);
    assert.deepEqual(await informationOf(session.handle), GONE);
  });

  test("clears them also when the session was gone already", async () => {
    const { browser, session } = await signedIn("u1");
    await app.fetch("/logout/handle", form({ session_handle: session.handle }));
    const response = await logout(browser);
    await assertAnswer(response, 200, {});
    assertSignedOut(browser, response);
  });

  test("is not reached by a visitor without a session", async () => {
    await assertAnswer(await app.fetch("/logout", { method: "POST" }), 401, { message: "unauthorised" });
  });
});

describe("revoke_session(session_handle)", () => {
  const revoke = (client, handle) => client.fetch("/logout/handle", form({ session_handle: handle }));

  test("ends that session, and clears no cookies", async () => {
    const { browser, session } = await signedIn("u1");
    const held = browser.cookies();
    const response = await revoke(browser, session.handle);
    assertCookiesUntouched(response);
    await assertAnswer(response, 200, { success: true });
    assert.deepEqual(browser.cookies(), held);
    assert.deepEqual(await informationOf(session.handle), GONE);
  });

  test("leaves the user's other devices signed in", async () => {
    const here = await signedIn("u1");
    const elsewhere = await signedIn("u1");
    await revoke(app, elsewhere.session.handle);
    assert.equal((await here.browser.fetch("/me/now")).status, 200);
    assert.equal((await elsewhere.browser.fetch("/me/now")).status, 401);
  });

  test("says when the handle is invalid or its session was removed before", async () => {
    const { session } = await signedIn("u1");
    await revoke(app, session.handle);
    for (const handle of [session.handle, "invalid"]) {
      await assertAnswer(await revoke(app, handle), 200, { success: false });
    }
  });
});

describe("revoke_all_sessions_for_user(user_id)", () => {
  const revokeAll = (client, userId) => client.fetch("/logout/user", form({ user_id: userId }));

  test("ends every session of the user, and clears no cookies", async () => {
    const devices = [await signedIn("leaver"), await signedIn("leaver"), await signedIn("leaver")];
    const response = await revokeAll(devices[0].browser, "leaver");
    assertCookiesUntouched(response);
    const { revoked } = await response.json();
    assert.deepEqual(revoked.sort(), devices.map(({ session }) => session.handle).sort());
    for (const { browser } of devices) {
      assert.equal(Object.keys(browser.cookies()).length, 2, "the browser still holds its cookies");
      assertSignedOut(browser, await browser.fetch("/me/now"));
    }
  });

  test("ends nobody else's", async () => {
    const { browser } = await signedIn("stayer");
    await signedIn("goer");
    await revokeAll(app, "goer");
    assert.equal((await browser.fetch("/me/now")).status, 200);
  });

  test("lets the user log in again at once", async () => {
    await signedIn("returner");
    await revokeAll(app, "returner");
    const { browser } = await signedIn("returner");
    assert.equal((await browser.fetch("/me/now")).status, 200);
  });
});

test("something that went wrong is answered with 500, and nobody is signed out by it", async () => {
  const { browser, session } = await signedIn("u1");
  await failObject(gate, "throw");
  const wrong = { message: "Something went wrong" };
  await assertAnswer(await browser.fetch("/logout", { method: "POST" }), 500, wrong);
  await assertAnswer(await app.fetch("/logout/handle", form({ session_handle: session.handle })), 500, wrong);
  await assertAnswer(await app.fetch("/logout/user", form({ user_id: "u1" })), 500, wrong);

  await healObject(gate);
  assert.equal((await browser.fetch("/me/now")).status, 200);
});

describe("a session", () => {
  test("is checked offline and against the core", async () => {
    const { browser, session } = await signedIn("u1", { tenantId: "t1", payload: { role: "admin" } });
    for (const path of ["/me", "/me/now"]) {
      const { handle, userId, tenantId, payload } = await (await browser.fetch(path)).json();
      assert.deepEqual([handle, userId, tenantId, payload.role], [session.handle, "u1", "t1", "admin"]);
    }
  });

  test("is renewed, and replaced once more at its first use", async () => {
    const { browser, session } = await signedIn("u1");
    const response = await refresh(browser);
    assert.equal(response.status, 200);
    assert.ok(response.headers.has("front-token"));
    const renewed = browser.cookies();
    assert.equal((await (await browser.fetch("/me")).json()).handle, session.handle);
    assert.notEqual(browser.cookies().sAccessToken, renewed.sAccessToken);
  });

  test("ends for thief and victim when an old refresh token comes back", async () => {
    const { browser, session } = await signedIn("u1");
    const { sRefreshToken } = browser.cookies();
    await refresh(browser);
    await refresh(browser);
    assert.equal((await browser.fetch("/me")).status, 200);

    const headers = { cookie: `sRefreshToken=${sRefreshToken}` };
    const replay = await app.fetch("/auth/session/refresh", { method: "POST", headers });
    await assertAnswer(replay, 401, { message: "token theft detected" });
    assert.deepEqual(await informationOf(session.handle), GONE);
    assert.equal((await browser.fetch("/me/now")).status, 401);
  });

  test("is listed with the user's others", async () => {
    const sessions = [await signedIn("lister"), await signedIn("lister")].map(({ session }) => session.handle);
    assert.deepEqual(await handlesOf("lister"), sessions.sort());
    assert.deepEqual(await handlesOf("nobody"), []);
  });

  test("keeps what the application stores with it", async () => {
    const { browser, session } = await signedIn("u1", { data: { cart: [1] } });
    await assertAnswer(await browser.fetch("/data", json("PUT", { cart: [1, 2] })), 200, { cart: [1, 2] });
    assert.equal((await browser.fetch("/payload", json("PUT", { plan: "paid" }))).status, 200);
    assert.equal(claimsOf(browser.cookies().sAccessToken).plan, "paid");

    const { userId, data, payload } = await informationOf(session.handle);
    assert.deepEqual([userId, data, payload.plan], ["u1", { cart: [1, 2] }, "paid"]);
  });

  test("gives a user id back as it was, whatever is in it", async () => {
    for (const userId of ODD_USER_IDS) {
      const { browser, session } = await signedIn(userId);
      assert.equal((await (await browser.fetch("/me")).json()).userId, userId);
      assert.deepEqual(await handlesOf(userId), [session.handle]);
    }
  });
});

describe("the sign-out route", () => {
  test("ends the session and clears its cookies", async () => {
    const { browser, session } = await signedIn("u1");
    const response = await browser.fetch("/auth/signout", { method: "POST" });
    await assertAnswer(response, 200, { status: "OK" });
    assertSignedOut(browser, response);
    assert.deepEqual(await informationOf(session.handle), GONE);
  });

  test("asks a visitor without a session to refresh first, and clears nothing", async () => {
    const response = await app.fetch("/auth/signout", { method: "POST" });
    assertCookiesUntouched(response);
    await assertAnswer(response, 401, { message: "unauthorised" });
  });
});
