// A WebSocket that was let through for a session ends when the session ends, by whatever cause, and never before.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  callsDuring,
  connected,
  failObject,
  gateFor,
  healObject,
  liveOrigin,
  loginAs,
  logout,
  loseWatches,
  presenting,
  refusedSocket,
  resetObject,
  SESSION_ENDED,
  STAND_IN,
  soon,
  WAYS_TO_END,
  watchesOf,
} from "../support/index.mjs";

const RULES = [
  { path: "/optional/*", session: "optional" },
  { path: "/native/*", live: false },
  { path: "/open/*", session: "none" },
];

const origin = await liveOrigin({ after });
const gate = await gateFor(
  { after },
  { originUrl: origin.url, objectFault: STAND_IN, vars: { RULES, MAX_SESSIONS: 4 } },
);

let count = 0;
const somebody = () => `user-${(count += 1)}`;

describe("a WebSocket is closed with 4401, and its application hears of it, by", () => {
  for (const [how, end] of Object.entries(WAYS_TO_END)) {
    for (const path of ["/socket", "/optional/socket"]) {
      test(`${how}: ${path}`, async () => {
        const user = somebody();
        const session = await loginAs(gate, user);
        const { socket, closed, echo } = await connected(gate, session, { path: `${path}?id=${user}` });
        assert.equal(await echo("there?"), "there?");
        await end(gate, session, user);
        assert.deepEqual(await closed, SESSION_ENDED);
        const { ended } = await origin.of(user, (state) => state.ended);
        assert.deepEqual(ended, SESSION_ENDED);
        assert.equal(socket.readyState, socket.CLOSED);
      });
    }
  }

  for (const lifetime of ["idle", "absolute"]) {
    test(`the end of its ${lifetime} lifetime`, async () => {
      const session = await loginAs(gate, somebody(), { [lifetime]: 1 });
      const { closed } = await connected(gate, session);
      assert.deepEqual(await closed, SESSION_ENDED);
    });
  }
});

test("all of a session's WebSockets end with it, and no others", async () => {
  const user = somebody();
  const [ending, other] = [await loginAs(gate, user), await loginAs(gate, user)];
  const stranger = await loginAs(gate, somebody());
  const doomed = await Promise.all(Array.from({ length: 20 }, () => connected(gate, ending)));
  const spared = await Promise.all([connected(gate, other), connected(gate, stranger)]);
  await logout(gate, ending);
  for (const { closed } of doomed) assert.deepEqual(await closed, SESSION_ENDED);
  for (const { echo } of spared) assert.equal(await echo("still there?"), "still there?");
  for (const { socket } of spared) socket.terminate();
});

test("a session that is renewed keeps its WebSockets, and they end with it", async () => {
  const session = await loginAs(gate, somebody());
  const { echo, closed, response } = await connected(gate, { refresh: session.refresh });
  const cookies = response.headers["set-cookie"].join();
  assert.match(cookies, /-sAccessToken=.*-sRefreshToken=/s);
  assert.equal(await echo("there?"), "there?");
  await logout(gate, { refresh: session.refresh });
  assert.deepEqual(await closed, SESSION_ENDED);
});

test("the reconnect of a WebSocket that was closed gets 401", async () => {
  const session = await loginAs(gate, somebody());
  const { closed } = await connected(gate, session);
  await logout(gate, session);
  await closed;
  assert.equal((await refusedSocket(gate, "/socket", { headers: presenting(session) })).status, 401);
});

test("nothing that is said after the end of the session arrives", async () => {
  const user = somebody();
  const session = await loginAs(gate, user);
  const { socket, closed } = await connected(gate, session, { path: `/socket?id=${user}` });
  await logout(gate, session);
  let said = 0;
  while (socket.readyState === socket.OPEN) {
    socket.send(`${(said += 1)}`);
    await new Promise(setImmediate);
  }
  assert.deepEqual(await closed, SESSION_ENDED);
  const state = await origin.of(user, ({ ended }) => ended);
  const heard = state.messages.length;
  assert.ok(heard <= said);
  state.socket.send("a late word");
  assert.equal(state.messages.length, heard);
});

test("a WebSocket costs one call to the object, and none while it is used", async () => {
  const session = await loginAs(gate, somebody());
  let socket;
  assert.equal(await callsDuring(gate, async () => (socket = await connected(gate, session))), 1);
  const calls = await callsDuring(gate, async () => {
    for (let said = 0; said < 50; said += 1) await socket.echo(`${said}`);
  });
  assert.equal(calls, 0);
  socket.socket.terminate();
});

test("what has lost its watch takes it up again, and still ends with its session", async () => {
  for (const lose of [loseWatches, resetObject]) {
    const session = await loginAs(gate, somebody());
    const { echo, closed } = await connected(gate, session);
    await lose(gate, session.handle);
    assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 1));
    assert.equal(await echo("there?"), "there?");
    await logout(gate, session);
    assert.deepEqual(await closed, SESSION_ENDED);
  }
});

test("a session that ends while its object is reset still ends its WebSockets", async () => {
  const user = somebody();
  const session = await loginAs(gate, user);
  const { closed } = await connected(gate, session);
  await Promise.all([resetObject(gate, session.handle), logout(gate, session)]);
  await logout(gate, session);
  assert.deepEqual(await closed, SESSION_ENDED);
});

test("a loss is logged, and so is an end, with what and why", async () => {
  const session = await loginAs(gate, somebody());
  const { closed } = await connected(gate, session);
  await loseWatches(gate, session.handle);
  const isOf = (event) => (line) => line.event === event && line.handle === session.handle;
  assert.ok(await gate.logged(isOf("watch_lost")));
  await logout(gate, session);
  await closed;
  const { at, ...line } = await gate.logged(isOf("connection_ended"));
  assert.equal(typeof at, "number");
  const { handle } = session;
  assert.deepEqual(line, { event: "connection_ended", handle, what: "websocket", why: "session_ended" });
});

test("without a watch no WebSocket is opened", async (t) => {
  const session = await loginAs(gate, somebody());
  t.after(() => healObject(gate));
  await failObject(gate, "throw");
  const refused = await refusedSocket(gate, "/socket", { headers: presenting(session) });
  assert.equal(refused.status, 503);
});

test("a watch is released when the client leaves, politely or not, and when the application does", async () => {
  const leave = {
    politely: ({ socket }) => socket.close(),
    "without a word": ({ socket }) => socket.terminate(),
    "by the application": ({ socket }) => socket.send("close 1000"),
    "by the application, without a word": ({ socket }) => socket.send("terminate"),
  };
  for (const [how, go] of Object.entries(leave)) {
    const session = await loginAs(gate, somebody());
    const open = await connected(gate, session);
    assert.equal(await watchesOf(gate, session.handle), 1);
    go(open);
    assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 0), how);
  }
});

test("an answer that opens no WebSocket is no trouble", async () => {
  const session = await loginAs(gate, somebody());
  const refused = await refusedSocket(gate, "/socket?refuse", { headers: presenting(session) });
  assert.equal(refused.status, 403);
  assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 0));
});

describe("nobody watches a WebSocket", () => {
  for (const { why, path, isStranger = false } of [
    { why: "where the rule says `live = false`", path: "/native/socket" },
    { why: "on an open path", path: "/open/socket" },
    { why: "of a stranger on an optional path", path: "/optional/socket", isStranger: true },
  ]) {
    test(why, async () => {
      const session = await loginAs(gate, somebody());
      const { echo, socket } = await connected(gate, isStranger ? {} : session, { path });
      assert.equal(await watchesOf(gate, session.handle), 0);
      await logout(gate, session);
      assert.equal(await echo("still there?"), "still there?");
      socket.terminate();
    });
  }
});
