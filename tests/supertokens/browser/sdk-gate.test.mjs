// The unmodified supertokens-website together with what the gate does by itself: renewal in
// passing, logins and logouts of plain pages, and the two anti-CSRF modes of SuperTokens.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { launchChromium, signIn } from "../../support/browser.mjs";
import { coreOf, gateFor } from "../../support/index.mjs";
import { openTab, originSource } from "../support/spa.mjs";

const REFRESH = "POST /auth/session/refresh";

const chromium = await launchChromium();
after(() => chromium.close());
const origin = await originSource();

/** For how long an access token lives. */
const LIFETIME = 3600;

const gateWith = (t, vars, options) =>
  gateFor(t, {
    ...options,
    origin,
    vars: {
      RULES: [
        { path: "/app", session: "none" },
        { path: "/", session: "optional" },
        { path: "/api/login", session: "optional" },
      ],
      ...vars,
    },
  });

async function browserFor(t) {
  const context = await chromium.newContext();
  t.after(() => context.close());
  return context;
}

const openApp = (context, gate) => openTab(context, { site: gate.url, api: gate.url, mode: "cookie" });

test("the gate renews in passing, and the SDK learns of it without a call of its own", async (t) => {
  const gate = await gateWith(t, {}, { clock: true });
  const tab = await openApp(await browserFor(t), gate);
  await tab.login("u1");
  const before = await tab.payload();
  await gate.moveClock(LIFETIME);

  const calls = await tab.callsDuring(async () => assert.equal(await tab.whoami(), "u1"));
  assert.deepEqual(calls, ["GET /api/me"]);
  assert.ok((await tab.payload()).exp > before.exp);
  assert.equal(tab.calls.filter((call) => call === REFRESH).length, 1, "the probe before the login alone");
});

test("a login through the form of the demo app is found by the SDK", async (t) => {
  const gate = await gateWith(t);
  const context = await browserFor(t);
  const form = await context.newPage();
  await signIn(form, gate.url, "u1");

  const tab = await openApp(context, gate);
  assert.equal(await tab.doesSessionExist(), true);
  assert.equal(await tab.userId(), "u1");
  await tab.signOut();
  await form.goto(`${gate.url}/me`);
  assert.equal(new URL(form.url()).pathname, "/login");
});

test("a logout through the plain link is noticed at the next call", async (t) => {
  const gate = await gateWith(t);
  const tab = await openApp(await browserFor(t), gate);
  await tab.login("u1");
  const link = await tab.page.context().newPage();
  await link.goto(`${gate.url}/logout`);
  assert.equal(await tab.whoami(), 401);
  assert.equal(await tab.doesSessionExist(), false);
});

test("a logout through the plain link is noticed at once when it also clears the SDK's cookie", async (t) => {
  const gate = await gateWith(t, { CLEAR_COOKIES: ["sFrontToken"] });
  const context = await browserFor(t);
  const tab = await openApp(context, gate);
  await tab.login("u1");
  const link = await context.newPage();
  await link.goto(`${gate.url}/logout`);
  const calls = await tab.callsDuring(async () => assert.equal(await tab.doesSessionExist(), false));
  assert.deepEqual(calls, []);
});

test("a payload that the application changes is seen by the SDK at once", async (t) => {
  const gate = await gateWith(t);
  const tab = await openApp(await browserFor(t), gate);
  await tab.login("u1");
  const core = coreOf(gate);
  const { sessionHandle } = await tab.payload();
  await core.put("/recipe/jwt/data", { sessionHandle, userDataInJWT: { plan: "paid" } });
  assert.equal(await tab.whoami(), "u1");
  assert.equal((await tab.payload()).plan, "paid");
});

describe("with ANTI_CSRF", () => {
  // What a page without the SDK sends: the cookies alone.
  const withoutSdk = (tab, path) =>
    tab.page.evaluate(
      async (path) => (await fetch(`${path}?superTokensDoNotDoInterception`, { method: "POST" })).status,
      path,
    );

  for (const [mode, refusals] of [
    ["token", { "/api/me": 403, "/auth/signout": 401, "/auth/session/refresh": 401 }],
    ["custom-header", { "/api/me": 403, "/auth/signout": 401, "/auth/session/refresh": 401 }],
  ]) {
    test(`${mode}, the SDK sends what is asked for`, async (t) => {
      const gate = await gateWith(
        t,
        { ANTI_CSRF: mode, REFRESH_COOKIE_PATH: "/auth/session/refresh" },
        { clock: true },
      );
      const tab = await openApp(await browserFor(t), gate);
      await tab.login("u1");
      assert.equal(await tab.whoami("POST"), "u1");
      await gate.moveClock(LIFETIME);
      assert.equal(await tab.whoami("POST"), "u1", "after a renewal, too");
      await tab.signOut();
      assert.equal(await tab.doesSessionExist(), false);
      assert.deepEqual((await coreOf(gate).get("/recipe/session/user", { userId: "u1" })).sessionHandles, []);
    });

    for (const [path, status] of Object.entries(refusals)) {
      test(`${mode}, a call of ${path} without it is refused`, async (t) => {
        const gate = await gateWith(t, { ANTI_CSRF: mode });
        const tab = await openApp(await browserFor(t), gate);
        await tab.login("u1");
        assert.equal(await withoutSdk(tab, path), status);
        assert.equal((await coreOf(gate).get("/recipe/session/user", { userId: "u1" })).sessionHandles.length, 1);
      });
    }
  }
});
