// A COOKIE_DOMAIN that does not cover the host would be a login that never ends: browsers drop the cookies.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gateFor, NAVIGATION, send } from "../support/index.mjs";

const RULES = [
  { path: "/control", session: "optional" },
  { path: "/open/control", session: "none" },
  { path: "/open/*", session: "none" },
];
const ORIGIN = `
export default {
  fetch(request) {
    const headers = request.url.includes("control") ? { "gate-create-session": '{"userId":"alice"}' } : {};
    return new Response("application", { headers });
  },
};`;

const gate = await gateFor(
  { after },
  { origin: ORIGIN, vars: { RULES, LOGIN_URL: "/control", COOKIE_DOMAIN: "example.com" } },
);

const at = (host, path, init) =>
  send({ protocol: "http:", host, address: "127.0.0.1", port: new URL(gate.url).port, path }, init);

const WITH_SESSIONS = ["/", "/control", "/auth/session", "/auth/sessions", "/logout", "/open/control"];
const WITHOUT = { "/open/x": 200, "/auth/health": 200, "/auth/core/hello": 200, "/auth/jwt/jwks.json": 200 };

for (const host of ["app.example.org", "notexample.com", "192.0.2.7", "example.com.evil.example"]) {
  test(`at ${host} no session is read or made, and the log names the variable and the host`, async () => {
    gate.logs.length = 0;
    for (const path of WITH_SESSIONS) {
      const page = await at(host, path, { headers: NAVIGATION });
      assert.equal(page.status, 500, path);
      assert.equal(page.headers.get("gate-reason"), "misconfigured");
      assert.deepEqual(page.headers.getSetCookie(), []);
      assert.match(await page.text(), /not configured correctly/);
    }
    const json = await at(host, "/", { method: "POST" });
    assert.deepEqual([json.status, await json.json()], [500, { message: "the gate is not configured correctly" }]);
    const says = (line) =>
      String(line).startsWith("configuration: COOKIE_DOMAIN must be") && line.includes(`\`${host}\``);
    assert.ok(await gate.logged(says));
  });

  test(`at ${host} what needs no session is served`, async () => {
    for (const [path, status] of Object.entries(WITHOUT)) assert.equal((await at(host, path)).status, status, path);
  });
}

for (const host of ["example.com", "app.example.com:8080", "a.b.example.com", "localhost", "127.0.0.1:8787"]) {
  test(`at ${host} sessions are made and read`, async () => {
    const login = await at(host, "/control");
    assert.equal(login.status, 200);
    assert.ok(login.headers.getSetCookie().some((line) => line.includes("; Domain=example.com")));
    assert.equal((await at(host, "/", { headers: NAVIGATION })).status, 303);
  });
}
