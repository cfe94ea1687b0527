// A rule may ask how lately, and how, a person proved who they are. Whoever has not is led to the login and back, and
// never in a circle.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  claimsOf,
  control,
  gateFor,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  newClient,
  presenting,
  setCookies,
  tokensIn,
} from "../support/index.mjs";

const RULES = [
  { path: "/control", session: "optional" },
  { path: "/echo/aged", max_age: 600 },
  { path: "/echo/mfa", acr: ["mfa", "hwk"] },
  { path: "/echo/both", max_age: 600, acr: ["mfa"] },
  { path: "/echo/fresh", max_age: 600, fresh: 86_400 },
  { path: "/echo/readings", max_age: 60, acr: ["hwk", "pin"] },
  { path: "/echo/Readings", max_age: 600, acr: ["mfa", "hwk"] },
];
const gate = await gateFor({ after }, { clock: true, vars: { RULES } });

const ask = (tokens, path, headers = {}, init = {}) =>
  gate.fetch(path, { ...init, headers: { ...presenting(tokens), ...headers } });
const navigate = (tokens, path) => ask(tokens, path, NAVIGATION);
const ago = (seconds) => ({ authTime: gate.now / 1000 - seconds });
const CHALLENGE = 'Bearer error="insufficient_user_authentication"';
const MARKER = "__Host-sStepUp";

function assertSentToLogin(response, location) {
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), location);
  assert.equal(response.headers.get("gate-reason"), "step-up");
  assert.equal(response.headers.get("cache-control"), "no-store");
}

async function assertPage(response) {
  assert.equal(response.status, 401);
  assert.equal(response.headers.get("gate-reason"), "step-up");
  assert.match(response.headers.get("www-authenticate"), new RegExp(`^${CHALLENGE}`));
  const page = await response.text();
  assert.match(page, /You are still signed in/);
  return /href="([^"]*)"[^>]*>Log in again/.exec(page)?.[1].replaceAll("&#38;", "&");
}

describe("max_age", () => {
  for (const [seconds, status] of [
    [0, 200],
    [600, 200],
    [601, 401],
    [-5000, 200],
  ]) {
    test(`answers ${status} where the proof is ${seconds} seconds old`, async () => {
      assert.equal((await ask(await login(gate, "alice", ago(seconds)), "/echo/aged")).status, status);
    });
  }

  test("counts from the login where that says no time, and goes on counting however often it is renewed", async () => {
    const { refresh } = await login(gate, "alice");
    await gate.moveClock(600);
    const next = tokensIn(await ask({ refresh }, "/echo/aged"));
    await gate.moveClock(1);
    assert.equal((await ask(next, "/echo/aged")).status, 401);
    assert.equal((await ask(next, "/echo")).status, 200);
  });

  test("counts from now where the login's time was ahead of the clock", async () => {
    const session = await login(gate, "alice", ago(-5000));
    await gate.moveClock(601);
    assert.equal((await ask(session, "/echo/aged")).status, 401);
  });

  test("holds within `fresh`", async () => {
    const session = await login(gate, "alice");
    assert.equal((await ask(session, "/echo/fresh")).status, 200);
    await gate.moveClock(601);
    assert.equal((await ask(session, "/echo/fresh")).status, 401);
  });
});

describe("acr", () => {
  for (const [acr, status] of [
    ["mfa", 200],
    ["hwk", 200],
    ["pwd", 401],
    ["MFA", 401],
    [undefined, 401],
  ]) {
    test(`answers ${status} to ${acr}`, async () => {
      const session = await login(gate, "alice", acr === undefined ? {} : { acr });
      assert.equal((await ask(session, "/echo/mfa")).status, status);
    });
  }
});

describe("a navigation that lacks a proof", () => {
  test("is sent to the login, which is told what is asked for and where to go on", async () => {
    const session = await login(gate, "alice", ago(601));
    assertSentToLogin(
      await navigate(session, "/echo/aged?x=1&y"),
      "/login?return_to=/echo/aged%3Fx%3D1%26y&max_age=600",
    );
    assertSentToLogin(await navigate(session, "/echo/mfa"), "/login?return_to=/echo/mfa&acr=mfa%20hwk");
    assertSentToLogin(await navigate(session, "/echo/both"), "/login?return_to=/echo/both&max_age=600&acr=mfa");
  });

  test("is told all that the rules of a path's readings ask for", async () => {
    const session = await login(gate, "alice", { ...ago(601), acr: "mfa" });
    const asked = "/login?return_to=/echo/Readings&max_age=60&acr=hwk";
    assertSentToLogin(await navigate(session, "/echo/Readings"), asked);
    const met = await login(gate, "alice", { acr: "hwk" });
    assert.equal((await navigate(met, "/echo/Readings")).status, 200);
  });

  test("keeps its session and its cookies", async () => {
    const session = await login(gate, "alice", ago(601));
    const response = await navigate(session, "/echo/aged");
    assert.deepEqual(tokensIn(response), { access: undefined, refresh: undefined, pending: undefined });
    assert.ok(await isSignedIn(gate, session));
  });

  test("passes after a new login, which made a new session and ended the one before", async () => {
    const before = await login(gate, "alice", { ...ago(601), claims: { old: 1 } });
    const create = '{"userId":"alice","acr":"mfa"}';
    const fresh = tokensIn(await control(gate, { create }, before));
    assert.notEqual(claimsOf(fresh.access).sessionHandle, before.handle);
    assert.equal(await isSignedIn(gate, before), false);
    assert.equal((await navigate(fresh, "/echo/both")).status, 200);
  });

  test("finds a page where no login is configured", async (t) => {
    const bare = await gateFor(t, { vars: { RULES, LOGIN_URL: undefined } });
    const session = tokensIn(await control(bare, { create: '{"userId":"bob"}' }));
    const response = await bare.fetch("/echo/mfa", { headers: { ...presenting(session), ...NAVIGATION } });
    assert.equal(await assertPage(response), undefined);
  });
});

describe("anything else that lacks a proof", () => {
  for (const [path, challenge] of [
    ["/echo/aged", `${CHALLENGE}, max_age="600"`],
    ["/echo/mfa", `${CHALLENGE}, acr_values="mfa hwk"`],
    ["/echo/both", `${CHALLENGE}, max_age="600", acr_values="mfa"`],
  ]) {
    test(`is challenged at ${path}: ${challenge}`, async () => {
      const session = await login(gate, "alice", ago(601));
      for (const headers of [presenting(session), { authorization: `Bearer ${session.access}` }]) {
        const response = await gate.fetch(path, { headers });
        assert.equal(response.status, 401);
        assert.equal(response.headers.get("www-authenticate"), challenge);
        assert.equal(response.headers.get("gate-reason"), "step-up");
        assert.deepEqual(setCookies(response), []);
        const { message, login: way } = await response.json();
        assert.equal(message, "insufficient_user_authentication");
        assert.match(way, /^\/login\?return_to=\/&(max_age|acr)=/);
      }
    });
  }

  test("is challenged by any method", async () => {
    const session = await login(gate, "alice", ago(601));
    for (const method of ["POST", "DELETE"]) {
      assert.equal((await ask(session, "/echo/aged", {}, { method })).status, 401);
    }
  });
});

describe("a login that does not bring what was asked for", () => {
  const start = async (extra) => {
    const client = newClient(gate);
    await client.login("alice", extra);
    return client;
  };
  const open = (client, path) => client.fetch(path, { headers: NAVIGATION });

  test("is answered with a page and not asked again, and the page leads on", async () => {
    const client = await start();
    assertSentToLogin(await open(client, "/echo/mfa"), "/login?return_to=/echo/mfa&acr=mfa%20hwk");
    await client.login("alice");
    for (let times = 0; times < 3; times += 1) {
      assert.equal(await assertPage(await open(client, "/echo/mfa")), "/login?return_to=/echo/mfa&acr=mfa%20hwk");
    }
    await client.login("alice", { acr: "hwk" });
    assert.equal((await open(client, "/echo/mfa")).status, 200);
  });

  test("nor where it brings a proof that is too old", async () => {
    const client = await start({ authTime: String(ago(601).authTime) });
    assert.equal((await open(client, "/echo/aged")).status, 303);
    await client.login("alice", { authTime: String(ago(601).authTime) });
    await assertPage(await open(client, "/echo/aged"));
  });

  test("nor where it sends its visitor back as they came", async () => {
    const client = await start();
    for (let times = 0; times < 3; times += 1) assert.equal((await open(client, "/echo/mfa")).status, 303);
    await assertPage(await open(client, "/echo/mfa"));
  });

  test("is asked anew for something else, and when time has passed since a proof that was good", async () => {
    const client = await start({ authTime: String(ago(601).authTime) });
    assert.equal((await open(client, "/echo/aged")).status, 303);
    await client.login("alice");
    assert.equal((await open(client, "/echo/aged")).status, 200);
    assert.equal((await open(client, "/echo/mfa")).status, 303);
    const again = await start({ authTime: String(ago(601).authTime) });
    assert.equal((await open(again, "/echo/aged")).status, 303);
    await again.login("alice");
    await gate.moveClock(601);
    assert.equal((await open(again, "/echo/aged")).status, 303);
  });
});

describe("the marker of what was asked for", () => {
  test("is a cookie of this host for ten minutes, out of reach of scripts, without a credential", async () => {
    const session = await login(gate, "alice");
    const response = await navigate(session, "/echo/mfa");
    const [{ name, value, attributes }, ...others] = setCookies(response);
    assert.deepEqual(others, []);
    assert.equal(name, MARKER);
    assert.deepEqual(attributes, { path: "/", secure: "", httponly: "", samesite: "Lax", "max-age": "600" });
    assert.ok(!value.includes(session.access) && !value.includes(session.refresh) && value.length < 100);
  });

  test("is not set for a guess of the browser", async () => {
    const response = await ask(await login(gate, "alice"), "/echo/mfa", { ...NAVIGATION, "sec-purpose": "prefetch" });
    assert.equal(response.status, 303);
    assert.deepEqual(setCookies(response), []);
  });

  test("reaches no application, and none can set it", async () => {
    const { cookie } = presenting(await login(gate, "alice"));
    const headers = { cookie: `${cookie}; ${MARKER}=1; own=1` };
    assert.equal((await (await gate.fetch("/echo", { headers })).json()).headers.cookie, "own=1");
    const line = `Set-Cookie: ${MARKER}=1; Path=/; Secure`;
    const response = await gate.fetch(`/answer?${new URLSearchParams({ header: line })}`, { headers: { cookie } });
    assert.equal(response.status, 200);
    assert.deepEqual(setCookies(response), []);
  });

  test("opens nothing, whatever is in it", async () => {
    const { cookie } = presenting(await login(gate, "alice"));
    for (const value of ["", "1", "3..", "1.AAAAAAAAAAAAAAAAAAAAAA.bWZhIGh3aw", "x".repeat(3000)]) {
      const headers = { cookie: `${cookie}; ${MARKER}=${value}`, ...NAVIGATION };
      assert.ok([303, 401].includes((await gate.fetch("/echo/mfa", { headers })).status), value.slice(0, 40));
    }
  });

  test("goes with the session at a logout, and is not spoken of where it was not sent", async () => {
    const client = newClient(gate);
    await client.login("alice");
    await client.fetch("/echo/mfa", { headers: NAVIGATION });
    assert.ok(MARKER in client.cookies());
    await client.fetch("/logout", { method: "POST" });
    assert.deepEqual(client.cookies(), {});
    const response = await logout(gate, await login(gate, "alice"));
    assert.ok(!setCookies(response).some(({ name }) => name === MARKER));
  });
});
