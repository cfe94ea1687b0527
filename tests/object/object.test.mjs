// An object keeps what is needed while a session lives, and nothing before or after: looked at
// in the database files themselves.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  API_KEY,
  backendOf,
  gateFor,
  isSignedIn,
  login,
  logout,
  presenting,
  refreshSession,
  renewed,
  SECRET,
  STAND_IN,
  soon,
  soundAlarm,
  storageFolder,
  storedBytes,
  storedTables,
  storedValues,
  visit,
} from "../support/index.mjs";

async function storedGate(t, options = {}) {
  const folder = await storageFolder();
  return { folder, gate: await gateFor(t, { ...options, persist: folder }) };
}

const isEmpty = async (folder) => (await storedTables(folder)).length === 0;

describe("asking creates nothing:", async () => {
  const { gate, folder } = await storedGate({ after });
  const backend = backendOf(gate);

  test("about users that never logged in", async () => {
    for (const user of ["nobody", "no one", "é"]) {
      assert.deepEqual(await backend.getAllSessionHandlesForUser(user), []);
      assert.deepEqual(await backend.revokeAllSessionsForUser(user), []);
    }
    assert.deepEqual(await storedTables(folder), []);
  });

  test("about sessions that this storage never held, with genuine tokens of them", async (t) => {
    const elsewhere = await gateFor(t);
    const session = await login(elsewhere, "alice");

    assert.equal((await visit(gate, { access: session.access })).status, 401);
    assert.equal((await refreshSession(gate, session)).status, 401);
    assert.equal((await logout(gate, session, { path: "/logout/all" })).status, 200);
    assert.equal((await backend.getSessionInformation(session.handle)).status, "UNAUTHORISED");
    assert.equal((await backend.updateSessionData(session.handle, { a: 1 })).status, "UNAUTHORISED");
    assert.equal(await backend.revokeSession(session.handle), false);

    assert.deepEqual(await storedTables(folder), []);
  });

  test("with handles that nobody made", async () => {
    for (const handle of ["A".repeat(64), "_".repeat(64), "short", ""]) {
      assert.equal(await backend.revokeSession(handle), false);
    }
    assert.deepEqual(await storedTables(folder), []);
  });
});

describe("an object that was put away and comes back", async () => {
  const { gate, folder } = await storedGate({ after });

  async function cold(user) {
    const sessions = [await login(gate, user), await login(gate, user)];
    await gate.restart();
    return sessions;
  }

  test("ends all sessions, also those that it has not been asked about", async () => {
    const [one, other] = await cold("ada");
    assert.equal(await isSignedIn(gate, one), true);
    const response = await logout(gate, one, { path: "/logout/all" });
    assert.equal((await response.json()).revoked, 2);
    assert.equal(await isSignedIn(gate, other), false);
    assert.equal(await isEmpty(folder), true);
  });

  test("leaves the session that it has not been asked about when the other one ends", async () => {
    const [one, other] = await cold("bob");
    assert.equal((await logout(gate, one)).status, 200);
    assert.equal(await isSignedIn(gate, other), true);
  });

  test("gives its storage back with the last session", async () => {
    const [one, other] = await cold("cleo");
    await logout(gate, one);
    await gate.restart();
    await logout(gate, other);
    assert.equal((await storedTables(folder)).length, 1, "bob's");
  });
});

describe("when the last session of a user is gone, so is the database:", async () => {
  const { gate, folder } = await storedGate({ after });
  const backend = backendOf(gate);

  /** @type {Record<string, (sessions: any[]) => Promise<unknown>>} */
  const ends = {
    "by logging out": (sessions) => Promise.all(sessions.map((session) => logout(gate, session))),
    "by logging out everywhere": ([session]) => logout(gate, session, { path: "/logout/all" }),
    "by handle": async (sessions) => {
      for (const { handle } of sessions) await backend.revokeSession(handle);
    },
    "by user": () => backend.revokeAllSessionsForUser("alice"),
    "by the origin": ([session]) => gate.fetch("/control?revoke=all", { headers: presenting(session) }),
    "by the user's own page": ([session]) =>
      gate.fetch("/auth/sessions/revoke", {
        method: "POST",
        headers: presenting(session),
        body: new URLSearchParams({ scope: "all" }),
      }),
  };
  for (const [how, end] of Object.entries(ends)) {
    test(how, async () => {
      const sessions = [await login(gate, "alice"), await login(gate, "alice")];
      assert.equal(await isEmpty(folder), false);

      await end(sessions);

      assert.ok(await soon(() => isEmpty(folder)));
    });
  }

  test("by theft", async () => {
    const first = await login(gate, "alice");
    await renewed(gate, await renewed(gate, await renewed(gate, first)));
    await refreshSession(gate, first);
    assert.ok(await soon(() => isEmpty(folder)));
  });

  test("and the user can log in again at once", async () => {
    for (let round = 0; round < 3; round += 1) {
      const session = await login(gate, "alice");
      assert.ok(await isSignedIn(gate, session));
      await logout(gate, session);
    }
    assert.deepEqual(await backend.getAllSessionHandlesForUser("alice"), []);
  });

  test("not before: other sessions keep it", async () => {
    const [gone, kept] = [await login(gate, "alice"), await login(gate, "alice")];
    await logout(gate, gone);
    assert.equal(await isEmpty(folder), false);
    assert.ok(await isSignedIn(gate, kept));
  });
});

test("expired sessions go by alarm, without any request", async (t) => {
  const { gate, folder } = await storedGate(t, { vars: { SESSION_IDLE_TTL: 1 } });
  await login(gate, "alice");
  await login(gate, "bob");
  // They may be gone before they could be counted.
  assert.ok(await soon(() => isEmpty(folder)));
});

test("the alarm of one session spares those that still live", async (t) => {
  const options = { clock: true, objectFault: STAND_IN, vars: { SESSION_IDLE_TTL: 1000 } };
  const { gate, folder } = await storedGate(t, options);
  const { handle } = await login(gate, "alice");
  const kept = await login(gate, "alice");
  await gate.moveClock(500);
  const child = await renewed(gate, await renewed(gate, kept));
  await gate.moveClock(501);
  assert.equal(rowsIn(await storedTables(folder)), 2);

  await soundAlarm(gate, handle);

  assert.equal(rowsIn(await storedTables(folder)), 1);
  assert.ok(await isSignedIn(gate, { refresh: child.refresh }));
});

test("there is one database for each user", async (t) => {
  const { gate, folder } = await storedGate(t);
  for (const user of ["alice", "bob", "alice", "carol", "bob"]) await login(gate, user);
  assert.equal((await storedTables(folder)).length, 3);
});

test("an app is a name space of its own: the same user id in it is another object", async (t) => {
  const { gate, folder } = await storedGate(t);
  await login(gate, "alice");
  await backendOf(gate, { app: "/appid-other" }).createNewSession("alice");
  assert.equal((await storedTables(folder)).length, 2);
});

test("nothing that the storage holds works as a credential, and no token or key is in it", async (t) => {
  const { gate, folder } = await storedGate(t);
  const session = await login(gate, "alice", { payload: { role: "editor" }, data: { cart: [1] } });
  const child = await renewed(gate, session);
  const young = await renewed(gate, child);

  const bytes = await storedBytes(folder);
  for (const secret of [
    SECRET,
    API_KEY,
    ...[session, child, young].flatMap(({ access, refresh }) => [access, refresh]),
  ]) {
    assert.equal(bytes.includes(secret), false);
    assert.equal(bytes.includes(Buffer.from(secret, "base64url")), false);
  }

  for (const value of await storedValues(folder)) {
    for (const text of spellings(value)) await assertWorthless(gate, text);
  }
  assert.ok(await isSignedIn(gate, young), "nor was the session ended by any of it");
});

async function assertWorthless(gate, text) {
  for (const kind of ["access", "refresh", "pending"]) {
    assert.equal((await visit(gate, { [kind]: text })).status, 401, `${kind}: ${text}`);
  }
  assert.equal((await visit(gate, {}, { authorization: `Bearer ${text}` })).status, 401, `bearer: ${text}`);
  const asKey = await gate.fetch("/auth/core/recipe/session/user?userId=alice", { headers: { "api-key": text } });
  assert.equal(asKey.status, 401, `api-key: ${text}`);
}

/** A stored value as it might be put into a header: as it stands, or in a usual encoding. */
function spellings(value) {
  const plain = value.toString("latin1").replace(/[^\x21-\x7e]/g, "");
  return [plain, value.toString("base64url"), value.toString("hex")].filter((text) => text !== "");
}

const rowsIn = (databases) => databases.flatMap(Object.values).reduce((sum, rows) => sum + rows, 0);
