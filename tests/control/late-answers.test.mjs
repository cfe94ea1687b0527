// An application may take its time, and the browser may hold another session's cookies by the time it answers. What
// it answers then clears no cookie, unless it ended the session itself, and sets none that is of no use any more.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  calledAtLeast,
  callsDuring,
  claimsOf,
  expiredIn,
  failObject,
  gateFor,
  HELD_ORIGIN,
  HELD_RULES,
  healObject,
  isSignedIn,
  login,
  logout,
  meanwhile,
  objectOf,
  PENDING,
  presenting,
  renewed,
  STAND_IN,
  soon,
  tokensIn,
  visit,
} from "../support/index.mjs";

const vars = { RULES: HELD_RULES };
const gate = await gateFor({ after }, { clock: true, origin: HELD_ORIGIN, objectFault: STAND_IN, vars });

/** Says something to a session's object as another isolate would: this one's memory does not hear of it. */
async function elsewhere({ handle }, command) {
  const objects = await gate.objects();
  const reply = await objects
    .get(objects.idFromString(objectOf(handle)))
    .run(JSON.stringify({ app_id: "public", command }));
  return JSON.parse(reply);
}

const idOf = ({ handle }) => Buffer.from(handle, "base64url").subarray(32).toString("base64url");
const endElsewhere = (session) => elsewhere(session, { remove: { ids: [idOf(session)] } });

const PRESENTED = {
  "a good access token": ({ access }) => ({ access }),
  "both tokens": ({ access, refresh }) => ({ access, refresh }),
  "a refresh token, so that it is renewed": ({ refresh }) => ({ refresh }),
};

const ENDED = {
  "a logout and another user's login": async (session) => {
    await logout(gate, session);
    return login(gate, "bob");
  },
  "the application's making the session anew": (session) => login(gate, "alice", {}, presenting(session)),
  "an end by another isolate": async (session) => {
    await endElsewhere(session);
    return login(gate, "bob");
  },
};

function assertSilent(response) {
  assertCookiesUntouched(response);
  for (const name of ["front-token", "st-access-token", "clear-site-data"]) {
    assert.equal(response.headers.get(name), null, name);
  }
}

describe("a page that is answered late touches no cookie, after", () => {
  for (const [how, end] of Object.entries(ENDED)) {
    for (const [what, present] of Object.entries(PRESENTED)) {
      for (const path of ["/held", "/held/optional"]) {
        test(`${how}: ${path} was asked for with ${what}`, async () => {
          const session = await login(gate, "alice");
          let newer;
          const response = await meanwhile(gate, { tokens: present(session), path }, async () => {
            newer = await end(session);
          });
          assert.equal(response.status, 200);
          assertSilent(response);
          assert.ok(await isSignedIn(gate, newer));
        });
      }
    }
  }

  test("a logout in this isolate, however soon it is answered", async () => {
    const session = await login(gate, "alice");
    const request = { tokens: { refresh: session.refresh }, late: false };
    assertSilent(await meanwhile(gate, request, () => logout(gate, session)));
  });
});

describe("dead cookies on an optional path are forwarded without an identity and stay, for", () => {
  const dead = {
    "a session that has ended": async () => {
      const session = await login(gate, "alice");
      await logout(gate, session);
      return session;
    },
    "a session that has ended elsewhere": async () => {
      const session = await login(gate, "alice");
      await endElsewhere(session);
      return session;
    },
    "cookies of two sessions": async () => ({
      access: (await login(gate, "alice")).access,
      refresh: (await login(gate, "bob")).refresh,
    }),
    "a refresh token that was replaced long ago": async () => {
      const session = await login(gate, "alice");
      await renewed(gate, await renewed(gate, await renewed(gate, session)));
      return { refresh: session.refresh };
    },
  };
  for (const [what, make] of Object.entries(dead)) {
    for (const late of [false, true]) {
      test(`${what}, answered ${late ? "late" : "at once"}`, async () => {
        const { access, refresh } = await make();
        const request = { tokens: { access, refresh }, path: "/held/optional", late };
        assertSilent(await meanwhile(gate, request, () => {}));
      });
    }
  }
});

describe("tokens that were renewed on the way", () => {
  const renewing = ({ refresh }) => ({ tokens: { refresh } });

  test("are set if the session lives, of which the object is asked once more when it is late", async () => {
    const session = await login(gate, "alice");
    let response;
    const calls = await callsDuring(gate, async () => {
      response = await meanwhile(gate, renewing(session), () => {});
    });
    assert.equal(calls, 2);
    const tokens = tokensIn(response);
    assert.ok(tokens.access && tokens.refresh);
    assert.equal((await visit(gate, tokens)).status, 200);
  });

  test("are set without another question when the application answers at once", async () => {
    const session = await login(gate, "alice");
    let tokens;
    const calls = await callsDuring(gate, async () => {
      tokens = tokensIn(await visit(gate, { refresh: session.refresh }));
    });
    assert.equal(calls, 1);
    assert.ok(tokens.access && tokens.refresh);
  });

  for (const fault of ["throw", "hang"]) {
    test(`are left out if the object does not say so (${fault}), and the answer goes out`, async (t) => {
      const session = await login(gate, "alice");
      t.after(() => healObject(gate));
      let fails = false;
      const answer = meanwhile(gate, renewing(session), async () => {
        await failObject(gate, fault);
        fails = true;
      });
      assert.ok(await soon(() => fails));
      await calledAtLeast(gate, 1);
      await gate.moveClock(5);
      const response = await answer;
      assert.equal(response.status, 200);
      assertSilent(response);
      await healObject(gate);
      assert.equal((await visit(gate, { refresh: session.refresh })).status, 200, "nothing is lost");
    });
  }

  test("are left out if another tab has gone further: they would be taken for a thief's", async () => {
    const session = await login(gate, "alice");
    let latest;
    const response = await meanwhile(gate, renewing(session), async () => {
      latest = await renewed(gate, await renewed(gate, await renewed(gate, session)));
    });
    assertSilent(response);
    assert.equal((await visit(gate, { refresh: latest.refresh })).status, 200);
  });

  test("are set beside a payload that the application changes, if they are the latest", async () => {
    const headers = { "Gate-Set-Payload": '{"role":"editor"}' };
    const session = await login(gate, "alice");
    const first = tokensIn(await meanwhile(gate, { ...renewing(session), headers }, () => {}));
    assert.equal(claimsOf(first.access).role, "editor");
    assert.ok(first.refresh);

    const further = await login(gate, "alice");
    let latest;
    const response = await meanwhile(gate, { ...renewing(further), headers }, async () => {
      latest = await renewed(gate, await renewed(gate, await renewed(gate, further)));
    });
    const { access, refresh } = tokensIn(response);
    assert.equal(refresh, undefined, "the browser keeps the refresh token that it has");
    assert.equal((await visit(gate, { access, refresh: latest.refresh })).status, 200);
  });
});

describe("what the application says late", () => {
  test("of its current session ends and clears it", async () => {
    const session = await login(gate, "alice");
    const request = { tokens: session, headers: { "Gate-Revoke-Session": "current" } };
    assertCleared(await meanwhile(gate, request, () => {}));
    assert.equal(await isSignedIn(gate, { access: session.access }), false);
  });

  for (const [how, end] of Object.entries(ENDED)) {
    for (const headers of [{ "Gate-Revoke-Session": "current" }, { "Gate-Set-Payload": '{"a":1}' }]) {
      const [[name, value]] = Object.entries(headers);
      test(`of a session that is over is no news (${name}: ${value}), after ${how}`, async () => {
        const session = await login(gate, "alice");
        let newer;
        const response = await meanwhile(gate, { tokens: session, headers }, async () => {
          newer = await end(session);
        });
        assert.equal(response.status, 200);
        assertSilent(response);
        assert.ok(await isSignedIn(gate, newer));
      });
    }
  }
});

describe("the marker of a log-out", () => {
  async function marked() {
    const session = await login(gate, "alice");
    await failObject(gate, "throw");
    const { pending } = tokensIn(await logout(gate, session));
    await healObject(gate);
    return { session, pending };
  }

  test("is carried out, and left to the next answer by one that is late: it may be another by then", async () => {
    const { session, pending } = await marked();
    assertSilent(await meanwhile(gate, { tokens: { pending }, path: "/held/optional" }, () => {}));
    assert.equal(await isSignedIn(gate, { refresh: session.refresh }), false);
    const next = await gate.fetch("/auth/session", { headers: presenting({ pending }) });
    assert.ok(expiredIn(next).includes(PENDING));
  });
});
