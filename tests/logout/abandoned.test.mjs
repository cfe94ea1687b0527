// Who clicks "log out" and closes the tab is logged out: a logout is carried out to its end when
// nobody waits for the answer.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { gateFor, HELD, isSignedIn, login, presenting, soon, whileHeld } from "../support/index.mjs";

const gate = await gateFor({ after }, { objectFault: HELD });

/** Sends a logout; returns the connection that waits for the answer. */
function sentLogout(tokens) {
  const { host, port } = new URL(gate.url);
  const socket = connect(Number(port), "127.0.0.1");
  const headers = Object.entries(presenting(tokens)).map(([name, value]) => `${name}: ${value}`);
  socket.write(["POST /logout HTTP/1.1", `host: ${host}`, "content-length: 0", ...headers, "", ""].join("\r\n"));
  return socket;
}

// The second session is asked for when the first is done, and so when the client has long been gone.
test("a logout of two sessions whose client hangs up ends both", async () => {
  const [alice, bob, carol] = [await login(gate, "alice"), await login(gate, "bob"), await login(gate, "carol")];
  let socket;
  const begin = () => (socket = sentLogout({ access: alice.access, refresh: bob.refresh }));
  await whileHeld(gate, "call", "revoke", begin, async () => {
    // As loudly as TCP can.
    socket.resetAndDestroy();
    await once(socket, "close");
    assert.ok(await isSignedIn(gate, carol), "the gate has had the time to hear of it");
  });
  for (const ended of [alice, bob]) assert.ok(await soon(async () => !(await isSignedIn(gate, ended))));
});
