// How supertokens-node finds its core in the gate: keys, apps, tenants and API keys, and what
// its users see when the core, or a user's object, does not answer.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { failObject, gateFor, headerOf, healObject, STAND_IN } from "../../support/index.mjs";
import { refresh } from "../support/app.mjs";
import { expressFor } from "../support/express.mjs";

const gate = await gateFor({ after });
const core = `${gate.url}/auth/core`;

const create = (app, userId = "u1", tenantId = "public") =>
  app.call("createNewSessionWithoutRequestResponse", tenantId, userId);
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });
const statusOf = async (app, path, { tokens }) => (await app.fetch(path, bearer(tokens.accessToken))).status;
const handlesOf = (...sessions) => sessions.map(({ handle }) => handle).sort();

describe("signing keys", async () => {
  const dynamic = await expressFor({ after }, { connectionURI: core });
  const fixed = await expressFor(
    { after },
    { connectionURI: core, session: { useDynamicAccessTokenSigningKey: false } },
  );

  for (const [what, app, kid] of /** @type {[string, typeof dynamic, RegExp][]} */ ([
    ["dynamic", dynamic, /^d-/],
    ["static", fixed, /^s-/],
  ])) {
    test(`${what} ones are used from creation on and through every renewal`, async () => {
      const session = await create(app);
      assert.match(headerOf(session.tokens.accessToken).kid, kid);
      for (const path of ["/me", "/me/now"]) assert.equal(await statusOf(app, path, session), 200);

      const renewed = await app.call("refreshSessionWithoutRequestResponse", session.tokens.refreshToken, true);
      assert.match(headerOf(renewed.tokens.accessToken).kid, kid);
      assert.equal(await statusOf(app, "/me", renewed), 200);
    });
  }

  test("dynamic ones change while sessions live, which no backend notices", async (t) => {
    const rotating = await gateFor(t, { clock: true, vars: { SIGNING_KEY_ROTATION: 100, ACCESS_TOKEN_TTL: 1000 } });
    const app = await expressFor(t, { connectionURI: `${rotating.url}/auth/core` });
    const before = await create(app);
    await rotating.moveClock(100);
    const since = await create(app);
    assert.notEqual(headerOf(before.tokens.accessToken).kid, headerOf(since.tokens.accessToken).kid);
    for (const session of [before, since]) assert.equal(await statusOf(app, "/me", session), 200);
  });

  test("a backend that changes their kind takes its sessions along with one renewal", async () => {
    const session = await create(dynamic);
    assert.equal(await statusOf(fixed, "/me", session), 401);
    const renewed = await fixed.call("refreshSessionWithoutRequestResponse", session.tokens.refreshToken, true);
    assert.equal(await statusOf(fixed, "/me", renewed), 200);
  });
});

test("an app of its own is a name space of its own", async (t) => {
  const shop = await expressFor(t, { connectionURI: `${core}/appid-shop` });
  const other = await expressFor(t, { connectionURI: core });
  const session = await create(shop, "same");
  const foreign = await create(other, "same");

  assert.equal(await statusOf(shop, "/me/now", session), 200);
  assert.equal(await statusOf(other, "/me/now", session), 401);
  assert.deepEqual(await shop.call("getAllSessionHandlesForUser", "same"), handlesOf(session));
  assert.equal(await other.call("revokeSession", session.handle), false);
  assert.deepEqual(await other.call("revokeAllSessionsForUser", "same"), handlesOf(foreign));
  assert.equal(await statusOf(shop, "/me/now", session), 200);
});

describe("tenants", async () => {
  const app = await expressFor({ after }, { connectionURI: core });

  test("are told by the session, to the backend and in a browser's login", async () => {
    const session = await create(app, "u1", "t1");
    assert.equal(session.tenantId, "t1");
    assert.equal((await app.call("getSessionInformation", session.handle)).tenantId, "t1");

    const { browser } = await app.signedIn("u1", { tenantId: "t1" });
    for (const path of ["/me", "/me/now"]) assert.equal((await (await browser.fetch(path)).json()).tenantId, "t1");
    assert.equal((await refresh(browser)).status, 200);
    assert.equal((await (await browser.fetch("/me")).json()).tenantId, "t1");
  });

  test("are listed one at a time, or all together", async () => {
    const [first, second] = [await create(app, "lister", "t1"), await create(app, "lister", "t2")];
    const list = async (...args) => (await app.call("getAllSessionHandlesForUser", "lister", true, ...args)).sort();
    assert.deepEqual(await list("t1"), handlesOf(first));
    assert.deepEqual(await list("t3"), []);
    assert.deepEqual(await list(), handlesOf(first, second));
  });

  test("are ended one at a time, or all together", async () => {
    const first = await create(app, "leaver", "t1");
    const others = [await create(app, "leaver", "t2"), await create(app, "leaver", "t3")];
    assert.deepEqual(await app.call("revokeAllSessionsForUser", "leaver", true, "t1"), handlesOf(first));
    const rest = await app.call("revokeAllSessionsForUser", "leaver");
    assert.deepEqual(rest.sort(), handlesOf(...others));
  });
});

describe("API keys", () => {
  test("of the list are all right, so that they can be changed without a pause", async (t) => {
    for (const apiKey of ["another-api-key-for-tests", "api-key-for-tests-0123456789"]) {
      const app = await expressFor(t, { connectionURI: core, apiKey });
      assert.equal((await create(app)).userId, "u1");
    }
  });

  for (const [what, apiKey] of [
    ["a wrong one", "wrong"],
    ["none", null],
  ]) {
    test(`${what} is refused with the text that SuperTokens users know`, async (t) => {
      const app = await expressFor(t, { connectionURI: core, apiKey });
      await assert.rejects(create(app), {
        message:
          // The first thing that an SDK asks of its core.
          "SuperTokens core threw an error for a GET request to path: '/apiversion' " +
          "with status code: 401 and message: Invalid API key\n",
      });
    });
  }
});

describe("a core that is down", () => {
  const NOWHERE = "http://localhost:1/auth/core";

  test("is said to be down", async (t) => {
    const app = await expressFor(t, { connectionURI: NOWHERE });
    await assert.rejects(create(app), /No SuperTokens core available to query/);
  });

  test("is passed over when another is known", async (t) => {
    const app = await expressFor(t, { connectionURI: `${core};${NOWHERE}` });
    const session = await create(app);
    assert.equal(await statusOf(app, "/me", session), 200);
  });
});

describe("an object that does not answer", () => {
  test("fails what needs it, ends nobody's session, and leaves offline checks alone", async (t) => {
    const faulty = await gateFor(t, { objectFault: STAND_IN });
    const app = await expressFor(t, { connectionURI: `${faulty.url}/auth/core` });
    const session = await create(app);
    assert.equal(await statusOf(app, "/me", session), 200);

    await failObject(faulty, "throw");
    const unavailable = /status code: 503/;
    await assert.rejects(create(app), unavailable);
    await assert.rejects(app.call("revokeSession", session.handle), unavailable);
    await assert.rejects(
      app.call("refreshSessionWithoutRequestResponse", session.tokens.refreshToken, true),
      unavailable,
    );
    assert.equal(await statusOf(app, "/me/now", session), 500, "no 401: that would sign the user out");
    assert.equal(await statusOf(app, "/me", session), 200);

    await healObject(faulty);
    assert.equal(await statusOf(app, "/me/now", session), 200);
  });
});
