// Everything that depends on time, at its last second and at the first after it, under the lifetimes
// that the gate has by default. The clock stands still and is moved: nothing here waits.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  alarmOf,
  assertCleared,
  backendOf,
  callsDuring,
  claimsOf,
  expiredIn,
  failObject,
  gateFor,
  headerOf,
  healObject,
  isSignedByOneOf,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  presenting,
  publishedKeys,
  refreshSession,
  renewed,
  STAND_IN,
  setCookies,
  soon,
  soundAlarm,
  tokensIn,
  visit,
} from "../support/index.mjs";

/** @import { Tokens } from "../support/types.d.ts" */

const HOUR = 3600;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const IDLE = 100 * DAY;
const ABSOLUTE = 365 * DAY;
const GRACE = 30;

const RULES = [{ path: "/echo/fresh", session: "required", fresh: 30 }];

const clockGate = (t, vars) => gateFor(t, { clock: true, objectFault: STAND_IN, vars });
const gate = await clockGate({ after }, { RULES });

/** The cookies of a session that is over are refused on every way in, and cleared. */
async function assertOver(pair) {
  const page = await visit(gate, pair, NAVIGATION);
  assert.equal(page.status, 303);
  assertCleared(page);
  const renewal = await refreshSession(gate, pair);
  assert.equal(renewal.status, 401);
  assertCleared(renewal);
  assert.equal(await isSignedIn(gate, { refresh: pair.refresh }), false);
}

/** Renews twice: the first use of the child is what moves the session on. */
async function used(pair) {
  return renewed(gate, await renewed(gate, pair));
}

const maxAges = (response) =>
  setCookies(response)
    .filter(({ value }) => value !== "")
    .map(({ attributes }) => Number(attributes["max-age"]));

describe("the idle lifetime", () => {
  test("ends a session after 100 days without use, not a second earlier", async () => {
    const [first, second] = [await login(gate, "idle-1"), await login(gate, "idle-2")];
    await gate.moveClock(IDLE);
    assert.ok(await isSignedIn(gate, { refresh: first.refresh }));
    await gate.moveClock(1);
    await assertOver(second);
    assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("idle-2"), []);
  });

  test("counts from the first use of a child, not from the login", async () => {
    const pair = await login(gate, "idle-3");
    await gate.moveClock(IDLE - 1);
    const young = await used(pair);
    await gate.moveClock(IDLE);
    assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("idle-3"), [pair.handle]);
    await gate.moveClock(1);
    await assertOver(young);
  });

  test("is not moved by a check", async () => {
    const { access, refresh } = await login(gate, "idle-4");
    await gate.moveClock(HOUR - 1);
    assert.equal((await visit(gate, { access })).status, 200);
    await gate.moveClock(IDLE - HOUR + 2);
    await assertOver({ refresh });
  });

  test("is not moved by a child that was issued and never used", async () => {
    const { refresh } = await login(gate, "idle-5");
    await gate.moveClock(DAY);
    const lost = await renewed(gate, { refresh });
    await gate.moveClock(IDLE - DAY + 1);
    await assertOver({ refresh: lost.refresh });
  });
});

describe("the absolute lifetime", () => {
  test("ends a session after a year, however much it is used", async () => {
    /** @type {Tokens} */
    let pair = await login(gate, "absolute-1");
    for (let passed = 0; passed < ABSOLUTE - 73 * DAY; passed += 73 * DAY) {
      await gate.moveClock(73 * DAY);
      pair = await used(pair);
    }
    await gate.moveClock(73 * DAY - 1);
    pair = await used(pair);
    await gate.moveClock(1);
    assert.ok(await isSignedIn(gate, { refresh: pair.refresh }), "the last second is included");
    await gate.moveClock(1);
    assert.equal((await visit(gate, { access: pair.access })).status, 401, "though the access token has not expired");
    await assertOver(pair);
  });

  test("bounds every cookie: it lives until the idle or the absolute end, whichever comes first", async () => {
    const { response, ...first } = await login(gate, "absolute-2");
    assert.deepEqual(maxAges(response), [IDLE, IDLE]);

    /** @type {Tokens} */
    let pair = first;
    for (let count = 0; count < 3; count += 1) {
      await gate.moveClock(90 * DAY);
      pair = await used(pair);
    }
    const left = ABSOLUTE - 3 * 90 * DAY;
    assert.deepEqual(maxAges(await refreshSession(gate, pair)), [left, left]);
    await gate.moveClock(left - 1);
    assert.deepEqual(maxAges(await refreshSession(gate, pair)), [1, 1]);
  });

  test("no cookie lives over 400 days, however long a session may", async (t) => {
    const patient = await clockGate(t, { SESSION_IDLE_TTL: 2000 * DAY, SESSION_ABSOLUTE_TTL: 2000 * DAY });
    const { response, refresh } = await login(patient, "alice");
    assert.deepEqual(maxAges(response), [400 * DAY, 400 * DAY]);
    await patient.moveClock(2000 * DAY);
    assert.ok(await isSignedIn(patient, { refresh }));
    await patient.moveClock(1);
    assert.equal(await isSignedIn(patient, { refresh }), false);
  });
});

describe("an access token", () => {
  test("is good until the second before `exp`, and needs no renewal before", async () => {
    const { access, refresh } = await login(gate, "access-1");
    assert.equal(claimsOf(access).exp - gate.now / 1000, HOUR);
    await gate.moveClock(HOUR - 1);
    assert.deepEqual((await visit(gate, { access, refresh })).headers.getSetCookie(), []);
    await gate.moveClock(1);
    const response = await visit(gate, { access, refresh });
    assert.equal(response.status, 200);
    assert.equal(claimsOf(tokensIn(response).access).exp - gate.now / 1000, HOUR);
  });

  test("that ran out is refused by itself, without ending its session", async () => {
    const { access, refresh } = await login(gate, "access-2");
    await gate.moveClock(HOUR);
    assert.equal(await isSignedIn(gate, { access }), false);
    assert.ok(await isSignedIn(gate, { refresh }));
  });

  test("logs its session out long after it ran out", async () => {
    const { access, refresh } = await login(gate, "access-3");
    await gate.moveClock(IDLE - 1);
    assert.deepEqual(await (await logout(gate, { access })).json(), { status: "OK", revoked: 1 });
    await assertOver({ refresh });
  });

  test("that ran out logs no other session out", async () => {
    const [here, there] = [await login(gate, "access-4"), await login(gate, "access-4")];
    await gate.moveClock(HOUR);
    await logout(gate, { access: here.access }, { path: "/logout/all" });
    assert.equal(await isSignedIn(gate, { refresh: here.refresh }), false);
    assert.ok(await isSignedIn(gate, { refresh: there.refresh }));
  });

  test("says when it was issued, never a time ahead", async () => {
    for (const moved of [1, HOUR, WEEK]) {
      await gate.moveClock(moved);
      const { access } = await login(gate, "access-5");
      assert.equal(claimsOf(access).iat, gate.now / 1000);
    }
  });
});

describe("the grace", () => {
  test("repeats a child for 30 seconds, and gives another one after", async () => {
    const parent = await login(gate, "grace-1");
    const child = await renewed(gate, parent);
    await gate.moveClock(GRACE);
    assert.equal((await renewed(gate, parent)).refresh, child.refresh);
    await gate.moveClock(1);
    assert.notEqual((await renewed(gate, parent)).refresh, child.refresh);
  });

  test("is not prolonged by repeating", async () => {
    const parent = await login(gate, "grace-2");
    const child = await renewed(gate, parent);
    for (let count = 0; count < 3; count += 1) {
      await gate.moveClock(10);
      assert.equal((await renewed(gate, parent)).refresh, child.refresh);
    }
    await gate.moveClock(1);
    assert.notEqual((await renewed(gate, parent)).refresh, child.refresh);
  });

  test("of two children the first one used wins: the other is reuse", async () => {
    const parent = await login(gate, "grace-3");
    const sibling = await renewed(gate, parent);
    await gate.moveClock(GRACE + 1);
    const winner = await renewed(gate, parent);
    await renewed(gate, winner);

    const response = await refreshSession(gate, sibling);

    assert.equal(response.status, 401);
    assert.deepEqual(await response.json(), { message: "token theft detected" });
    assert.equal(await isSignedIn(gate, { refresh: winner.refresh }), false);
  });

  test("serves a late tab for 30 seconds after the rotation", async () => {
    const parent = await login(gate, "grace-4");
    const child = await renewed(gate, parent);
    await gate.moveClock(DAY);
    await renewed(gate, child);
    await gate.moveClock(GRACE);
    assert.equal((await renewed(gate, parent)).refresh, child.refresh);
  });

  test("a second later the late token is reuse, and ends the session", async () => {
    const parent = await login(gate, "grace-5");
    const child = await renewed(gate, parent);
    const young = await renewed(gate, child);
    await gate.moveClock(GRACE + 1);

    const response = await refreshSession(gate, { refresh: parent.refresh });

    assert.equal(response.status, 401);
    assertCleared(response);
    await assertOver(young);
    assert.ok(await gate.logged(({ event, handle }) => event === "token_reuse" && handle === parent.handle));
  });

  test("a current token is good at any age: nobody is a thief for being away", async () => {
    const parent = await login(gate, "grace-6");
    const lost = await renewed(gate, parent);
    await gate.moveClock(IDLE - 1);
    const child = await renewed(gate, parent);
    assert.notEqual(child.refresh, lost.refresh);
    assert.ok(await isSignedIn(gate, child));
  });
});

describe("signing keys", () => {
  /** Moves on to the last second of a signing period. */
  async function lastSecondOfPeriod() {
    const now = gate.now / 1000;
    await gate.moveClock(WEEK - (now % WEEK) - 1);
  }

  test("change with the period: known before, vouched for as long as a token under them can live", async () => {
    await lastSecondOfPeriod();
    const old = await login(gate, "keys-1");
    const before = await publishedKeys(gate);
    await gate.moveClock(1);
    const young = await login(gate, "keys-1");

    assert.notEqual(headerOf(young.access).kid, headerOf(old.access).kid);
    assert.ok(isSignedByOneOf(before, young.access), "known before its first use");
    assert.ok(isSignedByOneOf(await publishedKeys(gate), old.access), "still known");
    assert.ok(await isSignedIn(gate, { access: old.access }));
    await gate.moveClock(HOUR - 2);
    assert.ok(await isSignedIn(gate, { access: old.access }), "until it expires");
    await gate.moveClock(WEEK);
    assert.ok(!isSignedByOneOf(await publishedKeys(gate), old.access), "and not for ever");
    assert.ok(await isSignedIn(gate, { refresh: old.refresh }), "the session does not notice");
  });

  test("every token of a year can be verified with what was published a day before", async () => {
    for (let passed = 0; passed < 365 * DAY; passed += 6 * DAY) {
      const published = await publishedKeys(gate);
      await gate.moveClock(DAY);
      assert.ok(isSignedByOneOf(published, (await login(gate, "keys-2")).access));
      await gate.moveClock(5 * DAY);
    }
  });

  test("a token under an old key still logs its session out", async () => {
    const { access, refresh } = await login(gate, "keys-3");
    await gate.moveClock(10 * WEEK);
    assert.deepEqual(await (await logout(gate, { access })).json(), { status: "OK", revoked: 1 });
    assert.equal(await isSignedIn(gate, { refresh }), false);
  });
});

describe("`fresh`", () => {
  test("relies on the last answer for its seconds, the last one included", async () => {
    const headers = presenting({ access: (await login(gate, "fresh-1")).access });
    const calls = () =>
      callsDuring(gate, async () => assert.equal((await gate.fetch("/echo/fresh", { headers })).status, 200));
    // An answer from the second of the login may be older than that.
    await gate.moveClock(1);
    assert.equal(await calls(), 1);
    await gate.moveClock(30);
    assert.equal(await calls(), 0);
    await gate.moveClock(1);
    assert.equal(await calls(), 1);
  });

  test("does not outlast the session, nor the access token", async (t) => {
    const brief = await clockGate(t, { RULES, SESSION_IDLE_TTL: 100, ACCESS_TOKEN_TTL: 50 });
    const headers = presenting({ access: (await login(brief, "alice")).access });
    const status = async () => (await brief.fetch("/echo/fresh", { headers })).status;
    await brief.moveClock(49);
    assert.equal(await status(), 200);
    await brief.moveClock(1);
    assert.equal(await status(), 401);
  });
});

describe("the marker of a pending logout", () => {
  async function pending(session, path) {
    await failObject(gate, "throw");
    const response = await logout(gate, session, { path });
    // What the gate still has under way ends here: only the marker can complete the logout.
    await gate.restart();
    await healObject(gate);
    return { pending: tokensIn(response).pending, lifetimes: maxAges(response) };
  }

  test("lives a day, and does its logout in its last second", async () => {
    const session = await login(gate, "marker-1");
    const { pending: marker, lifetimes } = await pending(session);
    assert.deepEqual(lifetimes, [DAY]);
    await gate.moveClock(DAY);
    const response = await visit(gate, { pending: marker });
    assert.ok(expiredIn(response).includes("__Host-sLogoutPending"));
    await assertOver({ refresh: session.refresh });
  });

  for (const [scope, path] of [
    ["every device", "/logout/all"],
    ["the other devices", "/logout?scope=others"],
  ]) {
    test(`of ${scope} ends what may have been there: the clocks of two machines may be 10 s apart`, async () => {
      const user = `marker of ${scope}`;
      const here = await login(gate, user);
      // The object's clock is 10 s ahead of the Worker's that hears of the logout.
      await gate.moveClock(10);
      const there = await login(gate, user);
      await gate.moveClock(-10);
      await failObject(gate, "throw");
      const asked = await logout(gate, here, { path });
      // The marker is not for the others: there the gate goes on by itself.
      const { pending: marker } = tokensIn(asked);
      if (marker !== undefined) await gate.restart();
      await healObject(gate);
      await gate.moveClock(11);
      const later = await login(gate, user);
      if (marker !== undefined) await visit(gate, { pending: marker });
      assert.ok(await soon(async () => !(await isSignedIn(gate, { refresh: there.refresh }))));
      assert.ok(await isSignedIn(gate, { refresh: later.refresh }), "what was made since is none of its business");
    });
  }

  test("ends its session also when that was renewed since, by somebody with a copy of the tokens", async () => {
    const session = await login(gate, "marker-3");
    const { pending: marker } = await pending(session);
    const copy = await used(session);
    await gate.moveClock(HOUR);
    await visit(gate, { pending: marker });
    await assertOver(copy);
  });
});

describe("the alarm", () => {
  const rows = async (handle) => (await backendOf(gate).getSessionInformation(handle)).status === "OK";

  test("is set for the first second in which the earliest session is over", async () => {
    const { handle } = await login(gate, "alarm-1");
    assert.equal(await alarmOf(gate, handle), gate.now + (IDLE + 1) * 1000);
    await gate.moveClock(DAY);
    await login(gate, "alarm-1");
    assert.equal(await alarmOf(gate, handle), gate.now + (IDLE - DAY + 1) * 1000);
  });

  test("takes what is over, and looks again when the next is", async () => {
    const first = await login(gate, "alarm-2");
    await gate.moveClock(DAY);
    const second = await login(gate, "alarm-2");
    await gate.moveClock(IDLE - DAY + 1);

    await soundAlarm(gate, first.handle);

    assert.ok(await gate.logged(({ event, handle }) => event === "session_expired" && handle === first.handle));
    assert.deepEqual([await rows(first.handle), await rows(second.handle)], [false, true]);
    assert.equal(await alarmOf(gate, second.handle), gate.now + DAY * 1000);

    await gate.moveClock(DAY);
    await soundAlarm(gate, second.handle);
    assert.equal(await rows(second.handle), false);
    assert.equal(await alarmOf(gate, second.handle), null, "nothing is left to wait for");
  });

  test("that goes off too early, or for a session that was renewed, ends nothing", async () => {
    const session = await login(gate, "alarm-3");
    await soundAlarm(gate, session.handle);
    await gate.moveClock(IDLE - 1);
    await soundAlarm(gate, session.handle);
    const young = await used(session);
    await gate.moveClock(2);
    await soundAlarm(gate, session.handle);
    assert.ok(await isSignedIn(gate, young));
    assert.equal(await alarmOf(gate, session.handle), gate.now + (IDLE - 1) * 1000);
  });

  test("is not needed for a session to be over", async () => {
    const session = await login(gate, "alarm-4");
    await gate.moveClock(IDLE + 1);
    await assertOver(session);
    const next = await login(gate, "alarm-4");
    assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("alarm-4"), [next.handle]);
  });
});
