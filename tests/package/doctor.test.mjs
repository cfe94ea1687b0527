// `session-gate doctor` finds nothing wrong with a gate that is right, and each mistake with one that is not; it says
// what to do.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { examine } from "../../package/cli/doctor/examine.mjs";
import { send } from "../../package/cli/doctor/http.mjs";
import { throwAwayCertificate } from "../support/browser.mjs";
import { API_KEY, portOf, startGate, textOf } from "../support/index.mjs";
import { runCommand, unpackedPackage } from "../support/package.mjs";
import { bodyOf, freePort, listening } from "../support/providers/listening.mjs";

const ORIGIN = `export default { async fetch(request) {
  const { pathname } = new URL(request.url);
  if (pathname === "/login") return new Response("<form>");
  if (pathname === "/circle") return Response.redirect(new URL("/circle?again", request.url), 303);
  if (pathname === "/echo") return new Response(JSON.stringify(Object.fromEntries(request.headers)));
  return new Response("no such page", { status: 404 });
} };`;
const RULES = [{ path: "/echo", session: "optional" }];
const SETTINGS = { LOGIN_URL: "/login", RULES };
const { version: VERSION } = JSON.parse(await textOf("package.json"));

const { folder: unpacked } = await unpackedPackage({ after });
const good = await startGate({ origin: ORIGIN, vars: SETTINGS });
after(() => good.dispose());

describe("of a gate that is right", () => {
  test("everything is well or, on this machine, left out, and the exit status is 0", async () => {
    const { code, stdout } = await runCommand(unpacked, ["doctor", good.url, "--json"], { cwd: tmpdir() });
    const { url, ok, checks } = JSON.parse(stdout);
    assert.deepEqual([code, url, ok], [0, good.url, true]);
    const statuses = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
    assert.deepEqual(statuses, {
      gate: "ok",
      version: "ok",
      unauthorised: "ok",
      login: "ok",
      cookies: "ok",
      hsts: "skipped",
      caching: "ok",
      "forged-headers": "ok",
      clock: "skipped",
      jwks: "ok",
      application: statuses.application,
      canary: "skipped",
      direct: "skipped",
      settings: "skipped",
    });
    assert.ok(["ok", "skipped"].includes(statuses.application), "an older gate does not say");
  });

  test("docs/start/doctor.md has a row for each check, in order", async () => {
    const rows = [...(await textOf("docs/start/doctor.md")).matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(
      (await examined(good.url)).map(({ name }) => name),
      rows,
    );
  });

  test("people read a line for each check", async () => {
    const { code, stdout } = await runCommand(unpacked, ["doctor", good.url]);
    assert.equal(code, 0);
    assert.match(stdout, /^✔ unauthorised {4}a request without a session gets 401$/m);
    assert.match(stdout, /\n0 failed, \d+ warnings, \d+ well\n$/);
  });

  test("its certificate does not matter on this machine", async (t) => {
    const gate = await startGate({ https: true, origin: ORIGIN, vars: SETTINGS });
    t.after(() => gate.dispose());
    assert.deepEqual(
      (await examined(gate.url)).filter(({ status }) => status === "failed"),
      [],
    );
  });

  test("with another BASE_PATH it is found where it is said to be", async (t) => {
    const gate = await gateOf(t, { BASE_PATH: "/gate" });
    assert.equal(statusOf(await examined(gate.url, { basePath: "/gate" }), "gate"), "ok");
    assert.equal(statusOf(await examined(gate.url), "gate"), "failed");
  });
});

describe("what has failed is in the exit status", () => {
  test("1, with what to do", async (t) => {
    const gate = await gateOf(t, { RULES: [{ path: "/*", session: "none" }] });
    const { code, stdout } = await runCommand(unpacked, ["doctor", gate.url]);
    assert.equal(code, 1);
    assert.match(stdout, /^✖ unauthorised .*\n +→ Look at RULES/m);
  });

  for (const args of [[], ["app.example.com"], ["ftp://app.example.com"], ["http://localhost", "http://localhost"]]) {
    test(`2, where it was called with ${JSON.stringify(args)}`, async () => {
      const { code, stderr } = await runCommand(unpacked, ["doctor", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, /^error: /);
    });
  }
});

describe("a gate with a wrong setting", () => {
  for (const [what, settings, check, status, sentence] of /** @type {[string, object, string, string, RegExp][]} */ ([
    ["too short a secret", { GATE_SECRET: "short" }, "gate", "failed", /not configured correctly/],
    ["a rule that opens everything", { RULES: [{ path: "/*", session: "none" }] }, "unauthorised", "failed", /RULES/],
    [
      "a rule that makes everything optional",
      { RULES: [{ path: "/*", session: "optional" }] },
      "login",
      "failed",
      /RULES/,
    ],
    ["no way to log in", { LOGIN_URL: undefined }, "login", "warning", /PROVIDERS/],
    ["a login page that there is not", { LOGIN_URL: "/sign-in" }, "login", "failed", /answers 404/],
    ["a login page that leads to itself", { LOGIN_URL: "/circle" }, "login", "failed", /in a circle/],
    ["a cookie domain of another host", { COOKIE_DOMAIN: "example.com" }, "cookies", "failed", /COOKIE_DOMAIN/],
    ["a cookie domain that is shared", { COOKIE_DOMAIN: "localhost" }, "cookies", "warning", /shared/],
    ["cookies for other sites", { COOKIE_SAMESITE: "None" }, "cookies", "warning", /SameSite=None/],
    [
      "an unprotected header that the application shows",
      { LOGIN_URL: "/echo" },
      "forged-headers",
      "warning",
      /X-Remote-User.*CLAIM_HEADERS/,
    ],
  ])) {
    test(`${what}: ${check} is ${status}`, async (t) => {
      const gate = await gateOf(t, settings);
      assertFound(await examined(gate.url), check, status, sentence);
    });
  }

  test("a header that CLAIM_HEADERS names is not shown", async (t) => {
    const names = ["X-Remote-User", "Remote-User", "X-WEBAUTH-USER", "X-Forwarded-User", "X-Forwarded-Email"];
    const more = ["X-Forwarded-Groups", "X-Forwarded-Preferred-Username"];
    const CLAIM_HEADERS = Object.fromEntries([...names, ...more].map((name) => [name, "email"]));
    const gate = await gateOf(t, { LOGIN_URL: "/echo", CLAIM_HEADERS });
    assert.equal(statusOf(await examined(gate.url), "forged-headers"), "ok");
  });
});

describe("something before the gate", () => {
  for (const [what, change, check, status, sentence] of /** @type {[string, Change, string, string, RegExp][]} */ ([
    ["is no gate at all", () => ({ status: 200, headers: {}, body: "hello" }), "gate", "failed", /no gate/],
    ["says another version", onHealth({ version: "9.9.9" }), "version", "warning", /9\.9\.9/],
    ["says no version", onHealth({ version: undefined }), "version", "failed", /which version/],
    ["says that it is misconfigured", onHealth({ status: "misconfigured" }, 500), "gate", "failed", /wrong setting/],
    [
      "lets pages through",
      ({ path }) => (isOwn(path) ? {} : { status: 200, without: ["gate-reason"] }),
      "unauthorised",
      "failed",
      /MODE/,
    ],
    [
      "makes the refusal a page",
      ({ status }) => (status === 401 ? { status: 200 } : {}),
      "unauthorised",
      "failed",
      /and not 401/,
    ],
    [
      "takes headers of the 401 away",
      () => ({ without: ["www-authenticate"] }),
      "unauthorised",
      "failed",
      /WWW-Authenticate/,
    ],
    [
      "breaks the login page",
      ({ path }) => (path.startsWith("/login") ? { status: 500 } : {}),
      "login",
      "failed",
      /answers 500/,
    ],
    [
      "makes the redirect something else",
      ({ status }) => (status === 303 ? { status: 503 } : {}),
      "login",
      "failed",
      /get 503/,
    ],
    ["takes cookies away", () => ({ without: ["set-cookie"] }), "cookies", "failed", /Set-Cookie/],
    ["takes Secure away", cookiesWithout("Secure"), "cookies", "failed", /lacks secure/],
    ["takes HttpOnly away", cookiesWithout("HttpOnly"), "cookies", "failed", /lacks httponly/],
    ["takes SameSite away", cookiesWithout("SameSite=Lax"), "cookies", "failed", /lacks samesite/],
    ["changes the path of cookies", cookiesWithout("Path=/", "Path=/app"), "cookies", "failed", /another Path/],
    ["lets the refusal be stored", () => ({ without: ["cache-control"] }), "caching", "failed", /may be stored/],
    ["answers from a cache", () => ({ headers: { age: "5" } }), "caching", "failed", /age/],
    [
      "answers from Cloudflare's cache",
      () => ({ headers: { "cf-cache-status": "HIT" } }),
      "caching",
      "failed",
      /from a cache/,
    ],
    ["has no public keys", onKeys({ keys: [] }), "jwks", "failed", /cannot be read/],
    [
      "has other keys",
      onKeys({ keys: [{ kid: "a", kty: "OKP", crv: "Ed25519", x: "AA" }] }),
      "jwks",
      "failed",
      /1 of 1/,
    ],
    [
      "makes the keys forgettable",
      ({ path }) => (path.includes("jwks") ? { without: ["cache-control"] } : {}),
      "jwks",
      "warning",
      /how long/,
    ],
    [
      "has an object that fails",
      onDeep(503, { store: "down", application: "ok" }),
      "application",
      "failed",
      /objects down/,
    ],
    ["has parts that answer", onDeep(200, { store: "ok", application: "ok" }), "application", "ok", /answer/],
  ])) {
    test(`${what}: ${check} is ${status}`, async (t) => {
      assertFound(await examined(await before(t, change)), check, status, sentence);
    });
  }

  test("leads round the gate: whoever sends Gate-User is believed", async (t) => {
    const change = ({ path, headers }) =>
      path === "/" ? { status: 200, without: ["gate-reason"], body: `Hello ${headers["gate-user"]}` } : {};
    assertFound(
      await examined(await before(t, change)),
      "forged-headers",
      "failed",
      /shows what a client sent as Gate-User/,
    );
  });

  test("lets in whoever sends an identity header", async (t) => {
    const change = ({ path, headers }) =>
      path.startsWith("/session-gate-") && headers["gate-user"] !== undefined ? { status: 200 } : {};
    assertFound(await examined(await before(t, change)), "forged-headers", "failed", /answers 200/);
  });
});

describe("on the internet", () => {
  const HSTS = { "strict-transport-security": "max-age=31536000; includeSubDomains" };

  for (const [what, headers, status, sentence] of /** @type {[string, object, string, RegExp][]} */ ([
    ["a year of HSTS", HSTS, "ok", /https: alone/],
    ["no HSTS", {}, "failed", /no Strict-Transport-Security/],
    ["a minute of HSTS", { "strict-transport-security": "max-age=60" }, "warning", /60 seconds only/],
    [
      "HSTS that is switched off",
      { "strict-transport-security": "max-age=0" },
      "failed",
      /no Strict-Transport-Security/,
    ],
  ])) {
    test(`${what}: ${status}`, async () => {
      assertFound(await examined("https://app.example.com", { send: asPublic({ headers }) }), "hsts", status, sentence);
    });
  }

  test("pages without TLS: failed", async () => {
    const options = {
      send: (url, headers) => asPublic({ headers: HSTS })(new URL(url.pathname, "https://any"), headers),
    };
    assertFound(await examined("http://app.example.com", options), "hsts", "failed", /is http:/);
  });

  test("an address that leads to another: failed", async () => {
    const options = { send: asPublic({ headers: HSTS }) };
    assertFound(await examined("http://app.example.com", options), "gate", "failed", /leads on to https:/);
  });

  test("http: that leads nowhere else: failed", async () => {
    const options = { send: asPublic({ headers: HSTS, inClear: { status: 200, headers: { location: undefined } } }) };
    assertFound(await examined("https://app.example.com", options), "hsts", "failed", /without a redirect/);
  });

  for (const [seconds, status] of /** @type {[number, string][]} */ ([
    [0, "ok"],
    [-9, "ok"],
    [9, "ok"],
    [-60, "failed"],
    [60, "failed"],
  ])) {
    test(`a clock that is ${seconds} seconds off: ${status}`, async () => {
      const date = new Date(Date.now() + seconds * 1000).toUTCString();
      assertFound(
        await examined("https://app.example.com", { send: asPublic({ headers: { date } }) }),
        "clock",
        status,
        /clocks/,
      );
    });
  }
});

describe("the application's own address", () => {
  const answering = async (t, status, headers = {}) => {
    const { url, stop } = await listening((_request, response) => response.writeHead(status, headers).end());
    t.after(stop);
    return url;
  };

  for (const status of [200, 302, 404, 500]) {
    test(`answers ${status}: failed`, async (t) => {
      const checks = await examined(good.url, { origin: new URL(await answering(t, status)) });
      assertFound(checks, "direct", "failed", /answers without the gate/);
    });
  }

  for (const status of [401, 403]) {
    test(`answers ${status}: ok`, async (t) => {
      const checks = await examined(good.url, { origin: new URL(await answering(t, status)) });
      assertFound(checks, "direct", "ok", /refuses/);
    });
  }

  test("answers with a certificate that nobody signed: failed", async (t) => {
    const { key, cert } = await throwAwayCertificate();
    const server = https.createServer({ key, cert }, (_request, response) => response.end("hello"));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    t.after(() => server.close());
    const checks = await examined(good.url, { origin: new URL(`https://127.0.0.1:${portOf(server)}`) });
    assertFound(checks, "direct", "failed", /answers without the gate/);
  });

  test("is a name that nobody knows: warning", async () => {
    const checks = await examined(good.url, { origin: new URL("https://origin.invalid") });
    assertFound(checks, "direct", "warning", /has no address/);
  });

  test("does not answer: ok", async () => {
    const checks = await examined(good.url, { origin: new URL(`http://127.0.0.1:${await freePort()}`) });
    assertFound(checks, "direct", "ok", /does not answer/);
  });

  test("is the gate's: ok", async () => {
    assertFound(await examined(good.url, { origin: new URL(good.url) }), "direct", "ok", /a gate too/);
  });

  test("is tried also where there is no gate", async (t) => {
    const url = await answering(t, 200);
    assertFound(await examined(url, { origin: new URL(url) }), "direct", "failed", /answers without the gate/);
  });
});

describe("the canary", () => {
  const NOW = Date.now();
  for (const [what, runs, status, sentence] of /** @type {[string, unknown, string, RegExp][]} */ ([
    ["refused at once", [{ at: NOW, fresh: { 0: 0, 30: 29_000 } }], "ok", /in time/],
    ["accepted after the log-out", [{ at: NOW, fresh: { 0: 40, 30: 0 } }], "failed", /40 ms where fresh is 0/],
    [
      "accepted for longer than fresh",
      [{ at: NOW, fresh: { 0: 0, 30: 40_000 } }],
      "failed",
      /40000 ms where fresh is 30/,
    ],
    ["came to nothing", [{ at: NOW, error: "another gate answered" }], "failed", /another gate answered/],
    ["has not run for days", [{ at: NOW - 3 * 86_400_000, fresh: { 0: 0 } }], "warning", /for a day/],
    ["has never run", [], "warning", /never run/],
    ["is not shown", undefined, "skipped", /no canary/],
  ])) {
    test(`${what}: ${status}`, async (t) => {
      const change = ({ path, headers }) =>
        path === "/auth/health?canary" && headers["api-key"] === API_KEY && runs !== undefined
          ? { status: 200, body: JSON.stringify({ canary: runs }) }
          : {};
      assertFound(await examined(await before(t, change), { apiKey: API_KEY }), "canary", status, sentence);
    });
  }
});

describe("the wrangler.toml", () => {
  for (const [what, toml, sentence] of /** @type {[string, string, RegExp][]} */ ([
    [
      "an idle life beyond the whole",
      "[vars]\nSESSION_IDLE_TTL = 100\nSESSION_ABSOLUTE_TTL = 50\nACCESS_TOKEN_TTL = 10",
      /SESSION_ABSOLUTE_TTL, which holds/,
    ],
    ["an access token that outlives the session", `[vars]\nSESSION_IDLE_TTL = "600"`, /ACCESS_TOKEN_TTL/],
    [
      "two applications",
      `services = [{ binding = "ORIGIN", service = "app" }]\n[vars]\nORIGIN_URL = "https://a.example"`,
      /wins/,
    ],
    ["two addresses", `routes = ["app.example.com/*"]`, /workers_dev = false/],
    ["addresses of earlier versions", "preview_urls = true", /preview_urls = false/],
    ["files before the gate", `[assets]\ndirectory = "public"\nbinding = "ORIGIN"`, /run_worker_first = true/],
  ])) {
    test(`with ${what}: warning`, async (t) => {
      assertFound(await examined(good.url, { config: await fileOf(t, toml) }), "settings", "warning", sentence);
    });
  }

  test("as wrangler.jsonc, with comments: warning", async (t) => {
    const jsonc = `{ // https://app.example.com
      "preview_urls": true, /* earlier versions */
      "vars": { "LOGIN_URL": "https://login.example.com/a,}", },
    }`;
    const config = await fileOf(t, jsonc, "wrangler.jsonc");
    assertFound(await examined(good.url, { config }), "settings", "warning", /preview_urls = false/);
  });

  test("that cannot be read: failed", async (t) => {
    assertFound(await examined(good.url, { config: await fileOf(t, "[vars") }), "settings", "failed", /cannot be read/);
    assertFound(await examined(good.url, { config: "/nowhere/wrangler.toml" }), "settings", "failed", /cannot be read/);
  });

  test("of another Worker: left out", async (t) => {
    const file = await fileOf(t, `main = "worker.js"\npreview_urls = true`);
    const { stdout } = await runCommand(unpacked, ["doctor", good.url], { cwd: dirname(file) });
    assert.match(stdout, /^– settings +the wrangler\.toml here is no gate's$/m);
  });

  test("as `init` writes it: ok", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "session-gate-doctor-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await runCommand(unpacked, ["init", "gate", "--yes"], { cwd: folder });
    const { stdout } = await runCommand(unpacked, ["doctor", good.url], { cwd: join(folder, "gate") });
    assert.match(stdout, /^✔ settings /m);
  });
});

/**
 * How an answer of the gate is changed on the way.
 * @typedef {(answer: { path: string, headers: any, status: number, body: string, cookies: string[] }) =>
 *   { status?: number, headers?: Record<string, string | string[]>, without?: string[], body?: string }} Change
 */

const isOwn = (path) => path.startsWith("/auth/");

/** @returns {Change} */
function onHealth(changes, status = undefined) {
  return ({ path, body }) =>
    path === "/auth/health"
      ? { body: JSON.stringify({ ...JSON.parse(body), ...changes }), ...(status && { status }) }
      : {};
}

/** @returns {Change} */
function onDeep(status, parts) {
  return ({ path, body }) =>
    path === "/auth/health?deep" ? { status, body: JSON.stringify({ ...JSON.parse(body), ...parts }) } : {};
}

/** @returns {Change} */
function onKeys(keys) {
  return ({ path }) => (path.endsWith("jwks.json") ? { body: JSON.stringify(keys) } : {});
}

/** @returns {Change} */
function cookiesWithout(attribute, instead = "") {
  return ({ cookies }) => ({
    headers: { "set-cookie": cookies.map((line) => line.replace(`; ${attribute}`, instead && `; ${instead}`)) },
  });
}

/**
 * A proxy before the good gate; returns its address.
 * @param {import("node:test").TestContext} t
 * @param {Change} change
 */
async function before(t, change) {
  const server = createServer(async (request, response) => {
    await bodyOf(request);
    const headers = { .../** @type {Record<string, string>} */ (request.headers), host: new URL(good.url).host };
    const answer = await send(new URL(request.url, good.url), headers);
    const said = change({ ...answer, path: request.url, headers: request.headers });
    const all = { ...answer.headers, "set-cookie": answer.cookies, ...said.headers };
    const dropped = [...(said.without ?? []), "content-length", "transfer-encoding"];
    const kept = Object.entries(all).filter(([name, value]) => value !== undefined && !dropped.includes(name));
    response.writeHead(said.status ?? answer.status, Object.fromEntries(kept)).end(said.body ?? answer.body);
  });
  const { url, stop } = await listening((request, response) => server.emit("request", request, response));
  t.after(stop);
  return url.replace("127.0.0.1", "localhost");
}

/** The good gate under a public name, with headers that the network adds. */
function asPublic({ headers, inClear = { status: 301, headers: { location: "https://app.example.com/" } } }) {
  return async (url, sent) => {
    if (url.protocol === "http:")
      return { ...inClear, cookies: [], body: "", sentAt: Date.now(), receivedAt: Date.now() };
    const answer = await send(new URL(`${url.pathname}${url.search}`, good.url), sent);
    return { ...answer, headers: { ...answer.headers, ...headers } };
  };
}

async function gateOf(t, settings) {
  const gate = await startGate({ origin: ORIGIN, vars: { ...SETTINGS, ...settings } });
  t.after(() => gate.dispose());
  return gate;
}

async function fileOf(t, text, name = "wrangler.toml") {
  const folder = await mkdtemp(join(tmpdir(), "session-gate-doctor-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function examined(address, options = {}) {
  const patient = { url: new URL(address), basePath: "/auth", path: "/session-gate-doctor", ownVersion: VERSION, send };
  return examine({ ...patient, config: "wrangler.toml", ...options });
}

const statusOf = (checks, name) => checks.find((check) => check.name === name)?.status;

function assertFound(checks, name, status, sentence) {
  const check = checks.find((check) => check.name === name);
  assert.equal(check?.status, status, JSON.stringify(checks, null, 1));
  assert.match(`${check.found}. ${check.advice ?? ""}`, sentence);
  if (["warning", "failed"].includes(status))
    assert.match(check.advice, /^[A-Z].*\.$/s, "it says in a sentence what to do");
}
