// Apps are name spaces that know nothing of each other; tenants are parts of one app that can be
// listed and ended on their own.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { claimsOf, coreOf, gateFor, newSession, renewal, verification } from "../../support/index.mjs";

const gate = await gateFor({ after });
const publicApp = coreOf(gate);
const shop = coreOf(gate, { app: "/appid-shop" });

const handlesOf = async (core, path, query) => (await core.get(path, query)).sessionHandles.sort();
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

describe("a session of one app", () => {
  test("is known in that app", async () => {
    const { session } = await shop.post("/recipe/session", newSession("u1"));
    assert.equal((await shop.get("/recipe/session", { sessionHandle: session.handle })).status, "OK");
  });

  test("is not listed in another, though the user has the same id", async () => {
    const { session } = await shop.post("/recipe/session", newSession("same"));
    const other = await publicApp.post("/recipe/session", newSession("same"));
    assert.deepEqual(await handlesOf(shop, "/recipe/session/user", { userId: "same" }), [session.handle]);
    assert.deepEqual(await handlesOf(publicApp, "/recipe/session/user", { userId: "same" }), [other.session.handle]);
  });

  test("cannot be read, changed or ended from another", async () => {
    const { session, accessToken } = await shop.post(
      "/recipe/session",
      newSession("u1", { userDataInJWT: { kept: 1 } }),
    );
    const sessionHandle = session.handle;
    const stranger = publicApp;

    assert.equal((await stranger.get("/recipe/session", { sessionHandle })).status, "UNAUTHORISED");
    assert.equal(
      (await stranger.put("/recipe/session/data", { sessionHandle, userDataInDatabase: {} })).status,
      "UNAUTHORISED",
    );
    assert.equal((await stranger.put("/recipe/jwt/data", { sessionHandle, userDataInJWT: {} })).status, "UNAUTHORISED");
    const regeneration = { accessToken: accessToken.token, userDataInJWT: {} };
    assert.equal((await stranger.post("/recipe/session/regenerate", regeneration)).status, "UNAUTHORISED");
    const removals = [{ sessionHandles: [sessionHandle] }, { userId: "u1" }];
    for (const body of removals) {
      assert.deepEqual((await stranger.post("/recipe/session/remove", body)).sessionHandlesRevoked, []);
    }

    const known = await shop.get("/recipe/session", { sessionHandle });
    assert.deepEqual(known.userDataInJWT, { kept: 1 });
  });

  test("has tokens that are worth nothing in another, and stays alive when they are tried", async () => {
    const { session, accessToken, refreshToken } = await shop.post("/recipe/session", newSession("u1"));
    for (const checkDatabase of [false, true]) {
      const body = verification(accessToken.token, { checkDatabase });
      assert.notEqual((await publicApp.post("/recipe/session/verify", body)).status, "OK");
    }
    assert.equal((await publicApp.post("/recipe/session/refresh", renewal(refreshToken.token))).status, "UNAUTHORISED");
    assert.equal((await shop.get("/recipe/session", { sessionHandle: session.handle })).status, "OK");
  });

  test("is no session to a gate that serves another", async () => {
    const { session, accessToken } = await shop.post("/recipe/session", newSession("u1"));
    assert.equal((await gate.fetch("/echo", bearer(accessToken.token))).status, 401);
    await gate.fetch("/logout", { method: "POST", ...bearer(accessToken.token) });
    assert.equal((await shop.get("/recipe/session", { sessionHandle: session.handle })).status, "OK");
  });

  test("is one to a gate that serves its app", async (t) => {
    const shopGate = await gateFor(t, { vars: { APP_ID: "shop" } });
    const { accessToken } = await coreOf(shopGate, { app: "/appid-shop" }).post("/recipe/session", newSession("u1"));
    assert.equal((await shopGate.fetch("/echo", bearer(accessToken.token))).status, 200);
    const other = await coreOf(shopGate).post("/recipe/session", newSession("u1"));
    assert.equal((await shopGate.fetch("/echo", bearer(other.accessToken.token))).status, 401);
  });
});

test("the app `public` is the one of a path that names none, whatever the case", async () => {
  const { session } = await publicApp.post("/recipe/session", newSession("u1"));
  for (const app of ["/appid-public", "/APPID-Public"]) {
    assert.equal((await coreOf(gate, { app }).get("/recipe/session", { sessionHandle: session.handle })).status, "OK");
  }
});

describe("a session of a tenant", () => {
  const inTenant = (core, tenant, userId) => core.post(`/${tenant}/recipe/session`, newSession(userId));

  test("names its tenant, in the answer and in the access token", async () => {
    for (const core of [publicApp, shop]) {
      const { session, accessToken } = await inTenant(core, "t1", "u1");
      assert.equal(session.tenantId, "t1");
      assert.equal(claimsOf(accessToken.token).tId, "t1");
      assert.equal((await core.get("/recipe/session", { sessionHandle: session.handle })).tenantId, "t1");
    }
  });

  test("is found by its handle under any tenant of the app", async () => {
    const { session } = await inTenant(publicApp, "t1", "u1");
    for (const path of ["/recipe/session", "/public/recipe/session", "/t2/recipe/session"]) {
      assert.equal((await publicApp.get(path, { sessionHandle: session.handle })).status, "OK");
    }
  });

  test("is listed with its tenant alone, or across all", async () => {
    const first = (await inTenant(publicApp, "t1", "lister")).session.handle;
    const second = (await inTenant(publicApp, "t2", "lister")).session.handle;
    const everywhere = { userId: "lister", fetchAcrossAllTenants: true };
    const here = { userId: "lister", fetchAcrossAllTenants: false };

    assert.deepEqual(await handlesOf(publicApp, "/t1/recipe/session/user", here), [first]);
    assert.deepEqual(await handlesOf(publicApp, "/t2/recipe/session/user", here), [second]);
    assert.deepEqual(await handlesOf(publicApp, "/public/recipe/session/user", here), []);
    assert.deepEqual(await handlesOf(publicApp, "/t1/recipe/session/user", everywhere), [first, second].sort());
    assert.deepEqual(await handlesOf(publicApp, "/recipe/session/user", { userId: "lister" }), [first, second].sort());
  });

  test("is ended with its tenant alone, or across all", async () => {
    const first = (await inTenant(publicApp, "t1", "leaver")).session.handle;
    const second = (await inTenant(publicApp, "t2", "leaver")).session.handle;
    const third = (await inTenant(publicApp, "t3", "leaver")).session.handle;

    const here = { userId: "leaver", revokeAcrossAllTenants: false };
    assert.deepEqual((await publicApp.post("/t1/recipe/session/remove", here)).sessionHandlesRevoked, [first]);
    const everywhere = { userId: "leaver", revokeAcrossAllTenants: true };
    const { sessionHandlesRevoked } = await publicApp.post("/t1/recipe/session/remove", everywhere);
    assert.deepEqual(sessionHandlesRevoked.sort(), [second, third].sort());
  });
});
