// Every answer of the gate's own says so with one word in `Gate-Reason`, and every 401 names a way to authenticate.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  API_KEY,
  answer,
  CROSS_SITE,
  failObject,
  gateFor,
  healObject,
  login,
  logout,
  NAVIGATION,
  presenting,
  renewed,
  STAND_IN,
} from "../support/index.mjs";

const RULES = [
  { path: "/login", session: "optional" },
  { path: "/answer/optional", session: "optional" },
  { path: "/gone", session: "none" },
];
const gate = await gateFor({ after }, { objectFault: STAND_IN, vars: { RULES, ACCESS_TOKEN_TTL: 3600 } });
const clocked = await gateFor(
  { after },
  { clock: true, vars: { RULES, ACCESS_TOKEN_TTL: 10, SESSION_IDLE_TTL: 100, REFRESH_GRACE: 2 } },
);
const badly = await gateFor({ after }, { vars: { GATE_SECRET: "short" } });

const cookie = (tokens) => ({ headers: presenting(tokens) });
const CORE = { "api-key": API_KEY };

async function ended() {
  const session = await login(gate, "ended");
  await logout(gate, session);
  return session;
}

/**
 * A request for each word, and where it may come out as another status than 200.
 * @type {Record<string, [string, () => object | Promise<object>, number][]>}
 */
const CASES = {
  ok: [
    ["/auth/session", async () => cookie(await login(gate, "ok")), 200],
    ["/auth/sessions", async () => cookie(await login(gate, "ok")), 200],
    ["/auth/session/refresh", async () => ({ method: "POST", ...cookie(await login(gate, "ok")) }), 200],
    ["/auth/jwt/jwks.json", () => ({}), 200],
    ["/auth/health", () => ({}), 200],
    ["/auth/core/hello", () => ({}), 200],
    ["/auth/core/recipe/session/user?userId=ok", () => ({ headers: CORE }), 200],
  ],
  "logged-out": [
    ["/logout", () => ({ method: "POST" }), 200],
    ["/logout?return_to=/x", () => ({ headers: NAVIGATION }), 303],
    ["/logout", () => ({ headers: NAVIGATION }), 200],
    ["/auth/signout", async () => ({ method: "POST", ...cookie(await login(gate, "out")) }), 200],
  ],
  ask: [["/logout", () => ({ headers: { ...NAVIGATION, "sec-fetch-site": "cross-site" } }), 200]],
  "no-session": [
    ["/echo", () => ({}), 401],
    ["/echo", () => ({ headers: NAVIGATION }), 303],
    ["/auth/session", () => ({}), 401],
    ["/auth/session/refresh", () => ({ method: "POST" }), 401],
    ["/auth/signout", () => ({ method: "POST" }), 401],
  ],
  revoked: [
    ["/echo", async () => cookie(await ended()), 401],
    ["/echo", async () => cookie({ refresh: (await ended()).refresh }), 401],
    ["/auth/session", async () => cookie(await ended()), 401],
    ["/auth/session/refresh", async () => ({ method: "POST", ...cookie(await ended()) }), 401],
  ],
  "cookies-conflict": [
    [
      "/echo",
      async () => cookie({ access: (await login(gate, "a")).access, refresh: (await login(gate, "b")).refresh }),
      401,
    ],
  ],
  "cross-site": [
    ["/logout", () => ({ method: "POST", headers: CROSS_SITE }), 403],
    ["/echo", async () => ({ method: "POST", headers: { ...CROSS_SITE, ...presenting(await login(gate, "c")) } }), 403],
    ["/logout", () => ({ headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" } }), 403],
  ],
  prefetch: [["/logout", () => ({ headers: { ...NAVIGATION, "sec-purpose": "prefetch" } }), 503]],
  "api-key": [
    ["/auth/core/recipe/session/user?userId=ok", () => ({}), 401],
    ["/auth/core/recipe/session/user?userId=ok", () => ({ headers: { "api-key": "wrong" } }), 401],
  ],
  request: [
    ["/logout?scope=nonsense", () => ({ method: "POST" }), 400],
    ["/auth/core/recipe/session/user", () => ({ headers: CORE }), 400],
  ],
  "not-found": [
    ["/auth/nothing", () => ({}), 404],
    ["/auth/nothing", () => ({ headers: NAVIGATION }), 404],
    ["/auth/core/nothing", () => ({ headers: CORE }), 404],
    ["/auth/sessions/revoke?handle=nobody", async () => ({ method: "POST", ...cookie(await login(gate, "n")) }), 404],
  ],
  method: [
    ["/logout", () => ({ method: "PUT" }), 405],
    ["/auth/session", () => ({ method: "DELETE" }), 405],
    ["/auth/core/hello", () => ({ method: "POST", headers: CORE }), 405],
  ],
  "origin-unreachable": [[answer({ at: "/answer/optional", status: 999 }), () => ({}), 502]],
  "origin-headers": [[answer({ at: "/answer/optional", headers: ["Gate-Create-Session: nonsense"] }), () => ({}), 502]],
};

for (const [reason, requests] of Object.entries(CASES)) {
  describe(`Gate-Reason: ${reason}`, () => {
    for (const [path, init, status] of requests) {
      test(`${path}, ${status}`, async () => {
        const response = await gate.fetch(path, { ...(await init()) });
        assert.equal(response.status, status, await response.text());
        assert.equal(response.headers.get("gate-reason"), reason);
        assert.equal(response.headers.get("www-authenticate"), status === 401 ? "Bearer" : null);
      });
    }
  });
}

test("while the object does not answer the reason is store-unavailable", async () => {
  const session = await login(gate, "away");
  await failObject(gate, "throw");
  try {
    for (const [path, method] of [
      ["/echo", "GET"],
      ["/auth/session", "GET"],
      ["/logout", "POST"],
      ["/auth/session/refresh", "POST"],
    ]) {
      const response = await gate.fetch(path, { method, headers: presenting(session) });
      assert.equal(response.status, 503, path);
      assert.equal(response.headers.get("gate-reason"), "store-unavailable", path);
    }
  } finally {
    await healObject(gate);
  }
});

test("an access token that expired and cannot be renewed is expired, whatever comes with it", async () => {
  const session = await login(clocked, "old");
  await clocked.moveClock(11);
  const unrenewed = await clocked.fetch("/echo", cookie({ access: session.access }));
  assert.equal(unrenewed.status, 401);
  assert.equal(unrenewed.headers.get("gate-reason"), "expired");
  await clocked.moveClock(100);
  for (const tokens of [session, { access: session.access }]) {
    const response = await clocked.fetch("/echo", cookie(tokens));
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("gate-reason"), "expired");
  }
});

test("a replaced refresh token is token-theft", async () => {
  const session = await login(clocked, "robbed");
  const child = await renewed(clocked, session);
  await renewed(clocked, child);
  await clocked.moveClock(30);
  const response = await clocked.fetch("/echo", cookie({ refresh: session.refresh }));
  assert.equal(response.status, 401);
  assert.deepEqual((await response.json()).message, "token theft detected");
  assert.equal(response.headers.get("gate-reason"), "token-theft");
});

test("a wrong configuration is misconfigured, on every route", async () => {
  for (const path of ["/", "/echo", "/logout", "/auth/health", "/auth/core/hello"]) {
    const response = await badly.fetch(path);
    assert.equal(response.status, 500, path);
    assert.equal(response.headers.get("gate-reason"), "misconfigured", path);
  }
});

test("an answer of the application has no reason", async () => {
  const session = presenting(await login(gate, "app"));
  for (const status of [200, 401, 403, 404, 500, 503]) {
    const response = await gate.fetch(answer({ status }), { headers: session });
    assert.equal(response.status, status);
    assert.equal(response.headers.get("gate-reason"), null, `${status}`);
    assert.equal(response.headers.get("www-authenticate"), null, `${status}`);
  }
});

test("a 401 says that a bearer token is no good, and only where one was shown", async () => {
  const bearer = { authorization: "Bearer something" };
  for (const [path, method] of [
    ["/echo", "GET"],
    ["/auth/session", "GET"],
    ["/auth/session/refresh", "POST"],
    ["/auth/core/recipe/session/user?userId=u", "GET"],
  ]) {
    const shown = await gate.fetch(path, { method, headers: bearer });
    assert.equal(shown.status, 401, path);
    assert.equal(shown.headers.get("www-authenticate"), 'Bearer error="invalid_token"', path);
    const without = await gate.fetch(path, { method, headers: { authorization: "Basic YTpi" } });
    assert.equal(without.headers.get("www-authenticate"), "Bearer", path);
  }
});
