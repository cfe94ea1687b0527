// A login may set limits of its own to its session: shorter lifetimes, and cookies that go when the browser is closed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ACCESS,
  backendOf,
  control,
  gateFor,
  isSignedIn,
  login,
  presenting,
  REFRESH,
  refreshSession,
  renewed,
  setCookies,
  tokensIn,
} from "../support/index.mjs";

const lifetimesIn = (response) =>
  Object.fromEntries(
    setCookies(response)
      .filter(({ value }) => value !== "")
      .map(({ name, attributes }) => [name, attributes["max-age"]]),
  );

describe("an idle lifetime of its own", () => {
  test("ends the session where it is shorter than the configured one", async (t) => {
    const gate = await gateFor(t, { clock: true });
    const [own, other] = [await login(gate, "alice", { idle: 60 }), await login(gate, "alice")];
    assert.deepEqual(lifetimesIn(own.response), { [ACCESS]: "60", [REFRESH]: "60" });
    await gate.moveClock(60);
    assert.ok(await isSignedIn(gate, own));
    await gate.moveClock(1);
    assert.equal(await isSignedIn(gate, own), false);
    assert.equal((await refreshSession(gate, own)).status, 401);
    assert.ok(await isSignedIn(gate, other));
    assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("alice"), [other.handle]);
  });

  test("begins again with a renewal that is used, like the configured one", async (t) => {
    const gate = await gateFor(t, { clock: true });
    const first = await login(gate, "alice", { idle: 60 });
    await gate.moveClock(50);
    const response = await refreshSession(gate, first);
    assert.deepEqual(lifetimesIn(response), { [ACCESS]: "60", [REFRESH]: "60" });
    const next = tokensIn(response);
    assert.ok(await isSignedIn(gate, next));
    await gate.moveClock(60);
    assert.ok(await isSignedIn(gate, next));
  });

  test("is never longer than the configured one", async (t) => {
    const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: 60 } });
    const session = await login(gate, "alice", { idle: 86_400, absolute: 86_400 });
    assert.deepEqual(lifetimesIn(session.response), { [ACCESS]: "60", [REFRESH]: "60" });
    await gate.moveClock(61);
    assert.equal(await isSignedIn(gate, session), false);
  });
});

describe("an absolute lifetime of its own", () => {
  test("ends the session however much it is used", async (t) => {
    const gate = await gateFor(t, { clock: true });
    const first = await login(gate, "alice", { absolute: 100 });
    assert.deepEqual(lifetimesIn(first.response), { [ACCESS]: "100", [REFRESH]: "100" });
    await gate.moveClock(60);
    const tokens = await renewed(gate, first);
    await gate.moveClock(41);
    assert.equal(await isSignedIn(gate, tokens), false);
  });

  test("is never longer than the configured one", async (t) => {
    const gate = await gateFor(t, { clock: true, vars: { SESSION_ABSOLUTE_TTL: 60 } });
    const session = await login(gate, "alice", { absolute: 99_999_999_999 });
    assert.deepEqual(lifetimesIn(session.response), { [ACCESS]: "60", [REFRESH]: "60" });
    await gate.moveClock(61);
    assert.equal(await isSignedIn(gate, session), false);
  });

  test("is the end that the person is shown", async (t) => {
    const gate = await gateFor(t, { clock: true });
    const tokens = await login(gate, "alice", { absolute: 100, idle: 60 });
    const headers = presenting(tokens);
    const { createdAt, expiresAt } = await (await gate.fetch("/auth/session", { headers })).json();
    assert.equal(expiresAt, createdAt + 60_000);
    const [device] = (await (await gate.fetch("/auth/sessions", { headers })).json()).sessions;
    assert.equal(device.expiresAt, createdAt + 60_000);
  });
});

describe("persistent = false", () => {
  const UNTIL_CLOSED = { [ACCESS]: undefined, [REFRESH]: undefined };

  test("sets cookies without Max-Age or Expires, and with all else that guards them", async (t) => {
    const gate = await gateFor(t, { clock: true });
    const { response } = await login(gate, "alice", { persistent: false });
    const cookies = setCookies(response);
    assert.equal(cookies.length, 2);
    for (const { attributes } of cookies) {
      assert.deepEqual(attributes, { path: "/", secure: "", httponly: "", samesite: "Lax" });
    }
  });

  test("holds for a renewal on the way, for the refresh route, and for another payload", async (t) => {
    const gate = await gateFor(t, { clock: true });
    const { refresh } = await login(gate, "alice", { persistent: false });
    const onTheWay = await gate.fetch("/echo", { headers: presenting({ refresh }) });
    assert.deepEqual(lifetimesIn(onTheWay), UNTIL_CLOSED);
    const route = await refreshSession(gate, tokensIn(onTheWay));
    assert.deepEqual(lifetimesIn(route), UNTIL_CLOSED);
    const firstUse = await gate.fetch("/echo", { headers: presenting({ access: tokensIn(route).access }) });
    assert.deepEqual(lifetimesIn(firstUse), { [ACCESS]: undefined });
    const payload = await control(gate, { payload: '{"a":1}' }, { access: tokensIn(firstUse).access });
    assert.deepEqual(lifetimesIn(payload), { [ACCESS]: undefined });
  });

  test("changes nothing about the session's own end", async (t) => {
    const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: 60 } });
    const session = await login(gate, "alice", { persistent: false });
    await gate.moveClock(60);
    assert.ok(await isSignedIn(gate, session));
    await gate.moveClock(1);
    assert.equal(await isSignedIn(gate, session), false);
  });

  test("is the login's own: the next one without it sets cookies that stay", async (t) => {
    const gate = await gateFor(t, { clock: true });
    await login(gate, "alice", { persistent: false });
    const { response } = await login(gate, "alice");
    assert.deepEqual(lifetimesIn(response), { [ACCESS]: "8640000", [REFRESH]: "8640000" });
  });
});
