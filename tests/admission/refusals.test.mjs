// What someone without a session is told on a required path: people are sent to log in,
// programs are told 401, and nobody sees a byte of the origin.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  answer,
  assertCleared,
  assertCookiesUntouched,
  gateFor,
  login,
  logout,
  NAVIGATION,
  presenting,
  visit,
} from "../support/index.mjs";

const gate = await gateFor({ after });

async function assertUnauthorised(response, message = "unauthorised") {
  assert.equal(response.status, 401);
  assert.match(response.headers.get("content-type"), /^application\/json/);
  const { login, ...json } = await response.json();
  assert.deepEqual(json, { message });
  // What renewal would help needs no login.
  if (message === "unauthorised") assert.match(login, /^\/login\?return_to=/);
  else assert.equal(login, undefined);
}

function assertSentToLogin(response, returnTo) {
  assert.equal(response.status, 303);
  const target = new URL(response.headers.get("location"), gate.url);
  assert.equal(target.origin + target.pathname, `${gate.url}/login`);
  assert.equal(target.searchParams.get("return_to"), returnTo);
}

test("a navigation is sent to log in, and told where to come back to", async () => {
  for (const path of ["/", "/echo", "/echo?a=1&b=2", "/echo/%C3%A9;p?return_to=/x&q=%26%23+%20"]) {
    assertSentToLogin(await gate.fetch(path, { headers: NAVIGATION }), path);
  }
});

test("a path that reads like another host comes back as a path of this one", async () => {
  for (const path of ["//evil.example/x", "///evil.example", "/\\evil.example", "//evil.example@localhost/", "//"]) {
    const response = await gate.fetch(path, { headers: NAVIGATION });
    const returnTo = new URL(response.headers.get("location"), gate.url).searchParams.get("return_to");
    assert.equal(new URL(returnTo, gate.url).origin, gate.url, `${path} became ${returnTo}`);
  }
});

test("a navigation by POST is sent to log in as well, and not to GET the form's target afterwards", async () => {
  const response = await gate.fetch("/echo", { method: "POST", headers: NAVIGATION, body: "form=1" });
  assertSentToLogin(response, "/");
});

test("a browser that sends no Sec-Fetch-Mode navigates when it GETs HTML", async () => {
  const accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
  assertSentToLogin(await gate.fetch("/echo", { headers: { accept } }), "/echo");
});

for (const [what, init] of Object.entries({
  "a request without any header": {},
  "a script's request": { headers: { "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" } },
  "a script's request for HTML": { headers: { "sec-fetch-mode": "cors", accept: "text/html" } },
  "an image": { headers: { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image", accept: "image/*,*/*" } },
  "a GET that takes anything": { headers: { accept: "*/*" } },
  "a POST that takes HTML": { method: "POST", headers: { accept: "text/html" }, body: "a=1" },
  "an OPTIONS that is no preflight": { method: "OPTIONS" },
  "a PROPFIND": { method: "PROPFIND" },
})) {
  test(`told 401 in JSON: ${what}`, async () => {
    await assertUnauthorised(await gate.fetch("/echo", init));
  });
}

test("a HEAD is told 401 without a body", async () => {
  const response = await gate.fetch("/echo", { method: "HEAD" });
  assert.equal(response.status, 401);
  assert.equal(await response.text(), "");
});

test("a navigation gets a 401 page where there is no login page", async (t) => {
  const without = await gateFor(t, { vars: { LOGIN_URL: undefined } });
  const response = await without.fetch("/echo", { headers: NAVIGATION });
  assert.equal(response.status, 401);
  assert.match(response.headers.get("content-type"), /^text\/html/);
  assert.match(await response.text(), /<!doctype html>/i);
});

test("a LOGIN_URL keeps the query of its own", async (t) => {
  const own = await gateFor(t, { vars: { LOGIN_URL: "/login?from=gate" } });
  const { headers } = await own.fetch("/echo?a=1", { headers: NAVIGATION });
  const target = new URL(headers.get("location"), own.url);
  assert.equal(target.searchParams.get("from"), "gate");
  assert.equal(target.searchParams.get("return_to"), "/echo?a=1");
});

test("a client that must renew by itself is told to", async (t) => {
  const own = await gateFor(t, { vars: { REFRESH_COOKIE_PATH: "/auth/session/refresh" } });
  const signedIn = await login(own, "alice");
  const refreshOnly = { cookie: `__Secure-sRefreshToken=${signedIn.refresh}` };
  await assertUnauthorised(await own.fetch("/echo", { headers: refreshOnly }), "try refresh token");
  await assertUnauthorised(await own.fetch("/echo"));
});

test("a revoked session is refused, and its cookies are cleared", async () => {
  const alice = await login(gate, "alice");
  assert.equal((await logout(gate, alice)).status, 200);
  const script = await visit(gate, alice);
  assertCleared(script);
  await assertUnauthorised(script);
  const person = await gate.fetch("/echo?a=1", { headers: { ...NAVIGATION, ...presenting(alice) } });
  assertCleared(person);
  assertSentToLogin(person, "/echo?a=1");
});

test("a stranger's cookies are left alone", async () => {
  assertCookiesUntouched(await gate.fetch("/echo", { headers: { cookie: "theme=dark" } }));
});

const PREFLIGHT = { origin: "https://app.example", "access-control-request-method": "PUT" };

test("a CORS preflight is the origin's to answer", async () => {
  const permission = answer({ status: 204, headers: ["Access-Control-Allow-Origin: https://app.example"] });
  const response = await gate.fetch(permission, { method: "OPTIONS", headers: PREFLIGHT });
  assert.equal(response.status, 204);
  assert.equal(response.headers.get("access-control-allow-origin"), "https://app.example");
});

test("only OPTIONS is a preflight", async () => {
  await assertUnauthorised(await gate.fetch("/echo", { method: "GET", headers: PREFLIGHT }));
});
