// Logging out ends the session in the object and expires its cookies, whatever state the
// browser's tokens are in, and as often as it is asked.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  expiredIn,
  gateFor,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  renewed,
} from "../support/index.mjs";

const gate = await gateFor({ after });

const PAIR = ({ access, refresh }) => ({ access, refresh });

async function assertLoggedOut(response, revoked) {
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: "OK", revoked });
  assertCleared(response);
}

describe("what names the session", () => {
  const held = {
    "both tokens": PAIR,
    "the access token alone": ({ access }) => ({ access }),
    "the refresh token alone": ({ refresh }) => ({ refresh }),
    "the refresh token beside a forged access token": ({ refresh }) => ({ refresh, access: "not.a.token" }),
    "the access token beside a forged refresh token": ({ access }) => ({ access, refresh: "not-a-token" }),
  };
  for (const [what, pick] of Object.entries(held)) {
    test(`${what}: the session ends and all cookies are cleared`, async () => {
      const session = await login(gate, "alice");
      await assertLoggedOut(await logout(gate, pick(session)), 1);
      assert.equal(await isSignedIn(gate, PAIR(session)), false);
    });
  }

  test("a bearer token of ours serves as well as cookies", async () => {
    const session = await login(gate, "alice");
    const response = await logout(gate, {}, { headers: { authorization: `Bearer ${session.access}` } });
    assert.equal(response.status, 200);
    assert.equal((await response.json()).revoked, 1);
    assert.equal(await isSignedIn(gate, PAIR(session)), false);
  });

  test("a child that was never used serves, its session being the same", async () => {
    const session = await login(gate, "alice");
    const child = await renewed(gate, session);
    await assertLoggedOut(await logout(gate, child), 1);
    assert.equal(await isSignedIn(gate, PAIR(session)), false);
  });

  test("a refresh token that has long been replaced logs out too", async () => {
    const session = await login(gate, "alice");
    const youngest = await renewed(gate, await renewed(gate, await renewed(gate, session)));
    assertCleared(await logout(gate, { refresh: session.refresh }));
    assert.equal(await isSignedIn(gate, youngest), false);
  });

  test("an access token that is expired but correctly signed is enough", async (t) => {
    const shortLived = await gateFor(t, { clock: true, vars: { ACCESS_TOKEN_TTL: 1 } });
    const session = await login(shortLived, "alice");
    await shortLived.moveClock(1);
    await assertLoggedOut(await logout(shortLived, { access: session.access }), 1);
    assert.equal(await isSignedIn(shortLived, { refresh: session.refresh }), false);
  });

  test("a tenant's session is logged out like any other", async () => {
    const session = await login(gate, "alice", { tenantId: "t1" });
    await assertLoggedOut(await logout(gate, PAIR(session)), 1);
  });
});

describe("logging out is a success also", () => {
  test("the second time: nothing is revoked, the cookies are cleared again", async () => {
    const session = await login(gate, "alice");
    await logout(gate, PAIR(session));
    await assertLoggedOut(await logout(gate, PAIR(session)), 0);
  });

  test("many times at once: the session is ended once, and every answer clears", async () => {
    const session = await login(gate, "alice");
    const responses = await Promise.all(Array.from({ length: 10 }, () => logout(gate, PAIR(session))));
    responses.forEach(assertCleared);
    const revoked = await Promise.all(responses.map(async (response) => (await response.json()).revoked));
    assert.equal(
      revoked.reduce((sum, count) => sum + count),
      1,
    );
  });

  test("without any token", async () => {
    await assertLoggedOut(await logout(gate, {}), 0);
  });

  test("with forged tokens", async () => {
    await assertLoggedOut(await logout(gate, { access: "not.a.token", refresh: "not-a-token" }), 0);
  });

  test("with a forged bearer token", async () => {
    const response = await logout(gate, {}, { headers: { authorization: "Bearer not.a.token" } });
    assert.equal(response.status, 200);
  });

  test("after the session's lifetime", async (t) => {
    const brief = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: 3600, ACCESS_TOKEN_TTL: 3600 } });
    const session = await login(brief, "alice");
    await brief.moveClock(3601);
    assertCleared(await logout(brief, PAIR(session)));
  });

  test("with two cookies of each name, none of which counts: the session ends all the same", async () => {
    const session = await login(gate, "alice");
    const twice = `__Host-sAccessToken=${session.access}; __Host-sRefreshToken=${session.refresh}`;
    const response = await gate.fetch("/logout", { method: "POST", headers: { cookie: `${twice}; ${twice}` } });
    await assertLoggedOut(response, 1);
    assert.equal(await isSignedIn(gate, PAIR(session)), false);
  });
});

describe("methods", () => {
  for (const [method, headers] of /** @type {[string, Record<string, string>][]} */ ([
    ["GET", NAVIGATION],
    ["GET", {}],
    ["POST", NAVIGATION],
    ["POST", {}],
  ])) {
    const who = headers === NAVIGATION ? "a page" : "a client that is no browser";
    test(`${method} by ${who} logs out`, async () => {
      const session = await login(gate, "alice");
      const response = await logout(gate, PAIR(session), { method, headers });
      assertCleared(response);
      assert.equal(await isSignedIn(gate, PAIR(session)), false);
    });
  }

  for (const method of ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"]) {
    for (const path of ["/logout", "/logout/all"]) {
      test(`${method} ${path} is refused with 405 and does nothing`, async () => {
        const session = await login(gate, "alice");
        const response = await logout(gate, PAIR(session), { method, path });
        assert.equal(response.status, 405);
        assert.deepEqual(response.headers.get("allow").split(/, */).sort(), ["GET", "POST"]);
        assert.deepEqual(expiredIn(response), []);
        assert.ok(await isSignedIn(gate, PAIR(session)));
      });
    }
  }

  test("LOGOUT_PATH moves the route, and the origin gets its own /logout back", async (t) => {
    const moved = await gateFor(t, {
      vars: { LOGOUT_PATH: "/account/leave", RULES: [{ path: "/logout", session: "none" }] },
    });
    const session = await login(moved, "alice");
    assert.equal(await (await moved.fetch("/logout")).text(), "origin");
    await assertLoggedOut(await logout(moved, PAIR(session), { path: "/account/leave" }), 1);
  });
});
