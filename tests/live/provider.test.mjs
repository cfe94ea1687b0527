// What an identity provider ends, it ends with what is open: by its logout, and by its word when it is asked again.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connected, liveOrigin, presenting, SESSION_ENDED } from "../support/index.mjs";
import { KEY, pair, signedIn } from "../support/providers/gate-at.mjs";

const RECHECK = 300;

const origin = await liveOrigin({ after });
const options = { originUrl: origin.url, provider: { recheck: RECHECK } };
const { idp, gate } = await pair({ after }, options);

test("a logout at the provider closes the WebSockets of the session that it names, and no others", async () => {
  const [one, other] = [await signedIn(gate, idp, { user: "alice" }), await signedIn(gate, idp, { user: "alice" })];
  const [ending, going] = [await connected(gate, one), await connected(gate, other)];
  const body = new URLSearchParams({ logout_token: idp.logoutToken({ sub: "alice", sid: one.login.sid }) });
  assert.equal((await gate.fetch(`/auth/backchannel-logout/${KEY}`, { method: "POST", body })).status, 200);
  assert.deepEqual(await ending.closed, SESSION_ENDED);
  assert.equal(await going.echo("still there?"), "still there?");
  going.socket.terminate();
});

test("a person whom the provider lets stay no longer loses what is open", async (t) => {
  const own = await pair(t, options);
  const session = await signedIn(own.gate, own.idp, { user: "bob" });
  const { closed } = await connected(own.gate, session);
  own.idp.set({ refresh: { status: 400, json: { error: "invalid_grant" }, body: '{"error":"invalid_grant"}' } });
  await own.gate.moveClock(RECHECK + 60);
  await own.gate.fetch("/answer", { headers: presenting({ refresh: session.refresh }) });
  assert.deepEqual(await closed, SESSION_ENDED);
});
