// Where the origin is: the service binding, else ORIGIN_URL, else the zone's own server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gateFor, NAVIGATION, rawOrigin, response } from "../support/index.mjs";

const RULES = [{ path: "/open/*", session: "none" }];

/** What the gate fetches from outside, shown to the test. */
const OUTSIDE = `
export default {
  async fetch(request) {
    const { method, url, redirect, headers } = request;
    return Response.json({ method, url, redirect, body: await request.text(), headers: Object.fromEntries(headers) });
  },
};`;

const sent = { method: "PROPFIND", headers: { "x-text": "kept" }, body: "body" };

test("the service binding comes first", async (t) => {
  const gate = await gateFor(t, {
    origin: `export default { fetch: () => new Response("bound") }`,
    vars: { RULES, ORIGIN_URL: "http://127.0.0.1:1" },
  });
  assert.equal(await (await gate.fetch("/open/x")).text(), "bound");
});

test("the bound origin sees the address that the client asked for", async (t) => {
  const gate = await gateFor(t, {
    origin: `export default { fetch: ({ url }) => new Response(url) }`,
    vars: { RULES },
  });
  assert.equal(await (await gate.fetch("/open/x?a=1")).text(), `${gate.url}/open/x?a=1`);
});

test("ORIGIN_URL replaces scheme and host, and nothing else", async (t) => {
  const gate = await gateFor(t, { originUrl: "https://origin.example", outbound: OUTSIDE, vars: { RULES } });
  const seen = await (await gate.fetch("/open//a%20b;c?d=%2f&f", sent)).json();
  assert.equal(seen.url, "https://origin.example/open//a%20b;c?d=%2f&f");
  assert.deepEqual([seen.method, seen.body, seen.headers["x-text"]], ["PROPFIND", "body", "kept"]);
});

test("without either, the request goes on unchanged to the zone's own server", async (t) => {
  const gate = await gateFor(t, { outbound: OUTSIDE, vars: { RULES } });
  const seen = await (await gate.fetch("/open/x?a=1", sent)).json();
  assert.equal(seen.url, `${gate.url}/open/x?a=1`);
  assert.deepEqual([seen.method, seen.body, seen.headers["x-text"]], ["PROPFIND", "body", "kept"]);
});

for (const [where, options] of Object.entries({
  ORIGIN_URL: { originUrl: "https://origin.example" },
  "the zone's own server": {},
})) {
  test(`redirects of ${where} are the client's to follow`, async (t) => {
    const outbound = `export default { fetch: () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/next" } }) }`;
    const gate = await gateFor(t, { ...options, outbound, vars: { RULES } });
    const redirect = await gate.fetch("/open/x");
    assert.equal(redirect.status, 302);
    assert.equal(redirect.headers.get("location"), "https://elsewhere.example/next");
  });

  test(`a stranger does not reach ${where} on a required path`, async (t) => {
    const gate = await gateFor(t, { ...options, outbound: OUTSIDE, vars: { RULES } });
    assert.equal((await gate.fetch("/secret")).status, 401);
    assert.equal((await gate.fetch("/secret", { headers: NAVIGATION })).status, 303);
  });
}

test("header values in Latin-1 pass as the bytes they are", async (t) => {
  const heads = [];
  const originUrl = await rawOrigin(t, (head) => {
    heads.push(head);
    return response("200 OK", ["X-Latin: caf\xe9"]);
  });
  const gate = await gateFor(t, { originUrl, vars: { RULES } });
  const answered = await gate.fetch("/open/x", { headers: { "X-Latin": "na\xefve" } });
  assert.equal(answered.headers.get("x-latin"), "caf\xe9");
  assert.match(heads[0], /^x-latin: na\xefve\r$/im);
});

test("an origin at ORIGIN_URL is addressed by its own name", async (t) => {
  const heads = [];
  const originUrl = await rawOrigin(t, (head) => {
    heads.push(head);
    return response("200 OK");
  });
  const gate = await gateFor(t, { originUrl, vars: { RULES } });
  await gate.fetch("/open/x");
  assert.match(heads[0], new RegExp(`^host: ${new URL(originUrl).host}\\r$`, "im"));
});
