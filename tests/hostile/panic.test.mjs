// No input makes the gate panic: a panic would end every request in flight beside it.

import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { API_KEY, answer, claimsOf, gateFor, login, odd, presenting, sendRaw } from "../support/index.mjs";

const RULES = [
  { path: "/echo/optional", session: "optional" },
  { path: "/answer", session: "optional" },
];
const CORE = "/auth/core/recipe/session";

/** One route of each kind of code that reads a request; those that may end the session come last. */
const ROUTES = [
  ["GET", "/echo"],
  ["GET", "/echo/optional"],
  ["GET", "/auth/session"],
  ["GET", "/auth/sessions"],
  ["GET", `${CORE}?sessionHandle=x`],
  ["POST", "/auth/session/refresh"],
  ["POST", "/auth/sessions/revoke"],
  ["POST", "/logout"],
  ["POST", "/auth/signout"],
];
const BODY_ROUTES = [
  "/auth/core/recipe/jwt",
  ...["", "/verify", "/refresh", "/remove", "/regenerate"].map((path) => CORE + path),
  "/auth/sessions/revoke",
  "/logout",
];
const BODY_TYPES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=", "\xe9"];

const gate = await gateFor({ after }, { vars: { RULES, CORS_ORIGINS: ["https://app.example"], ANTI_CSRF: "token" } });
const alice = await login(gate, "alice");
/** Headers of a client with a session of its own and every other right as well. */
async function everyProof() {
  const session = await login(gate, "alice");
  const antiCsrf = claimsOf(session.access).antiCsrfToken;
  return { ...presenting(session), "anti-csrf": antiCsrf, "api-key": API_KEY, "cdi-version": "5.4" };
}

async function assertStands(method, path, init = {}) {
  const response = await gate.fetch(path, { method, ...init });
  await response.arrayBuffer();
  assert.notEqual(response.status, 500, `${method} ${path} ${JSON.stringify(init).slice(0, 200)}`);
}

async function assertStandsEverywhere(headers) {
  for (const [method, path] of ROUTES) await assertStands(method, path, { headers });
}

afterEach(() => {
  const cries = gate.logs.filter((line) => /panic|unreachable|hung|critical/i.test(JSON.stringify(line)));
  assert.deepEqual(cries, []);
});

test("tokens cut at any place", async () => {
  for (const kind of ["access", "refresh"]) {
    for (let length = 0; length < alice[kind].length; length += 5) {
      const cut = alice[kind].slice(0, length);
      await assertStands("GET", "/echo", { headers: presenting({ [kind]: cut }) });
      await assertStands("POST", "/logout", { headers: presenting({ [kind]: cut }) });
      await assertStands("GET", "/echo", { headers: { authorization: `Bearer ${cut}` } });
    }
  }
});

for (const [what, token] of Object.entries(odd.oddTokens(alice.access))) {
  test(`a token of ${what}`, async () => {
    await assertStandsEverywhere(presenting({ access: token, refresh: token, pending: token }));
    await assertStandsEverywhere({ authorization: `Bearer ${token}` });
  });
}

for (const [what, cookie] of Object.entries(odd.oddCookies(alice))) {
  test(`cookies of ${what}`, () => assertStandsEverywhere({ cookie }));
}

for (const name of odd.READ_HEADERS) {
  test(`${name} that says something odd`, async () => {
    const proof = await everyProof();
    for (const value of odd.ODD_VALUES) {
      for (const path of ["/echo", "/auth/sessions/revoke", "/auth/session/refresh"]) {
        await assertStands("POST", path, { headers: { ...proof, [name]: value } });
      }
    }
  });
}

test("paths and queries that are none", async () => {
  for (const path of odd.ODD_PATHS) {
    const headers = await everyProof();
    for (const method of ["GET", "POST", "HEAD", "OPTIONS", "PROPFIND"]) {
      await assertStands(method, path, { headers });
    }
  }
});

test("every method, everywhere", async () => {
  for (const method of odd.METHODS) {
    const headers = await everyProof();
    for (const [, path] of ROUTES) await assertStands(method, path, { headers });
  }
});

for (const [what, body] of Object.entries(odd.ODD_BODIES)) {
  test(`a body of ${what}`, async () => {
    for (const type of BODY_TYPES) {
      const headers = { ...(await everyProof()), "content-type": type };
      for (const path of BODY_ROUTES) await assertStands("POST", path, { headers, body });
    }
  });
}

for (const name of ["Gate-Create-Session", "Gate-Revoke-Session", "Gate-Set-Payload"]) {
  test(`${name} of the origin that says something odd`, async () => {
    for (const value of odd.ODD_CONTROL) {
      await assertStands("GET", answer({ headers: [`${name}: ${value}`] }));
      const bob = await login(gate, "bob");
      await assertStands("GET", answer({ headers: [`${name}: ${value}`] }), { headers: presenting(bob) });
    }
  });
}

for (const user of odd.ODD_USERS) {
  test(`a user called ${JSON.stringify(user).slice(0, 40)}`, async () => {
    const { headers, status } = await gate.fetch(`/login?user=${encodeURIComponent(user)}`, { method: "POST" });
    assert.notEqual(status, 500);
    const cookie = headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    await assertStandsEverywhere({ cookie });
  });
}

test("control characters and bytes beyond ASCII, as no library sends them", async () => {
  for (const lines of odd.ODD_BYTES) assert.notEqual(await sendRaw(gate, lines), 500, JSON.stringify(lines));
});

test("after all of this a new session is served as ever", async () => {
  const response = await gate.fetch("/auth/session", { headers: presenting(await login(gate, "last")) });
  assert.equal(response.status, 200);
});
