// Storage outlives every release. A row that this one cannot read, because a later or an earlier one wrote it or
// because it is damaged, is no session and in nobody's way; what was written under other rules is read.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  alarmOf,
  assertCleared,
  backendOf,
  claimsOf,
  gateFor,
  isSignedIn,
  login,
  logout,
  minted,
  presenting,
  renewed,
  runSql,
  STAND_IN,
  soundAlarm,
  tokensIn,
  visit,
} from "../support/index.mjs";

const DAY = 24 * 3600;
const SECRET_OF_THE_ROW = "what-only-the-row-says";

/** What becomes of a session's JSON. */
const UNREADABLE = {
  "of another shape": () => ({ v: 9, hint: SECRET_OF_THE_ROW }),
  "with another lineage": (session) => ({ ...session, lineage: [session.lineage], hint: SECRET_OF_THE_ROW }),
  "with a generation beyond its bounds": (session) => ({
    ...session,
    lineage: { ...session.lineage, generation: 2 ** 40 },
  }),
  "with a payload that is no object": (session) => ({ ...session, payload: SECRET_OF_THE_ROW }),
  "of nobody": ({ user_id, ...session }) => session,
  "under another id": (session) => ({ ...session, id: "A".repeat(22) }),
  "nested too deep": (session) =>
    `${JSON.stringify(session).slice(0, -1)},"deep":${"[".repeat(300)}${"]".repeat(300)}}`,
  "that is no JSON": () => `{"hint":"${SECRET_OF_THE_ROW}`,
  "of several lines that are no JSON": () => `one/two\n/three\r\n${SECRET_OF_THE_ROW}`,
  "that is empty": () => "",
};

const READABLE = {
  "with fields that this release does not know": (session) => ({ ...session, later: { on: true }, v: 9 }),
  "written over several lines": (session) => JSON.stringify(session, null, 2),
  "with claims whose names became protected": (session) => ({
    ...session,
    payload: { ...session.payload, aud: "theirs", sub: "mallory", role: "editor" },
  }),
  "without what has a default": ({ id, user_id, lineage, created_at }) => ({ id, user_id, lineage, created_at }),
  "with a device that is none": (session) => ({ ...session, user_agent: { brand: "x" }, country: 7 }),
};

const rowOf = ({ handle }) => Buffer.from(handle, "base64url").subarray(32).toString("base64url");

/** Writes what another release might have, in the place of a session. The object knows it once it was put away. */
async function rewrite(gate, session, change) {
  const [[json]] = await runSql(gate, session.handle, "SELECT session FROM sessions WHERE id = ?", rowOf(session));
  const changed = change(JSON.parse(json));
  const text = typeof changed === "string" ? changed : JSON.stringify(changed);
  await runSql(gate, session.handle, "UPDATE sessions SET session = ? WHERE id = ?", text, rowOf(session));
}

/** A user with three sessions, of which the last becomes what `change` makes of it. */
async function changedUser(gate, user, change) {
  const sessions = [];
  for (let count = 0; count < 3; count += 1) {
    sessions.push(await login(gate, user));
    await gate.moveClock(1);
  }
  const [one, other, lost] = sessions;
  await rewrite(gate, lost, change);
  return { user, one, other, lost };
}

/** One for each entry, in a gate that has been started anew since. */
async function changedUsers(gate, entries, ...purposes) {
  const users = new Map();
  for (const [shape, change] of entries) {
    for (const purpose of purposes) {
      const user = `${purpose}: ${shape}`;
      users.set(user, await changedUser(gate, user, change));
    }
  }
  await gate.restart();
  return (purpose, shape) => users.get(`${purpose}: ${shape}`);
}

const standInGate = (t, vars) => gateFor(t, { clock: true, objectFault: STAND_IN, vars });
const rows = (gate, { handle }) => runSql(gate, handle, "SELECT id FROM sessions");
const isEmptied = async (gate, { handle }) => (await runSql(gate, handle, TABLES)).length === 0;
const TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'";
const reports = (row) => (line) => line?.event === "session_unreadable" && line.row === row;
const isReported = async (gate, row) => (await gate.logged(reports(row))) !== undefined;

const ENDS = {
  "by logging out everywhere": ({ gate, one }) => logout(gate, one, { path: "/logout/all" }),
  "by user": ({ gate, user }) => backendOf(gate).revokeAllSessionsForUser(user),
  "with the other devices, and the last one by itself": async ({ gate, one }) => {
    await logout(gate, one, { path: "/logout?scope=others" });
    await logout(gate, one);
  },
  "by its own logout": async ({ gate, one, other, lost }) => {
    assert.deepEqual(await (await logout(gate, lost)).json(), { status: "OK", revoked: 1 });
    await logout(gate, other);
    await logout(gate, one);
  },
  "by handle": async ({ gate, one, other, lost }) => {
    for (const { handle } of [lost, one, other]) assert.ok(await backendOf(gate).revokeSession(handle));
  },
};

describe("a row that cannot be read", async () => {
  const gate = await standInGate({ after }, { MAX_SESSIONS: 3 });
  const shapes = Object.entries(UNREADABLE);
  const userOf = await changedUsers(gate, shapes, "alive", ...Object.keys(ENDS));

  for (const [shape] of shapes) {
    test(`${shape} is no session, is reported by its id, and is in nobody's way`, async () => {
      const { user, one, other, lost } = userOf("alive", shape);
      const handles = () => backendOf(gate).getAllSessionHandlesForUser(user);

      const response = await visit(gate, lost);
      assert.equal(response.status, 401);
      assertCleared(response);
      assert.ok(await isSignedIn(gate, { refresh: one.refresh }));
      assert.ok(await isSignedIn(gate, await renewed(gate, other)));
      const young = await login(gate, user);
      assert.deepEqual(new Set(await handles()), new Set([one, other, young].map(({ handle }) => handle)));
      const page = await gate.fetch("/auth/sessions", {
        headers: { ...presenting(young), accept: "application/json" },
      });
      assert.equal((await page.json()).sessions.length, 3);

      await login(gate, user);
      assert.equal((await handles()).length, 3, "MAX_SESSIONS holds");
      assert.ok(await isReported(gate, rowOf(lost)));
      assert.doesNotMatch(JSON.stringify(gate.logs), new RegExp(SECRET_OF_THE_ROW));
    });

    for (const [how, end] of Object.entries(ENDS)) {
      test(`${shape} ends ${how}, and the object is emptied`, async () => {
        const sessions = userOf(how, shape);
        await end({ gate, ...sessions });
        assert.ok(await isEmptied(gate, sessions.one));
      });
    }
  }
});

describe("when a session is over, a row that cannot be read", async () => {
  const gate = await standInGate({ after }, { SESSION_IDLE_TTL: DAY, SESSION_ABSOLUTE_TTL: 3 * DAY });
  const shapes = Object.entries(UNREADABLE);
  const userOf = await changedUsers(gate, shapes, "expiring");
  await gate.moveClock(DAY - 600);
  const young = new Map();
  for (const [shape] of shapes)
    young.set(shape, await renewed(gate, await renewed(gate, userOf("expiring", shape).other)));
  await gate.moveClock(601);

  for (const [shape] of shapes) {
    test(`${shape} does not keep the alarm from its work, and goes at last`, async () => {
      const { one } = userOf("expiring", shape);

      await soundAlarm(gate, one.handle);

      assert.ok(await gate.logged(({ event, handle }) => event === "session_expired" && handle === one.handle));
      assert.ok(await isSignedIn(gate, young.get(shape)));
      assert.equal((await rows(gate, one)).length, 2);
    });
  }

  for (const [shape] of shapes) {
    test(`${shape} is gone when the last alarm has gone off`, async () => {
      const { one } = userOf("expiring", shape);
      for (let rounds = 0; rounds < 3 && (await alarmOf(gate, one.handle)) !== null; rounds += 1) {
        await gate.moveClock(Math.max(0, (await alarmOf(gate, one.handle)) - gate.now) / 1000);
        await soundAlarm(gate, one.handle);
      }
      assert.ok(await isEmptied(gate, one));
    });
  }
});

test("a row whose id is none goes with the others of its user", async (t) => {
  const gate = await standInGate(t);
  const session = await login(gate, "alice");
  await runSql(gate, session.handle, "INSERT INTO sessions (id, app_id, session) VALUES ('later-1', 'public', '{}')");
  await gate.restart();
  assert.ok(await isSignedIn(gate, session));
  const second = await login(gate, "alice");
  assert.ok(await isReported(gate, "later-1"));
  await logout(gate, second);
  assert.equal((await rows(gate, session)).length, 2);
  const answer = await logout(gate, session, { path: "/logout/all" });
  assert.deepEqual(await answer.json(), { status: "OK", revoked: 1 });
  assert.ok(await isEmptied(gate, session));
});

describe("a row of another release", async () => {
  const gate = await standInGate({ after });
  const shapes = Object.entries(READABLE);
  const userOf = await changedUsers(gate, shapes, "read");

  for (const [shape] of shapes) {
    test(`${shape} is the session that it was`, async () => {
      const { user, lost: session } = userOf("read", shape);
      assert.equal((await visit(gate, { access: session.access })).status, 200);
      const young = await renewed(gate, session);
      const response = await visit(gate, young);
      assert.equal(decodeURIComponent((await response.json()).headers["gate-user"]), user);
      const { sub, aud } = claimsOf(tokensIn(response).access);
      assert.deepEqual({ sub, aud }, { sub: user, aud: undefined });
      assert.equal(await backendOf(gate).revokeSession(session.handle), true);
      assert.ok(await gate.logged((line) => line?.event === "session_revoked" && line.handle === session.handle));
      assert.ok(!gate.logs.some(reports(rowOf(session))), "nothing was reported until then");
    });
  }

  test("may hold more than may be stored now: its data can still be changed", async () => {
    const grown = (row) => ({ ...row, payload: { grown: "x".repeat(5000) } });
    const { lost } = await changedUser(gate, "grown", grown);
    await gate.restart();
    assert.equal((await backendOf(gate).updateSessionData(lost.handle, { seen: true })).status, "OK");
  });
});

test("an access token with a claim whose name became protected since signs in as who it was", async (t) => {
  const gate = await gateFor(t);
  const session = await login(gate, "alice", { payload: { role: "editor" } });
  const access = minted(session.access, (_, claims) => (claims.stt = "theirs"));
  const response = await gate.fetch("/auth/session", { headers: presenting({ access }) });
  assert.equal(response.status, 200);
  const { userId, payload } = await response.json();
  assert.deepEqual({ userId, payload }, { userId: "alice", payload: { role: "editor" } });
});
