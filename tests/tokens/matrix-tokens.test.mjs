// Nothing but a genuine token of the right kind opens a door or ends a session: every forgery, at every door.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  API_KEY,
  assertEndsNothing,
  assertShut,
  claimsOf,
  coreOf,
  DOORS,
  EXITS,
  failObject,
  forgedJwts,
  gateFor,
  headerOf,
  keepAlive,
  keyIdAfter,
  lives,
  login,
  logout,
  minted,
  NEW_SECRET,
  newSession,
  presenting,
  publishedKeys,
  renewed,
  SECRET,
  STAND_IN,
  show,
  tokensIn,
} from "../support/index.mjs";

const WEEK = 604_800;

const gate = await gateFor({ after }, { objectFault: STAND_IN });
const [frank, franksOther] = [await login(gate, "frank"), await login(gate, "frank")];
const marker = await markerOf(frank, gate);
const shopGate = await gateFor({ after }, { objectFault: STAND_IN, vars: { APP_ID: "shop" } });
const shopMarker = await markerOf(await login(shopGate, "alice"), shopGate);

const client = keepAlive(gate);
after(() => client.close());

const alice = await login(gate, "alice", { payload: { role: "reader" } });
const bob = await login(gate, "bob");
const bystanders = [alice, bob];

const allLive = async () => (await Promise.all(bystanders.map(({ access }) => lives(client, access)))).every(Boolean);

/** No door opens to it and no exit acts on it, those apart that are for its own kind. */
async function assertWorthless(token, what, kind) {
  const others = (places) => places.filter(({ takes }) => takes !== kind);
  for (const place of others(DOORS)) await assertShut(client, place, token, what);
  await assertEndsNothing(client, token, what, allLive, others(EXITS));
}

test("the doors are doors: each one opens to what it takes", async () => {
  const carol = await login(gate, "carol");
  const kinds = { access: carol.access, refresh: carol.refresh, key: API_KEY };
  for (const place of DOORS.filter(({ takes, name }) => takes in kinds && !name.startsWith("ending"))) {
    const { status, text } = await show(client, place, kinds[place.takes]);
    assert.equal(status, 200, place.name);
    if (text.includes('"status"')) assert.match(text, /"status":"OK"/, place.name);
  }
  for (const place of EXITS.filter(({ takes }) => takes in kinds)) {
    const session = await login(gate, "dave");
    await show(client, place, session[place.takes]);
    assert.equal(await lives(client, session.access), false, place.name);
  }
});

describe("forged, and worth nothing anywhere:", async () => {
  for (const [what, token] of Object.entries(forgedJwts(alice.access, bob.access, await publishedKeys(gate)))) {
    test(what, () => assertWorthless(token, what));
  }
});

describe("genuinely signed, but no access token of now:", () => {
  const changes = {
    "without a version": (header) => delete header.version,
    "of version 3": (header) => (header.version = "3"),
    "with a number for a version": (header) => (header.version = 5),
    "of another type": (header) => (header.typ = "at+jwt"),
    "that says ES256": (header) => (header.alg = "ES256"),
    "under the key of the period after next": (header) => (header.kid = keyIdAfter(header.kid, 2)),
    "without a session": (_, claims) => delete claims.sessionHandle,
    "with half a session handle": (_, claims) => (claims.sessionHandle = claims.sessionHandle.slice(0, 32)),
    "without a user": (_, claims) => delete claims.sub,
    "with a list of users": (_, claims) => (claims.sub = [claims.sub]),
    "without a tenant": (_, claims) => delete claims.tId,
    "without a refresh token's nonce": (_, claims) => delete claims.refreshTokenHash1,
    "without an end": (_, claims) => delete claims.exp,
    "with an end in words": (_, claims) => (claims.exp = "never"),
    "with an end beyond numbers": (_, claims) => (claims.exp = 1e300),
    "with a beginning that is still to come": (_, claims) => (claims.nbf = claims.exp - 1),
    "with a beginning that has come": (_, claims) => (claims.nbf = claims.iat - 1),
    "for somebody else": (_, claims) => (claims.aud = "theirs"),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(what, () => assertWorthless(minted(alice.access, change), what));
  }

  test("as opposed to one that is made with no change", async () => {
    assert.ok(
      await lives(
        client,
        minted(alice.access, () => {}),
      ),
    );
  });
});

// A tenant is a label inside an app, and no wall.
describe("of another tenant of the same user:", () => {
  const there = () => login(gate, "heidi", { tenantId: "t1" });

  test("every door opens to it, and it says its own tenant and not the other's", async () => {
    const [here, other] = [await login(gate, "heidi"), await there()];
    for (const [{ access, refresh }, tenant] of /** @type {[import("../support/types.d.ts").Session, string][]} */ ([
      [here, "public"],
      [other, "t1"],
    ])) {
      const kinds = { access, refresh };
      for (const place of DOORS.filter(({ takes, name }) => takes in kinds && !name.startsWith("ending"))) {
        const { status, text } = await show(client, place, kinds[place.takes]);
        assert.equal(status, 200, place.name);
        for (const [, told] of text.matchAll(/"tenantId":"(.*?)"/g)) assert.equal(told, tenant, place.name);
      }
      const { text } = await client.ask("GET", "/echo", presenting({ access }));
      const { "gate-user": user, "gate-token": token } = JSON.parse(text).headers;
      assert.deepEqual([user, claimsOf(token).tId], ["heidi", tenant]);
      assert.equal(claimsOf((await renewed(gate, { refresh })).access).tId, tenant);
    }
  });

  test("a log-out with it ends its own session alone, and one everywhere those of all tenants", async () => {
    const [here, first, second] = [await login(gate, "heidi"), await there(), await there()];
    await logout(gate, first);
    assert.deepEqual(await Promise.all([here, first, second].map(({ access }) => lives(client, access))), [
      true,
      false,
      true,
    ]);
    await logout(gate, second, { path: "/logout/all" });
    assert.equal(await lives(client, here.access), false);
  });
});

// An expired token may log its own session out; nothing else.
describe("expired:", () => {
  const expired = {
    "since a second": (_, claims) => (claims.exp = Math.floor(Date.now() / 1000) - 1),
    "since 1970": (_, claims) => (claims.exp = 0),
    "before 1970": (_, claims) => (claims.exp = -1e15),
    "with the key that signed it, though it says otherwise": (header, claims) => {
      header.kid = keyIdAfter(header.kid, -3);
      claims.exp = Math.floor(Date.now() / 1000) + WEEK;
    },
  };
  for (const [what, change] of Object.entries(expired)) {
    test(what, async () => {
      const token = minted(alice.access, change);
      const doors = DOORS.filter(({ name }) => name !== "the core's regeneration");
      for (const place of doors) await assertShut(client, place, token, what);
    });
  }

  test("it gets no token out of the core's regeneration", async () => {
    const old = minted(alice.access, (_, claims) => (claims.exp = 1));
    const answer = await coreOf(gate).post("/recipe/session/regenerate", { accessToken: old });
    assert.equal(answer.accessToken, undefined);
  });

  test("it logs its own session out, and no other, whatever it asks for", async () => {
    const [here, there] = [await login(gate, "erin"), await login(gate, "erin")];
    const old = minted(here.access, (_, claims) => (claims.exp = 1));
    await logout(gate, { access: old }, { path: "/logout/all" });
    assert.deepEqual([await lives(client, here.access), await lives(client, there.access)], [false, true]);
  });
});

describe("genuine, but not for this door:", async () => {
  const core = coreOf(gate);
  const shop = await coreOf(gate, { app: "/appid-shop" }).post(
    "/recipe/session",
    newSession("alice", { enableAntiCsrf: true }),
  );
  const claims = claimsOf(alice.access);
  const jwt = async (payload, useStaticSigningKey) => {
    const body = { payload, validity: 3600, algorithm: "RS256", jwksDomain: "https://a.example", useStaticSigningKey };
    return (await core.post("/recipe/jwt", body)).jwt;
  };
  const misused = [
    ["an access token", alice.access, "access"],
    ["a refresh token", alice.refresh, "refresh"],
    ["a session handle", alice.handle],
    ["the nonce of a refresh token", claims.refreshTokenHash1],
    ["an anti-CSRF token of another app", shop.antiCsrfToken],
    ["a JWT that the core signs, with the claims of an access token", await jwt(claims, true)],
    ["the same under the period's key", await jwt(claims, false)],
    ["an access token of another app", shop.accessToken.token],
    ["a refresh token of another app", shop.refreshToken.token],
    ["an API key", API_KEY, "key"],
    ["half of the API keys as they are configured", `another-api-key-for-tests,${API_KEY}`],
    ["the secret", SECRET],
    ["a key id", headerOf(alice.access).kid],
    ["the front-token", alice.response.headers.get("front-token")],
    ["the user's name", "alice"],
    ["a published key", (await publishedKeys(gate))[0].x],
  ];
  for (const [what, token, kind] of misused) {
    test(what, () => assertWorthless(token, what, kind));
  }
});

test("tokens of a gate with another secret are worth nothing here", async (t) => {
  const elsewhere = await gateFor(t, { vars: { GATE_SECRET: NEW_SECRET } });
  const session = await login(elsewhere, "alice");
  for (const kind of ["access", "refresh"]) await assertWorthless(session[kind], `its ${kind} token`);
});

describe("the marker of a log-out", () => {
  test("opens no door, and ends its own session alone", async () => {
    for (const place of DOORS.filter(({ takes }) => takes !== "nothing"))
      await assertShut(client, place, marker, "a marker");
    const alive = () => lives(client, frank.access);
    await assertEndsNothing(
      client,
      marker,
      "a marker",
      alive,
      EXITS.filter(({ takes }) => takes !== "marker"),
    );
    for (const place of EXITS) await show(client, place, marker);
    assert.deepEqual([await lives(client, frank.access), await lives(client, franksOther.access)], [false, true]);
    assert.ok(await allLive());
  });

  test("of another app ends nothing here", () => assertWorthless(shopMarker, "a marker of another app"));
});

/** The marker of a log-out that was given up while the object failed. */
async function markerOf(session, faulty) {
  await failObject(faulty, "throw");
  const { pending } = tokensIn(await logout(faulty, session));
  // So that only the marker can complete it.
  await faulty.restart();
  return pending;
}
