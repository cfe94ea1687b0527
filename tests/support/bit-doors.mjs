// A gate, one genuine token of each kind, and the doors at which thousands of damaged ones are shown.

import assert from "node:assert/strict";
import { assertShut, DOORS, EXITS, lives, show } from "./doors.mjs";
import { eachOf, keepAlive } from "./keep-alive.mjs";
import { failObject, STAND_IN } from "./object-stand-in.mjs";
import { gateFor, login, logout, tokensIn } from "./session.mjs";

/** At most a few: what differs between the doors of one kind is how the token travels. */
const SHOWN_AT = {
  access: ["a page, by cookie", "a page, as bearer", "the core's check"],
  refresh: ["a page, by refresh cookie", "a renewal, as bearer", "the core's renewal"],
  marker: ["a page, by marker"],
};
const ENDED_BY = {
  access: ["log-out, by cookie"],
  refresh: ["log-out, by refresh cookie"],
  marker: ["log-out, by marker"],
};

export async function startGateWithTokens(t) {
  const gate = await gateFor(t, { objectFault: STAND_IN });
  const leaving = await login(gate, "leaver");
  const marker = await givenUp(gate, leaving);
  const alice = await login(gate, "alice");
  const client = keepAlive(gate);
  t.after(() => client.close());

  return {
    gate,
    tokens: { access: alice.access, refresh: alice.refresh, marker },
    assertRefusedEverywhere: (kind, changed) => eachOf(changed, (token) => refused(client, kind, token)),
    assertNothingEnded: async () => {
      assert.ok(await lives(client, alice.access), "the session of the access and the refresh token");
      assert.ok(await lives(client, leaving.access), "the session that the marker would end");
    },
  };
}

async function refused(client, kind, token) {
  for (const place of named(DOORS, SHOWN_AT[kind])) await assertShut(client, place, token, token);
  for (const place of named(EXITS, ENDED_BY[kind])) {
    const { status, text } = await show(client, place, token);
    assert.equal(status, 200, token);
    assert.equal(JSON.parse(text).revoked, 0, token);
  }
}

const named = (places, names) => places.filter(({ name }) => names.includes(name));

/** The marker of a log-out that nobody goes on with. */
async function givenUp(gate, session) {
  await failObject(gate, "throw");
  const { pending } = tokensIn(await logout(gate, session, { path: "/logout/all" }));
  await gate.restart();
  return pending;
}
