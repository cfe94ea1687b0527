// Cookies of the gate's names that this gate did not make prove nothing: nobody has to prove anything for them, and the
// gate's next answer expires them. So a changed secret locks nobody out of the login.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  ACCESS,
  API_KEY,
  assertCookiesUntouched,
  CROSS_SITE,
  claimsOf,
  expiredIn,
  failObject,
  gateFor,
  healObject,
  login,
  logout,
  NAVIGATION,
  PENDING,
  presenting,
  REFRESH,
  SECRET,
  STAND_IN,
  tokensIn,
  visit,
} from "../support/index.mjs";

const RULES = [
  { path: "/login", session: "optional" },
  { path: "/control", session: "optional" },
  { path: "/echo/optional", session: "optional" },
];
const LEAKED = "the-secret-that-somebody-has-seen-0123456789";
const JUNK = { access: "junk", refresh: "junk" };

for (const ANTI_CSRF of ["token", "custom-header"]) {
  describe(`ANTI_CSRF = "${ANTI_CSRF}"`, async () => {
    const gate = await gateFor({ after }, { clock: true, vars: { RULES, ANTI_CSRF, GATE_SECRET: LEAKED } });
    const before = await login(gate, "before");
    // SECURITY.md: the secret has leaked. A new one, and none that is still accepted.
    await gate.restart({ GATE_SECRET: SECRET });

    test("after the secret has leaked, a browser with old cookies can log in at once", async () => {
      const response = await gate.fetch("/login?user=again", { method: "POST", headers: presenting(before) });
      assert.equal(response.status, 200);
      const tokens = tokensIn(response);
      assert.ok(tokens.access && tokens.refresh);
      assert.equal((await visit(gate, tokens)).status, 200);
    });

    test("a request of another site with such cookies is refused all the same", async () => {
      const headers = { ...presenting(before), ...CROSS_SITE };
      const response = await gate.fetch("/login?user=again", { method: "POST", headers });
      assert.equal(response.status, 403);
      assert.equal(response.headers.get("gate-reason"), "cross-site");
      assertCookiesUntouched(response);
    });

    test("cookies that this gate made ask for the proof, dead or alive", async () => {
      const session = await login(gate, "genuine");
      const proof = { "anti-csrf": claimsOf(session.access).antiCsrfToken ?? "", rid: "session" };
      const post = (extra) =>
        gate.fetch("/echo/optional", { method: "POST", headers: { ...presenting(session), ...extra } });
      for (const state of ["alive", "dead"]) {
        const refused = await post({});
        assert.equal(refused.status, 403, state);
        assert.equal(refused.headers.get("gate-reason"), "anti-csrf");
        assertCookiesUntouched(refused);
        assert.equal((await post(proof)).status, 200, state);
        await logout(gate, session, { headers: proof });
      }
    });
  });
}

describe("cookies that prove nothing", async () => {
  const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN, vars: { RULES } });
  const doubled = async () => {
    const { access, refresh } = await login(gate, "doubled");
    return { cookie: `${ACCESS}=${access}; ${REFRESH}=${refresh}; ${REFRESH}=other` };
  };

  for (const [path, init] of /** @type {[string, import("../support/types.d.ts").RequestOptions][]} */ ([
    ["/echo", {}],
    ["/echo", { headers: NAVIGATION }],
    ["/auth/session", {}],
    ["/auth/sessions", { headers: NAVIGATION }],
    ["/auth/session/refresh", { method: "POST" }],
    ["/auth/nothing", { headers: NAVIGATION }],
  ])) {
    test(`are expired by ${init.method ?? "GET"} ${path}${init.headers ? " of a person" : ""}`, async () => {
      const response = await gate.fetch(path, { ...init, headers: { ...init.headers, ...presenting(JUNK) } });
      const expired = expiredIn(response);
      for (const name of [ACCESS, REFRESH]) assert.ok(expired.includes(name), `${name} in ${expired}`);
      assert.equal(response.headers.get("cache-control"), "no-store");
    });
  }

  test("are expired by the next login, the marker too", async () => {
    const headers = presenting({ ...JUNK, pending: "junk" });
    const response = await gate.fetch("/login?user=next", { method: "POST", headers });
    assert.ok(expiredIn(response).includes(PENDING));
    assert.ok(tokensIn(response).access && tokensIn(response).refresh);
  });

  test("one that came twice is expired beside the good one, which stays", async () => {
    const response = await gate.fetch("/auth/session", { headers: await doubled() });
    assert.equal(response.status, 200);
    const expired = expiredIn(response);
    assert.ok(expired.includes(REFRESH) && !expired.includes(ACCESS), `${expired}`);
  });

  test("stay where nothing changes: a 403, a 503, the keys, health, a backend's routes", async () => {
    const headers = presenting(JUNK);
    for (const [path, init] of /** @type {[string, import("../support/types.d.ts").RequestOptions][]} */ ([
      ["/logout", { method: "POST", headers: { ...headers, ...CROSS_SITE } }],
      ["/auth/jwt/jwks.json", { headers }],
      ["/auth/health", { headers }],
      ["/auth/core/hello", { headers }],
      ["/auth/core/recipe/session/user?userId=u", { headers: { ...headers, "api-key": API_KEY } }],
      ["/auth/core/recipe/session/user?userId=u", { headers }],
    ])) {
      assertCookiesUntouched(await gate.fetch(path, init));
    }
    const session = await login(gate, "away");
    await failObject(gate, "throw");
    const response = await gate.fetch("/echo", { headers: presenting({ access: "junk", refresh: session.refresh }) });
    await healObject(gate);
    assert.equal(response.status, 503);
    assertCookiesUntouched(response);
  });

  test("an answer of the application expires none", async () => {
    const response = await gate.fetch("/echo/optional", { headers: presenting(JUNK) });
    assert.equal(response.status, 200);
    assertCookiesUntouched(response);
  });
});
