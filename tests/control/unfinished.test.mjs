// What the application ends has ended, or goes on being ended: an object that fails once loses nothing, and keeps no
// other session alive.

import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  backendOf,
  control,
  failObject,
  gateFor,
  healObject,
  isSignedIn,
  login,
  objectOf,
  presenting,
  STAND_IN,
  soon,
} from "../support/index.mjs";

const gate = await gateFor({ after }, { objectFault: STAND_IN });
const backend = backendOf(gate);
afterEach(() => healObject(gate));

const hasEnded = ({ refresh }) => soon(async () => !(await isSignedIn(gate, { refresh })));
const failOnce = ({ handle }) => failObject(gate, "throw", 1, { only: objectOf(handle) });
let users = 0;
const newUser = () => `user-${(users += 1)}`;

describe("Gate-Revoke-Session", () => {
  for (const failing of [0, 1, 2]) {
    test(`names three sessions, the object of number ${failing + 1} fails once: 503, and all three end`, async () => {
      const sessions = [await login(gate, newUser()), await login(gate, newUser()), await login(gate, newUser())];
      await failOnce(sessions[failing]);
      const response = await control(gate, { revoke: sessions.map(({ handle }) => handle).join(", ") });
      assert.equal(response.status, 503);
      assertCookiesUntouched(response);
      for (const [index, session] of sessions.entries()) {
        if (index !== failing) assert.equal(await isSignedIn(gate, { refresh: session.refresh }), false);
      }
      assert.ok(await hasEnded(sessions[failing]));
    });
  }

  for (const scope of ["current", "all"]) {
    test(`says ${scope}, the object fails once: 503, cookies untouched, and the session ends`, async () => {
      const user = newUser();
      const [session, other] = [await login(gate, user), await login(gate, user)];
      // The request's own check passes.
      await failObject(gate, "throw", 1, { only: objectOf(session.handle), skip: 1 });
      const response = await control(gate, { revoke: scope }, session);
      assert.equal(response.status, 503);
      assertCookiesUntouched(response);
      assert.ok(await hasEnded(session));
      assert.equal(await isSignedIn(gate, { refresh: other.refresh }), scope === "current");
    });
  }
});

test("a login whose browser has another user's session, which cannot be ended at once, leaves neither", async () => {
  const [earlier, user] = [await login(gate, newUser()), newUser()];
  await failObject(gate, "throw", 1, { only: objectOf(earlier.handle), skip: 1 });
  const response = await control(gate, { create: JSON.stringify({ userId: user }) }, earlier);
  assert.equal(response.status, 503);
  assertCookiesUntouched(response);
  assert.ok(await hasEnded(earlier));
  assert.ok(await soon(async () => (await backend.getAllSessionHandlesForUser(user)).length === 0));
});

test("a backend that names several sessions hears of the failure, and all that can be ended have ended", async () => {
  const [first, second] = [await login(gate, newUser()), await login(gate, newUser())];
  await failOnce(first);
  const body = { sessionHandles: [first.handle, second.handle] };
  await assert.rejects(backend.core.post("/recipe/session/remove", body), /503/);
  assert.equal(await isSignedIn(gate, { refresh: second.refresh }), false);
});

describe("a login replaces every session that the browser shows:", () => {
  const doubled = (kind, sessions) =>
    sessions.map((session) => presenting({ [kind]: session[kind] }).cookie).join("; ");
  /** @type {Record<string, (sessions: any[]) => Record<string, string>>} */
  const shown = {
    "two access cookies": ([one, two]) => ({ cookie: doubled("access", [one, two]) }),
    "two refresh cookies": ([one, two]) => ({ cookie: doubled("refresh", [one, two]) }),
    "an access cookie and another's refresh cookie": ([one, two]) =>
      presenting({ access: one.access, refresh: two.refresh }),
    "two access cookies beside one good refresh cookie": ([one, two]) => ({
      cookie: `${doubled("access", [one, two])}; ${presenting({ refresh: two.refresh }).cookie}`,
    }),
    "two refresh cookies beside one good access cookie": ([one, two]) => ({
      cookie: `${doubled("refresh", [one, two])}; ${presenting({ access: one.access }).cookie}`,
    }),
    "cookies beside a bearer token": ([one, two]) => ({
      ...presenting({ access: one.access, refresh: one.refresh }),
      authorization: `Bearer ${two.access}`,
    }),
  };
  for (const [what, headersOf] of Object.entries(shown)) {
    for (const [whose, owners] of Object.entries({
      "the same user's": (user) => [user, user],
      "other users'": () => [newUser(), newUser()],
    })) {
      test(`${what}, ${whose}`, async () => {
        const user = newUser();
        const [one, two] = owners(user);
        const sessions = [await login(gate, one), await login(gate, two)];
        const made = await login(gate, user, {}, headersOf(sessions));
        for (const { refresh } of sessions) assert.equal(await isSignedIn(gate, { refresh }), false);
        assert.ok(await isSignedIn(gate, { refresh: made.refresh }));
      });
    }
  }
});
