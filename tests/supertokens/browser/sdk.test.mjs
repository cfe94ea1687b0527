// The unmodified supertokens-website in Chromium, with the gate as its API: a session's whole life
// in both transfer modes, on the API's own origin, on another origin of its site, and on another site
// (in header mode alone: browsers no longer send cookies there).
// The refresh cookie has a path here, so that it is the SDK that renews, and not the gate in passing.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { launchChromium } from "../../support/browser.mjs";
import { coreOf, gateFor } from "../../support/index.mjs";
import { openTab, originSource, siteFor } from "../support/spa.mjs";

const REFRESH = "POST /auth/session/refresh";
const ME = "GET /api/me";
const SIGN_OUT = "POST /auth/signout";

const site = await siteFor({ after });
const origins = Object.values(site);
const chromium = await launchChromium();
after(() => chromium.close());

const gateWith = async (options) =>
  gateFor(
    { after },
    {
      ...options,
      origin: await originSource(origins),
      vars: {
        CORS_ORIGINS: origins,
        REFRESH_COOKIE_PATH: "/auth/session/refresh",
        RULES: [
          { path: "/app", session: "none" },
          { path: "/api/login", session: "optional" },
        ],
      },
    },
  );

const gate = await gateWith({});
/** For how long an access token lives. */
const LIFETIME = 3600;
const agingGate = await gateWith({ clock: true });

for (const [mode, where, elsewhere] of [
  ["cookie", "its own origin"],
  ["cookie", "another origin of its site", site.sameSite],
  ["header", "its own origin"],
  ["header", "another origin of its site", site.sameSite],
  ["header", "another site", site.crossSite],
]) {
  describe(`in ${mode} mode on ${where}`, () => lifeOfASession({ mode, elsewhere }));
}

function lifeOfASession({ mode, elsewhere }) {
  /** A new browser whose first tab shows the application. */
  async function visitor(t, api = gate) {
    const context = await chromium.newContext();
    t.after(() => context.close());
    const newTab = () => openTab(context, { site: elsewhere ?? api.url, api: api.url, mode });
    return { context, newTab, tab: await newTab() };
  }

  async function signedIn(t, user, api = gate) {
    const { tab, ...rest } = await visitor(t, api);
    assert.equal((await tab.login(user)).status, 200);
    return { tab, ...rest };
  }

  const handlesOf = async (user, api = gate) =>
    (await coreOf(api).get("/recipe/session/user", { userId: user })).sessionHandles;
  const revokeAll = (user, api = gate) => coreOf(api).post("/recipe/session/remove", { userId: user });

  test("a visitor who never logged in has no session", async (t) => {
    const { tab } = await visitor(t);
    assert.equal(await tab.doesSessionExist(), false);
    assert.equal(await tab.whoami(), 401);
  });

  test("logging in makes a session that the SDK can read", async (t) => {
    const user = "Zoë 👩‍👩‍👧";
    const { tab } = await signedIn(t, user);
    assert.equal(await tab.doesSessionExist(), true);
    assert.equal(await tab.userId(), user);
    assert.equal((await tab.payload()).sub, user);
    assert.ok((await tab.events()).includes("SESSION_CREATED"));
  });

  test("the browser keeps the tokens as the mode says", async (t) => {
    const { context } = await signedIn(t, "u1");
    const kept = tokensIn(await context.cookies());
    const expected = {
      cookie: { names: ["__Host-sAccessToken", "__Secure-sRefreshToken"], readable: false },
      header: { names: ["st-access-token", "st-refresh-token"], readable: true },
    }[mode];
    assert.deepEqual(kept.map(({ name }) => name).sort(), expected.names);
    for (const { httpOnly } of kept) assert.equal(!httpOnly, expected.readable);
  });

  test("calls of the page reach the application as that user, whatever their method", async (t) => {
    const { tab } = await signedIn(t, "u1");
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      assert.equal(await tab.whoami(method), "u1");
    }
    assert.equal(tab.calls.includes(REFRESH), true, "the probe before the login");
    assert.equal(tab.calls.filter((call) => call === REFRESH).length, 1, "and no renewal");
  });

  test("a second tab is signed in as well", async (t) => {
    const { newTab } = await signedIn(t, "u1");
    const second = await newTab();
    assert.equal(await second.doesSessionExist(), true);
    assert.equal(await second.whoami(), "u1");
  });

  test("an expired access token is renewed without the page noticing", async (t) => {
    const { tab } = await signedIn(t, "u1", agingGate);
    await agingGate.moveClock(LIFETIME);
    const calls = await tab.callsDuring(async () => assert.equal(await tab.whoami(), "u1"));
    assert.deepEqual(calls, [ME, ME, REFRESH]);
    assert.equal(await tab.doesSessionExist(), true);
  });

  test("three calls that find it expired cause one renewal", async (t) => {
    const { tab } = await signedIn(t, "u1", agingGate);
    await agingGate.moveClock(LIFETIME);
    const calls = await tab.callsDuring(async () => {
      assert.deepEqual(await Promise.all([tab.whoami(), tab.whoami(), tab.whoami()]), ["u1", "u1", "u1"]);
    });
    assert.equal(calls.filter((call) => call === REFRESH).length, 1);
  });

  test("two tabs that find it expired at once both stay signed in", async (t) => {
    const { tab, newTab } = await signedIn(t, "tabs", agingGate);
    const second = await newTab();
    await agingGate.moveClock(LIFETIME);
    assert.deepEqual(await Promise.all([tab.whoami(), second.whoami()]), ["tabs", "tabs"]);
    assert.deepEqual([await tab.doesSessionExist(), await second.doesSessionExist()], [true, true]);
    assert.equal((await handlesOf("tabs", agingGate)).length, 1);
    await revokeAll("tabs", agingGate);
  });

  test("a session that was revoked elsewhere is noticed at the next call", async (t) => {
    const { tab } = await signedIn(t, "revoked");
    await revokeAll("revoked");
    assert.equal(await tab.whoami(), 401);
    assert.equal(await tab.doesSessionExist(), false);
    assert.ok((await tab.events()).includes("UNAUTHORISED"));
  });

  test("signing out ends the session, for the browser and for the gate", async (t) => {
    const { tab, context } = await signedIn(t, "leaver");
    await tab.signOut();
    assert.equal(await tab.doesSessionExist(), false);
    assert.ok((await tab.events()).includes("SIGN_OUT"));
    assert.deepEqual(await handlesOf("leaver"), []);
    assert.deepEqual(tokensIn(await context.cookies()), []);
    assert.equal(await tab.whoami(), 401);
  });

  test("signing out is seen by another tab", async (t) => {
    const { tab, newTab } = await signedIn(t, "u1");
    const second = await newTab();
    await tab.signOut();
    assert.equal(await second.doesSessionExist(), false);
    assert.equal(await second.whoami(), 401);
  });

  test("signing out works with an expired access token", async (t) => {
    const { tab } = await signedIn(t, "late", agingGate);
    await agingGate.moveClock(LIFETIME);
    await tab.signOut();
    assert.equal(await tab.doesSessionExist(), false);
    assert.deepEqual(await handlesOf("late", agingGate), []);
  });

  test("signing out works when the session was revoked before", async (t) => {
    const { tab, context } = await signedIn(t, "twice");
    await revokeAll("twice");
    const calls = await tab.callsDuring(() => tab.signOut());
    assert.ok(calls.includes(SIGN_OUT));
    assert.equal(await tab.doesSessionExist(), false);
    assert.deepEqual(tokensIn(await context.cookies()), []);
  });

  test("one can log in again after signing out", async (t) => {
    const { tab } = await signedIn(t, "u1");
    await tab.signOut();
    assert.equal((await tab.login("u2")).status, 200);
    assert.equal(await tab.doesSessionExist(), true);
    assert.equal(await tab.whoami(), "u2");
  });
}

/** The cookies that could still open a session: the gate's, or the SDK's own of header mode. */
function tokensIn(cookies) {
  return cookies.filter(({ name }) => /s(Access|Refresh)Token$|^st-(access|refresh)-token$/.test(name));
}
