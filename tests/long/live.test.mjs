// Open connections at length: an object that sleeps, two hundred sockets of a session, a thousand users with one each.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connected, gateFor, liveOrigin, loginAs, logout, SESSION_ENDED, STAND_IN } from "../support/index.mjs";

/** Longer than the runtime lets an object be idle. */
const SLEEP_MS = 13_000;

const origin = await liveOrigin({ after });
const gate = await gateFor({ after }, { originUrl: origin.url, objectFault: STAND_IN });

test("a watch survives the object's sleep", async () => {
  const session = await loginAs(gate, "sleeper");
  const { closed, echo } = await connected(gate, session);
  const made = () => gate.logs.filter((line) => line === "an object was made").length;
  const before = made();
  // Nothing reaches the object meanwhile: it would be awake.
  await delay(SLEEP_MS);
  assert.equal(await echo("there?"), "there?");
  await logout(gate, session);
  assert.deepEqual(await closed, SESSION_ENDED);
  assert.equal(made(), before + 1, "it had been put to sleep");
});

test("two hundred sockets of a session end with it", async () => {
  const session = await loginAs(gate, "many");
  const sockets = await Promise.all(Array.from({ length: 200 }, () => connected(gate, session)));
  await logout(gate, session);
  for (const { closed } of sockets) assert.deepEqual(await closed, SESSION_ENDED);
});

test("a thousand users have a socket each, and every other logs out", async () => {
  const users = [];
  for (let user = 0; user < 1000; user += 1) {
    const session = await loginAs(gate, `user-${user}`);
    users.push({ session, ...(await connected(gate, session)) });
  }
  const leaving = users.filter((_, at) => at % 2 === 0);
  for (const { session } of leaving) await logout(gate, session);
  for (const { closed } of leaving) assert.deepEqual(await closed, SESSION_ENDED);
  for (const { echo, socket } of users.filter((_, at) => at % 2 === 1)) {
    assert.equal(await echo("still there?"), "still there?");
    socket.terminate();
  }
});
