// A wrong setting stops the gate instead of weakening it, and its log says which one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gateFor, login } from "../support/index.mjs";

const ROUTES = ["/", "/login?user=alice", "/open/page", "/logout", "/auth/session", "/auth/health", "/auth/core/hello"];
const DEFAULTS = { LOGIN_URL: "/login", RULES: [{ path: "/open/*", session: "none" }] };

/** Part of every wrong text here, so that it can be looked for where it must not be. */
const MARK = "marked-value";

const NUMBERS = [
  "ACCESS_TOKEN_TTL",
  "SESSION_IDLE_TTL",
  "SESSION_ABSOLUTE_TTL",
  "SIGNING_KEY_ROTATION",
  "MAX_SESSIONS",
];
const NOT_POSITIVE = [0, -1, 1.5, MARK];
const NOT_ORIGINS = [[MARK], [`https://${MARK}.example/path`], [`//${MARK}.example`], ["*"], [7], { origin: MARK }];
const NOT_PATHS = [MARK, `https://${MARK}.example`, 7];
const NOT_TARGETS = [
  "/logout",
  `/${MARK}/../logout`,
  "/auth/sessions",
  "/auth/core/hello",
  `http://${MARK}.example/login`,
];

const WRONG = {
  NOT_BEFORE: [MARK, 7, {}, { all: MARK }, { tenant: { acme: MARK } }, "2999-01-01T00:00:00Z"],
  GATE_SECRET: [undefined, "", `${MARK}-too-short`, "s".repeat(64), "0123456789a".repeat(4)],
  GATE_SECRET_PREVIOUS: [`${MARK}-too-short`, "s".repeat(64)],
  ORIGIN_URL: [MARK, `ftp://${MARK}.example`, `javascript:${MARK}`, 7],
  BASE_PATH: NOT_PATHS,
  CORE_PATH: NOT_PATHS,
  LOGOUT_PATH: NOT_PATHS,
  LOGIN_URL: [MARK, `javascript:${MARK}()`, 7, ...NOT_TARGETS],
  LOGOUT_REDIRECT: [MARK, `javascript:${MARK}()`, 7, ...NOT_TARGETS],
  RETURN_TO_ORIGINS: NOT_ORIGINS,
  CORS_ORIGINS: NOT_ORIGINS,
  RULES: [
    MARK,
    { path: "/open/*", session: "none" },
    [{ path: MARK, session: "none" }],
    [{ path: "", session: "none" }],
    [{ session: "none" }],
    [{ path: "/open/*", session: MARK }],
    [{ path: "/open/*", session: true }],
    [{ path: "/feed/*", session: "required", fresh: -1 }],
    [{ path: "/feed/*", session: "required", fresh: MARK }],
    [{ path: "/feed/*", session: "required", overlap: MARK }],
    [{ path: "/feed/*", require: {} }],
    [{ path: "/feed/*", require: { groups: MARK } }],
    [{ path: "/feed/*", require: { groups: [] } }],
    [{ path: "/feed/*", session: "optional", require: { groups: [MARK] } }],
    [{ path: "/feed/*", session: "none", max_age: 600 }],
    [{ path: "/feed/*", max_age: 0 }],
    [{ path: "/feed/*", max_age: MARK }],
    [{ path: "/feed/*", session: "none" }, { path: "/feed/x" }],
    [{ path: "/feed/*", acr: MARK }],
    [{ path: "/feed/*", acr: [`${MARK} x`] }],
  ],
  SESSION_TTL: [MARK],
  CLAIM_HEADERS: [
    MARK,
    [MARK],
    { "X-A": "" },
    { "X-A": [MARK] },
    { Host: MARK },
    { Cookie: MARK },
    { authorization: MARK },
    { "Gate-Email": MARK },
    { Gate_Email: MARK },
    { "X-Forwarded-Host": MARK },
    { "Sec-Fetch-Mode": MARK },
    { "X A": MARK },
    { "X-A": MARK, x_a: MARK },
  ],
  ...Object.fromEntries(NUMBERS.map((name) => [name, NOT_POSITIVE])),
  REFRESH_GRACE: [-1, 0.5, MARK, true],
  COOKIE_DOMAIN: [`${MARK} example`, `${MARK}.example; Path=/x`, `https://${MARK}.example`, 7],
  COOKIE_SAMESITE: [MARK, 7],
  REFRESH_COOKIE_PATH: [MARK, `/${MARK}; Domain=x`, 7],
  CLEAR_SITE_DATA: [7, [7], { storage: true }],
  CLEAR_COOKIES: [[7], [{ path: `/${MARK}` }], [`${MARK}; Path=/x`], { name: MARK }],
  ANTI_CSRF: [MARK, 7],
  ALLOW_SAME_SITE: [MARK, 7],
  ORIGIN_CONTROL: [MARK, 7],
  API_KEYS: [MARK, `${MARK}-with-20-characters,short`, "k"],
  SERVER_TIMING: [MARK, 7],
  ORIGIN_TIMEOUT: NOT_POSITIVE,
  APP_ID: [[7], true],
};

const text = (line) => (typeof line === "string" ? line : JSON.stringify(line));

async function assertStopped(gate, name) {
  for (const path of ROUTES) {
    const response = await gate.fetch(path);
    assert.equal(response.status, 500, path);
    assert.ok(!(await response.text()).includes(MARK), `the answer at ${path} does not tell the value`);
  }
  assert.ok(await gate.logged((line) => text(line).includes(name)), "the log names the variable");
  assert.ok(!gate.logs.some((line) => text(line).includes(MARK)), "the log does not tell the value");
}

for (const [name, values] of Object.entries(WRONG)) {
  for (const value of values) {
    test(`${name} ${JSON.stringify(value) ?? "missing"} stops every route`, async (t) => {
      await assertStopped(await gateFor(t, { vars: { ...DEFAULTS, [name]: value } }), name);
    });
  }
}

for (const name of ["LOGIN_URL", "LOGOUT_REDIRECT"]) {
  test(`${name} with this gate's own host stops every route where its path would`, async (t) => {
    const gate = await gateFor(t, { vars: DEFAULTS });
    for (const path of ["/logout", "//logout/all", "/auth/sessions"]) {
      await gate.restart({ [name]: `${gate.url}${path}` });
      await assertStopped(gate, name);
    }
    for (const target of [`${gate.url}/auth/login`, `${gate.url}/bye`, "https://id.example/logout"]) {
      await gate.restart({ [name]: target });
      assert.equal((await gate.fetch("/open/page")).status, 200, target);
    }
  });
}

test("ORIGIN_CONTROL off stops every route where nothing else begins a session", async (t) => {
  for (const vars of [{ ORIGIN_CONTROL: "off" }, { RULES: [{ path: "/*", control: false }] }]) {
    const gate = await gateFor(t, { vars: { ...DEFAULTS, ...vars, API_KEYS: undefined } });
    await assertStopped(gate, Object.keys(vars)[0]);
    await gate.restart({ API_KEYS: "an-api-key-of-26-characters" });
    assert.equal((await gate.fetch("/open/page")).status, "RULES" in vars ? 401 : 200);
  }
});

test("a missing SESSIONS binding stops every route, and nobody is told that they are signed out", async (t) => {
  const gate = await gateFor(t, { vars: DEFAULTS, withoutObjects: true });
  await assertStopped(gate, "SESSIONS");
  const session = { cookie: "__Host-sAccessToken=x; __Host-sRefreshToken=y" };
  for (const headers of [{}, { accept: "text/html", "sec-fetch-mode": "navigate" }]) {
    const response = await gate.fetch("/logout", { method: "POST", headers: { ...session, ...headers } });
    assert.equal(response.status, 500);
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.doesNotMatch(await response.text(), /signed out|logged out/i);
  }
});

test("a missing SID_INDEX binding stops every route where a provider has sid_index, and nothing where none has", async (t) => {
  const provider = { key: "corp", issuer: "https://idp.example", client_id: "gate" };
  const vars = { ...DEFAULTS, PROVIDERS: [provider, { ...provider, key: "other", sid_index: true }] };
  const gate = await gateFor(t, { vars, withoutIndex: true });
  await assertStopped(gate, "SID_INDEX");
  await gate.restart({ PROVIDERS: [provider] });
  assert.equal((await gate.fetch("/open/page")).status, 200);
});

test("SIGNING_KEY_ROTATION is at least a fiftieth of ACCESS_TOKEN_TTL: each living token's key is published", async (t) => {
  const gate = await gateFor(t, { vars: { ...DEFAULTS, SIGNING_KEY_ROTATION: 60, ACCESS_TOKEN_TTL: 86_400 } });
  await assertStopped(gate, "SIGNING_KEY_ROTATION");
  await gate.restart({ ACCESS_TOKEN_TTL: 3000 });
  const { keys } = await (await gate.fetch("/auth/jwt/jwks.json")).json();
  assert.ok(keys.length <= 53, `${keys.length} keys`);
});

test("numbers may be as small as they get", async (t) => {
  const small = Object.fromEntries(NUMBERS.map((name) => [name, 1]));
  const gate = await gateFor(t, { vars: { ...DEFAULTS, ...small } });
  await login(gate, "alice");
});

test("REFRESH_GRACE may be 0", async (t) => {
  await login(await gateFor(t, { vars: { ...DEFAULTS, REFRESH_GRACE: 0 } }), "alice");
});

test("GATE_SECRET may be 32 bytes long", async (t) => {
  await login(await gateFor(t, { vars: { ...DEFAULTS, GATE_SECRET: "0123456789abcdef".repeat(2) } }), "alice");
});

test("lists may be empty", async (t) => {
  const empty = { RULES: [], RETURN_TO_ORIGINS: [], CORS_ORIGINS: [], CLEAR_SITE_DATA: [], CLEAR_COOKIES: [] };
  const gate = await gateFor(t, { vars: { ...DEFAULTS, ...empty } });
  await login(gate, "alice");
  assert.equal((await gate.fetch("/logout")).headers.get("clear-site-data"), null);
});

for (const [what, API_KEYS] of Object.entries({ missing: undefined, empty: "", "a comma": ",", blank: " , " })) {
  test(`with API_KEYS ${what} no key opens the backend's routes`, async (t) => {
    const gate = await gateFor(t, { vars: { ...DEFAULTS, API_KEYS } });
    for (const key of ["", " ", ",", "any"]) {
      const headers = { "api-key": key, "cdi-version": "5.4" };
      assert.equal((await gate.fetch("/auth/core/recipe/session/user?userId=alice", { headers })).status, 401);
    }
    assert.equal((await gate.fetch("/auth/core/hello")).status, 200);
    await login(gate, "alice");
  });
}

test("the gate's own paths move with their settings, and the old ones are the origin's", async (t) => {
  const moved = {
    BASE_PATH: "/account",
    CORE_PATH: "/backend",
    LOGOUT_PATH: "/leave",
    RULES: [{ path: "/*", session: "none" }],
  };
  const gate = await gateFor(t, { vars: { ...DEFAULTS, ...moved } });
  for (const path of ["/auth/health", "/auth/core/hello", "/logout"]) {
    assert.equal(await (await gate.fetch(path)).text(), "origin", path);
  }
  assert.equal((await (await gate.fetch("/account/health")).json()).status, "ok");
  assert.equal((await gate.fetch("/backend/hello")).status, 200);
  assert.deepEqual(await (await gate.fetch("/leave")).json(), { status: "OK", revoked: 0 });
});
