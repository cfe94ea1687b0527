// The two routes of the browser SDK, on the wire: what `supertokens-website` sends, and the answers
// by which it knows whether there is a session.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  claimsOf,
  coreOf,
  gateFor,
  login,
  presenting,
  tokensIn,
} from "../../support/index.mjs";

const gate = await gateFor({ after });
const core = coreOf(gate);

const SDK = { rid: "session", "fdi-version": "1.16,1.17,1.18,1.19,2.0,3.0,3.1,4.0,4.1", "st-auth-mode": "cookie" };
const HEADER_MODE = { ...SDK, "st-auth-mode": "header" };

const call = (path, headers, at = gate) => at.fetch(path, { method: "POST", headers });
const refresh = (headers, at) => call("/auth/session/refresh", headers, at);
const signOut = (headers, at) => call("/auth/signout", headers, at);
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const revoke = (handle) => core.post("/recipe/session/remove", { sessionHandles: [handle] });
const isAlive = async (handle) => (await core.get("/recipe/session", { sessionHandle: handle })).status === "OK";

async function assertAnswer(response, status, body) {
  assert.deepEqual([response.status, await response.json()], [status, body]);
}

/** The headers that a script on another origin may read. */
function exposedBy(response) {
  return (response.headers.get("access-control-expose-headers") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
}

/** The response tells the SDK of this access token, so that it can be read by a script anywhere. */
function assertFrontToken(response, accessToken) {
  const frontToken = response.headers.get("front-token");
  assert.match(frontToken, /^[A-Za-z0-9+/]+={0,2}$/, "`atob` takes standard base64 alone");
  const claims = claimsOf(accessToken);
  const said = JSON.parse(Buffer.from(frontToken, "base64").toString());
  assert.deepEqual(said, { uid: claims.sub, ate: claims.exp * 1000, up: claims });
  assert.ok(exposedBy(response).includes("front-token"));
}

function assertRemoved(response) {
  assert.equal(response.headers.get("front-token"), "remove");
  assert.ok(exposedBy(response).includes("front-token"));
}

describe("whenever tokens are set, the SDK is told:", () => {
  // Characters whose base64 has the two that base64url writes otherwise.
  const USER = "ÿÿÿ>>>???ûûû 👩‍👩‍👧";

  test("at the login", async () => {
    const { response, access } = await login(gate, USER);
    assertFrontToken(response, access);
  });

  test("at a refresh", async () => {
    const response = await refresh({ ...SDK, ...presenting(await login(gate, USER)) });
    assertFrontToken(response, tokensIn(response).access);
  });

  test("at the first use of what a refresh gave", async () => {
    const renewed = tokensIn(await refresh({ ...SDK, ...presenting(await login(gate, USER)) }));
    const response = await gate.fetch("/echo", { headers: presenting({ access: renewed.access }) });
    assertFrontToken(response, tokensIn(response).access);
  });

  test("at a renewal in passing", async () => {
    const { refresh: token } = await login(gate, USER);
    const response = await gate.fetch("/echo", { headers: presenting({ refresh: token }) });
    assertFrontToken(response, tokensIn(response).access);
  });

  test("at a change of the payload", async () => {
    const { access } = await login(gate, USER);
    const response = await gate.fetch(`/control?${new URLSearchParams({ payload: '{"plan":"paid"}' })}`, {
      headers: presenting({ access }),
    });
    assert.equal(claimsOf(tokensIn(response).access).plan, "paid");
    assertFrontToken(response, tokensIn(response).access);
  });

  test("in header mode by headers, without a cookie", async () => {
    const response = await gate.fetch("/login?user=u1", { method: "POST", headers: HEADER_MODE });
    assertCookiesUntouched(response);
    assertFrontToken(response, response.headers.get("st-access-token"));
    assert.ok(exposedBy(response).includes("st-access-token") && exposedBy(response).includes("st-refresh-token"));

    const renewal = await refresh({ ...HEADER_MODE, ...bearer(response.headers.get("st-refresh-token")) });
    assertCookiesUntouched(renewal);
    assertFrontToken(renewal, renewal.headers.get("st-access-token"));

    const firstUse = await gate.fetch("/echo", { headers: bearer(renewal.headers.get("st-access-token")) });
    assertCookiesUntouched(firstUse);
    assertFrontToken(firstUse, firstUse.headers.get("st-access-token"));
  });
});

describe("POST /auth/session/refresh", () => {
  test("answers 200 with new tokens", async () => {
    const before = await login(gate, "u1");
    const response = await refresh({ ...SDK, ...presenting(before) });
    const { access, refresh: next } = tokensIn(response);
    assert.equal(claimsOf(access).sessionHandle, before.handle);
    assert.notEqual(next, before.refresh);
    await assertAnswer(response, 200, {});
  });

  test("answers 401 and clears when there is no refresh token, as the SDK's first probe wants it", async () => {
    for (const headers of [
      {},
      SDK,
      HEADER_MODE,
      { ...SDK, ...presenting({ access: (await login(gate, "u1")).access }) },
    ]) {
      const response = await refresh(headers);
      assertRemoved(response);
      assertCleared(response);
      await assertAnswer(response, 401, { message: "unauthorised" });
    }
  });

  test("answers 401 and clears when the session was revoked", async () => {
    const session = await login(gate, "u1");
    await revoke(session.handle);
    const response = await refresh({ ...SDK, ...presenting(session) });
    assertRemoved(response);
    assertCleared(response);
    await assertAnswer(response, 401, { message: "unauthorised" });
  });

  test("answers 401 and clears when there are two refresh cookies", async () => {
    const [one, other] = [await login(gate, "u1"), await login(gate, "u1")];
    const cookie = [presenting({ refresh: one.refresh }), presenting({ refresh: other.refresh })].map(
      (each) => each.cookie,
    );
    const response = await refresh({ ...SDK, cookie: cookie.join("; ") });
    assertCleared(response);
    assert.equal(response.status, 401);
    assert.ok((await isAlive(one.handle)) && (await isAlive(other.handle)));
  });

  test("does not take an access token for a refresh token", async () => {
    const { access, handle } = await login(gate, "u1");
    assert.equal((await refresh({ ...HEADER_MODE, ...bearer(access) })).status, 401);
    assert.equal(await isAlive(handle), true);
  });
});

describe("POST /auth/signout", () => {
  async function assertSignedOut(response, handle) {
    assertRemoved(response);
    await assertAnswer(response, 200, { status: "OK" });
    assert.equal(await isAlive(handle), false);
  }

  test("ends the session and clears the cookies", async () => {
    const session = await login(gate, "u1");
    const response = await signOut({ ...SDK, ...presenting(session) });
    assertCleared(response);
    await assertSignedOut(response, session.handle);
  });

  test("takes the access token alone, for a refresh cookie may have a path of its own", async () => {
    const { access, handle } = await login(gate, "u1");
    await assertSignedOut(await signOut({ ...SDK, ...presenting({ access }) }), handle);
  });

  test("takes the refresh token alone", async () => {
    const { refresh: token, handle } = await login(gate, "u1");
    const response = await signOut({ ...SDK, ...presenting({ refresh: token }) });
    assertCleared(response);
    await assertSignedOut(response, handle);
  });

  test("answers the same when the session was gone already", async () => {
    const session = await login(gate, "u1");
    await revoke(session.handle);
    const response = await signOut({ ...SDK, ...presenting(session) });
    assertCleared(response);
    await assertSignedOut(response, session.handle);
  });

  test("takes an access token that has expired", async (t) => {
    const brief = await gateFor(t, { clock: true, vars: { ACCESS_TOKEN_TTL: 1 } });
    const { access, handle } = await login(brief, "u1");
    await brief.moveClock(1);
    const response = await signOut({ ...SDK, ...presenting({ access }) }, brief);
    assertCleared(response);
    await assertAnswer(response, 200, { status: "OK" });
    const { status } = await coreOf(brief).get("/recipe/session", { sessionHandle: handle });
    assert.equal(status, "UNAUTHORISED");
  });

  test("takes a bearer token, and empties what the SDK keeps itself", async () => {
    const { access, handle } = await login(gate, "u1");
    const response = await signOut({ ...HEADER_MODE, ...bearer(access) });
    assert.equal(response.headers.get("st-access-token"), "");
    assert.equal(response.headers.get("st-refresh-token"), "");
    await assertSignedOut(response, handle);
  });

  test("without any token is a 401 that clears nothing, so that the SDK may refresh first", async () => {
    for (const headers of [SDK, HEADER_MODE]) {
      const response = await signOut(headers);
      assertCookiesUntouched(response);
      assert.equal(response.headers.get("front-token"), null);
      await assertAnswer(response, 401, { message: "unauthorised" });
    }
  });
});

test("both routes are for POST alone", async () => {
  const session = await login(gate, "u1");
  for (const path of ["/auth/session/refresh", "/auth/signout"]) {
    for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
      const response = await gate.fetch(path, { method, headers: presenting(session) });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, "POST"]);
    }
  }
  assert.equal(await isAlive(session.handle), true);
});
