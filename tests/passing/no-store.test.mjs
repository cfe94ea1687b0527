// The next user of a browser sees nothing of the last one's: a page that was made for a session is not kept, so that the
// back button shows nothing, and everything else is asked for again before it is shown.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { answer, gateFor, login, NAVIGATION, presenting } from "../support/index.mjs";

const RULES = [
  { path: "/answer/none", session: "none" },
  { path: "/answer/optional", session: "optional" },
];
const HTML = "Content-Type: text/html; charset=utf-8";

const gate = await gateFor({ after }, { vars: { RULES } });
const alice = presenting(await login(gate, "alice"));

/** @param {{ at?: string, headers?: string[], status?: number, request?: Record<string, string> }} how */
async function cacheControl({ at, headers = [HTML], status, request = NAVIGATION }) {
  const response = await gate.fetch(answer({ at, headers, status, body: "<p>page" }), {
    headers: { ...alice, ...request },
  });
  return response.headers.get("cache-control");
}

test("neither is one of an older browser, which sends no Sec-Fetch headers", async () => {
  assert.equal(await cacheControl({ request: { accept: "text/html" } }), "no-store");
});

test("neither is an error page", async () => {
  assert.equal(await cacheControl({ status: 404 }), "no-store");
});

test("a page with a Cache-Control of its own keeps it", async () => {
  assert.equal(await cacheControl({ headers: [HTML, "Cache-Control: private, max-age=60"] }), "private, max-age=60");
});

const IDENTITIES = {
  "a required path": { at: "/answer" },
  "an optional path": { at: "/answer/optional" },
};
const SCRIPT = { "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };

for (const [where, { at }] of Object.entries(IDENTITIES)) {
  test(`a page made for a session on ${where} is not stored`, async () => {
    for (const type of [HTML, "Content-Type: text/html", "Content-Type: Text/HTML;charset=utf-8"]) {
      assert.equal(await cacheControl({ at, headers: [type] }), "no-store", type);
    }
    assert.equal(await cacheControl({ at, headers: [HTML, "Expires: Wed, 01 Jan 2031 00:00:00 GMT"] }), "no-store");
  });

  test(`whatever else was made for a session on ${where} is asked for again`, async () => {
    for (const type of ["text/plain", "image/svg+xml", "application/json", "text/css", "image/png"]) {
      for (const request of [NAVIGATION, SCRIPT, {}]) {
        const headers = [`Content-Type: ${type}`, "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT"];
        assert.equal(await cacheControl({ at, headers, request }), "private, no-cache", type);
      }
    }
    assert.equal(await cacheControl({ at, request: SCRIPT }), "private, no-cache", "HTML for a script");
    assert.equal(await cacheControl({ at, headers: [] }), "private, no-cache", "no type");
    assert.equal(await cacheControl({ at, headers: [], status: 404 }), "private, no-cache", "an error");
  });

  test(`what says on ${where} how to store it is left alone`, async () => {
    const types = ["Content-Type: text/plain", HTML];
    for (const type of types) {
      for (const value of ["public, max-age=60", "no-cache", "private"]) {
        assert.equal(await cacheControl({ at, headers: [type, `Cache-Control: ${value}`] }), value);
      }
    }
    const expires = ["Content-Type: text/plain", "Expires: Wed, 01 Jan 2031 00:00:00 GMT"];
    assert.equal(await cacheControl({ at, headers: expires }), null);
  });
}

test("a bearer token's answer is asked for again, too", async () => {
  const { access } = await login(gate, "bearer");
  const response = await gate.fetch(answer({ headers: ["Content-Type: text/plain"], body: "x" }), {
    headers: { authorization: `Bearer ${access}` },
  });
  assert.equal(response.headers.get("cache-control"), "private, no-cache");
});

test("what is made for nobody is left alone", async () => {
  for (const type of ["text/plain", "text/html"]) {
    assert.equal(await cacheControl({ at: "/answer/none", headers: [`Content-Type: ${type}`] }), null);
    const response = await gate.fetch(answer({ at: "/answer/optional", headers: [`Content-Type: ${type}`] }), {
      headers: NAVIGATION,
    });
    assert.equal(response.headers.get("cache-control"), null);
  }
});

test("headers that caches obey before Cache-Control go with what sets or clears the gate's cookies", async () => {
  const targeted = [
    "CDN-Cache-Control",
    "Cloudflare-CDN-Cache-Control",
    "Vendor-CDN-Cache-Control",
    "Surrogate-Control",
  ];
  const lines = targeted.map((name) => `${name}: max-age=600`);
  const bob = await login(gate, "bob");
  for (const [what, control, headers] of /** @type {[string, string, Record<string, string>][]} */ ([
    ["a login", 'Gate-Create-Session: {"userId":"eve"}', {}],
    ["a change of the payload", "Gate-Set-Payload: {}", presenting(bob)],
    ["a logout", "Gate-Revoke-Session: current", presenting(bob)],
  ])) {
    const response = await gate.fetch(answer({ at: "/answer/optional", headers: [control, ...lines] }), { headers });
    assert.ok(response.headers.getSetCookie().length > 0, what);
    assert.equal(response.headers.get("cache-control"), "no-store", what);
    for (const name of targeted) assert.equal(response.headers.get(name), null, `${name} of ${what}`);
  }
  const bearer = async () => ({ authorization: `Bearer ${(await login(gate, "dave")).access}` });
  for (const [what, control, headers] of /** @type {[string, string, Record<string, string>][]} */ ([
    [
      "a login in header mode",
      'Gate-Create-Session: {"userId":"eve"}',
      { ...(await bearer()), "st-auth-mode": "header" },
    ],
    ["a change of the payload in header mode", 'Gate-Set-Payload: {"a":1}', await bearer()],
  ])) {
    const response = await gate.fetch(answer({ at: "/answer/optional", headers: [control, ...lines] }), { headers });
    assert.ok(response.headers.get("st-access-token"), what);
    assert.equal(response.headers.get("cache-control"), "no-store", what);
    for (const name of targeted) assert.equal(response.headers.get(name), null, `${name} of ${what}`);
  }
  const plain = await gate.fetch(answer({ at: "/answer/optional", headers: lines }));
  for (const name of targeted) assert.equal(plain.headers.get(name), "max-age=600", "left alone elsewhere");
});

test("a response that sets the gate's cookies is not stored, whatever the origin says of it", async () => {
  const headers = ["Cache-Control: public, max-age=600", 'Gate-Create-Session: {"userId":"bob"}'];
  const response = await gate.fetch(answer({ at: "/answer/optional", headers }));
  assert.equal(response.headers.get("cache-control"), "no-store");
});
