// NOT_BEFORE ends the sessions that were made before a moment, and no others.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertCleared,
  backendOf,
  callsDuring,
  connected,
  gateFor,
  isSignedIn,
  liveOrigin,
  login,
  loginAs,
  presenting,
  reading,
  refreshSession,
  renewed,
  runSql,
  SESSION_ENDED,
  STAND_IN,
  soon,
  soundAlarm,
  tokensIn,
  visit,
} from "../support/index.mjs";
import { KEY, pair, signedIn } from "../support/providers/gate-at.mjs";

const RULES = [
  { path: "/control", session: "optional" },
  { path: "/login", session: "optional" },
  { path: "/echo/fresh", fresh: 600 },
];

const start = (t, options = {}) => gateFor(t, { clock: true, objectFault: STAND_IN, vars: { RULES }, ...options });

/** The gate's time, so many seconds later, as RFC 3339 writes it. */
const time = (gate, seconds = 0) => new Date(gate.now + seconds * 1000).toISOString();

const rowsOf = async (gate, { handle }) => (await runSql(gate, handle, "SELECT id FROM sessions")).length;
const fresh = (gate, tokens) => gate.fetch("/echo/fresh", { headers: presenting(tokens) });

/** Sessions of before the moment, the moment, and sessions of after it. */
async function aroundTheMoment(gate, make) {
  const before = await make("before");
  await gate.moveClock(10);
  await gate.restart({ NOT_BEFORE: time(gate) });
  await gate.moveClock(10);
  return { before, after: await make("after") };
}

test("a session of before is over, and its access token is refused without asking its object", async (t) => {
  const gate = await start(t);
  const { before, after } = await aroundTheMoment(gate, (user) => login(gate, user));
  for (const path of ["/echo", "/echo/fresh"]) {
    const calls = await callsDuring(gate, async () => {
      const refused = await gate.fetch(path, { headers: presenting(before) });
      assert.equal(refused.status, 401);
      assert.equal(refused.headers.get("gate-reason"), "revoked");
      assertCleared(refused);
    });
    assert.equal(calls, 0);
  }
  assert.equal(await isSignedIn(gate, before), false);
  assert.equal((await visit(gate, after)).status, 200);
  assert.equal((await fresh(gate, after)).status, 200);
});

test("its refresh token renews nothing, on any way, and its row goes", async (t) => {
  const gate = await start(t);
  const { before } = await aroundTheMoment(gate, (user) => login(gate, user));
  assert.equal(await rowsOf(gate, before), 1);
  assert.equal((await visit(gate, { refresh: before.refresh })).status, 401);
  assert.equal((await refreshSession(gate, { refresh: before.refresh })).status, 401);
  assert.ok(await gate.logged(({ event, handle }) => event === "session_not_before" && handle === before.handle));
  await assert.rejects(rowsOf(gate, before), "the storage is given back");
});

test("where a token is later than the moment, the time in the session's row decides", async (t) => {
  const gate = await start(t);
  const session = await login(gate, "alice");
  const moment = time(gate, 5);
  await gate.moveClock(10);
  const pair = await renewed(gate, session);
  await gate.restart({ NOT_BEFORE: moment });
  for (const tokens of [{ access: pair.access }, { refresh: pair.refresh }, pair]) {
    assert.equal((await visit(gate, tokens)).status, 401);
  }
});

test("sessions made in the second of the moment are told apart by the millisecond", async (t) => {
  const gate = await start(t);
  const made = {};
  for (const millis of [100, 500, 900]) {
    await gate.moveClock((millis - (gate.now % 1000)) / 1000);
    made[millis] = await login(gate, `at-${millis}`);
  }
  await gate.restart({ NOT_BEFORE: new Date(Math.floor(gate.now / 1000) * 1000 + 500).toISOString() });
  await gate.moveClock(1);
  assert.equal((await visit(gate, made[100])).status, 401);
  for (const millis of [500, 900]) assert.equal((await visit(gate, made[millis])).status, 200, `${millis}`);
});

test("a moment for a tenant ends that tenant's sessions alone", async (t) => {
  const gate = await start(t);
  const acme = await login(gate, "alice", { tenantId: "acme" });
  const other = await login(gate, "bob", { tenantId: "other" });
  await gate.moveClock(10);
  await gate.restart({ NOT_BEFORE: { tenant: { acme: time(gate) } } });
  assert.equal((await visit(gate, acme)).status, 401);
  assert.equal((await visit(gate, other)).status, 200);
  await gate.restart({ NOT_BEFORE: { all: time(gate), tenant: { acme: time(gate, -60) } } });
  assert.equal((await visit(gate, other)).status, 401);
});

test("a moment for a provider ends what its logins made, also where that is remembered", async (t) => {
  const { idp, gate } = await pair(t, { vars: { RULES } });
  await gate.restart({ NOT_BEFORE: { provider: { [KEY]: time(gate, 60) } } });
  const [session, other] = [await signedIn(gate, idp, { user: "carol" }), await login(gate, "dave")];
  for (const { access } of [session, other]) assert.equal((await fresh(gate, { access })).status, 200);
  await gate.moveClock(60);
  assert.equal((await fresh(gate, { access: session.access })).status, 401);
  assert.equal((await fresh(gate, { access: other.access })).status, 200);
});

test("a moment ahead takes effect when it comes, also for what is open and what is remembered", async (t) => {
  const origin = await liveOrigin(t);
  const gate = await start(t, { originUrl: origin.url });
  await gate.restart({ NOT_BEFORE: time(gate, 60) });
  const session = await loginAs(gate, "alice");
  const socket = await connected(gate, session);
  const events = reading(await gate.fetch("/events", { headers: presenting(session) }));
  assert.ok(await soon(() => events.text.length > 0));
  assert.equal((await fresh(gate, session)).status, 200);
  await gate.moveClock(20);
  assert.equal(await socket.echo("there?"), "there?");
  assert.equal((await fresh(gate, session)).status, 200);
  await gate.moveClock(50);
  assert.deepEqual(await socket.closed, SESSION_ENDED);
  assert.equal(await events.ended, "finished");
  assert.equal((await fresh(gate, session)).status, 401);
  const later = await loginAs(gate, "alice");
  assert.equal((await fresh(gate, later)).status, 200);
});

test("a moment more than five minutes ahead is a wrong setting until it is less far ahead", async (t) => {
  const gate = await start(t);
  await gate.restart({ NOT_BEFORE: time(gate, 400) });
  assert.equal((await gate.fetch("/control")).status, 500);
  assert.ok(await gate.logged((line) => String(line).startsWith("configuration: NOT_BEFORE")));
  await gate.moveClock(200);
  assert.equal((await gate.fetch("/control")).status, 200);
});

test("backends are told so, whether they ask the object or not", async (t) => {
  const gate = await start(t);
  const { before, after } = await aroundTheMoment(gate, (user) => login(gate, user));
  const core = backendOf(gate);
  for (const checkDatabase of [false, true]) {
    assert.equal((await core.getSession(before.access, { checkDatabase })).status, "UNAUTHORISED");
    assert.equal((await core.getSession(after.access, { checkDatabase })).status, "OK");
  }
  assert.deepEqual(await core.getAllSessionHandlesForUser("before"), []);
});

test("a row that nobody asks for goes by alarm", async (t) => {
  const gate = await start(t);
  const { before } = await aroundTheMoment(gate, (user) => login(gate, user));
  await soundAlarm(gate, before.handle);
  await assert.rejects(rowsOf(gate, before), "the storage is given back");
});

test("without it nothing is over", async (t) => {
  const gate = await start(t);
  const { before } = await aroundTheMoment(gate, (user) => login(gate, user));
  await gate.restart({ NOT_BEFORE: undefined });
  assert.equal((await visit(gate, before)).status, 200);
  assert.ok(tokensIn(await visit(gate, { refresh: before.refresh })).access);
});
