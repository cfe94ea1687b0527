// How often the object is asked, and how old an answer may be. The calls are counted where
// they arrive, in front of the real object.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  API_KEY,
  answer,
  callsDuring,
  gateFor,
  login,
  logout,
  presenting,
  refreshSession,
  STAND_IN,
} from "../support/index.mjs";

const RULES = [
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
  { path: "/echo/brief", session: "required", fresh: 1 },
  { path: "/echo/fresh", session: "required", fresh: 600 },
  { path: "/echo/fresh-optional", session: "optional", fresh: 600 },
  { path: "/answer", session: "required" },
];

const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN, vars: { RULES } });

/** The calls that one request costs; what it is answered must be `status`. */
function callsFor(path, headers, { status = 200, method = "GET" } = {}) {
  return callsDuring(gate, async () => {
    const response = await gate.fetch(path, { method, headers });
    assert.equal(response.status, status, `${method} ${path}`);
    await response.arrayBuffer();
  });
}

async function signedIn(user) {
  const session = await login(gate, user);
  return { ...session, headers: presenting({ access: session.access }) };
}

test("by default every request asks the object, once", async () => {
  const { headers } = await signedIn("alice");
  for (const path of ["/echo", "/echo", "/echo/optional"]) assert.equal(await callsFor(path, headers), 1, path);
});

test("a renewal on the way is that same one call", async () => {
  const { refresh } = await login(gate, "alice");
  assert.equal(await callsFor("/echo", presenting({ refresh })), 1);
});

test("the first use of a renewed session is one call as well", async () => {
  const { refresh } = await login(gate, "alice");
  const response = await refreshSession(gate, { refresh });
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  assert.equal(await callsFor("/echo", { cookie }), 1);
});

for (const [method, path] of [
  ["GET", "/auth/session"],
  ["POST", "/auth/session/refresh"],
  ["POST", "/auth/signout"],
  ["POST", "/logout"],
  ["POST", "/logout/all"],
]) {
  test(`${method} ${path} asks once`, async () => {
    const { access, refresh } = await login(gate, "alice");
    assert.equal(await callsFor(path, presenting({ access, refresh }), { method }), 1);
  });
}

test("a path without sessions asks nothing", async () => {
  const { access, refresh } = await signedIn("alice");
  assert.equal(await callsFor("/echo/none", presenting({ access, refresh })), 0);
});

test("a stranger costs no call", async () => {
  assert.equal(await callsFor("/echo", {}, { status: 401 }), 0);
  assert.equal(await callsFor("/echo/optional", {}), 0);
});

test("a token that fails its own check costs no call", async () => {
  const { access, refresh } = await signedIn("alice");
  const altered = (token) => token.slice(0, -4) + (token.endsWith("AAAA") ? "BBBB" : "AAAA");
  for (const forged of [
    { access: altered(access) },
    { refresh: altered(refresh) },
    { access: "x", refresh: "y" },
    { access: refresh, refresh: access },
  ]) {
    assert.equal(await callsFor("/echo", presenting(forged), { status: 401 }), 0);
    assert.equal(await callsFor("/echo/optional", presenting(forged)), 0);
  }
  assert.equal(await callsFor("/echo", { authorization: `Bearer ${altered(access)}` }, { status: 401 }), 0);
});

test("within `fresh` seconds the last answer holds, on optional paths too", async () => {
  const { headers } = await signedIn("alice");
  assert.equal(await callsFor("/echo/fresh", headers), 1);
  assert.equal(await callsFor("/echo/fresh", headers), 0);
  assert.equal(await callsFor("/echo/fresh", headers, { method: "HEAD" }), 0);
  assert.equal(await callsFor("/echo/fresh-optional", headers), 0);
});

test("a path without `fresh` asks even when the last answer is new", async () => {
  const { headers } = await signedIn("alice");
  await callsFor("/echo/fresh", headers);
  assert.equal(await callsFor("/echo", headers), 1);
});

test("after `fresh` seconds the object is asked again", async () => {
  const { headers } = await signedIn("alice");
  assert.equal(await callsFor("/echo/brief", headers), 1);
  await gate.moveClock(2);
  assert.equal(await callsFor("/echo/brief", headers), 1);
});

test("unsafe methods always ask", async () => {
  const { headers } = await signedIn("alice");
  await callsFor("/echo/fresh", headers);
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPPATCH"]) {
    assert.equal(await callsFor("/echo/fresh", headers, { method }), 1, method);
  }
});

test("one session's answer says nothing about another of the same user", async () => {
  const first = await signedIn("alice");
  const second = await signedIn("alice");
  await callsFor("/echo/fresh", first.headers);
  assert.equal(await callsFor("/echo/fresh", second.headers), 1);
});

const core = (path, body) =>
  gate.fetch(`/auth/core/recipe/session${path}`, {
    method: "POST",
    headers: { "api-key": API_KEY, "cdi-version": "5.4", "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** Each ends the session `phone`; `laptop` is another session of the same user. */
const REVOCATIONS = {
  "its own log-out": ({ phone }) => logout(gate, phone),
  "a log-out of every device elsewhere": ({ laptop }) => logout(gate, laptop, { path: "/logout/all" }),
  "a log-out of the other devices elsewhere": ({ laptop }) => logout(gate, laptop, { path: "/logout?scope=others" }),
  "the browser SDK": ({ phone }) => gate.fetch("/auth/signout", { method: "POST", headers: phone.headers }),
  "the user's list of devices": ({ phone, laptop }) =>
    gate.fetch("/auth/sessions/revoke", {
      method: "POST",
      headers: laptop.headers,
      body: new URLSearchParams({ handle: phone.handle }),
    }),
  "the origin, by its handle": ({ phone, laptop }) =>
    gate.fetch(answer({ headers: [`Gate-Revoke-Session: ${phone.handle}`] }), { headers: laptop.headers }),
  "the origin, with all others": ({ laptop }) =>
    gate.fetch(answer({ headers: ["Gate-Revoke-Session: all"] }), { headers: laptop.headers }),
  "the backend, by its handle": ({ phone }) => core("/remove", { sessionHandles: [phone.handle] }),
  "the backend, by its user": () => core("/remove", { userId: "carol" }),
};

for (const [who, revoke] of Object.entries(REVOCATIONS)) {
  test(`a session that ends by ${who} is refused at once, however fresh the last answer`, async () => {
    const phone = await signedIn("carol");
    const laptop = await signedIn("carol");
    await callsFor("/echo/fresh", phone.headers);
    assert.equal(await callsFor("/echo/fresh", phone.headers), 0);
    const revoked = await revoke({ phone, laptop });
    assert.equal(revoked.status, 200);
    assert.equal((await gate.fetch("/echo/fresh", { headers: phone.headers })).status, 401);
  });
}

test("a refused token asks at most once each time", async () => {
  const bob = await signedIn("bob");
  await logout(gate, bob);
  for (const path of ["/echo", "/echo/fresh"])
    assert.ok((await callsFor(path, bob.headers, { status: 401 })) <= 1, path);
});

test("`fresh` does not outlast the token", async (t) => {
  const brief = await gateFor(t, { clock: true, vars: { RULES, ACCESS_TOKEN_TTL: 3 } });
  const { access } = await login(brief, "alice");
  const headers = presenting({ access });
  assert.equal((await brief.fetch("/echo/fresh", { headers })).status, 200);
  await brief.moveClock(3);
  assert.equal((await brief.fetch("/echo/fresh", { headers })).status, 401);
});
