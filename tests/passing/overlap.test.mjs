// `overlap = true`: the origin works while the object is asked, and its answer is the browser's only if the session
// lives. Whatever the check comes to, the browser cannot tell an overlapped request from another one but by its haste.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  backendOf,
  claimsOf,
  failObject,
  gateFor,
  HELD,
  healObject,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  objectOf,
  openSocket,
  PATIENT,
  patiently,
  presenting,
  refusedSocket,
  renewed,
  SEEN_RULE,
  STAND_IN,
  seenBy,
  soon,
  tokensIn,
  whileHeld,
} from "../support/index.mjs";

const RULES = [
  SEEN_RULE,
  { path: "/plain/*", session: "required" },
  { path: "/overlap/*", session: "required", overlap: true },
  { path: "/fresh/*", session: "required", overlap: true, fresh: 600 },
  { path: "/optional/*", session: "optional", overlap: true },
];

const gate = await gateFor({ after }, { clock: true, origin: PATIENT, objectFault: STAND_IN, vars: { RULES } });
const backend = backendOf(gate);

let users = 0;
const someone = (extra) => login(gate, `user-${(users += 1)}`, extra);

const get = (tokens, path = "/overlap/page", init = {}) =>
  gate.fetch(path, { ...init, headers: { ...presenting(tokens), ...init.headers } });

/** Sessions that have ended, which the isolate that is asked about them does not know. */
async function endedElsewhere(count) {
  const sessions = await Promise.all(Array.from({ length: count }, () => someone()));
  for (const session of sessions) assert.equal((await logout(gate, session)).status, 200);
  await gate.restart();
  return sessions;
}

describe("while the object checks the session", async () => {
  const held = await gateFor({ after }, { origin: PATIENT, objectFault: HELD, vars: { RULES } });
  const askedOrigin = async () => (await seenBy(held)).length;

  for (const method of ["GET", "HEAD"]) {
    test(`the origin has the ${method} where the rule says overlap, and its answer waits for the check`, async () => {
      const { access } = await login(held, "alice");
      let isAnswered = false;
      const ask = async () => {
        const answer = await held.fetch("/overlap/page", { method, headers: presenting({ access }) });
        isAnswered = true;
        return answer;
      };
      const answer = await whileHeld(held, "call", "check", ask, async () => {
        assert.ok(await soon(async () => (await askedOrigin()) === 1), "the origin is asked");
        assert.equal(isAnswered, false);
      });
      assert.equal(answer.status, 200);
      assert.equal(await askedOrigin(), 0, "and not asked again");
    });
  }
});

describe("for a session that has ended", () => {
  let ended;
  before(async () => {
    ended = await endedElsewhere(7);
  });
  beforeEach(() => seenBy(gate));

  test("the origin is asked, and none of its answer reaches the browser", async () => {
    const headers = { "Set-Cookie": "own=1", "X-Secret": "secret" };

    const refused = await get(ended.pop(), patiently("/overlap/page", { headers }));

    assert.equal(refused.status, 401);
    assert.deepEqual(await refused.json(), { message: "unauthorised", login: "/login?return_to=/" });
    assertCleared(refused);
    assert.equal(refused.headers.get("x-secret"), null);
    assert.ok(!refused.headers.getSetCookie().some((cookie) => cookie.startsWith("own=")));
    assert.equal((await seenBy(gate)).length, 1);
  });

  test("a navigation is sent to the login page with its cookies cleared", async () => {
    const refused = await get(ended.pop(), "/overlap/page", { headers: NAVIGATION });
    assert.equal(refused.status, 303);
    assert.equal(refused.headers.get("location"), "/login?return_to=/overlap/page");
    assertCleared(refused);
    assert.equal((await seenBy(gate)).length, 1);
  });

  test("what the origin says about sessions is not done", async () => {
    const bystander = await someone();
    const headers = {
      "Gate-Create-Session": '{"userId":"mallory"}',
      "Gate-Revoke-Session": bystander.handle,
      "Gate-Set-Payload": '{"role":"admin"}',
    };

    const refused = await get(ended.pop(), patiently("/overlap/page", { headers }));

    assert.equal(refused.status, 401);
    assertCleared(refused);
    assert.equal((await seenBy(gate)).length, 1);
    assert.ok(await isSignedIn(gate, { access: bystander.access }));
    assert.deepEqual(await backend.getAllSessionHandlesForUser("mallory"), []);
    for (const name of Object.keys(headers)) assert.equal(refused.headers.get(name), null, name);
  });

  test("an origin that fails makes no difference", async () => {
    const refused = await get(ended.pop(), patiently("/overlap/page", { fails: true }));
    assert.equal(refused.status, 401);
    assertCleared(refused);
    assert.equal((await seenBy(gate)).length, 1);
  });

  test("the refusal does not wait for the origin", async () => {
    const answer = await get(ended.pop(), patiently("/overlap/page", { wait: 3_600_000 }));
    assert.equal(answer.status, 401);
    assert.equal((await seenBy(gate)).length, 1);
  });

  test("an optional page is the one that a stranger gets, and touches no cookie", async () => {
    const response = await get(ended.pop(), "/optional/page");
    assert.equal((await response.json()).user, null);
    assertCookiesUntouched(response);
    const users = (await seenBy(gate)).map(({ user }) => user);
    assert.equal(users.length, 2);
    assert.match(users[0], /^user-/);
    assert.equal(users[1], null);
  });

  test("the origin is not asked again once the isolate knows", async () => {
    const known = ended.pop();
    for (const expected of [1, 0]) {
      assert.equal((await get(known)).status, 401);
      assert.equal((await seenBy(gate)).length, expected);
    }
  });
});

describe("for a session that lives", () => {
  beforeEach(() => seenBy(gate));

  test("the browser gets the origin's answer, and the origin is asked once", async () => {
    const session = await someone();
    const response = await get(
      session,
      patiently("/overlap/page", { headers: { "Set-Cookie": "own=1", "X-Own": "1" } }),
    );
    assert.equal(response.status, 200);
    assert.equal((await response.json()).user, `user-${users}`);
    assert.deepEqual(response.headers.getSetCookie(), ["own=1"]);
    assert.equal(response.headers.get("x-own"), "1");
    assert.equal((await seenBy(gate)).length, 1);
  });

  test("what the origin says about sessions is done", async () => {
    const session = await someone();
    const created = await get(
      session,
      patiently("/overlap/page", { headers: { "Gate-Create-Session": '{"userId":"bob"}' } }),
    );
    assert.equal(claimsOf(tokensIn(created).access).sub, "bob");
    assert.equal(await isSignedIn(gate, { access: session.access }), false);
    const other = await someone();
    const ended = await get(other, patiently("/overlap/page", { headers: { "Gate-Revoke-Session": "current" } }));
    assertCleared(ended);
    assert.equal(await isSignedIn(gate, { access: other.access }), false);
  });

  test("an answer that is still fresh is not waited for, and the origin is asked once", async () => {
    const session = await someone();
    for (const _ of [1, 2]) assert.equal((await get(session, "/fresh/page")).status, 200);
    assert.equal((await seenBy(gate)).length, 2);
  });

  test("a payload that has changed is what the answer is made from: the origin is asked anew", async () => {
    const session = await someone({ payload: { role: "reader" } });
    await backend.updatePayload(session.handle, { role: "editor" });
    const headers = { "Gate-Create-Session": '{"userId":"mallory"}' };
    await seenBy(gate);

    const response = await get({ access: session.access });

    assert.equal((await response.json()).role, "editor");
    assert.equal(claimsOf(tokensIn(response).access).role, "editor");
    assert.deepEqual(
      (await seenBy(gate)).map(({ role }) => role),
      ["reader", "editor"],
    );
    // The same, where the answer that is dropped would make a session.
    const created = await get({ access: session.access }, patiently("/overlap/page", { headers }));
    assert.equal(claimsOf(tokensIn(created).access).sub, "mallory");
    assert.equal(
      (await backend.getAllSessionHandlesForUser("mallory")).length,
      1,
      "made once, by the answer that counts",
    );
  });

  test("a body that has been sent once is not lost when the origin has to be asked anew", async () => {
    const session = await someone({ payload: { role: "reader" } });
    await backend.updatePayload(session.handle, { role: "editor" });
    const response = await get({ access: session.access }, "/overlap/page", { body: "a query" });
    assert.equal(response.status, 200);
    const { role, body } = await response.json();
    assert.deepEqual({ role, body }, { role: "editor", body: "a query" });
    assert.equal((await seenBy(gate)).length, 1);
  });

  test("an origin that fails is a 502 that says so, and the session lives on", async () => {
    const session = await someone();
    const failed = await get(session, patiently("/overlap/page", { fails: true }));
    assert.equal(failed.status, 502);
    assertCookiesUntouched(failed);
    assert.ok(await isSignedIn(gate, { access: session.access }));
  });
});

/** A session of whose logout the browser holds the marker; the restart ends what the gate had still under way. */
async function withMarker() {
  const session = await someone();
  await failObject(gate, "throw");
  const { pending } = tokensIn(await logout(gate, session));
  await gate.restart();
  return { access: session.access, pending };
}

const forged = ({ access }) => ({ access: access.slice(0, -4) + (access.endsWith("AAAA") ? "BBBB" : "AAAA") });
const accessOf = ({ access }) => ({ access });

/**
 * How often the origin is asked for each request while the object cannot be asked: who does not wait for the object has
 * been at the origin by then. Then what the request is answered when the object works again.
 */
const REQUESTS = {
  GET: { ahead: 1, status: 200, tokens: async () => accessOf(await someone()) },
  HEAD: { ahead: 1, status: 200, init: { method: "HEAD" }, tokens: async () => accessOf(await someone()) },
  "GET of an optional page": {
    ahead: 1,
    status: 200,
    path: "/optional/page",
    tokens: async () => accessOf(await someone()),
  },
  "GET in header mode": {
    ahead: 1,
    status: 200,
    tokens: async () => ({}),
    bearer: async () => (await someone()).access,
  },
  "GET without the rule": { ahead: 0, status: 200, path: "/plain/page", tokens: async () => accessOf(await someone()) },
  ...Object.fromEntries(
    ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"].map((method) => [
      method,
      { ahead: 0, status: 200, init: { method }, tokens: async () => accessOf(await someone()) },
    ]),
  ),
  "a renewal on the way": { ahead: 0, status: 200, tokens: async () => ({ refresh: (await someone()).refresh }) },
  "the first use of a renewed token": {
    ahead: 0,
    status: 200,
    tokens: async () => accessOf(await renewed(gate, await someone())),
  },
  "a logout that is pending": { ahead: 0, status: 401, tokens: withMarker },
};

describe("while the object fails", () => {
  for (const [what, { ahead, status, path = "/overlap/page", init = {}, tokens, bearer }] of Object.entries(REQUESTS)) {
    test(`${what}: 503, cookies untouched, and the origin ${ahead ? "was asked meanwhile" : "is not asked before the check"}`, async () => {
      const held = await tokens();
      const headers = bearer === undefined ? {} : { authorization: `Bearer ${await bearer()}` };
      const bystander = await someone();
      const control = { "Gate-Revoke-Session": bystander.handle, "X-Own": "1" };
      await seenBy(gate);
      await failObject(gate, "throw");

      const failed = await get(held, patiently(path, { headers: control }), { ...init, headers });

      await healObject(gate);
      assert.equal(failed.status, 503);
      assert.match(failed.headers.get("retry-after"), /^[1-9][0-9]*$/);
      assertCookiesUntouched(failed);
      assert.equal(failed.headers.get("x-own"), null);
      assert.equal((await seenBy(gate)).length, ahead);
      assert.ok(await isSignedIn(gate, { access: bystander.access }), "what the origin said is not done");
      assert.equal((await get(held, path, { ...init, headers })).status, status);
      assert.equal((await seenBy(gate)).length, status === 200 ? 1 : 0);
    });
  }

  test("a WebSocket waits for the check", async () => {
    const headers = presenting(accessOf(await someone()));
    await seenBy(gate);
    await failObject(gate, "throw");
    const refused = await refusedSocket(gate, "/overlap/socket", { headers });
    await healObject(gate);
    assert.equal(refused.status, 503);
    assert.equal((await seenBy(gate)).length, 0);
    const { socket } = await openSocket(gate, "/overlap/socket", { headers });
    socket.terminate();
    assert.equal((await seenBy(gate)).length, 1);
  });

  test("an object that hangs is a 503 in time, and other people's requests do not notice", async () => {
    const [alice, bob] = [await someone(), await someone()];
    await seenBy(gate);
    await failObject(gate, "hang", undefined, { only: objectOf(alice.handle) });
    const waiting = get(accessOf(alice));

    for (let round = 0; round < 5; round += 1) assert.equal((await get(accessOf(bob))).status, 200);

    const answer = await gate.letTimePass(5, waiting);
    await healObject(gate);
    assert.equal(answer.status, 503);
    assertCookiesUntouched(answer);
    assert.equal((await seenBy(gate)).length, 6);
  });
});

test("strangers, forged tokens and cookies of two sessions never reach the origin", async () => {
  const [one, two] = [await someone(), await someone()];
  await seenBy(gate);
  for (const tokens of [{}, forged(one), { access: one.refresh }, { access: one.access, refresh: two.refresh }]) {
    assert.equal((await get(tokens)).status, 401);
  }
  assert.deepEqual(await seenBy(gate), []);
});

test("people whose sessions live, have ended, or are none get each their own answer at the same time", async () => {
  const gone = await endedElsewhere(8);
  const living = await Promise.all(Array.from({ length: 8 }, () => someone()));
  const answers = await Promise.all(
    [...living, ...gone].map((session, at) =>
      get(accessOf(session), patiently("/overlap/page", { wait: (at % 4) * 40 })),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(statuses, [...Array(8).fill(200), ...Array(8).fill(401)]);
  for (const [at, session] of living.entries()) {
    assert.equal((await answers[at].json()).user, claimsOf(session.access).sub);
  }
});
