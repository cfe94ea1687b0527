// With `recheck` the gate asks the provider, at renewals, whether a person may stay. The numbers are those of
// tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isSignedIn, refreshSession, tokensIn } from "../support/index.mjs";
import { pair, signedIn } from "../support/providers/gate-at.mjs";

const RECHECK = 900;
const { idp, gate } = await pair({ after }, { provider: { recheck: RECHECK } });

/** How often a refresh grant was asked for. */
const grants = (at = idp) =>
  at.asked("token").filter(({ params }) => params.get("grant_type") === "refresh_token").length;

test("case O5: 50 renewals at once are one refresh grant", async () => {
  const session = await signedIn(gate, idp);
  await gate.moveClock(RECHECK + 1);
  const before = grants();
  const answers = await Promise.all(Array.from({ length: 50 }, () => refreshSession(gate, session)));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(grants(), before + 1);
});

test("an access token lives no longer than recheck", async () => {
  const session = await signedIn(gate, idp);
  await gate.moveClock(RECHECK + 1);
  assert.equal(await isSignedIn(gate, { access: session.access }), false);
});

describe("case O5:", () => {
  test("invalid_grant ends the session, and the renewal that meets it is answered 401", async (t) => {
    const own = await pair(t, { provider: { recheck: RECHECK } });
    const session = await signedIn(own.gate, own.idp);
    own.idp.set({ refresh: { status: 400, json: { error: "invalid_grant" }, body: '{"error":"invalid_grant"}' } });
    await own.gate.moveClock(RECHECK + 1);
    assert.equal((await refreshSession(own.gate, session)).status, 401);
    own.idp.reset();
    assert.equal((await refreshSession(own.gate, session)).status, 401, "it is over for good");
  });

  test("a renewal on the way asks as well, and what it ends is an event", async (t) => {
    const own = await pair(t, { provider: { recheck: RECHECK } });
    const { refresh, handle } = await signedIn(own.gate, own.idp);
    await own.gate.moveClock(RECHECK + 1);
    const path = () => own.gate.fetch("/echo", { headers: { cookie: `__Host-sRefreshToken=${refresh}` } });
    assert.equal((await path()).status, 200);
    assert.equal(grants(own.idp), 1);
    own.idp.set({ refresh: { status: 400, body: '{"error":"invalid_grant"}' } });
    await own.gate.moveClock(RECHECK + 1);
    assert.equal((await path()).status, 401);
    assert.ok(await own.gate.logged((line) => line.event === "provider_logout" && line.handle === handle));
  });

  const TROUBLE = {
    "a failure": { status: 500 },
    HTML: { body: "<!doctype html>" },
    "a broken connection": { drop: true },
    "an unknown client": { status: 401, body: '{"error":"invalid_client"}' },
  };
  for (const [what, refresh] of Object.entries(TROUBLE)) {
    test(`${what} ends nothing, and is tried again after a minute at the earliest`, async (t) => {
      const own = await pair(t, { provider: { recheck: RECHECK } });
      const session = await signedIn(own.gate, own.idp);
      own.idp.set({ refresh });
      await own.gate.moveClock(RECHECK + 1);
      const renewal = await refreshSession(own.gate, session);
      assert.equal(renewal.status, 200);
      const asked = grants(own.idp);
      assert.ok(asked >= 1);
      const next = tokensIn(renewal);
      assert.equal((await refreshSession(own.gate, next)).status, 200);
      assert.equal(grants(own.idp), asked);
    });
  }
});

test("new claims are taken over", async (t) => {
  const own = await pair(t, { provider: { recheck: RECHECK } });
  const session = await signedIn(own.gate, own.idp);
  own.idp.set({ idToken: { claims: { name: "Another name", nonce: undefined } } });
  await own.gate.moveClock(RECHECK + 1);
  const renewal = await refreshSession(own.gate, session);
  const { access, refresh } = tokensIn(renewal);
  const headers = { cookie: `__Host-sAccessToken=${access}; __Host-sRefreshToken=${refresh}` };
  const told = await (await own.gate.fetch("/auth/session", { headers })).json();
  assert.equal(told.claims.name, "Another name");
});
