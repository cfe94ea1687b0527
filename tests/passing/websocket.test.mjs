// A WebSocket goes through the gate like any request: the rule of its path decides, and
// from then on the two ends speak to each other.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import {
  assertCleared,
  gateFor,
  login,
  logout,
  openSocket,
  PROVENANCES,
  presenting,
  refusedSocket,
  WEBSOCKET_ORIGIN,
} from "../support/index.mjs";

const RULES = [{ path: "/open", session: "none" }];

const gate = await gateFor({ after }, { origin: WEBSOCKET_ORIGIN, vars: { RULES } });
const alice = await login(gate, "alice");

test("text and binary messages are echoed", async () => {
  const { socket } = await openSocket(gate, "/socket", { headers: presenting(alice) });
  for (const sent of ["hello", Buffer.from([0, 1, 254, 255])]) {
    socket.send(sent);
    const [received, isBinary] = await once(socket, "message");
    assert.deepEqual(isBinary ? received : String(received), sent);
  }
  socket.terminate();
});

test("the agreed subprotocol and the origin's own headers reach the client", async () => {
  const { socket, response } = await openSocket(gate, "/socket", { headers: presenting(alice), protocols: ["chat"] });
  assert.equal(socket.protocol, "chat");
  assert.equal(response.headers["x-own"], "1");
  socket.terminate();
});

test("the origin is told whose socket it is", async () => {
  const { greeting, socket } = await openSocket(gate, "/socket", { headers: presenting(alice) });
  assert.equal(greeting["gate-user"], "alice");
  socket.terminate();
});

test("close codes and reasons pass in both directions", async () => {
  const first = await openSocket(gate, "/socket", { headers: presenting(alice) });
  first.socket.close(4001, "done here");
  const [code, reason] = await once(first.socket, "close");
  assert.deepEqual([code, String(reason)], [4001, "done here"]);
  const second = await openSocket(gate, "/socket", { headers: presenting(alice) });
  second.socket.send("close 4002");
  assert.equal((await once(second.socket, "close"))[0], 4002);
});

test("a stranger's socket is opened on an open path only", async () => {
  const { greeting, socket } = await openSocket(gate, "/open");
  assert.equal(greeting["gate-user"], undefined);
  socket.terminate();
  assert.equal((await refusedSocket(gate, "/socket")).status, 401);
});

test("a revoked session opens no socket, and its cookies are cleared", async () => {
  const bob = await login(gate, "bob");
  await logout(gate, bob);
  const refused = await refusedSocket(gate, "/socket", { headers: presenting(bob) });
  assert.equal(refused.status, 401);
  assertCleared(refused);
});

test("a session that is renewed by opening a socket gets its new cookies with the 101", async () => {
  const { refresh } = await login(gate, "carol");
  const { response, socket } = await openSocket(gate, "/socket", { headers: presenting({ refresh }) });
  const names = response.headers["set-cookie"].map((line) => line.split("=")[0]).sort();
  assert.deepEqual(names, ["__Host-sAccessToken", "__Host-sRefreshToken"]);
  socket.terminate();
});

// Browsers let any page open a socket to any site, with that site's cookies.
for (const { from, refused, headers } of PROVENANCES) {
  test(`a socket that ${from} opens with a session cookie is ${refused ? "refused" : "let through"}`, async () => {
    const options = { headers: { ...presenting(alice), ...headers(gate.url) } };
    if (refused) return assert.equal((await refusedSocket(gate, "/socket", options)).status, 403);
    return (await openSocket(gate, "/socket", options)).socket.terminate();
  });
}

test("a foreign page may open a socket on a path without sessions", async () => {
  for (const { headers } of PROVENANCES) {
    const { socket } = await openSocket(gate, "/open", { headers: { ...presenting(alice), ...headers(gate.url) } });
    socket.terminate();
  }
});
