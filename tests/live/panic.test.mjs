// A panic of the Wasm instance takes the requests with it that are in it. What is open passes outside of it: it goes on,
// and still ends with its session.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  BREAKABLE,
  breakBy,
  breakInObject,
  connected,
  gateFor,
  isSignedIn,
  liveOrigin,
  loginAs,
  logout,
  presenting,
  reading,
  SESSION_ENDED,
  soon,
} from "../support/index.mjs";

const origin = await liveOrigin({ after });
const gate = await gateFor({ after }, { originUrl: origin.url, objectFault: BREAKABLE });

describe("a WebSocket and a stream of events go on and end with their session after a panic", () => {
  for (const [where, breaks] of Object.entries({
    "in the gate": (session) => breakBy(gate, "at once", session),
    "in the object": (session) => breakInObject(gate, session),
  })) {
    test(where, async () => {
      const session = await loginAs(gate, `user ${where}`);
      const { echo, closed } = await connected(gate, session);
      const events = reading(await gate.fetch("/events", { headers: presenting(session) }));
      await Promise.resolve(breaks(session)).then(
        (response) => response?.arrayBuffer().catch(() => {}),
        () => {},
      );
      assert.ok(await isSignedIn(gate, session));
      assert.equal(await echo("there?"), "there?");
      const before = events.text.length;
      assert.ok(await soon(() => events.text.length > before));
      await logout(gate, session);
      assert.deepEqual(await closed, SESSION_ENDED);
      assert.equal(await events.ended, "finished");
    });
  }
});
