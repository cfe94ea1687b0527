// A browser whose access token has run out or is lost stays signed in by its refresh token,
// within the same request, and without the origin noticing.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  ACCESS,
  assertCleared,
  claimsOf,
  expiredIn,
  gateFor,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  presenting,
  REFRESH,
  refreshSession,
  setCookies,
  tokensIn,
  visit,
} from "../support/index.mjs";

// An origin that logs in and asks every cache to keep what it answers.
const CACHEABLE_ORIGIN = `
export default {
  fetch(request) {
    const headers = new Headers({ "Cache-Control": "public, max-age=600" });
    if (new URL(request.url).pathname === "/login") headers.set("Gate-Create-Session", '{"userId":"alice"}');
    return new Response("cacheable", { headers });
  },
};`;

async function assertForwardedAs(user, response) {
  assert.equal(response.status, 200);
  const { headers } = await response.json();
  assert.equal(headers["gate-user"], user);
  const { access, refresh } = tokensIn(response);
  assert.equal(headers["gate-token"], access, "the origin and the browser get the same new token");
  assert.ok(refresh, "the refresh token is new as well");
  assert.match(response.headers.get("cache-control"), /no-store/);
}

describe("with a good refresh token", async () => {
  const gate = await gateFor({ after }, { clock: true });
  const shortLived = await gateFor({ after }, { clock: true, vars: { ACCESS_TOKEN_TTL: 1 } });

  test("a request without an access token is forwarded as signed in, and brings new cookies", async () => {
    const { refresh } = await login(gate, "alice");
    await assertForwardedAs("alice", await visit(gate, { refresh }));
  });

  test("so is one with an expired access token", async () => {
    const session = await login(shortLived, "alice");
    await shortLived.moveClock(1);
    await assertForwardedAs("alice", await visit(shortLived, session));
  });

  test("so is one with an access token that is not genuine", async () => {
    const { refresh } = await login(gate, "alice");
    await assertForwardedAs("alice", await visit(gate, { access: "not.a.token", refresh }));
  });

  test("so is a navigation, which is not sent to log in", async () => {
    const { refresh } = await login(gate, "alice");
    await assertForwardedAs("alice", await visit(gate, { refresh }, NAVIGATION));
  });

  test("so is a POST, with its body", async () => {
    const { refresh } = await login(gate, "alice");
    const response = await gate.fetch("/echo", { method: "POST", headers: presenting({ refresh }), body: "kept" });
    assert.equal((await response.clone().json()).body, "kept");
    await assertForwardedAs("alice", response);
  });

  test("GET /auth/session renews in the same way", async () => {
    const { refresh } = await login(gate, "alice");
    const response = await gate.fetch("/auth/session", { headers: presenting({ refresh }) });
    assert.equal((await response.clone().json()).userId, "alice");
    assert.ok(tokensIn(response).access && tokensIn(response).refresh);
  });

  test("an optional route renews as well", async () => {
    const { refresh } = await login(gate, "alice");
    const response = await gate.fetch("/control", { headers: presenting({ refresh }) });
    assert.ok(tokensIn(response).access && tokensIn(response).refresh);
  });

  test("a good access token beside it is enough: nothing is renewed", async () => {
    const response = await visit(gate, await login(gate, "alice"));
    assert.deepEqual(response.headers.getSetCookie(), []);
  });

  test("the renewed token carries the payload and the session of the old one", async () => {
    const old = await login(gate, "alice", { payload: { role: "editor" } });
    const { access } = tokensIn(await visit(gate, { refresh: old.refresh }));
    assert.equal(claimsOf(access).role, "editor");
    assert.equal(claimsOf(access).sessionHandle, old.handle);
  });

  test("where the refresh cookie has a path of its own, a request is told to try it instead", async (t) => {
    const pathed = await gateFor(t, { clock: true, vars: { REFRESH_COOKIE_PATH: "/auth/session/refresh" } });
    const { refresh } = await login(pathed, "alice");
    const headers = { cookie: `__Secure-sRefreshToken=${refresh}` };

    const response = await pathed.fetch("/echo", { headers });

    assert.equal(response.status, 401);
    assert.deepEqual(await response.json(), { message: "try refresh token" });
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.equal((await pathed.fetch("/auth/session/refresh", { method: "POST", headers })).status, 200);
  });
});

describe("two cookies of one name", async () => {
  const gate = await gateFor({ after }, { clock: true });
  const onDomain = await gateFor({ after }, { clock: true, vars: { COOKIE_DOMAIN: "example.com" } });

  test("count as no access token: beside a single good refresh token the session is renewed", async () => {
    const { access, refresh } = await login(gate, "alice");
    const cookie = `${ACCESS}=${access}; ${ACCESS}=${access}; ${REFRESH}=${refresh}`;
    await assertForwardedAs("alice", await gate.fetch("/echo", { headers: { cookie } }));
  });

  test("count as no refresh token: without an access token it is a request of nobody, and both are cleared", async () => {
    const { refresh } = await login(gate, "alice");
    const cookie = `${REFRESH}=${refresh}; ${REFRESH}=${refresh}`;
    const response = await gate.fetch("/echo", { headers: { cookie } });
    assert.equal(response.status, 401);
    assertCleared(response);
  });

  test("are healed by a renewal: the one that the gate would not set is expired", async () => {
    const { access, refresh } = await login(onDomain, "alice");
    const [accessName, refreshName] = ["__Secure-sAccessToken", "__Secure-sRefreshToken"];
    const cookie = `${accessName}=stale; ${accessName}=${access}; ${refreshName}=${refresh}`;

    const response = await onDomain.fetch("/echo", { headers: { cookie } });

    assert.equal(response.status, 200);
    assert.ok(tokensIn(response).access);
    const hostOnly = setCookies(response).filter(({ name, attributes }) => name === accessName && !attributes.domain);
    assert.deepEqual(
      hostOnly.map(({ attributes }) => attributes["max-age"]),
      ["0"],
    );
  });

  test("leave the session alone: it lives on in a browser that holds one of each", async () => {
    const session = await login(gate, "alice");
    const cookie = `${ACCESS}=${session.access}; ${ACCESS}=x; ${REFRESH}=${session.refresh}; ${REFRESH}=x`;
    assert.equal((await gate.fetch("/echo", { headers: { cookie } })).status, 401);
    assert.ok(await isSignedIn(gate, session));
  });
});

describe("without a good refresh token", async () => {
  const gate = await gateFor({ after }, { clock: true });

  async function revoked() {
    const session = await login(gate, "alice");
    await logout(gate, session);
    return { refresh: session.refresh };
  }

  test("a script gets 401, and the cookies of a session that is gone are cleared", async () => {
    const response = await visit(gate, await revoked());
    assert.equal(response.status, 401);
    assert.equal((await response.json()).message, "unauthorised");
    assertCleared(response);
  });

  test("a navigation is sent to log in, and the cookies of a session that is gone are cleared", async () => {
    const response = await visit(gate, await revoked(), NAVIGATION);
    assert.equal(response.status, 303);
    assertCleared(response);
  });

  test("a token that never was one is no session", async () => {
    assert.equal((await visit(gate, { refresh: "not-a-token" })).status, 401);
  });

  test("a browser without any token is told so, and nothing is cleared", async () => {
    const response = await visit(gate, {});
    assert.equal(response.status, 401);
    assert.equal((await response.json()).message, "unauthorised");
    assert.deepEqual(expiredIn(response), []);
  });

  test("the route of the browser SDK answers 401 and clears", async () => {
    const response = await refreshSession(gate, {});
    assert.equal(response.status, 401);
    assertCleared(response);
  });
});

describe("a response that sets or clears cookies is kept by no cache, whatever the origin says:", async () => {
  const gate = await gateFor({ after }, { clock: true, origin: CACHEABLE_ORIGIN });

  const answers = {
    "a login": () => gate.fetch("/login", { method: "POST" }),
    "a renewal": async () => visit(gate, { refresh: (await login(gate, "alice")).refresh }),
    "a refusal": async () => {
      const session = await login(gate, "alice");
      await logout(gate, session);
      return visit(gate, session);
    },
    "a log-out": async () => logout(gate, await login(gate, "alice")),
  };
  for (const [what, answer] of Object.entries(answers)) {
    test(what, async () => {
      const response = await answer();
      assert.notDeepEqual(response.headers.getSetCookie(), []);
      assert.equal(response.headers.get("cache-control"), "no-store");
    });
  }

  test("a response that does neither keeps what the origin said", async () => {
    const response = await visit(gate, await login(gate, "alice"));
    assert.equal(response.headers.get("cache-control"), "public, max-age=600");
  });
});
