// What happens to sessions is in the log, one JSON line each: an operator can tell what was
// done to which session and when, and nobody can use what the log holds.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  backendOf,
  failObject,
  gateFor,
  login,
  logout,
  NAVIGATION,
  refreshSession,
  renewed,
  STAND_IN,
  soon,
  visit,
} from "../support/index.mjs";

const USER = "somebody@example.com";

const gate = await gateFor({ after }, { clock: true, vars: { MAX_SESSIONS: 2 } });
const brief = await gateFor({ after }, { clock: true, vars: { SESSION_IDLE_TTL: 100 } });
const faulty = await gateFor({ after }, { objectFault: STAND_IN });

/** What makes each event, and the session that it is about. */
const SESSION_EVENTS = {
  session_created: () => login(gate, USER),
  session_renewed: async () => {
    const session = await login(gate, USER);
    await renewed(gate, session);
    return session;
  },
  session_logout: async () => {
    const session = await login(gate, USER);
    await logout(gate, session);
    return session;
  },
  session_revoked: async () => {
    const session = await login(gate, USER);
    await backendOf(gate).revokeSession(session.handle);
    return session;
  },
  session_expired: async () => {
    const session = await login(brief, USER);
    await brief.moveClock(101);
    await refreshSession(brief, session);
    return session;
  },
  token_reuse: async () => {
    const session = await login(gate, USER);
    await renewed(gate, await renewed(gate, await renewed(gate, session)));
    await refreshSession(gate, session);
    return session;
  },
  excess_sessions: async () => {
    const session = await login(gate, "crowded");
    await gate.moveClock(1);
    await login(gate, "crowded");
    await login(gate, "crowded");
    return session;
  },
};

const REFUSALS = {
  csrf_refused: async () => logout(gate, await login(gate, USER), { headers: { "sec-fetch-site": "cross-site" } }),
  redirect_refused: () => logout(gate, {}, { path: "/logout?return_to=https://evil.example", headers: NAVIGATION }),
  store_unavailable: async () => {
    const session = await login(faulty, USER);
    await failObject(faulty, "throw");
    return visit(faulty, session);
  },
};

/** The line about `event`, from whichever of the gates. */
async function logged(event, handle) {
  const matches = (line) => line?.event === event && (handle === undefined || line.handle === handle);
  const found = () => [gate, brief, faulty].flatMap(({ logs }) => logs).find(matches);
  assert.ok(await soon(found), `no ${event} is logged`);
  return found();
}

describe("logged with the session's handle, the hashed user and the time:", () => {
  for (const [event, make] of Object.entries(SESSION_EVENTS)) {
    test(event, async () => {
      const { handle } = await make();

      const line = await logged(event, handle);

      assert.match(line.user, /^[\w-]{16,}$/);
      assert.ok([gate.now, brief.now].includes(line.at));
    });
  }
});

describe("logged as refused or not possible:", () => {
  for (const [event, make] of Object.entries(REFUSALS)) {
    test(event, async () => {
      await make();
      assert.ok(await logged(event));
    });
  }
});

test("the same user has the same hash in every line, and another one another", async () => {
  const [one, two, other] = [await login(gate, USER), await login(gate, USER), await login(gate, "other")];
  const [first, second, third] = await Promise.all(
    [one, two, other].map(({ handle }) => logged("session_created", handle)),
  );
  assert.equal(first.user, second.user);
  assert.notEqual(first.user, third.user);
});

test("no line of all that holds a user id or a token, good or bad", async () => {
  const session = await login(gate, USER);
  const child = await renewed(gate, session);
  await visit(gate, { access: `${session.access}x`, refresh: `${child.refresh}x` });
  await visit(gate, {}, { authorization: `Bearer ${child.access}` });
  await logout(gate, child);
  await logged("session_logout", session.handle);

  const log = JSON.stringify([gate, brief, faulty].flatMap(({ logs }) => logs));
  for (const secret of [USER, session.access, session.refresh, child.access, child.refresh]) {
    assert.equal(log.includes(secret), false);
  }
});
