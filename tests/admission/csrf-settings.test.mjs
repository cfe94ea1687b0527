// The settings that open or tighten the rule against foreign requests.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  CROSS_SITE,
  claimsOf,
  gateFor,
  login,
  presenting,
} from "../support/index.mjs";

const FRIEND = "https://app.example";
const ALMOST_FRIENDS = [
  "https://app.example:8443",
  "http://app.example",
  "https://app.example.evil.example",
  "https://evil-app.example",
  "https://sub.app.example",
  "null",
  "*",
];
const RULES = [
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
];
const SAME_SITE = { "sec-fetch-site": "same-site", origin: "http://sibling.localhost" };

async function signedInGate(t, vars) {
  const gate = await gateFor(t, { vars: { RULES, ...vars } });
  const session = await login(gate, "alice");
  const send = (path, headers, method = "POST") =>
    gate.fetch(path, { method, headers: { ...presenting(session), ...headers } });
  return { gate, session, send, statusOf: async (...request) => (await send(...request)).status };
}

test("ALLOW_SAME_SITE lets siblings of this site through, and nobody else", async (t) => {
  const { statusOf } = await signedInGate(t, { ALLOW_SAME_SITE: true });
  assert.equal(await statusOf("/echo", SAME_SITE), 200);
  assert.equal(await statusOf("/logout", CROSS_SITE), 403);
  assert.equal(await statusOf("/echo", CROSS_SITE), 403);
  // Without Sec-Fetch-Site nothing tells a sibling from a stranger.
  assert.equal(await statusOf("/echo", { origin: SAME_SITE.origin }), 403);
  assert.equal(await statusOf("/logout", SAME_SITE), 200);
});

test("an origin in CORS_ORIGINS is let through, exactly that one", async (t) => {
  const { statusOf } = await signedInGate(t, { CORS_ORIGINS: [FRIEND] });
  for (const site of ["cross-site", "same-site", undefined]) {
    const from = (origin) => ({ ...(site && { "sec-fetch-site": site }), origin });
    for (const path of ["/echo", "/echo/optional"]) assert.equal(await statusOf(path, from(FRIEND)), 200);
    for (const other of ALMOST_FRIENDS) {
      assert.equal(await statusOf("/echo", from(other)), 403, other);
      assert.equal(await statusOf("/logout", from(other)), 403, other);
    }
  }
  assert.equal(await statusOf("/logout", { "sec-fetch-site": "cross-site", origin: FRIEND }), 200);
});

test("with ANTI_CSRF none the origin looks after itself", async (t) => {
  const { statusOf } = await signedInGate(t, { ANTI_CSRF: "none" });
  assert.equal(await statusOf("/echo", CROSS_SITE), 200);
});

test("ANTI_CSRF token wants the token's own value in the anti-csrf header", async (t) => {
  const { session, send, statusOf } = await signedInGate(t, { ANTI_CSRF: "token" });
  const right = { "anti-csrf": claimsOf(session.access).antiCsrfToken };
  assert.equal(session.response.headers.get("anti-csrf"), right["anti-csrf"]);
  for (const path of ["/echo", "/echo/optional"]) {
    for (const wrong of [{}, { "anti-csrf": "" }, { "anti-csrf": "wrong" }, { rid: "session" }]) {
      const refused = await send(path, wrong);
      assert.equal(refused.status, 403);
      assertCookiesUntouched(refused);
    }
    assert.equal(await statusOf(path, right), 200);
    assert.equal(await statusOf(path, { ...right, ...CROSS_SITE }), 403);
    assert.equal(await statusOf(path, {}, "GET"), 200);
  }
  assert.equal(await statusOf("/echo/none", {}), 200);
});

test("another session's anti-CSRF token is a wrong one", async (t) => {
  const { gate, statusOf } = await signedInGate(t, { ANTI_CSRF: "token" });
  const bob = await login(gate, "bob");
  assert.equal(await statusOf("/echo", { "anti-csrf": claimsOf(bob.access).antiCsrfToken }), 403);
});

test("ANTI_CSRF custom-header wants a header that no foreign form can send", async (t) => {
  const { statusOf } = await signedInGate(t, { ANTI_CSRF: "custom-header" });
  assert.equal(await statusOf("/echo", {}), 403);
  assert.equal(await statusOf("/echo", { rid: "anti-csrf" }), 200);
  assert.equal(await statusOf("/echo", { rid: "anti-csrf", ...CROSS_SITE }), 403);
  assert.equal(await statusOf("/echo", {}, "GET"), 200);
  assert.equal(await statusOf("/echo/none", {}), 200);
});

for (const ANTI_CSRF of ["token", "custom-header"]) {
  test(`ANTI_CSRF ${ANTI_CSRF} asks nothing of a client that carries its token in a header`, async (t) => {
    const gate = await gateFor(t, { vars: { RULES, ANTI_CSRF } });
    const { access } = await login(gate, "alice");
    const headers = { authorization: `Bearer ${access}` };
    assert.equal((await gate.fetch("/echo", { method: "POST", headers })).status, 200);
  });

  test(`ANTI_CSRF ${ANTI_CSRF} answers the browser SDK in its own way`, async (t) => {
    const { session, send } = await signedInGate(t, { ANTI_CSRF });
    const given = { rid: "session", "anti-csrf": claimsOf(session.access).antiCsrfToken };
    const signout = await send("/auth/signout", {});
    assert.equal(signout.status, 401);
    assert.deepEqual(await signout.json(), { message: "try refresh token" });
    assertCookiesUntouched(signout);
    assert.equal((await send("/auth/session/refresh", {})).status, 401);
    assert.equal((await send("/auth/session/refresh", given)).status, 200);
    assert.equal((await send("/auth/signout", given)).status, 200);
  });
}

test("ANTI_CSRF custom-header clears the cookies of a renewal without the header", async (t) => {
  const { send } = await signedInGate(t, { ANTI_CSRF: "custom-header" });
  assertCleared(await send("/auth/session/refresh", {}));
});
