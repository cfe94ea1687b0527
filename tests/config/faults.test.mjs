// All that is wrong is in the log at once, a line each; people get a page, programs JSON, and a monitor hears of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gateFor, login, NAVIGATION } from "../support/index.mjs";

const said = (gate) => gate.logs.filter((line) => typeof line === "string" && line.startsWith("configuration: "));

test("everything that is wrong has a line of its own, with variable, number and key", async (t) => {
  const vars = {
    ACCESS_TOKEN_TTL: "soon",
    SESSION_TTL: 3600,
    LOGIN_URL: "/logout",
    RULES: [{ path: "/a" }, { path: "b", sesion: "none" }],
    PROVIDERS: [{ key: "corp", issuer: "idp.example", client_id: "gate" }],
    CORS_ORIGINS: ["https://a.example", "*"],
    CLAIM_HEADERS: { Cookie: "email" },
  };
  const gate = await gateFor(t, { vars, withoutObjects: true });
  await gate.fetch("/");
  const names = [
    "ACCESS_TOKEN_TTL",
    "CLAIM_HEADERS.Cookie",
    "CORS_ORIGINS[1]",
    "LOGIN_URL",
    "PROVIDERS[0].issuer",
    "RULES[1].path",
    "RULES[1].sesion",
    "SESSIONS",
    "SESSION_TTL",
  ];
  await gate.logged((line) => String(line).includes("SESSION_TTL"));
  assert.deepEqual(
    said(gate)
      .map((line) => line.split(" ")[1])
      .sort(),
    names,
  );
  assert.ok(said(gate).every((line) => line.includes(" must be ")));
  assert.match(
    said(gate).find((line) => line.includes("SESSION_TTL")),
    /SESSION_IDLE_TTL/,
  );
});

test("a browser gets a page, a program JSON, and health says that the gate is misconfigured", async (t) => {
  const gate = await gateFor(t, { vars: { COOKIE_DOMAIN: 7 } });
  const page = await gate.fetch("/x", { headers: NAVIGATION });
  const html = await page.text();
  assert.equal(page.status, 500);
  assert.match(page.headers.get("content-type"), /^text\/html/);
  assert.match(html, /This site&#39;s gate is not configured correctly\. Its operator finds the reason in the log\./);
  assert.match(html, /<a [^>]*href=""/, "it leads on");
  assert.match(page.headers.get("content-security-policy"), /^default-src 'none'; style-src 'sha256-/);
  const json = await gate.fetch("/x", { method: "POST" });
  assert.deepEqual([json.status, await json.json()], [500, { message: "the gate is not configured correctly" }]);
  for (const path of ["/auth/health", "/auth/health/", "/auth/health?deep"]) {
    const health = await gate.fetch(path);
    assert.deepEqual([health.status, await health.json()], [500, { status: "misconfigured" }], path);
  }
  for (const { headers } of [page, json]) {
    assert.equal(headers.get("gate-reason"), "misconfigured");
    assert.equal(headers.get("cache-control"), "no-store");
  }
  await gate.restart({ BASE_PATH: "/account" });
  assert.deepEqual(await (await gate.fetch("/account/health")).json(), { status: "misconfigured" });
});

for (const [name, nearest] of Object.entries({
  SESSION_TTL: "SESSION_IDLE_TTL",
  COOKIE_SAME_SITE: "COOKIE_SAMESITE",
  LOGIN_PATH: "LOGIN_URL",
  API_KEY: "API_KEYS",
  RULE: "RULES",
})) {
  test(`${name}, which looks like ${nearest} and is no setting, stops the gate`, async (t) => {
    const gate = await gateFor(t, { vars: { [name]: "3600" } });
    assert.equal((await gate.fetch("/")).status, 500);
    await gate.logged((line) => String(line).includes(name));
    assert.deepEqual(said(gate), [
      `configuration: ${name} must be spelled like a setting of the gate's; the nearest is ${nearest}`,
    ]);
  });
}

test("variables and bindings that look like no setting are nobody's business", async (t) => {
  const vars = { DATABASE_URL: "x", APP_NAME: "y", STRIPE: { a: 1 }, API_URL: 7, PROVIDER_SECRET_CORP: "z" };
  const gate = await gateFor(t, { vars, ratelimits: { SESSION_LIMITER: { simple: { limit: 100, period: 60 } } } });
  await login(gate, "alice");
  assert.deepEqual(said(gate), []);
});

for (const name of ["ORIGIN", "RATE_LIMITER"]) {
  test(`a text in the place of the binding ${name} stops the gate`, async (t) => {
    const vars = { [name]: "https://app.example" };
    const gate = await gateFor(t, { vars, originUrl: "http://127.0.0.1:1" });
    assert.equal((await gate.fetch("/")).status, 500);
    assert.ok(await gate.logged((line) => String(line).startsWith(`configuration: ${name} must be bound`)));
  });
}

test("ORIGIN beside ORIGIN_URL is said once, and the binding wins", async (t) => {
  const vars = { ORIGIN_URL: "http://127.0.0.1:1", RULES: [{ path: "/open", session: "none" }] };
  const gate = await gateFor(t, { vars });
  for (let n = 0; n < 3; n += 1) assert.equal((await gate.fetch("/open")).status, 200);
  await gate.logged((line) => String(line).includes("ORIGIN_URL"));
  assert.deepEqual(said(gate), ["configuration: ORIGIN is bound, so ORIGIN_URL has no effect"]);
});
