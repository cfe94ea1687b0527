// The CDI's answers, member by member: what a backend SDK reads is there, and what has no value
// is left away, since SDKs take a `null` for a value.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  claimsOf,
  coreOf,
  gateFor,
  headerOf,
  isSignedByOneOf,
  newSession,
  publishedKeys,
  renewal,
  verification,
} from "../../support/index.mjs";

const ACCESS_TOKEN_TTL = 1800;
const SESSION_IDLE_TTL = 86_400;
const GONE = { status: "UNAUTHORISED", message: "Session does not exist." };

const gate = await gateFor({ after }, { clock: true, vars: { ACCESS_TOKEN_TTL, SESSION_IDLE_TTL } });
const core = coreOf(gate);

const create = (userId, given) => core.post("/recipe/session", newSession(userId, given));
const remove = (...sessionHandles) => core.post("/recipe/session/remove", { sessionHandles });
const sessionOf = (sessionHandle) => core.get("/recipe/session", { sessionHandle });

/** A handle of the right form whose session has never been: the object of a user without sessions. */
async function goneHandle() {
  const { session } = await create("gone");
  await remove(session.handle);
  return session.handle;
}

function assertTokenInfo({ token, expiry, createdTime, ...rest }, seconds) {
  assert.deepEqual(rest, {});
  assert.equal(typeof token, "string");
  assert.equal(expiry - createdTime, seconds * 1000);
  assert.equal(createdTime, gate.now, "the time is in milliseconds");
}

describe("POST /recipe/session", () => {
  test("answers with the session and two tokens, and nothing else", async () => {
    const { session, accessToken, refreshToken, ...rest } = await create("u1", { userDataInJWT: { role: "admin" } });
    assert.deepEqual(rest, { status: "OK" });
    const { handle, ...known } = session;
    assert.match(handle, /^[\w-]{64}$/);
    assert.deepEqual(known, { userId: "u1", recipeUserId: "u1", userDataInJWT: { role: "admin" }, tenantId: "public" });
    assertTokenInfo(accessToken, ACCESS_TOKEN_TTL);
    assertTokenInfo(refreshToken, SESSION_IDLE_TTL);
  });

  test("gives an access token with the claims that SDKs check offline, signed with a published key", async () => {
    const { session, accessToken } = await create("u1", { userDataInJWT: { role: "admin", nothing: null } });
    const { alg, typ, version, kid } = headerOf(accessToken.token);
    assert.deepEqual({ alg, typ, version }, { alg: "EdDSA", typ: "JWT", version: "5" });
    assert.match(kid, /^d-/);
    assert.ok(isSignedByOneOf(await publishedKeys(gate), accessToken.token));

    const { exp, iat, refreshTokenHash1, ...claims } = claimsOf(accessToken.token);
    assert.deepEqual([exp * 1000, iat * 1000], [accessToken.expiry, accessToken.createdTime]);
    assert.equal(typeof refreshTokenHash1, "string");
    assert.deepEqual(claims, {
      sub: "u1",
      rsub: "u1",
      tId: "public",
      sessionHandle: session.handle,
      parentRefreshTokenHash1: null,
      antiCsrfToken: null,
      role: "admin",
      nothing: null,
    });
  });

  test("signs with the static key for a backend that wants no dynamic one", async () => {
    const { accessToken } = await create("u1", { useDynamicSigningKey: false });
    assert.match(headerOf(accessToken.token).kid, /^s-/);
    assert.ok(isSignedByOneOf(await publishedKeys(gate), accessToken.token));
  });

  test("signs with a dynamic key where nothing is said", async () => {
    const { accessToken } = await create("u1", { useDynamicSigningKey: undefined });
    assert.match(headerOf(accessToken.token).kid, /^d-/);
  });

  test("gives an anti-CSRF token where one is asked for, the same as inside the access token", async () => {
    const { antiCsrfToken, accessToken } = await create("u1", { enableAntiCsrf: true });
    assert.equal(typeof antiCsrfToken, "string");
    assert.equal(claimsOf(accessToken.token).antiCsrfToken, antiCsrfToken);
  });

  test("gives a refresh token that no cookie library quotes or encodes", async () => {
    const { refreshToken } = await create("u1");
    assert.match(refreshToken.token, /^[\w-]+$/);
  });
});

describe("GET /recipe/session", () => {
  test("tells everything that is stored", async () => {
    const given = { userDataInJWT: { role: "admin" }, userDataInDatabase: { cart: [1, { two: null }] } };
    const { session, refreshToken } = await create("u1", given);
    assert.deepEqual(await sessionOf(session.handle), {
      status: "OK",
      sessionHandle: session.handle,
      userId: "u1",
      recipeUserId: "u1",
      ...given,
      expiry: refreshToken.expiry,
      timeCreated: refreshToken.createdTime,
      tenantId: "public",
    });
  });

  test("knows no session that has gone, that never was, or that has no possible handle", async () => {
    for (const handle of [await goneHandle(), "A".repeat(64), "no-handle"]) {
      assert.deepEqual(await sessionOf(handle), GONE);
    }
  });
});

describe("POST /recipe/session/verify", () => {
  const verify = (token, given) => core.post("/recipe/session/verify", verification(token, given));

  test("answers with the session alone while the token is the newest", async () => {
    const { session, accessToken } = await create("u1", { userDataInJWT: { role: "admin" } });
    for (const checkDatabase of [false, true]) {
      assert.deepEqual(await verify(accessToken.token, { checkDatabase }), { status: "OK", session });
    }
  });

  test("finds a revoked session only where the database is asked", async () => {
    const { session, accessToken } = await create("u1");
    await remove(session.handle);
    assert.equal((await verify(accessToken.token)).status, "OK");
    assert.deepEqual(await verify(accessToken.token, { checkDatabase: true }), {
      status: "UNAUTHORISED",
      message: "Either the session has ended or has been blacklisted",
    });
  });

  test("wants the anti-CSRF token where it is to be checked", async () => {
    const { session, accessToken, antiCsrfToken } = await create("u1", { enableAntiCsrf: true });
    const check = { doAntiCsrfCheck: true, enableAntiCsrf: true };
    const refused = { status: "TRY_REFRESH_TOKEN", message: "anti-csrf check failed" };
    assert.deepEqual(await verify(accessToken.token, { ...check, antiCsrfToken: "another" }), refused);
    assert.deepEqual(await verify(accessToken.token, check), refused);
    assert.deepEqual(await verify(accessToken.token, { ...check, antiCsrfToken }), { status: "OK", session });
    assert.deepEqual(await verify(accessToken.token, { ...check, doAntiCsrfCheck: false }), { status: "OK", session });
  });

  test("gives a new access token when the stored payload is another", async () => {
    const { session, accessToken } = await create("u1", { userDataInJWT: { plan: "free" } });
    await core.put("/recipe/jwt/data", { sessionHandle: session.handle, userDataInJWT: { plan: "paid" } });

    const answer = await verify(accessToken.token, { checkDatabase: true });
    assert.deepEqual(answer.session, { ...session, userDataInJWT: { plan: "paid" } });
    assert.equal(claimsOf(answer.accessToken.token).plan, "paid");
    assert.equal((await verify(answer.accessToken.token, { checkDatabase: true })).accessToken, undefined);
  });

  test("does not take what is no access token of this gate", async () => {
    const { refreshToken, accessToken } = await create("u1");
    const [header, claims] = accessToken.token.split(".");
    for (const token of ["", "nonsense", refreshToken.token, `${header}.${claims}.`, `${accessToken.token}x`]) {
      const { status, message, ...rest } = await verify(token);
      assert.deepEqual([status, typeof message, rest], ["TRY_REFRESH_TOKEN", "string", {}]);
    }
  });
});

describe("POST /recipe/session/refresh", () => {
  const refresh = (token, given) => core.post("/recipe/session/refresh", renewal(token, given));

  test("answers as at creation, with the stored payload", async () => {
    const first = await create("u1", { userDataInJWT: { role: "admin" } });
    const { session, accessToken, refreshToken, ...rest } = await refresh(first.refreshToken.token);
    assert.deepEqual(rest, { status: "OK" });
    assert.deepEqual(session, first.session);
    assertTokenInfo(accessToken, ACCESS_TOKEN_TTL);
    assertTokenInfo(refreshToken, SESSION_IDLE_TTL);
    assert.equal(claimsOf(accessToken.token).role, "admin");
  });

  test("signs with the key that is asked for now, whatever was asked for before", async () => {
    const { refreshToken } = await create("u1");
    const { accessToken } = await refresh(refreshToken.token, { useDynamicSigningKey: false });
    assert.match(headerOf(accessToken.token).kid, /^s-/);
  });

  test("wants the anti-CSRF token, and gives the next one", async () => {
    const first = await create("u1", { enableAntiCsrf: true });
    const check = { enableAntiCsrf: true };
    for (const given of [check, { ...check, antiCsrfToken: "another" }]) {
      assert.deepEqual(await refresh(first.refreshToken.token, given), {
        status: "UNAUTHORISED",
        message: "Anti CSRF token missing, or not matching",
      });
    }
    const next = await refresh(first.refreshToken.token, { ...check, antiCsrfToken: first.antiCsrfToken });
    assert.equal(next.status, "OK", "the refusals changed nothing");
    assert.equal(claimsOf(next.accessToken.token).antiCsrfToken, next.antiCsrfToken);
  });

  test("does not renew a session that has gone", async () => {
    const { session, refreshToken } = await create("u1");
    await remove(session.handle);
    assert.deepEqual(await refresh(refreshToken.token), {
      status: "UNAUTHORISED",
      message: "Session missing in db or has expired",
    });
  });

  test("does not take what is no refresh token of this gate", async () => {
    const { accessToken, refreshToken } = await create("u1");
    for (const token of ["", "nonsense", accessToken.token, `A${refreshToken.token.slice(1)}`]) {
      const { status, message, ...rest } = await refresh(token);
      assert.deepEqual([status, typeof message, rest], ["UNAUTHORISED", "string", {}]);
    }
  });
});

describe("POST /recipe/session/remove", () => {
  test("lists the handles that it removed now, and no others", async () => {
    const [first, second] = [await create("u1"), await create("u2")];
    const handles = [first.session.handle, second.session.handle];
    const { sessionHandlesRevoked, ...rest } = await remove(...handles, "A".repeat(64), "no-handle");
    assert.deepEqual(rest, { status: "OK" });
    assert.deepEqual(sessionHandlesRevoked.sort(), handles.sort());
    assert.deepEqual(await remove(...handles), { status: "OK", sessionHandlesRevoked: [] });
  });

  test("counts a handle that is given twice once", async () => {
    const { handle } = (await create("u1")).session;
    assert.deepEqual(await remove(handle, handle), { status: "OK", sessionHandlesRevoked: [handle] });
  });

  test("takes an empty list", async () => {
    assert.deepEqual(await remove(), { status: "OK", sessionHandlesRevoked: [] });
  });

  test("ends every session of a user, and nobody else's", async () => {
    const own = [await create("leaving"), await create("leaving")].map(({ session }) => session.handle);
    const other = await create("staying");
    const { sessionHandlesRevoked } = await core.post("/recipe/session/remove", {
      userId: "leaving",
      revokeAcrossAllTenants: true,
      revokeSessionsForLinkedAccounts: true,
    });
    assert.deepEqual(sessionHandlesRevoked.sort(), own.sort());
    assert.equal((await sessionOf(other.session.handle)).status, "OK");
  });
});

describe("GET /recipe/session/user", () => {
  test("lists the handles of a user's sessions", async () => {
    const handles = [await create("lister"), await create("lister")].map(({ session }) => session.handle);
    const query = { userId: "lister", fetchSessionsForAllLinkedAccounts: true, fetchAcrossAllTenants: true };
    const { sessionHandles, ...rest } = await core.get("/recipe/session/user", query);
    assert.deepEqual(rest, { status: "OK" });
    assert.deepEqual(sessionHandles.sort(), handles.sort());
  });

  test("lists none for a user without sessions", async () => {
    assert.deepEqual(await core.get("/recipe/session/user", { userId: "nobody" }), {
      status: "OK",
      sessionHandles: [],
    });
  });
});

describe("what is stored with a session", () => {
  const stored = [
    ["/recipe/session/data", "userDataInDatabase"],
    ["/recipe/jwt/data", "userDataInJWT"],
  ];
  for (const [path, field] of stored) {
    test(`PUT ${path} replaces it, and GET tells it`, async () => {
      const { handle } = (await create("u1", { [field]: { old: 1 } })).session;
      assert.deepEqual(await core.put(path, { sessionHandle: handle, [field]: { new: { deep: [2, null] } } }), {
        status: "OK",
      });
      assert.deepEqual(await core.get(path, { sessionHandle: handle }), {
        status: "OK",
        [field]: { new: { deep: [2, null] } },
      });
      assert.deepEqual((await sessionOf(handle))[field], { new: { deep: [2, null] } });
    });

    test(`PUT ${path} says when there is no such session`, async () => {
      for (const sessionHandle of [await goneHandle(), "no-handle"]) {
        assert.deepEqual(await core.put(path, { sessionHandle, [field]: {} }), GONE);
      }
    });
  }
});

describe("POST /recipe/session/regenerate", () => {
  const regenerate = (accessToken, userDataInJWT) =>
    core.post("/recipe/session/regenerate", { accessToken, userDataInJWT });

  test("gives an access token with the new payload that ends when the old one would", async () => {
    const { session, accessToken } = await create("u1", { userDataInJWT: { plan: "free", old: true } });
    const answer = await regenerate(accessToken.token, { plan: "paid" });
    const { accessToken: replaced, ...rest } = answer;
    assert.deepEqual(rest, { status: "OK", session: { ...session, userDataInJWT: { plan: "paid" } } });
    assert.equal(replaced.expiry, accessToken.expiry);
    const { plan, old } = claimsOf(replaced.token);
    assert.deepEqual({ plan, old }, { plan: "paid", old: undefined });
    assert.deepEqual((await sessionOf(session.handle)).userDataInJWT, { plan: "paid" });
  });

  test("keeps the payload where none is given", async () => {
    const { session, accessToken } = await create("u1", { userDataInJWT: { plan: "free" } });
    assert.deepEqual((await regenerate(accessToken.token)).session, session);
  });

  test("refuses for a session that has gone", async () => {
    const { session, accessToken } = await create("u1");
    await remove(session.handle);
    assert.equal((await regenerate(accessToken.token, {})).status, "UNAUTHORISED");
  });
});

test("an expired access token asks for a refresh, and still lets the payload be replaced", async (t) => {
  const briefGate = await gateFor(t, { clock: true, vars: { ACCESS_TOKEN_TTL: 1 } });
  const brief = coreOf(briefGate);
  const { session, accessToken } = await brief.post("/recipe/session", newSession("u1"));
  await briefGate.moveClock(2);

  assert.deepEqual(await brief.post("/recipe/session/verify", verification(accessToken.token)), {
    status: "TRY_REFRESH_TOKEN",
    message: "Access token expired",
  });
  const replacement = { accessToken: accessToken.token, userDataInJWT: { plan: "paid" } };
  assert.deepEqual(await brief.post("/recipe/session/regenerate", replacement), {
    status: "OK",
    session: { ...session, userDataInJWT: { plan: "paid" } },
  });
});

test("a session that has reached its idle end is in no answer", async (t) => {
  const briefGate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: 3600, ACCESS_TOKEN_TTL: 3600 } });
  const brief = coreOf(briefGate);
  const { session, refreshToken } = await brief.post("/recipe/session", newSession("u1"));
  await briefGate.moveClock(3601);

  assert.deepEqual(await brief.get("/recipe/session", { sessionHandle: session.handle }), GONE);
  assert.deepEqual((await brief.get("/recipe/session/user", { userId: "u1" })).sessionHandles, []);
  assert.deepEqual(await brief.post("/recipe/session/refresh", renewal(refreshToken.token)), {
    status: "UNAUTHORISED",
    message: "Session missing in db or has expired",
  });
});

describe("POST /recipe/jwt", () => {
  const sign = (payload) =>
    core.post("/recipe/jwt", { payload, validity: 60, algorithm: "RS256", jwksDomain: "https://app.example.com" });

  test("signs with the static key, and says so in the header", async () => {
    const { jwt, ...rest } = await sign({ hello: "there" });
    assert.deepEqual(rest, { status: "OK" });
    const { alg, typ, kid } = headerOf(jwt);
    assert.deepEqual({ alg, typ }, { alg: "EdDSA", typ: "JWT" });
    assert.match(kid, /^s-/);
    assert.ok(isSignedByOneOf(await publishedKeys(gate), jwt));
    const { hello, iat, exp } = claimsOf(jwt);
    assert.deepEqual([hello, exp - iat], ["there", 60]);
  });

  test("knows the core's algorithm and its own, and no other", async () => {
    const ask = (algorithm) => core.post("/recipe/jwt", { payload: {}, validity: 60, algorithm });
    for (const algorithm of ["RS256", "rs256", "EdDSA"]) {
      const { status, jwt } = await ask(algorithm);
      assert.deepEqual([status, headerOf(jwt).alg], ["OK", "EdDSA"]);
    }
    for (const algorithm of ["nonsense", "", "none", "HS256", "ES256", "RS256 "]) {
      assert.deepEqual(await ask(algorithm), { status: "UNSUPPORTED_ALGORITHM_ERROR" }, algorithm);
    }
  });

  test("lasts as long as is asked, up to what every JSON parser reads exactly", async () => {
    const ask = (validity) =>
      core.request("POST", "/recipe/jwt", { body: { payload: {}, validity, algorithm: "RS256" } });
    for (const validity of [1, 2 ** 32, 2 ** 32 + 1, 10 ** 13, 2 ** 53]) {
      const response = await ask(validity);
      assert.equal(response.status, 200, `${validity}`);
      const { iat, exp } = claimsOf((await response.json()).jwt);
      // Beyond 2^53 the neighbours of a number are two apart.
      assert.ok(Math.abs(exp - iat - validity) <= 2, `${validity} became ${exp - iat}`);
    }
    for (const validity of [0, -1, 1.5, 2 ** 53 + 2, 1e300, "60", null]) {
      assert.equal((await ask(validity)).status, 400, `${validity}`);
    }
  });

  test("is signed by a dynamic key where that is asked for", async () => {
    const body = { payload: {}, validity: 60, algorithm: "RS256", useStaticSigningKey: false };
    assert.match(headerOf((await core.post("/recipe/jwt", body)).jwt).kid, /^d-/);
  });

  test("never makes a session, not even from a session's own claims", async () => {
    const { accessToken } = await create("victim", { useDynamicSigningKey: false });
    const { exp, iat, ...claims } = claimsOf(accessToken.token);
    const { jwt } = await sign(claims);

    assert.notEqual((await core.post("/recipe/session/verify", verification(jwt))).status, "OK");
    const response = await gate.fetch("/echo", { headers: { authorization: `Bearer ${jwt}` } });
    assert.equal(response.status, 401);
  });
});
