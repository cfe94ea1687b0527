// Where somebody without a session is sent: people to the login, with a way back that is a page, and scripts to the
// same login in the JSON of their 401.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor, NAVIGATION } from "../support/index.mjs";

const here = await gateFor({ after });
const elsewhere = await gateFor({ after }, { vars: { LOGIN_URL: "https://id.example/login?tenant=1#form" } });
const nowhere = await gateFor({ after }, { vars: { LOGIN_URL: undefined } });

const FORM = { ...NAVIGATION, "sec-fetch-site": "same-origin" };

/** The login that a navigation is sent to, and where it leads afterwards. */
async function sentTo(gate, path, init) {
  const response = await gate.fetch(path, init);
  assert.equal(response.status, 303);
  const login = new URL(response.headers.get("location"), gate.url);
  return { login, back: login.searchParams.get("return_to") };
}

test("a login elsewhere is told an absolute address, behind its own query and before its fragment", async () => {
  const { login, back } = await sentTo(elsewhere, "/a?b=c&d", { headers: NAVIGATION });
  assert.equal(back, `${elsewhere.url}/a?b=c&d`);
  assert.equal(login.origin + login.pathname, "https://id.example/login");
  assert.equal(login.searchParams.get("tenant"), "1");
  assert.equal(login.hash, "#form");
});

test("a login on this host, spelled with its host, is told a path", async (t) => {
  const gate = await gateFor(t);
  await gate.restart({ LOGIN_URL: `${gate.url}/login#/sign-in` });
  const { login, back } = await sentTo(gate, "/a?b", { headers: NAVIGATION });
  assert.equal(back, "/a?b");
  assert.equal(login.hash, "#/sign-in");
});

describe("a navigation that is no GET is led back to the page it came from", () => {
  for (const [referer, back] of /** @type {[(own: string) => string | undefined, string][]} */ ([
    [(own) => `${own}/form?id=7`, "/form?id=7"],
    [(own) => `${own}/form#part`, "/form"],
    [(own) => own, "/"],
    [() => undefined, "/"],
    [() => "https://evil.example/form", "/"],
    [(own) => `${own}.evil.example/form`, "/"],
    [(own) => own.replace("http:", "https:"), "/"],
    [() => "about:client", "/"],
    [(own) => `${own}/login?return_to=/`, "/"],
    [(own) => `${own}/logout`, "/"],
    [(own) => `${own}//evil.example`, "/.//evil.example"],
  ])) {
    test(`${referer("…")} → ${back}`, async () => {
      const headers = { ...FORM, ...(referer("") !== undefined && { referer: referer(here.url) }) };
      for (const method of ["POST", "PUT"]) {
        assert.equal((await sentTo(here, "/echo/target", { method, headers })).back, back);
      }
    });
  }
});

describe("the JSON of a 401 names the login", () => {
  for (const path of ["/echo", "/auth/session"]) {
    test(`${path}, with the page of the script as the way back`, async () => {
      const script = { "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" };
      const ask = async (gate, headers) => (await gate.fetch(path, { headers: { ...script, ...headers } })).json();
      assert.deepEqual(await ask(here, {}), { message: "unauthorised", login: "/login?return_to=/" });
      assert.deepEqual(await ask(here, { referer: `${here.url}/board?x=1` }), {
        message: "unauthorised",
        login: "/login?return_to=/board%3Fx%3D1",
      });
      assert.deepEqual(await ask(elsewhere, { referer: `${elsewhere.url}/board` }), {
        message: "unauthorised",
        login: `https://id.example/login?tenant=1&return_to=${encodeURIComponent(`${elsewhere.url}/board`).replaceAll("%2F", "/")}#form`,
      });
      assert.deepEqual(await ask(nowhere, {}), { message: "unauthorised" });
    });
  }

  test("the SDK's answers stay as they are", async () => {
    for (const path of ["/auth/session/refresh", "/auth/signout"]) {
      const response = await here.fetch(path, { method: "POST" });
      assert.deepEqual(await response.json(), { message: "unauthorised" }, path);
    }
  });

  test("a path that names its own login page gets the JSON, too", async () => {
    const response = await here.fetch("/auth/session", { headers: NAVIGATION });
    assert.deepEqual(await response.json(), { message: "unauthorised", login: "/login?return_to=/" });
  });
});

describe("a script that sends no Fetch Metadata gets JSON", () => {
  for (const headers of [{ "x-requested-with": "XMLHttpRequest" }, { "hx-request": "true" }]) {
    test(JSON.stringify(headers), async () => {
      const response = await here.fetch("/echo", { headers: { accept: "text/html", ...headers } });
      assert.equal(response.status, 401);
      assert.equal((await response.json()).message, "unauthorised");
      const page = await here.fetch("/echo", { headers: { accept: "text/html" } });
      assert.equal(page.status, 303);
    });
  }
});
