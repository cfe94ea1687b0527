// A provider's logout token ends what it names, and nothing else; what is no logout token ends nothing. The numbers are
// those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { failObject, healObject, isSignedIn, login, newClient, presenting, STAND_IN, soon } from "../support/index.mjs";
import { assertRefused, attempt, begin, comeBack, gateAt, KEY, pair, signedIn } from "../support/providers/gate-at.mjs";
import { hostile } from "../support/providers/hostile.mjs";

const PATH = `/auth/backchannel-logout/${KEY}`;
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

const idp = await hostile({ after }, { algorithms: ["RS256", "ES256", "EdDSA"] });
const gate = await gateAt({ after }, idp, { clock: true });
let count = 0;
const somebody = () => `user-${count++}`;

/** Posts a logout token, as a provider's server does. */
function post(token, { at = gate, headers = {}, path = PATH } = {}) {
  return at.fetch(path, { method: "POST", headers, body: new URLSearchParams({ logout_token: token }) });
}

async function assertTaken(response, status) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get("cache-control"), /no-store/);
  if (status === 400) assert.equal(typeof JSON.parse(text).error, "string");
}

const claims = (change) => ({ claims: change });
const header = (change) => ({ header: change });

/**
 * What is no logout token, by the number of the case.
 * @type {[string, string, () => any][]}
 */
const REFUSED = [
  ["L1", "a nonce", () => claims({ nonce: "n" })],
  ["L2", "the type of an access token", () => header({ typ: "at+jwt" })],
  ["L2", "the type of a security event", () => header({ typ: "secevent+jwt" })],
  ["L3", "no events", () => claims({ events: undefined })],
  ["L3", "events that are a list", () => claims({ events: [EVENT] })],
  ["L3", "an event that is null", () => claims({ events: { [EVENT]: null } })],
  ["L3", "another event", () => claims({ events: { "https://elsewhere.example/event": {} } })],
  ["L4", "no jti", () => claims({ jti: undefined })],
  ["L4", "another issuer", () => claims({ iss: "https://elsewhere.example" })],
  ["L4", "another audience", () => claims({ aud: "other" })],
  ["L4", "neither sub nor sid", () => claims({ sub: undefined, sid: undefined })],
  ["L5", "no exp and an iat of ten minutes ago", () => claims({ exp: undefined, iat: idp.time() - 600 })],
  ["L5", "an exp that is past", () => claims({ exp: idp.time() - 61 })],
  ["L5", "an iat an hour ahead", () => claims({ iat: idp.time() + 3600 })],
  ["L5", "no iat", () => claims({ iat: undefined })],
  ["1", "an alg of none", () => header({ alg: "none" })],
  ["1", "HS256 with the client secret", () => ({ ...header({ alg: "HS256" }), key: idp.clientSecret })],
  ["1", "a damaged signature", () => ({ signature: (honest) => honest.map((byte) => byte ^ 1) })],
  ["1", "crit", () => header({ crit: ["exp"] })],
];

describe("a logout token is refused and ends nothing that has", () => {
  for (const [number, what, change] of REFUSED) {
    test(`case ${number}: ${what}`, async () => {
      const session = await signedIn(gate, idp, { user: somebody() });
      const { user: sub, sid } = session.login;
      await assertTaken(await post(idp.logoutToken({ sub, sid }, change())), 400);
      assert.ok(await isSignedIn(gate, session));
    });
  }

  test("case L6: an ID token in the place of a logout token is refused", async () => {
    const session = await signedIn(gate, idp, { user: somebody() });
    await assertTaken(await post(session.login.idToken), 400);
    assert.ok(await isSignedIn(gate, session));
  });
});

/** @type {[string, string, () => any, number?][]} */
const TAKEN = [
  ["L2", "typ JWT", () => header({ typ: "JWT" })],
  ["L2", "no typ", () => header({ typ: undefined })],
  ["L2", "typ LOGOUT+JWT", () => header({ typ: "LOGOUT+JWT" })],
  ["L2", "typ application/logout+jwt", () => header({ typ: "application/logout+jwt" })],
  ["L5", "no exp and an iat of now", () => claims({ exp: undefined })],
  ["L5", "no exp and an iat of four minutes ago", () => claims({ exp: undefined, iat: idp.time() - 240 }), 240],
  ["1", "an audience in a list", () => claims({ aud: [idp.clientId] })],
  ["1", "ES256", () => ({ alg: "ES256" })],
  ["1", "EdDSA", () => ({ alg: "EdDSA" })],
];

describe("a logout token ends the session that has", () => {
  for (const [number, what, change, ago = 0] of TAKEN) {
    test(`case ${number}: ${what}`, async () => {
      const session = await signedIn(gate, idp, {
        user: somebody(),
        idToken: { claims: { iat: idp.time() - ago } },
      });
      const { user: sub, sid } = session.login;
      await assertTaken(await post(idp.logoutToken({ sub, sid }, change())), 200);
      assert.equal(await isSignedIn(gate, session), false);
    });
  }
});

describe("a logout token with a sid", () => {
  test("case L7: ends the session of that sid, and no other of the user", async () => {
    const user = somebody();
    const [one, other] = [await signedIn(gate, idp, { user }), await signedIn(gate, idp, { user })];
    await assertTaken(await post(idp.logoutToken({ sub: user, sid: one.login.sid })), 200);
    assert.deepEqual([await isSignedIn(gate, one), await isSignedIn(gate, other)], [false, true]);
  });

  test("case L7: that is unknown ends nothing, and is taken", async () => {
    const user = somebody();
    const session = await signedIn(gate, idp, { user });
    await assertTaken(await post(idp.logoutToken({ sub: user, sid: "unknown-unknown-unknown" })), 200);
    assert.ok(await isSignedIn(gate, session));
  });

  test("case L7: of another user ends nothing, and is taken", async () => {
    const [user, other] = [somebody(), somebody()];
    const session = await signedIn(gate, idp, { user });
    await assertTaken(await post(idp.logoutToken({ sub: other, sid: session.login.sid })), 200);
    assert.ok(await isSignedIn(gate, session));
  });

  test("ends all of the user's where the provider is set so", async (t) => {
    const { idp, gate: at } = await pair(t, { provider: { logout_token_scope: "user" } });
    const user = somebody();
    const [one, other] = [await signedIn(at, idp, { user }), await signedIn(at, idp, { user })];
    await assertTaken(await post(idp.logoutToken({ sub: user, sid: one.login.sid }), { at }), 200);
    assert.deepEqual([await isSignedIn(at, one), await isSignedIn(at, other)], [false, false]);
  });

  test("case L4: and no sub is refused without an index", async () => {
    const session = await signedIn(gate, idp, { user: somebody() });
    await assertTaken(await post(idp.logoutToken({ sid: session.login.sid })), 400);
    assert.ok(await isSignedIn(gate, session));
  });

  test("and no sub ends that session with an index", async (t) => {
    const { idp, gate: at } = await pair(t, { provider: { sid_index: true } });
    const user = somebody();
    const [one, other] = [await signedIn(at, idp, { user }), await signedIn(at, idp, { user })];
    await assertTaken(await post(idp.logoutToken({ sid: one.login.sid }), { at }), 200);
    assert.deepEqual([await isSignedIn(at, one), await isSignedIn(at, other)], [false, true]);
  });

  test("and no sub ends all of the user's with an index, where the provider is set so", async (t) => {
    const { idp, gate: at } = await pair(t, { provider: { sid_index: true, logout_token_scope: "user" } });
    const user = somebody();
    const [one, other] = [await signedIn(at, idp, { user }), await signedIn(at, idp, { user })];
    await assertTaken(await post(idp.logoutToken({ sid: one.login.sid }), { at }), 200);
    assert.deepEqual([await isSignedIn(at, one), await isSignedIn(at, other)], [false, false]);
  });

  test("and no sub, that is unknown, is taken, and refuses the login that was under way", async (t) => {
    const { idp, gate: at } = await pair(t, { provider: { sid_index: true } });
    const sid = "ended-before-its-login";
    await assertTaken(await post(idp.logoutToken({ sid }), { at }), 200);
    await assertRefused(at, idp, await attempt(at, idp, { user: somebody(), sid }));
    await at.moveClock(2);
    assert.ok(await isSignedIn(at, await signedIn(at, idp, { user: somebody(), sid })));
  });

  test("and no sub ends nothing that began later, and what begins then can be ended again", async (t) => {
    const { idp, gate: at } = await pair(t, { provider: { sid_index: true } });
    const [user, sid] = [somebody(), "one-session-there-for-two-here"];
    const before = await signedIn(at, idp, { user, sid });
    const token = idp.logoutToken({ sid }, { claims: { exp: idp.time() + 600 } });
    await assertTaken(await post(token, { at }), 200);
    await at.moveClock(2);
    const later = await signedIn(at, idp, { user, sid });
    await assertTaken(await post(token, { at }), 200);
    assert.deepEqual([await isSignedIn(at, before), await isSignedIn(at, later)], [false, true]);
    await assertTaken(await post(idp.logoutToken({ sid }), { at }), 200);
    assert.equal(await isSignedIn(at, later), false);
  });

  test("and no sub is done later where the user's object fails", async (t) => {
    const { idp, gate: at } = await pair(t, { provider: { sid_index: true }, objectFault: STAND_IN });
    const session = await signedIn(at, idp);
    await failObject(at, "throw");
    const answer = post(idp.logoutToken({ sid: session.login.sid }), { at });
    await assertTaken(await at.letTimePass(1, answer), 400);
    await healObject(at);
    const isOver = async () => {
      await at.moveClock(1);
      return !(await isSignedIn(at, session));
    };
    assert.ok(await soon(isOver));
  });
});

test("case L7: for an unknown user is taken", async () => {
  await assertTaken(await post(idp.logoutToken({ sub: somebody() })), 200);
});

test("case L8: without a sid ends all of the user's sessions of this provider, and none that the application made", async () => {
  const user = somebody();
  const [one, two] = [await signedIn(gate, idp, { user }), await signedIn(gate, idp, { user })];
  const own = await login(gate, `${KEY}:${user}`);
  await assertTaken(await post(idp.logoutToken({ sub: user })), 200);
  const alive = await Promise.all([one, two, own].map((session) => isSignedIn(gate, session)));
  assert.deepEqual(alive, [false, false, true]);
});

describe("order and repetition", () => {
  test("case L9: a replay ends nothing that began later", async () => {
    const user = somebody();
    const before = await signedIn(gate, idp, { user });
    const token = idp.logoutToken({ sub: user }, { claims: { exp: idp.time() + 600 } });
    await assertTaken(await post(token), 200);
    await gate.moveClock(2);
    const later = await signedIn(gate, idp, { user });
    await assertTaken(await post(token), 200);
    assert.deepEqual([await isSignedIn(gate, before), await isSignedIn(gate, later)], [false, true]);
  });

  test("case L9: two at once are both taken", async () => {
    const user = somebody();
    const session = await signedIn(gate, idp, { user });
    const answers = await Promise.all([0, 1].map(() => post(idp.logoutToken({ sub: user, sid: session.login.sid }))));
    for (const response of answers) await assertTaken(response, 200);
    assert.equal(await isSignedIn(gate, session), false);
  });

  test("case L9: one that arrives before the callback of its sid refuses that login", async () => {
    const client = newClient(gate);
    const user = somebody();
    const url = await begin(client);
    idp.next({ user });
    const callback = await idp.authorize(url);
    const { sid } = idp.attempts.at(-1);
    await assertTaken(await post(idp.logoutToken({ sub: user, sid })), 200);
    gate.logs.length = 0;
    const response = await comeBack(client, callback);
    await assertRefused(gate, idp, { response, client });
  });

  test("case L9: one of the user without a sid refuses a login whose ID token is not later, and a later one lives", async () => {
    const user = somebody();
    await assertTaken(await post(idp.logoutToken({ sub: user })), 200);
    await assertRefused(gate, idp, await attempt(gate, idp, { user }));
    await gate.moveClock(2);
    assert.ok(await isSignedIn(gate, await signedIn(gate, idp, { user })));
  });

  test("case L9: what is remembered of it is forgotten after ten minutes", async () => {
    const user = somebody();
    const sid = "remembered-for-ten-minutes";
    await assertTaken(await post(idp.logoutToken({ sub: user, sid })), 200);
    await gate.moveClock(601);
    assert.ok(await isSignedIn(gate, await signedIn(gate, idp, { user, sid })));
  });
});

describe("while the object fails", () => {
  test("case L10: the provider is told that it is not done, and it is done later", async (t) => {
    const { idp, gate: at } = await pair(t, { objectFault: STAND_IN });
    const session = await signedIn(at, idp);
    await failObject(at, "throw");
    const { user: sub, sid } = session.login;
    const answer = post(idp.logoutToken({ sub, sid }), { at });
    await assertTaken(await at.letTimePass(1, answer), 400);
    await healObject(at);
    const isOver = async () => {
      await at.moveClock(1);
      return !(await isSignedIn(at, session));
    };
    assert.ok(await soon(isOver));
  });

  test("case L10: a slow one is answered all the same", async (t) => {
    const { idp, gate: at } = await pair(t, { objectFault: STAND_IN });
    const session = await signedIn(at, idp);
    await failObject(at, "hang", 1);
    const { user: sub, sid } = session.login;
    const response = await at.letTimePass(1, post(idp.logoutToken({ sub, sid }), { at }));
    assert.ok([200, 400].includes(response.status), `${response.status}`);
    const isOver = async () => {
      await at.moveClock(1);
      return !(await isSignedIn(at, session));
    };
    assert.ok(await soon(isOver));
  });
});

describe("a request that is no logout request", () => {
  const token = () => idp.logoutToken({ sub: "nobody" });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  /** @type {Record<string, [number, () => any]>} */
  const REQUESTS = {
    "a GET": [405, () => ({ path: `${PATH}?logout_token=${token()}` })],
    "a body of JSON": [
      400,
      () => ({
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ logout_token: token() }),
      }),
    ],
    "no body": [400, () => ({ method: "POST", headers: form })],
    "65 KiB": [
      400,
      () => ({ method: "POST", headers: form, body: `logout_token=${token()}&pad=${"p".repeat(65 << 10)}` }),
    ],
    "two logout tokens": [
      400,
      () => ({
        method: "POST",
        headers: form,
        body: `logout_token=${token()}&logout_token=${token()}`,
      }),
    ],
  };

  for (const [what, [status, request]] of Object.entries(REQUESTS)) {
    test(`case L11: ${what} is refused`, async () => {
      const { path = PATH, ...init } = request();
      const response = await gate.fetch(path, init);
      assert.equal(response.status, status, await response.text());
    });
  }

  test("case L11: a provider that is not there is an unknown path", async () => {
    assert.equal((await post(token(), { path: "/auth/backchannel-logout/nobody" })).status, 404);
  });

  test("case L11: cookies and the headers of a cross-site request have no influence", async () => {
    const session = await signedIn(gate, idp, { user: somebody() });
    const other = await signedIn(gate, idp, { user: somebody() });
    const headers = { ...presenting(other), origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" };
    const { user: sub, sid } = session.login;
    const response = await post(idp.logoutToken({ sub, sid }), { headers });
    assert.deepEqual(response.headers.getSetCookie(), []);
    await assertTaken(response, 200);
    assert.deepEqual([await isSignedIn(gate, session), await isSignedIn(gate, other)], [false, true]);
  });
});

test("case L12: the session is refused at the very next request, under `fresh` in the same isolate too", async (t) => {
  const rules = { RULES: [{ path: "/feed/*", session: "required", fresh: 30 }] };
  const { idp, gate: at } = await pair(t, { vars: rules });
  const session = await signedIn(at, idp, { user: somebody() });
  const ask = () => at.fetch("/feed/x", { headers: presenting(session) });
  assert.equal((await ask()).status, 200);
  const { user: sub, sid } = session.login;
  await assertTaken(await post(idp.logoutToken({ sub, sid }), { at }), 200);
  assert.equal((await ask()).status, 401);
});

test("case 31: where the keys cannot be had nothing is done, and the provider is told", async (t) => {
  const { idp: down, gate: at } = await pair(t);
  const session = await signedIn(at, down, { user: "ada" });
  down.addKey("RS256");
  await at.moveClock(90_000);
  down.set({ jwks: { status: 500 }, metadata: { status: 500 } });
  const { user: sub, sid } = session.login;
  await assertTaken(await post(down.logoutToken({ sub, sid }), { at }), 400);
  down.reset();
  await at.moveClock(61);
  await assertTaken(await post(down.logoutToken({ sub, sid }), { at }), 200);
  assert.ok(await soon(async () => !(await isSignedIn(at, session))));
});

test("case L10: where the keys come too late for the answer, it is done after it", async (t) => {
  const { idp, gate: at } = await pair(t);
  const session = await signedIn(at, idp);
  idp.rotate({ overlap: false });
  await at.moveClock(61);
  let release;
  idp.set({ jwks: { until: new Promise((resolve) => (release = resolve)) } });
  const asked = idp.count("jwks");
  const { user: sub, sid } = session.login;
  const answer = post(idp.logoutToken({ sub, sid }), { at });
  assert.ok(await soon(() => idp.count("jwks") > asked));
  await at.moveClock(2);
  await assertTaken(await answer, 400);
  assert.ok(await isSignedIn(at, session));
  release();
  assert.ok(await soon(async () => !(await isSignedIn(at, session))));
});
