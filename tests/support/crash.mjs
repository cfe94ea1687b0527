// People who log in, renew and log out while the runtime under them is killed, and what they were
// told before it died.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { backendOf } from "./backend.mjs";
import { gateFor, login, logout, refreshSession, tokensIn, visit } from "./session.mjs";
import { storageFolder } from "./storage.mjs";

const PEOPLE = 12;
/** How many sessions a person likes to have. */
const DEVICES = 3;
/** The most requests that are answered before the kill. */
const MOST = 120;

/**
 * Kills the runtime `rounds` times in the middle of a load, starts it again on the same storage, and
 * asserts each time that everything holds that somebody had been told. Returns what happened.
 */
export async function crashRounds(t, rounds) {
  const gate = await gateFor(t, { persist: await storageFolder() });
  const people = Array.from({ length: PEOPLE }, (_, index) => newPerson(`person-${index}`));
  const told = { rounds: 0, acknowledged: 0, cutOff: 0, logins: 0, renewals: 0, logouts: 0, looks: 0 };
  for (; told.rounds < rounds; told.rounds += 1) {
    const load = Promise.all(people.map((person) => liveUntilCrash(gate, person, told)));
    let hasFailed = false;
    load.catch(() => (hasFailed = true));
    const enough = told.acknowledged + Math.random() * MOST;
    while (told.acknowledged < enough && !hasFailed) await delay(1);
    await killRuntime();
    await load;
    await gate.restart();
    for (const person of people) await assertHolds(gate, person, `round ${told.rounds}`);
  }
  for (const person of people) for (const gone of person.ended) await assertGone(gate, gone, "at the end");
  assert.deepEqual(
    gate.logs.filter(({ event }) => event === "token_reuse"),
    [],
    "nobody is taken for a thief",
  );
  return told;
}

/** Kills the one runtime that this process has started. */
async function killRuntime() {
  const children = (await readFile(`/proc/self/task/${process.pid}/children`, "utf8")).trim().split(" ");
  const programs = await Promise.all(children.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8")));
  const runtimes = children.filter((_, index) => programs[index].split("\0")[0].endsWith("/workerd"));
  assert.equal(runtimes.length, 1, "there is one runtime to kill");
  process.kill(Number(runtimes[0]), "SIGKILL");
}

// A session is known by its tokens of the last answer. `open` are those that live, `unsure` those whose
// log-out was cut off, `ended` those that are known to be over; `lostLogins` were cut off themselves.
function newPerson(user) {
  return { user, open: [], unsure: [], ended: [], lostLogins: 0 };
}

async function liveUntilCrash(gate, person, told) {
  for (;;) {
    const [act, kind] = nextAct(person);
    try {
      await act(gate, person);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      told.cutOff += 1;
      return;
    }
    told.acknowledged += 1;
    told[kind] += 1;
  }
}

/** @returns {[(gate: any, person: any) => Promise<void>, string]} */
function nextAct({ open }) {
  if (open.length === 0) return [logIn, "logins"];
  const dice = Math.random();
  if (dice < 0.3) return [open.length < DEVICES ? logIn : logOut, open.length < DEVICES ? "logins" : "logouts"];
  if (dice < 0.6) return [renew, "renewals"];
  if (dice < 0.7) return [renewInTwoTabs, "renewals"];
  if (dice < 0.8) return [look, "looks"];
  if (dice < 0.92) return [logOut, "logouts"];
  return dice < 0.96 ? [logOutOthers, "logouts"] : [logOutAll, "logouts"];
}

const anyOf = (list) => list[Math.floor(Math.random() * list.length)];

async function logIn(gate, person) {
  person.lostLogins += 1;
  const { access, refresh, handle } = await login(gate, person.user);
  person.lostLogins -= 1;
  person.open.push({ handle, access, refresh });
}

async function renew(gate, { open }) {
  const session = anyOf(open);
  adopt(session, await answered(refreshSession(gate, session)));
}

async function renewInTwoTabs(gate, { open }) {
  const session = anyOf(open);
  const tabs = await Promise.allSettled([visit(gate, { refresh: session.refresh }), refreshSession(gate, session)]);
  for (const tab of tabs) if (tab.status === "fulfilled") adopt(session, await answered(tab.value));
  for (const tab of tabs) if (tab.status === "rejected") throw tab.reason;
}

async function look(gate, { open }) {
  const session = anyOf(open);
  adopt(session, await answered(visit(gate, { access: session.access })));
}

/** What was sent off and not answered may have been done or not. */
async function ending(person, sessions, request) {
  person.open = person.open.filter((session) => !sessions.includes(session));
  person.unsure.push(...sessions);
  await answered(request());
  person.unsure = person.unsure.filter((session) => !sessions.includes(session));
  person.ended.push(...sessions);
}

function logOut(gate, person) {
  const session = anyOf(person.open);
  return ending(person, [session], () => logout(gate, session));
}

function logOutAll(gate, person) {
  const [here] = person.open;
  return ending(person, person.open, () => logout(gate, here, { path: "/logout/all" }));
}

function logOutOthers(gate, person) {
  const [kept, ...others] = person.open;
  return ending(person, others, () => logout(gate, kept, { path: "/logout?scope=others" }));
}

async function answered(request) {
  const response = await request;
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  return response;
}

function adopt(session, response) {
  const { access, refresh } = tokensIn(response);
  session.access = access ?? session.access;
  session.refresh = refresh ?? session.refresh;
}

async function assertHolds(gate, person, when) {
  for (const session of person.open) await assertLives(gate, session, when);
  for (const session of person.ended.slice(-5)) await assertGone(gate, session, when);
  for (const session of person.unsure.splice(0)) {
    const lives = await exists(gate, session);
    await (lives ? assertLives : assertGone)(gate, session, when);
    (lives ? person.open : person.ended).push(session);
  }
  await assertListed(gate, person, when);
}

const exists = async (gate, { handle }) => (await backendOf(gate).getSessionInformation(handle)).status === "OK";

/** All of it is there: the record, the access token, the refresh token. */
async function assertLives(gate, session, when) {
  assert.ok(await exists(gate, session), `${when}: the record is there`);
  const seen = await visit(gate, { access: session.access });
  assert.equal(seen.status, 200, `${when}: the access token is good`);
  adopt(session, await answered(seen));
  const renewed = await refreshSession(gate, { refresh: session.refresh });
  assert.equal(renewed.status, 200, `${when}: the refresh token is good`);
  adopt(session, await answered(renewed));
}

/** Nothing of it is there. */
async function assertGone(gate, session, when) {
  assert.equal(await exists(gate, session), false, `${when}: the record is gone`);
  assert.equal((await visit(gate, { access: session.access })).status, 401, `${when}: the access token is refused`);
  assert.equal((await refreshSession(gate, session)).status, 401, `${when}: the refresh token is refused`);
}

/** A login that was cut off may have made a session that nobody holds; it is whole as well, and ended here. */
async function assertListed(gate, person, when) {
  const backend = backendOf(gate);
  const listed = await backend.getAllSessionHandlesForUser(person.user);
  const known = person.open.map(({ handle }) => handle);
  assert.deepEqual(
    known.filter((handle) => !listed.includes(handle)),
    [],
    `${when}: every session is listed`,
  );
  const strays = listed.filter((handle) => !known.includes(handle));
  assert.ok(strays.length <= person.lostLogins, `${when}: nobody knows ${strays.length} sessions`);
  for (const handle of strays) {
    assert.ok(await exists(gate, { handle }));
    assert.ok(await backend.revokeSession(handle));
  }
  person.lostLogins = 0;
}
