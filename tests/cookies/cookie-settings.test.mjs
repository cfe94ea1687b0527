// How the settings shape the gate's cookies: name prefix, Domain, Path and SameSite.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertCookiesUntouched, gateFor, login, setCookies } from "../support/index.mjs";

const REFRESH_ROUTE = "/auth/session/refresh";

const SETTINGS = [
  {
    vars: {},
    access: { name: "__Host-sAccessToken", path: "/", samesite: "Lax" },
    refresh: { name: "__Host-sRefreshToken", path: "/", samesite: "Lax" },
  },
  {
    vars: { COOKIE_DOMAIN: "example.com" },
    access: { name: "__Secure-sAccessToken", path: "/", domain: "example.com", samesite: "Lax" },
    refresh: { name: "__Secure-sRefreshToken", path: "/", domain: "example.com", samesite: "Lax" },
  },
  {
    vars: { REFRESH_COOKIE_PATH: REFRESH_ROUTE },
    access: { name: "__Host-sAccessToken", path: "/", samesite: "Lax" },
    refresh: { name: "__Secure-sRefreshToken", path: REFRESH_ROUTE, samesite: "Lax" },
  },
  {
    vars: { REFRESH_COOKIE_PATH: REFRESH_ROUTE, COOKIE_DOMAIN: "example.com" },
    access: { name: "__Secure-sAccessToken", path: "/", domain: "example.com", samesite: "Lax" },
    refresh: { name: "__Secure-sRefreshToken", path: REFRESH_ROUTE, domain: "example.com", samesite: "Lax" },
  },
  {
    vars: { COOKIE_SAMESITE: "Strict" },
    access: { name: "__Host-sAccessToken", path: "/", samesite: "Strict" },
    refresh: { name: "__Host-sRefreshToken", path: "/", samesite: "Strict" },
  },
  {
    vars: { COOKIE_SAMESITE: "None" },
    access: { name: "__Host-sAccessToken", path: "/", samesite: "None" },
    refresh: { name: "__Host-sRefreshToken", path: "/", samesite: "None" },
  },
];

function assertShape(cookie, { name, ...attributes }) {
  const { "max-age": lifetime, ...rest } = cookie.attributes;
  assert.equal(cookie.name, name);
  assert.ok(Number(lifetime) > 0);
  assert.deepEqual(rest, { ...attributes, secure: "", httponly: "" });
}

/** A `Set-Cookie` takes the place of another only where name, domain and path agree. */
const identity = ({ name, attributes }) => [name, attributes.domain ?? "", attributes.path].join(" ");

for (const { vars, access, refresh } of SETTINGS) {
  const settings =
    Object.entries(vars)
      .map((pair) => pair.join("="))
      .join(" ") || "no settings";

  test(`with ${settings} a log-in sets ${access.name} and ${refresh.name}`, async (t) => {
    const gate = await gateFor(t, { vars });
    const { response } = await login(gate, "alice");
    const set = setCookies(response).filter(({ attributes }) => Number(attributes["max-age"]) > 0);
    assert.equal(set.length, 2);
    assertShape(
      set.find(({ name }) => name.endsWith("sAccessToken")),
      access,
    );
    assertShape(
      set.find(({ name }) => name.endsWith("sRefreshToken")),
      refresh,
    );
  });

  test(`with ${settings} the session's cookies are read, and a log-out expires both where they were set`, async (t) => {
    const gate = await gateFor(t, { vars });
    const session = await login(gate, "alice");
    const cookie = `${access.name}=${session.access}; ${refresh.name}=${session.refresh}`;
    assert.equal((await gate.fetch("/echo", { headers: { cookie } })).status, 200);
    const response = await gate.fetch("/logout", { method: "POST", headers: { cookie } });
    assert.deepEqual(await response.json(), { status: "OK", revoked: 1 });
    const expired = setCookies(response)
      .filter(({ attributes }) => Number(attributes["max-age"]) <= 0)
      .map(identity);
    const set = setCookies(session.response).map(identity);
    for (const each of set) assert.ok(expired.includes(each), `${each} is expired`);
  });
}

for (const { vars, access, refresh } of SETTINGS.filter(({ vars }) => vars.REFRESH_COOKIE_PATH)) {
  for (const path of ["/echo", "/auth/session", "/auth/sessions"]) {
    const settings = Object.keys(vars).join(" and ");

    test(`with ${settings} two access cookies at ${path} are expired, and the refresh cookie renews`, async (t) => {
      const gate = await gateFor(t, { vars });
      const session = await login(gate, "alice");
      const cookie = `${access.name}=${session.access}; ${access.name}=planted`;
      const response = await gate.fetch(path, { headers: { cookie } });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("gate-reason"), "cookies-conflict");
      assert.equal(response.headers.get("front-token"), null);
      const expired = setCookies(response);
      assert.ok(expired.length > 0);
      for (const { name, attributes } of expired) {
        assert.deepEqual([name, attributes["max-age"]], [access.name, "0"]);
      }
      const renewal = { method: "POST", headers: { cookie: `${refresh.name}=${session.refresh}` } };
      assert.equal((await gate.fetch(REFRESH_ROUTE, renewal)).status, 200);
    });
  }
}

test("with REFRESH_COOKIE_PATH a session is renewed at its own route only", async (t) => {
  const gate = await gateFor(t, { vars: { REFRESH_COOKIE_PATH: REFRESH_ROUTE } });
  const { refresh } = await login(gate, "alice");
  const headers = { cookie: `__Secure-sRefreshToken=${refresh}` };
  for (const path of ["/echo", "/auth/session"]) {
    const refused = await gate.fetch(path, { headers });
    assert.equal(refused.status, 401, path);
    assertCookiesUntouched(refused);
  }
  assert.equal((await gate.fetch(REFRESH_ROUTE, { method: "POST", headers })).status, 200);
});

test("cookies of another configuration are no session", async (t) => {
  const gate = await gateFor(t, { vars: { COOKIE_DOMAIN: "example.com" } });
  const { access } = await login(gate, "alice");
  for (const name of ["__Host-sAccessToken", "sAccessToken"]) {
    assert.equal((await gate.fetch("/echo", { headers: { cookie: `${name}=${access}` } })).status, 401, name);
  }
});
