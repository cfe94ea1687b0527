// Keys change without anybody noticing: those who verify tokens know a key before its first
// use and as long as a token under it can live, and no change logs anyone out.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  backendOf,
  gateFor,
  headerOf,
  isSignedByOneOf,
  isSignedIn,
  login,
  logout,
  NEW_SECRET,
  publishedKeys,
  refreshSession,
  renewed,
  SECRET,
} from "../support/index.mjs";

const isDynamic = ({ kid }) => kid.startsWith("d-");

describe("the published keys", () => {
  test("are the next, the current, the last period's and the static one", async (t) => {
    const gate = await gateFor(t);
    const { access } = await login(gate, "alice");

    const keys = await publishedKeys(gate);

    assert.equal(keys.filter(isDynamic).length, 3);
    assert.equal(keys.filter((key) => key.kid.startsWith("s-")).length, 1);
    assert.equal(keys.length, 4);
    assert.ok(keys.some(({ kid }) => kid === headerOf(access).kid));
  });

  test("say what they are for and contain no private part", async (t) => {
    const gate = await gateFor(t);
    for (const { kid, x, ...rest } of await publishedKeys(gate)) {
      assert.equal(typeof kid, "string");
      assert.equal(Buffer.from(x, "base64url").length, 32);
      assert.deepEqual(rest, { kty: "OKP", crv: "Ed25519", use: "sig", alg: "EdDSA" });
    }
  });

  test("may be cached", async (t) => {
    const gate = await gateFor(t);
    const response = await gate.fetch("/auth/jwt/jwks.json");
    assert.match(response.headers.get("cache-control"), /max-age=[1-9]/);
    assert.match(response.headers.get("content-type"), /json/);
  });

  test("reach back over all periods in which a living token may have been signed", async (t) => {
    const gate = await gateFor(t, { vars: { SIGNING_KEY_ROTATION: 1, ACCESS_TOKEN_TTL: 10 } });
    const dynamic = (await publishedKeys(gate)).filter(isDynamic);
    assert.ok(dynamic.length >= 12, `${dynamic.length} keys: next, current and ten past ones`);
  });
});

describe("when the signing period ends", () => {
  test("the new key had been published, and sessions of the old one live and renew", async (t) => {
    const gate = await gateFor(t, { clock: true, vars: { SIGNING_KEY_ROTATION: 2, ACCESS_TOKEN_TTL: 60 } });
    const old = await login(gate, "alice");

    const { young, publishedBefore } = await firstLoginUnderAnotherKey(gate, headerOf(old.access).kid);

    assert.ok(isSignedByOneOf(publishedBefore, young.access), "known before its first use");
    assert.ok(isSignedByOneOf(await publishedKeys(gate), old.access), "still known");
    assert.ok(await isSignedIn(gate, { access: old.access }));
    assert.ok(await isSignedIn(gate, await renewed(gate, old)));
  });
});

/** The first login whose token is under another key than `kid`, and the keys published just before. */
async function firstLoginUnderAnotherKey(gate, kid) {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const publishedBefore = await publishedKeys(gate);
    const young = await login(gate, "alice");
    if (headerOf(young.access).kid !== kid) return { young, publishedBefore };
    await gate.moveClock(1);
  }
  assert.fail("the key never changes");
}

describe("when GATE_SECRET becomes GATE_SECRET_PREVIOUS", () => {
  async function rotatedGate(t) {
    const gate = await gateFor(t);
    const session = await login(gate, "alice");
    await gate.restart({ GATE_SECRET: NEW_SECRET, GATE_SECRET_PREVIOUS: SECRET });
    return { gate, session };
  }

  test("nobody is logged out", async (t) => {
    const { gate, session } = await rotatedGate(t);
    assert.ok(await isSignedIn(gate, { access: session.access }));
    assert.ok(await isSignedIn(gate, { refresh: session.refresh }));
  });

  test("those who verify offline still know the old keys", async (t) => {
    const { gate, session } = await rotatedGate(t);
    assert.ok(isSignedByOneOf(await publishedKeys(gate), session.access));
  });

  test("sessions from before are still found by their user, and can be ended", async (t) => {
    const { gate, session } = await rotatedGate(t);
    assert.deepEqual(await backendOf(gate).revokeAllSessionsForUser("alice"), [session.handle]);
    assert.equal(await isSignedIn(gate, session), false);
  });

  test("an old token logs out", async (t) => {
    const { gate, session } = await rotatedGate(t);
    assert.deepEqual(await (await logout(gate, session)).json(), { status: "OK", revoked: 1 });
  });

  test("once the previous secret is gone, what was renewed lives and what was not is refused", async (t) => {
    const { gate, session } = await rotatedGate(t);
    const child = await renewed(gate, session);

    await gate.restart({ GATE_SECRET_PREVIOUS: undefined });

    assert.equal(await isSignedIn(gate, { access: session.access }), false);
    assert.equal((await refreshSession(gate, { refresh: session.refresh })).status, 401);
    assert.ok(await isSignedIn(gate, child));
  });
});
