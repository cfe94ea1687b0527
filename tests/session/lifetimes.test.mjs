// A session ends when it was not used for the idle lifetime, and at the absolute lifetime
// however much it was used. Only the server's clock counts. It stands still here, but the platform's alarms go by the
// real one: so what ends, ends in hours, and none goes off while a test runs.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertCleared,
  backendOf,
  claimsOf,
  gateFor,
  isSignedIn,
  login,
  refreshSession,
  renewed,
  setCookies,
  visit,
} from "../support/index.mjs";

/** @import { Tokens } from "../support/types.d.ts" */

const HOUR = 3600;

test("after the idle lifetime the refresh token is refused, cleared, and the session not listed", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: HOUR } });
  const session = await login(gate, "alice");
  await gate.moveClock(2 * HOUR);

  const response = await refreshSession(gate, session);

  assert.equal(response.status, 401);
  assertCleared(response);
  assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("alice"), []);
});

test("after the idle lifetime an access token that has not expired is refused too", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: HOUR, ACCESS_TOKEN_TTL: 4 * HOUR } });
  const session = await login(gate, "alice");
  await gate.moveClock(2 * HOUR);

  const response = await visit(gate, { access: session.access });

  assert.equal(response.status, 401);
  assertCleared(response);
});

test("the first use of a child starts the idle lifetime again", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: 2 * HOUR } });
  const parent = await login(gate, "alice");
  await gate.moveClock(2 * HOUR);
  const grandchild = await renewed(gate, await renewed(gate, parent));
  await gate.moveClock(2 * HOUR);

  assert.ok(await isSignedIn(gate, grandchild), "four hours after the login, two after the last use");
});

test("the absolute lifetime holds under constant renewal", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_ABSOLUTE_TTL: 3 * HOUR, SESSION_IDLE_TTL: 4 * HOUR } });
  /** @type {Tokens} */
  let pair = await login(gate, "alice");
  for (let passed = 0; passed < 2; passed += 1) {
    await gate.moveClock(HOUR);
    pair = await renewed(gate, pair);
  }
  await gate.moveClock(2 * HOUR);

  assert.equal(await isSignedIn(gate, pair), false);
  assertCleared(await refreshSession(gate, pair));
});

test("no cookie is promised beyond the absolute end, also by a renewal", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_ABSOLUTE_TTL: HOUR, SESSION_IDLE_TTL: 4 * HOUR } });
  const first = await login(gate, "alice");
  await gate.moveClock(1);

  const response = await refreshSession(gate, first);

  const lifetimes = setCookies(response)
    .filter(({ value }) => value !== "")
    .map(({ attributes }) => Number(attributes["max-age"]));
  assert.equal(lifetimes.length, 2);
  assert.ok(
    lifetimes.every((lifetime) => lifetime === HOUR - 1),
    `${lifetimes} seconds are left`,
  );
});

test("a longer lifetime in the cookie changes nothing: the client's clock is never asked", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: HOUR } });
  const session = await login(gate, "alice");
  await gate.moveClock(2 * HOUR);

  for (let attempt = 0; attempt < 3; attempt += 1) {
    assert.equal(await isSignedIn(gate, session), false);
  }
});

test("an access token ends with its own lifetime, the session does not", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { ACCESS_TOKEN_TTL: 1 } });
  const { access, refresh } = await login(gate, "alice");
  assert.equal(claimsOf(access).exp - claimsOf(access).iat, 1);
  await gate.moveClock(2);

  assert.equal(await isSignedIn(gate, { access }), false);
  assert.ok(await isSignedIn(gate, { refresh }));
});

test("above MAX_SESSIONS the session unused for longest goes", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { MAX_SESSIONS: 2 } });
  const oldestButUsed = await login(gate, "alice");
  const unused = await login(gate, "alice");
  await gate.moveClock(1);
  const used = await renewed(gate, await renewed(gate, oldestButUsed));

  const newest = await login(gate, "alice");

  assert.equal(await isSignedIn(gate, unused), false);
  assert.ok(await isSignedIn(gate, used));
  assert.ok(await isSignedIn(gate, newest));
});

test("sessions made in one second, in one millisecond even, go in the order in which they were made", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { MAX_SESSIONS: 3 } });
  const handles = [];
  for (let count = 0; count < 12; count += 1) {
    handles.unshift((await login(gate, "alice")).handle);
    assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("alice"), handles.slice(0, 3));
    // What the object knows by heart and what it reads anew are in the same order.
    if (count % 4 === 3) await gate.restart();
  }
});

test("MAX_SESSIONS counts each user's own sessions", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { MAX_SESSIONS: 1 } });
  const alice = await login(gate, "alice");
  await login(gate, "bob");

  assert.ok(await isSignedIn(gate, alice));
});
