// A connection whose watch is lost goes on while it can be taken up again, and is closed if it cannot.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  calledAtLeast,
  connected,
  deafen,
  failObject,
  gateFor,
  healObject,
  lastBeatOf,
  liveOrigin,
  loginAs,
  logout,
  loseWatches,
  SESSION_ENDED,
  SESSION_UNKNOWN,
  STAND_IN,
  soon,
  unansweredBeats,
  watchesOf,
} from "../support/index.mjs";

const origin = await liveOrigin({ after });
const options = { originUrl: origin.url, objectFault: STAND_IN };
const gate = await gateFor({ after }, { ...options, clock: true });

let count = 0;
async function open() {
  const session = await loginAs(gate, `user-${(count += 1)}`);
  return { session, ...(await connected(gate, session)) };
}

async function assertTakenUp({ session, echo, closed }) {
  assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 1));
  assert.equal(await echo("there?"), "there?");
  await logout(gate, session);
  assert.deepEqual(await closed, SESSION_ENDED);
}

describe("it is taken up again, when the object", () => {
  test("fails three times", async (t) => {
    const connection = await open();
    t.after(() => healObject(gate));
    await failObject(gate, "throw", 3);
    await loseWatches(gate, connection.session.handle);
    await assertTakenUp(connection);
  });

  test("does not answer one call", async (t) => {
    const connection = await open();
    t.after(() => healObject(gate));
    await failObject(gate, "hang", 1);
    await loseWatches(gate, connection.session.handle);
    await calledAtLeast(gate, 1);
    await gate.moveClock(1.5);
    await assertTakenUp(connection);
  });

  test("is silent for 75 seconds", async () => {
    const connection = await open();
    await deafen(gate, connection.session.handle);
    const isLoss = ({ event, handle }) => event === "watch_lost" && handle === connection.session.handle;
    for (let beats = 0; beats < 3; beats += 1) {
      assert.equal(gate.logs.some(isLoss), false);
      const before = await unansweredBeats(gate);
      await gate.moveClock(30);
      await soon(async () => gate.logs.some(isLoss) || (await unansweredBeats(gate)) > before);
    }
    assert.ok(await gate.logged(isLoss));
    await assertTakenUp(connection);
  });
});

test("the connection is closed when the object fails for 5 seconds", async (t) => {
  for (const fault of ["throw", "hang"]) {
    const { session, closed } = await open();
    t.after(() => healObject(gate));
    await failObject(gate, fault);
    await loseWatches(gate, session.handle);
    await calledAtLeast(gate, 1);
    assert.deepEqual(await gate.letTimePass(5, closed), SESSION_UNKNOWN);
    const ended = (line) => line.event === "connection_ended" && line.handle === session.handle;
    assert.equal((await gate.logged(ended)).why, "watch_lost");
    await healObject(gate);
  }
});

test("a connection of a session that ended meanwhile is closed as any other of an ended session", async () => {
  const { session, closed } = await open();
  await Promise.all([loseWatches(gate, session.handle), logout(gate, session)]);
  assert.deepEqual(await closed, SESSION_ENDED);
});

test("beats keep a watch, and do not count as a loss", async () => {
  const { session, echo, socket } = await open();
  for (let beats = 0; beats < 6; beats += 1) {
    const before = await lastBeatOf(gate, session.handle);
    await gate.moveClock(30);
    assert.ok(await soon(async () => (await lastBeatOf(gate, session.handle)) !== before));
    assert.equal(await echo("there?"), "there?");
  }
  assert.equal(
    gate.logs.some((line) => line.event === "watch_lost" && line.handle === session.handle),
    false,
  );
  socket.terminate();
});

test("a session whose alarm is late ends its connections all the same", async () => {
  const session = await loginAs(gate, "late", { idle: 20 });
  const { closed } = await connected(gate, session);
  // The platform's alarms do not go by this clock.
  await gate.moveClock(25);
  assert.deepEqual(await closed, SESSION_ENDED);
});
