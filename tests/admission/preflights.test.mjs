// A CORS preflight carries no credentials, so it passes to the application without a session; and since
// anybody can make one up, its answer is a permission and nothing else, but on open paths.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gateFor, isSignedIn, login, presenting } from "../support/index.mjs";

/** Looks at no method, and puts what it saw into a header that a browser gets. */
const CARELESS = `
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login") {
      return new Response("", { headers: { "Gate-Create-Session": JSON.stringify({ userId: searchParams.get("user") }) } });
    }
    const status = Number(searchParams.get("status") ?? 200);
    const saw = [request.method, ...[...request.headers.keys()].filter((name) => /^(gate|cookie)/.test(name))];
    const headers = new Headers({
      "Access-Control-Allow-Origin": "https://app.example",
      "Access-Control-Allow-Methods": "GET, PUT",
      "Access-Control-Max-Age": "60",
      "Access-Control-X-Saw": saw.join(),
      "Timing-Allow-Origin": "*",
      Vary: "Origin",
      Allow: "GET, PUT, OPTIONS",
      "Content-Type": "text/html",
      ETag: '"secret-tag"',
      Location: "/secret-place",
      "X-Secret": "a secret",
      "Gate-Revoke-Session": "all",
      "Gate-Create-Session": '{"userId":"eve"}',
      "Set-Cookie": "theme=dark",
    });
    headers.append("Vary", "Access-Control-Request-Headers");
    return new Response(status === 204 ? null : "<p>a secret</p>", { status, headers });
  },
};`;

const RULES = [
  { path: "/open/*", session: "none" },
  { path: "/optional/*", session: "optional" },
  { path: "/relay/*", session: "none", control: false },
];
const PREFLIGHT = { origin: "https://app.example", "access-control-request-method": "PUT" };

const gate = await gateFor({ after }, { origin: CARELESS, vars: { RULES } });
const alice = await login(gate, "alice");

const preflight = (path, headers = {}) =>
  gate.fetch(path, { method: "OPTIONS", headers: { ...PREFLIGHT, ...headers } });

for (const path of ["/required/x", "/optional/x", "/%6fpen/..;/required"]) {
  test(`a preflight at ${path} brings a permission, and neither a page nor any other header`, async () => {
    for (const status of [200, 204, 302, 404, 500]) {
      const response = await preflight(`${path}?status=${status}`);
      assert.equal(response.status, status);
      assert.equal(await response.text(), "");
      const {
        date,
        connection,
        "content-length": length,
        "transfer-encoding": encoding,
        ...headers
      } = Object.fromEntries(response.headers);
      assert.deepEqual(headers, {
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-methods": "GET, PUT",
        "access-control-max-age": "60",
        "access-control-x-saw": "OPTIONS",
        "timing-allow-origin": "*",
        vary: "Origin, Access-Control-Request-Headers",
        allow: "GET, PUT, OPTIONS",
      });
    }
  });

  test(`with a session beside it, a preflight at ${path} is nobody's, and ends and begins no session`, async () => {
    const response = await preflight(path, presenting(alice));
    assert.equal(response.headers.get("access-control-x-saw"), "OPTIONS");
    assert.deepEqual(response.headers.getSetCookie(), []);
    assert.equal(await isSignedIn(gate, alice), true);
  });
}

test("on an open path the whole answer to a preflight passes", async () => {
  const response = await preflight("/relay/x");
  assert.equal(await response.text(), "<p>a secret</p>");
  for (const [name, value] of Object.entries({
    "x-secret": "a secret",
    etag: '"secret-tag"',
    "set-cookie": "theme=dark",
  })) {
    assert.equal(response.headers.get(name), value);
  }
});

test("an OPTIONS request that is no preflight needs a session like any other", async () => {
  for (const headers of [{}, { origin: PREFLIGHT.origin }, { "access-control-request-method": "PUT" }]) {
    assert.equal((await gate.fetch("/required/x", { method: "OPTIONS", headers })).status, 401);
  }
});
