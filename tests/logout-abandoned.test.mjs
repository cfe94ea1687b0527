// Who clicks "log out" and closes the tab is logged out: a logout is carried out to its end when
// nobody waits for the answer.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gateFor, isSignedIn, login, presenting } from "./support/session.mjs";
import { slowObject } from "./support/slow-object.mjs";

const ANSWER_MS = 400;
const gate = await gateFor({ after }, { objectFault: slowObject(ANSWER_MS) });

/** Sends a logout, and hangs up long before it can be answered, as loudly as TCP can. */
async function abandonedLogout(tokens) {
  const { host, port } = new URL(gate.url);
  const socket = connect(Number(port), "127.0.0.1");
  await once(socket, "connect");
  const headers = Object.entries(presenting(tokens)).map(([name, value]) => `${name}: ${value}`);
  socket.write(["POST /logout HTTP/1.1", `host: ${host}`, "content-length: 0", ...headers, "", ""].join("\r\n"));
  await delay(ANSWER_MS / 4);
  socket.resetAndDestroy();
}

// The second session is asked for when the first is done, and so when the client has long been gone.
test("a logout of two sessions whose client hangs up ends both", async () => {
  const [alice, bob] = [await login(gate, "alice"), await login(gate, "bob")];
  await abandonedLogout({ access: alice.access, refresh: bob.refresh });
  await delay(4 * ANSWER_MS);
  assert.deepEqual([await isSignedIn(gate, alice), await isSignedIn(gate, bob)], [false, false]);
});
