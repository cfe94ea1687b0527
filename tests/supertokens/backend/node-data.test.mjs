// The unmodified supertokens-node in an Express application, with the gate as its core: what is
// stored with a session is listed, read and changed, and the very next check shows it.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { claimsOf, gateFor, headerOf, isSignedByOneOf } from "../../support/index.mjs";
import { json } from "../support/app.mjs";
import { assertAnswer } from "../support/expectations.mjs";
import { expressFor } from "../support/express.mjs";

const gate = await gateFor({ after });
const app = await expressFor({ after }, { connectionURI: `${gate.url}/auth/core` });

const create = (userId, payload, data) =>
  app.call("createNewSessionWithoutRequestResponse", "public", userId, payload, data);
const informationOf = (handle) => app.call("getSessionInformation", handle);
const signedIn = (userId, given) => app.signedIn(userId, given);

test("getAllSessionHandlesForUser lists every session", async () => {
  const handles = [await create("lister"), await create("lister"), await create("lister")].map(({ handle }) => handle);
  assert.deepEqual((await app.call("getAllSessionHandlesForUser", "lister")).sort(), handles.sort());
  assert.deepEqual(await app.call("getAllSessionHandlesForUser", "nobody"), []);
});

test("getSessionInformation tells what is stored, and nothing of a session that has gone", async () => {
  const { handle } = await create("u1", { role: "admin" }, { cart: [1] });
  const { timeCreated, expiry, customClaimsInAccessTokenPayload, ...stored } = await informationOf(handle);
  assert.equal(customClaimsInAccessTokenPayload.role, "admin");
  assert.ok(timeCreated <= Date.now() && expiry > Date.now());
  assert.deepEqual(stored, {
    sessionHandle: handle,
    userId: "u1",
    recipeUserId: { recipeUserId: "u1" },
    sessionDataInDatabase: { cart: [1] },
    tenantId: "public",
  });
  await app.call("revokeSession", handle);
  assert.equal(await informationOf(handle), undefined);
});

describe("updateSessionDataInDatabase", () => {
  test("replaces the data of a session", async () => {
    const { handle } = await create("u1", {}, { old: 1 });
    assert.equal(await app.call("updateSessionDataInDatabase", handle, { new: [2, null] }), true);
    assert.deepEqual((await informationOf(handle)).sessionDataInDatabase, { new: [2, null] });
  });

  test("is false for a session that has gone", async () => {
    assert.equal(await app.call("updateSessionDataInDatabase", "unknown", {}), false);
  });

  test("of the request's own session can be read back at once", async () => {
    const { browser } = await signedIn("u1");
    await assertAnswer(await browser.fetch("/data", json("PUT", { theme: "dark" })), 200, { theme: "dark" });
  });
});

describe("mergeIntoAccessTokenPayload", () => {
  test("changes the payload of any session, which its next live check shows", async () => {
    const { browser, session } = await signedIn("u1", { payload: { plan: "free", trial: true } });
    assert.equal(await app.call("mergeIntoAccessTokenPayload", session.handle, { plan: "paid", trial: null }), true);

    const { payload } = await (await browser.fetch("/me/now")).json();
    assert.deepEqual([payload.plan, "trial" in payload], ["paid", false]);
    const again = await (await browser.fetch("/me")).json();
    assert.equal(again.payload.plan, "paid", "the browser holds the new access token");
  });

  test("is false for a session that has gone", async () => {
    assert.equal(await app.call("mergeIntoAccessTokenPayload", "unknown", { plan: "paid" }), false);
  });

  test("of the request's own session gives the browser a new access token", async () => {
    const { browser, session } = await signedIn("u1");
    const response = await browser.fetch("/payload", json("PUT", { plan: "paid" }));
    assert.equal((await response.json()).payload.plan, "paid");
    assert.equal(claimsOf(browser.cookies().sAccessToken).plan, "paid");
    assert.equal((await informationOf(session.handle)).customClaimsInAccessTokenPayload.plan, "paid");
  });

  test("refuses the names of the gate's own claims", async () => {
    const { handle } = await create("u1");
    await assert.rejects(
      app.call("mergeIntoAccessTokenPayload", handle, { sub: "someone else" }),
      /status code: 400 and message: The user payload contains protected field\n$/,
    );
  });
});

describe("claims", () => {
  test("can be set, read, fetched and removed by handle", async () => {
    const { handle } = await create("customer-1");
    const value = async () => (await app.call("getClaimValue", handle)).value;
    assert.equal(await value(), undefined);
    assert.equal(await app.call("setClaimValue", handle, false), true);
    assert.equal(await value(), false);
    assert.equal(await app.call("fetchAndSetClaim", handle), true);
    assert.equal(await value(), true);
    assert.equal(await app.call("removeClaim", handle), true);
    assert.equal(await value(), undefined);
  });

  test("can be validated by handle", async () => {
    const { handle } = await create("customer-1");
    await app.call("setClaimValue", handle, false);
    const { invalidClaims } = await app.call("validateClaimsForSessionHandle", handle);
    assert.deepEqual(
      invalidClaims.map(({ id }) => id),
      ["paid"],
    );
    const unknown = await app.call("validateClaimsForSessionHandle", "unknown");
    assert.deepEqual(unknown, { status: "SESSION_DOES_NOT_EXIST_ERROR" });
  });

  test("that a route requires are fetched, stored, and sent to the browser", async () => {
    const { browser, session } = await signedIn("customer-2");
    assert.equal((await browser.fetch("/paid")).status, 200);
    assert.equal(claimsOf(browser.cookies().sAccessToken).paid.v, true);
    assert.equal((await app.call("getClaimValue", session.handle)).value, true);
  });

  test("that do not hold refuse the route with 403, not with the 401 that would refresh", async () => {
    const { browser } = await signedIn("guest");
    const response = await browser.fetch("/paid");
    const { message, claimValidationErrors } = await response.json();
    assert.deepEqual([response.status, message, claimValidationErrors[0].id], [403, "invalid claim", "paid"]);
  });
});

describe("createJWT", () => {
  test("signs with the static key, which getJWKS publishes", async () => {
    const { status, jwt } = await app.call("createJWT", { hello: "there" }, 60);
    assert.equal(status, "OK");
    assert.equal(claimsOf(jwt).hello, "there");
    const { alg, kid } = headerOf(jwt);
    assert.equal(alg, "EdDSA");
    assert.match(kid, /^s-/);
    const { keys } = await app.call("getJWKS");
    assert.ok(isSignedByOneOf(keys, jwt));
  });

  test("with all of a session's claims makes a session offline at the most, and none with checkDatabase", async () => {
    const { payload, userId } = await create("u1");
    const session = (jwt, checkDatabase) =>
      app.call("getSessionWithoutRequestResponse", jwt, undefined, { antiCsrfCheck: false, checkDatabase });
    const { jwt } = await app.call("createJWT", payload, 60, false);
    assert.equal((await session(jwt, false)).userId, userId);
    await assert.rejects(session(jwt, true), { type: "TRY_REFRESH_TOKEN" });
    const { jwt: other } = await app.call("createJWT", payload, 60);
    for (const checkDatabase of [false, true]) {
      await assert.rejects(session(other, checkDatabase), { type: "TRY_REFRESH_TOKEN" });
    }
  });
});
