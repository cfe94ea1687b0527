// No other site acts with a person's cookies: an unsafe request that a foreign page made is
// refused before anything happens.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  API_KEY,
  assertCookiesUntouched,
  CROSS_SITE,
  gateFor,
  isSignedIn,
  login,
  NAVIGATION,
  PROVENANCES,
  presenting,
} from "../support/index.mjs";

const RULES = [
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
];
const UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "PROPPATCH"];
const SAFE = ["GET", "HEAD", "OPTIONS"];

/** The gate's own routes for browsers; each would change something if it were let through. */
const OWN_ROUTES = [
  "/logout",
  "/logout/all",
  "/logout?scope=others",
  "/auth/signout",
  "/auth/session/refresh",
  "/auth/sessions/revoke?scope=all",
];

const gate = await gateFor({ after }, { vars: { RULES } });
const alice = await login(gate, "alice");
const cookies = presenting(alice);

async function assertRefused(response) {
  assert.equal(response.status, 403);
  assertCookiesUntouched(response);
  assert.equal(typeof (await response.json()).message, "string");
}

describe("an unsafe request with a session cookie", () => {
  for (const { from, refused, headers } of PROVENANCES) {
    test(`from ${from} is ${refused ? "refused" : "let through"}`, async () => {
      for (const path of ["/echo", "/echo/optional"]) {
        for (const method of UNSAFE) {
          const response = await gate.fetch(path, { method, headers: { ...cookies, ...headers(gate.url) } });
          assert.equal(response.status, refused ? 403 : 200, `${method} ${path}`);
          assertCookiesUntouched(response);
        }
      }
    });
  }
});

describe("on the gate's own routes", () => {
  for (const { from, headers } of PROVENANCES.filter(({ refused }) => refused)) {
    test(`a request from ${from} is refused, with a cookie or without, and changes nothing`, async () => {
      for (const path of OWN_ROUTES) {
        await assertRefused(await gate.fetch(path, { method: "POST", headers: { ...cookies, ...headers(gate.url) } }));
        await assertRefused(await gate.fetch(path, { method: "POST", headers: headers(gate.url) }));
      }
      assert.equal(await isSignedIn(gate, alice), true);
    });
  }

  for (const { from, headers } of PROVENANCES.filter(({ refused }) => !refused)) {
    test(`a request from ${from} is let through`, async () => {
      const bob = await login(gate, "bob");
      const response = await gate.fetch("/logout", {
        method: "POST",
        headers: { ...presenting(bob), ...headers(gate.url) },
      });
      assert.equal(response.status, 200);
      assert.equal(await isSignedIn(gate, bob), false);
    });
  }
});

test("safe methods are let through from anywhere", async () => {
  for (const path of ["/echo", "/echo/optional"]) {
    for (const method of SAFE) {
      const response = await gate.fetch(path, { method, headers: { ...cookies, ...CROSS_SITE } });
      assert.equal(response.status, 200, `${method} ${path}`);
    }
  }
});

test("a foreign request without a session cookie is treated as any stranger's", async () => {
  const post = (path) => gate.fetch(path, { method: "POST", headers: CROSS_SITE });
  assert.equal((await post("/echo/optional")).status, 200);
  assert.equal((await post("/echo")).status, 401);
});

test("a foreign request with nothing but a refresh cookie is refused and renews nothing", async () => {
  for (const path of ["/echo", "/echo/optional"]) {
    const headers = { ...presenting({ refresh: alice.refresh }), ...CROSS_SITE };
    await assertRefused(await gate.fetch(path, { method: "POST", headers }));
  }
});

test("paths without sessions take requests from anywhere", async () => {
  const response = await gate.fetch("/echo/none", { method: "POST", headers: { ...cookies, ...CROSS_SITE } });
  assert.equal(response.status, 200);
});

test("a client that carries its token in a header is not asked where it comes from", async () => {
  const headers = { authorization: `Bearer ${alice.access}`, ...CROSS_SITE };
  for (const path of ["/echo", "/echo/optional"]) {
    assert.equal((await gate.fetch(path, { method: "POST", headers })).status, 200, path);
  }
});

test("neither is a backend with its key", async () => {
  const response = await gate.fetch("/auth/core/recipe/session/remove", {
    method: "POST",
    headers: { "api-key": API_KEY, "cdi-version": "5.4", "content-type": "application/json", ...CROSS_SITE },
    body: JSON.stringify({ userId: "nobody" }),
  });
  assert.equal(response.status, 200);
});

test("a person is shown a page when their navigation is refused", async () => {
  const headers = { ...cookies, ...NAVIGATION, ...CROSS_SITE };
  for (const path of ["/echo", "/logout"]) {
    const response = await gate.fetch(path, { method: "POST", headers });
    assert.equal(response.status, 403);
    assert.match(response.headers.get("content-type"), /^text\/html/);
  }
});

test("a refusal is logged without a token", async () => {
  await gate.fetch("/echo", { method: "POST", headers: { ...cookies, ...CROSS_SITE } });
  assert.ok(await gate.logged((line) => line.event === "csrf_refused"));
  const log = JSON.stringify(gate.logs);
  for (const token of [alice.access, alice.refresh]) assert.ok(!log.includes(token));
});
