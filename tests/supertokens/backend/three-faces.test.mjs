// One session, three faces: made by a backend SDK it is a session of the gate, made by the gate it
// is a session of the SDKs, and whoever ends it ends it for all.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { claimsOf, gateFor, newClient } from "../../support/index.mjs";
import { backendsFor } from "../support/backends.mjs";

const gate = await gateFor({ after });
const backends = await backendsFor({ after }, gate);

const bearer = (token) => ({ authorization: `Bearer ${token}` });
const gateAnswers = (token, path = "/echo", init = {}) =>
  gate.fetch(path, { ...init, headers: { ...bearer(token), accept: "application/json" } });

/** Whom the application behind the gate sees, or the status of the gate's refusal. */
async function userBehindGate(token) {
  const response = await gateAnswers(token);
  return response.status === 200 ? (await response.json()).headers["gate-user"] : response.status;
}

async function browserSignedIn(user, query) {
  const browser = newClient(gate);
  await browser.login(user, query);
  const { "__Host-sAccessToken": accessToken, "__Host-sRefreshToken": refreshToken } = browser.cookies();
  return { browser, accessToken, refreshToken, handle: claimsOf(accessToken).sessionHandle };
}

const statusFor = async (browser) => (await browser.fetch("/echo")).status;

for (const [name, backend] of Object.entries(backends)) {
  describe(`a session made by ${name}`, () => {
    test("passes the gate, which tells the application who it is", async () => {
      const { accessToken, handle } = await backend.login("u1", { role: "admin" });
      const { headers } = await (await gateAnswers(accessToken)).json();
      assert.deepEqual([headers["gate-user"], headers["gate-session"]], ["u1", handle]);
      assert.equal(claimsOf(headers["gate-token"]).role, "admin");
      assert.equal((await backend.session(headers["gate-token"])).handle, handle);
    });

    test("is among the user's sessions at the gate", async () => {
      const user = `lister of ${name}`;
      const { accessToken, handle } = await backend.login(user);
      const { browser } = await browserSignedIn(user);
      const own = (await (await gateAnswers(accessToken, "/auth/sessions")).json()).sessions;
      assert.deepEqual(own.map((session) => [session.handle === handle, session.current]).sort(), [
        [false, false],
        [true, true],
      ]);
      const page = await browser.fetch("/auth/sessions", { headers: { accept: "text/html" } });
      assert.ok((await page.text()).includes(handle));
    });

    test("is ended by /logout, for the backend too", async () => {
      const { accessToken, handle } = await backend.login("u1");
      const response = await gateAnswers(accessToken, "/logout", { method: "POST" });
      assert.deepEqual(await response.json(), { status: "OK", revoked: 1 });
      assert.equal(await backend.knows(handle), false);
      assert.equal(await backend.session(accessToken, { live: true }), 401);
      assert.equal(await userBehindGate(accessToken), 401);
    });

    test("is ended by a logout everywhere from the user's browser", async () => {
      const user = `everywhere of ${name}`;
      const { accessToken } = await backend.login(user);
      const { browser } = await browserSignedIn(user);
      await browser.fetch("/logout/all", { method: "POST" });
      assert.equal(await backend.session(accessToken, { live: true }), 401);
      assert.deepEqual(await backend.handlesOf(user), []);
    });

    test("can be renewed at the gate, and goes on at the backend", async () => {
      const { refreshToken, handle } = await backend.login("u1");
      const response = await gate.fetch("/auth/session/refresh", { method: "POST", headers: bearer(refreshToken) });
      const renewed = await backend.session(response.headers.get("st-access-token"));
      assert.equal(renewed.handle, handle);
    });

    test("has its changed payload at the gate's very next check", async () => {
      const { accessToken } = await backend.login("u1", { plan: "free" });
      assert.equal(await backend.changePayload(accessToken, { plan: "paid" }), 200);
      const { payload } = await (await gateAnswers(accessToken, "/auth/session")).json();
      assert.equal(payload.plan, "paid");
    });
  });

  describe(`a session made by the gate, seen by ${name}`, () => {
    test("is one to verifySession, offline and live", async () => {
      const { accessToken, handle } = await browserSignedIn("u1", { payload: '{"role":"admin"}' });
      for (const live of [false, true]) {
        const session = await backend.session(accessToken, { live });
        assert.deepEqual([session.handle, session.userId, session.payload.role], [handle, "u1", "admin"]);
      }
    });

    test("keeps its tenant", async () => {
      const { accessToken } = await browserSignedIn("u1", { tenantId: "t1" });
      assert.equal((await backend.session(accessToken)).tenantId, "t1");
    });

    test("is listed for its user", async () => {
      const user = `seen by ${name}`;
      const { handle } = await browserSignedIn(user);
      assert.deepEqual(await backend.handlesOf(user), [handle]);
      assert.equal(await backend.knows(handle), true);
    });

    test("is changed, and the gate's very next check shows it", async () => {
      const { browser, accessToken } = await browserSignedIn("u1", { payload: '{"plan":"free"}' });
      assert.equal(await backend.changePayload(accessToken, { plan: "paid" }), 200);
      const { headers } = await (await browser.fetch("/echo")).json();
      assert.equal(claimsOf(headers["gate-token"]).plan, "paid");
      assert.equal(claimsOf(browser.cookies()["__Host-sAccessToken"]).plan, "paid");
    });

    test("is renewed, and the gate goes on with the new tokens", async () => {
      const { refreshToken } = await browserSignedIn("u1");
      const { accessToken } = await backend.renew(refreshToken);
      assert.equal(await userBehindGate(accessToken), "u1");
    });

    test("is ended by its handle: the next request is refused and the browser cleared", async () => {
      const { browser, handle } = await browserSignedIn("u1");
      assert.equal(await backend.revoke(handle), true);
      assert.equal(await statusFor(browser), 401);
      assert.deepEqual(browser.cookies(), {});
    });

    test("is ended with all of its user's, and nobody else's", async () => {
      const user = `leaver of ${name}`;
      const devices = [await browserSignedIn(user), await browserSignedIn(user)];
      const other = await browserSignedIn("stayer");
      const revoked = await backend.revokeAll(user);
      assert.deepEqual(revoked.sort(), devices.map(({ handle }) => handle).sort());
      for (const { browser } of devices) assert.equal(await statusFor(browser), 401);
      assert.equal(await statusFor(other.browser), 200);
    });
  });
}
