// When the object does not answer, nobody is let in and nobody is signed out: the request is
// refused for now, and what needs no session goes on.

import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import {
  assertCookiesUntouched,
  calledAtLeast,
  failObject,
  gateFor,
  healObject,
  login,
  NAVIGATION,
  presenting,
  STAND_IN,
  visit,
} from "../support/index.mjs";

const RULES = [
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
  { path: "/echo/fresh", session: "required", fresh: 600 },
];

/** The longest that anyone waits for an object, in seconds. */
const LIMIT = 5;

const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN, vars: { RULES } });
const alice = await login(gate, "alice");
const cookies = presenting(alice);

afterEach(() => healObject(gate));

/**
 * Requests that cannot be decided without the object.
 * @type {Record<string, [string, import("../support/types.d.ts").RequestOptions]>}
 */
const UNDECIDED = {
  "a required path": ["/echo", { headers: cookies }],
  "a required path, with a refresh token only": ["/echo", { headers: presenting({ refresh: alice.refresh }) }],
  "a required path, with a bearer token": ["/echo", { headers: { authorization: `Bearer ${alice.access}` } }],
  "a required path, unsafely": ["/echo", { method: "POST", headers: cookies, body: "a=1" }],
  "an optional path": ["/echo/optional", { headers: cookies }],
  "the user's own session": ["/auth/session", { headers: cookies }],
  "the user's sessions": ["/auth/sessions", { headers: cookies }],
  "a renewal": ["/auth/session/refresh", { method: "POST", headers: cookies }],
};

function assertRefusedForNow(response, type) {
  assert.equal(response.status, 503);
  assert.match(response.headers.get("retry-after"), /^[1-9][0-9]*$/);
  assert.match(response.headers.get("content-type"), type);
  assertCookiesUntouched(response);
}

for (const fault of ["throw", "abort", "hang"]) {
  test(`whatever needs the object is refused for now, in time, while every call ends in "${fault}"`, async () => {
    await failObject(gate, fault);
    /** @type {[string, object][]} */
    const requests = [["/echo", { headers: { ...cookies, ...NAVIGATION } }], ...Object.values(UNDECIDED)];
    const answers = Promise.all(requests.map((request) => gate.fetch(...request)));
    if (fault === "hang") {
      await calledAtLeast(gate, requests.length);
      await gate.moveClock(LIMIT);
    }
    const [page, ...responses] = await answers;
    assertRefusedForNow(page, /^text\/html/);
    for (const response of responses) assertRefusedForNow(response, /^application\/json/);
  });

  test(`what needs no object goes on while every call ends in "${fault}"`, async () => {
    await failObject(gate, fault);
    for (const [path, headers] of /** @type {[string, Record<string, string>][]} */ ([
      ["/echo/none", cookies],
      ["/echo/optional", {}],
      ["/auth/health", cookies],
      ["/auth/jwt/jwks.json", {}],
    ])) {
      assert.equal((await gate.fetch(path, { headers })).status, 200, path);
    }
    assert.equal((await gate.fetch("/echo")).status, 401);
  });

  test(`the same cookies are good again after "${fault}"`, async () => {
    await failObject(gate, fault);
    await healObject(gate);
    assert.equal((await visit(gate, alice)).status, 200);
  });
}

test("within `fresh` a session does not notice that its object is gone", async () => {
  const fresh = () => gate.fetch("/echo/fresh", { headers: presenting({ access: alice.access }) });
  assert.equal((await fresh()).status, 200);
  await failObject(gate, "throw");
  assert.equal((await fresh()).status, 200);
});

test("an object that is reset once is asked again, and nobody notices", async () => {
  await failObject(gate, "abort", 1);
  assert.equal((await visit(gate, alice)).status, 200);
});

test("the log says that the store was unavailable, and names no token", async () => {
  await failObject(gate, "throw");
  await visit(gate, alice);
  assert.ok(await gate.logged((line) => line.event === "store_unavailable"));
  const log = JSON.stringify(gate.logs);
  for (const token of [alice.access, alice.refresh]) assert.ok(!log.includes(token));
});
