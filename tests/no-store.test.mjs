// After a log-out the back button shows nothing: a page that only a session may see is not kept.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { answer } from "./support/answer.mjs";
import { NAVIGATION } from "./support/gate.mjs";
import { gateFor, login, presenting } from "./support/session.mjs";

const RULES = [
  { path: "/answer/none", session: "none" },
  { path: "/answer/optional", session: "optional" },
];
const HTML = "Content-Type: text/html; charset=utf-8";

const gate = await gateFor({ after }, { vars: { RULES } });
const alice = presenting(await login(gate, "alice"));

async function cacheControl({ at, headers = [HTML], status, request = NAVIGATION }) {
  const response = await gate.fetch(answer({ at, headers, status, body: "<p>page" }), {
    headers: { ...alice, ...request },
  });
  return response.headers.get("cache-control");
}

test("an HTML page on a required path is not stored", async () => {
  for (const type of [HTML, "Content-Type: text/html", "Content-Type: Text/HTML;charset=utf-8"]) {
    assert.equal(await cacheControl({ headers: [type] }), "no-store", type);
  }
});

test("neither is one of an older browser, which sends no Sec-Fetch headers", async () => {
  assert.equal(await cacheControl({ request: { accept: "text/html" } }), "no-store");
});

test("neither is an error page", async () => {
  assert.equal(await cacheControl({ status: 404 }), "no-store");
});

test("a page with a Cache-Control of its own keeps it", async () => {
  assert.equal(await cacheControl({ headers: [HTML, "Cache-Control: private, max-age=60"] }), "private, max-age=60");
});

test("what is no HTML is left alone", async () => {
  for (const type of ["application/json", "image/png", "text/css"]) {
    assert.equal(await cacheControl({ headers: [`Content-Type: ${type}`] }), null, type);
  }
});

test("HTML that a script fetches is left alone", async () => {
  assert.equal(await cacheControl({ request: { "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" } }), null);
});

test("pages that anyone may see are left alone", async () => {
  for (const at of ["/answer/none", "/answer/optional"]) assert.equal(await cacheControl({ at }), null, at);
});

test("a response that sets the gate's cookies is not stored, whatever the origin says of it", async () => {
  const headers = ["Cache-Control: public, max-age=600", 'Gate-Create-Session: {"userId":"bob"}'];
  const response = await gate.fetch(answer({ at: "/answer/optional", headers }));
  assert.equal(response.headers.get("cache-control"), "no-store");
});
