// What happens at the same time: whichever order the object takes it in, nobody who was logged out
// is brought back, nobody else is logged out, and no answer contradicts another.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { journey } from "../support/browser.mjs";
import {
  ACCESS,
  assertCleared,
  assertCookiesUntouched,
  backendOf,
  callsByObject,
  claimsOf,
  expiredIn,
  failObject,
  gateFor,
  HELD,
  isSignedIn,
  login,
  logout,
  newClient,
  presenting,
  REFRESH,
  refreshSession,
  renewed,
  STAND_IN,
  tokensIn,
  visit,
  whileHeld,
} from "../support/index.mjs";

const FRESH = { path: "/echo/fresh", session: "required", fresh: 600 };
const RULES = [{ path: "/control", session: "optional" }, FRESH];

const times = (count, work) => Promise.all(Array.from({ length: count }, (_, index) => work(index)));

let users = 0;
const someone = () => `user-${(users += 1)}`;

/** Every way a session can end by somebody's word. `other` is another device of the same user. */
const ENDINGS = {
  "its own log-out": (gate, { session }) => logout(gate, session),
  "its own sign-out by the browser SDK": (gate, { session }) =>
    gate.fetch("/auth/signout", { method: "POST", headers: presenting(session) }),
  "a log-out of all devices": (gate, { other }) => logout(gate, other, { path: "/logout/all" }),
  "a log-out of the other devices": (gate, { other }) => logout(gate, other, { path: "/logout?scope=others" }),
  "the page of devices": (gate, { session, other }) =>
    gate.fetch("/auth/sessions/revoke", {
      method: "POST",
      headers: presenting(other),
      body: new URLSearchParams({ handle: session.handle }),
    }),
  "the application": (gate, { session, other }) =>
    gate.fetch(`/control?revoke=${session.handle}`, { headers: presenting(other) }),
  "the backend, by handle": async (gate, { session }) => {
    assert.equal(await backendOf(gate).revokeSession(session.handle), true);
  },
  "the backend, by user": async (gate, { session, user }) => {
    assert.ok((await backendOf(gate).revokeAllSessionsForUser(user)).includes(session.handle));
  },
};

async function end(gate, how, devices) {
  const response = await ENDINGS[how](gate, devices);
  if (response !== undefined) assert.equal(response.status, 200, how);
}

// On the page that may rely on an earlier answer: to ask the object would teach the gate better.
async function assertDead(gate, ...held) {
  for (const { access, refresh } of held) {
    assert.equal((await gate.fetch(FRESH.path, { headers: presenting({ access }) })).status, 401, "the access token");
    assert.equal((await refreshSession(gate, { refresh })).status, 401, "the refresh token");
  }
}

describe("a session ends while something of it is under way:", async () => {
  const gate = await gateFor({ after }, { objectFault: HELD, vars: { RULES } });

  const controlled = (payload) => (session) =>
    gate.fetch(`/control?${new URLSearchParams({ payload })}`, { headers: presenting({ access: session.access }) });

  const WORK = {
    "a page": { command: "check", begin: ({ access }) => visit(gate, { access }) },
    "a page that may rely on an earlier answer": {
      command: "check",
      begin: ({ access }) => gate.fetch(FRESH.path, { headers: presenting({ access }) }),
    },
    "the first page after a renewal": { command: "check", begin: ({ child }) => visit(gate, child) },
    "a page that renews": { command: "renew", begin: ({ refresh }) => visit(gate, { refresh }) },
    "a renewal by the browser SDK": { command: "renew", begin: (session) => refreshSession(gate, session) },
    "a change of its payload": { command: "update", begin: controlled('{"role":"editor"}') },
  };

  for (const [what, { command, begin }] of Object.entries(WORK)) {
    test(`${what} that the object sees afterwards is refused, or brings nothing back`, async () => {
      for (const how of Object.keys(ENDINGS)) {
        const devices = await twoDevices(gate);
        const { session } = devices;
        const late = await whileHeld(
          gate,
          "call",
          command,
          () => begin(session),
          () => end(gate, how, devices),
        );
        assert.equal(late.status, command === "update" ? 200 : 401, how);
        // What the application answers clears nothing that it did not end itself.
        if (command === "update") assertCookiesUntouched(late);
        else assertCleared(late);
        await assertDead(gate, session, session.child);
      }
    });

    test(`${what} that the object saw before brings nothing that works`, async () => {
      for (const how of Object.keys(ENDINGS)) {
        const devices = await twoDevices(gate);
        const { session } = devices;
        const late = await whileHeld(
          gate,
          "reply",
          command,
          () => begin(session),
          () => end(gate, how, devices),
        );
        await assertDead(gate, session, session.child, tokensIn(late));
      }
    });
  }
});

/** `session` has renewed, and the reply with `session.child` has not been used. */
async function twoDevices(gate) {
  const user = someone();
  const session = await login(gate, user);
  const child = await renewed(gate, session);
  return { user, session: { ...session, child }, other: await login(gate, user) };
}

describe("a page that the application is slow to make, in a browser that logs out meanwhile:", async () => {
  // Answers /login at once; /slow waits until /release, and then says what its query dictates.
  const origin = `
    let reached = 0;
    let released = 0;
    export default {
      async fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        if (pathname === "/login") {
          const session = JSON.stringify({ userId: searchParams.get("user") });
          return new Response("", { headers: { "Gate-Create-Session": session } });
        }
        if (pathname === "/reached") while (reached === released) await scheduler.wait(2);
        if (pathname === "/release") released = reached;
        if (pathname !== "/slow") return new Response("");
        const turn = (reached += 1);
        while (released < turn) await scheduler.wait(2);
        const header = searchParams.get("header");
        return new Response("late", { headers: header === null ? [] : [header.split(": ")] });
      },
    };`;
  const rules = [
    { path: "/re*", session: "none" },
    { path: "/login", session: "none" },
  ];
  const gate = await gateFor({ after }, { origin, vars: { RULES: rules } });

  const slow = (header) => (header === undefined ? "/slow" : `/slow?${new URLSearchParams({ header })}`);
  const PAGES = {
    "with nothing to say": { path: slow() },
    "that renewed on its way": { path: slow(), without: ACCESS },
    "that is the first after a renewal": { path: slow(), afterRenewal: true },
    "that changes the payload": { path: slow('Gate-Set-Payload: {"a":1}') },
    "that tries to set a session cookie": { path: slow(`Set-Cookie: ${ACCESS}=x; Path=/; Secure`) },
    "that revokes another session": { path: slow(`Gate-Revoke-Session: ${"A".repeat(64)}`), afterRenewal: true },
  };

  for (const [what, { path, without, afterRenewal }] of Object.entries(PAGES)) {
    for (const ending of ["/logout", "/logout/all", "/auth/signout"]) {
      test(`${what}, and ${ending}`, async () => {
        const browser = newClient(gate);
        await browser.login(someone());
        if (afterRenewal) await browser.fetch("/auth/session/refresh", { method: "POST" });
        const held = tokensOf(browser);
        if (without) browser.setCookie(`${without}=; Path=/; Secure; Max-Age=0`);

        const late = browser.fetch(path);
        await gate.fetch("/reached");
        assert.equal((await browser.fetch(ending, { method: "POST" })).status, 200);
        assert.deepEqual(browser.cookies(), {});
        await gate.fetch("/release");
        const response = await late;

        assert.equal(response.status, 200, "it was admitted while the session lived");
        assert.deepEqual(browser.cookies(), {}, "the late answer leaves no cookie behind");
        await assertDead(gate, held, tokensIn(response));
      });
    }
  }
});

function tokensOf(browser) {
  const cookies = browser.cookies();
  return { access: cookies[ACCESS], refresh: cookies[REFRESH] };
}

describe("a login against a revocation of all the user's sessions:", async () => {
  const gate = await gateFor({ after }, { objectFault: HELD, clock: true, vars: { RULES, MAX_SESSIONS: 3 } });

  const REVOCATIONS = {
    "by a log-out of all devices": (_user, device) => logout(gate, device, { path: "/logout/all" }),
    "by a log-out of the other devices": (_user, device) => logout(gate, device, { path: "/logout?scope=others" }),
    "by the backend": (user) => backendOf(gate).revokeAllSessionsForUser(user),
    "by the application": (_user, device) => gate.fetch("/control?revoke=all", { headers: presenting(device) }),
  };

  for (const [how, revoke] of Object.entries(REVOCATIONS)) {
    test(`${how}: a login that the object sees afterwards is not touched by it`, async () => {
      const user = someone();
      const device = await login(gate, user);
      const begun = await whileHeld(
        gate,
        "call",
        "create",
        () => login(gate, user),
        () => revoke(user, device),
      );
      assert.ok(await isSignedIn(gate, { access: begun.access }));
      assert.ok(await isSignedIn(gate, { refresh: begun.refresh }));
      assert.ok((await backendOf(gate).getAllSessionHandlesForUser(user)).includes(begun.handle));
    });

    test(`${how}: a login that the object saw before is ended by it, whatever its answer brings`, async () => {
      const user = someone();
      const device = await login(gate, user);
      const begun = await whileHeld(
        gate,
        "reply",
        "create",
        () => login(gate, user),
        () => revoke(user, device),
      );
      await assertDead(gate, begun);
      assert.equal((await backendOf(gate).getAllSessionHandlesForUser(user)).includes(begun.handle), false);
    });
  }

  test("a log-out of all devices ends what there is when it arrives, however long it is on its way", async () => {
    const user = someone();
    const [device, other] = [await login(gate, user), await login(gate, user)];
    let later;
    const everywhere = () => logout(gate, device, { path: "/logout/all" });
    const signedOut = await whileHeld(gate, "call", "revoke", everywhere, async () => {
      await gate.moveClock(1);
      later = await login(gate, user);
    });
    assert.equal(signedOut.status, 200);
    await assertDead(gate, device, other, later);
  });

  test("a session that a login pushes out is refused at once, also where an earlier answer was still on its way", async () => {
    const user = someone();
    const oldest = await login(gate, user);
    await gate.moveClock(1);
    const onFreshPage = () => gate.fetch(FRESH.path, { headers: presenting({ access: oldest.access }) });
    await whileHeld(gate, "reply", "check", onFreshPage, () => times(3, () => login(gate, user)));
    await assertDead(gate, oldest);
  });

  test("a login that the gate repeats, because its reply was lost, does not bring back what was revoked meanwhile", async (t) => {
    const failing = await gateFor(t, { objectFault: STAND_IN });
    const backend = backendOf(failing);
    for (let round = 0; round < 5; round += 1) {
      const user = someone();
      await failObject(failing, "abort", 1, { committed: true });
      const begun = login(failing, user);
      while (Object.keys(await callsByObject(failing)).length === 0);
      const revoked = await backend.revokeAllSessionsForUser(user);
      const { access, handle } = await begun;
      const isKept = (await backend.getAllSessionHandlesForUser(user)).includes(handle);
      assert.equal(isKept && revoked.includes(handle), false, "a handle that was revoked is alive");
      assert.equal(await isSignedIn(failing, { access }), isKept, "the gate and the object agree");
    }
  });
});

describe("a crowd", async () => {
  const gate = await gateFor({ after }, { vars: { RULES } });

  test("fifty logins and five revocations at once: each session is dead everywhere or alive everywhere", async () => {
    const user = someone();
    const backend = backendOf(gate);
    const [sessions] = await Promise.all([
      times(50, () => login(gate, user)),
      times(5, () => backend.revokeAllSessionsForUser(user)),
    ]);
    const alive = new Set(await backend.getAllSessionHandlesForUser(user));
    for (const { access, refresh, handle } of sessions) {
      assert.equal(await isSignedIn(gate, { access }), alive.has(handle));
      assert.equal(await isSignedIn(gate, { refresh }), alive.has(handle));
    }
    assert.equal((await backend.revokeAllSessionsForUser(user)).length, alive.size);
    await assertDead(gate, ...sessions);
  });

  test("of fifty devices that ask without pause none is served after the revocation of all was answered", async () => {
    const user = someone();
    const devices = await times(50, () => login(gate, user));
    let revoked = false;
    const asking = devices.map(async ({ access }, index) => {
      const path = index % 2 === 0 ? "/echo" : FRESH.path;
      const seen = [];
      while (seen.at(-1)?.afterwards !== true) {
        const afterwards = revoked;
        const { status } = await gate.fetch(path, { headers: presenting({ access }) });
        seen.push({ afterwards, status });
      }
      return seen;
    });
    assert.equal((await backendOf(gate).revokeAllSessionsForUser(user)).length, devices.length);
    revoked = true;

    for (const seen of await Promise.all(asking)) {
      const statuses = seen.map(({ status }) => status);
      assert.deepEqual(statuses, statuses.toSorted(), "once refused, always refused");
      assert.equal(seen[0].afterwards, false, "it asked before as well");
      assert.deepEqual(
        [...new Set(statuses)].filter((status) => status !== 200),
        [401],
      );
      assert.equal(statuses.at(-1), 401);
    }
  });

  for (const count of [2, 200]) {
    test(`${count} tabs of one browser that renew at once stay signed in, whichever answer comes last`, async () => {
      const browser = newClient(gate);
      await browser.login(someone());
      const renewing = (tab) =>
        tab % 2 === 0 ? browser.fetch("/auth/session/refresh", { method: "POST" }) : browser.fetch("/echo");

      for (let round = 0; round < 3; round += 1) {
        // Without an access token every tab renews.
        browser.setCookie(`${ACCESS}=; Path=/; Secure; Max-Age=0`);
        const answers = await times(count, renewing);
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
        assert.equal(new Set(answers.map((answer) => tokensIn(answer).refresh)).size, 1, "one successor for all");
        assert.deepEqual(answers.flatMap(expiredIn), []);
      }
      assert.equal((await browser.fetch("/echo")).status, 200);
    });
  }

  test("200 tabs that use what a renewal brought for the first time at once are all served", async () => {
    const browser = newClient(gate);
    await browser.login(someone());
    await browser.fetch("/auth/session/refresh", { method: "POST" });
    const answers = await times(200, (tab) => browser.fetch(tab % 2 === 0 ? "/echo" : "/auth/session"));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(claimsOf(tokensOf(browser).access).parentRefreshTokenHash1, null);
  });

  test("200 tabs that log out at once end the session once, and all are told so", async () => {
    const browser = newClient(gate);
    await browser.login(someone());
    const held = tokensOf(browser);
    const answers = await times(200, () => gate.fetch("/logout", { method: "POST", headers: presenting(held) }));
    answers.forEach(assertCleared);
    const revoked = await Promise.all(answers.map(async (answer) => (await answer.json()).revoked));
    assert.equal(
      revoked.reduce((sum, count) => sum + count),
      1,
    );
    await assertDead(gate, held);
  });
});

describe("a user's whole way is the same", async () => {
  const gate = await gateFor({ after }, { objectFault: STAND_IN });

  let turn = 0;
  const undisturbed = await journey(gate, someone());

  test("(it is a way: each kind of answer occurs in it)", () => {
    assert.deepEqual(new Set(undisturbed.map(([, status]) => status)), new Set([200, 401]));
    assert.equal(new Set(undisturbed.map(([, , refresh]) => refresh)).size, 13);
  });

  for (const [what, between] of Object.entries({
    "when the object is ended before every step": () => failObject(gate, "abort", 1),
    "when the object dies in every step, after it committed and before it replied": () =>
      failObject(gate, "abort", 1, { committed: true }),
    "when the runtime is started anew now and then": () => (turn += 1) % 4 === 0 && gate.restart(),
  })) {
    test(what, async () => {
      assert.deepEqual(await journey(gate, someone(), between), undisturbed);
    });
  }
});

test("a session that ended while the reply about it was on its way gets no tokens from the gate's own routes", async (t) => {
  const gate = await gateFor(t, { objectFault: HELD });
  for (const ask of [
    ({ refresh }) => gate.fetch("/auth/session", { headers: presenting({ refresh }) }),
    ({ refresh }) => gate.fetch("/auth/sessions", { headers: presenting({ refresh }) }),
  ]) {
    const session = await login(gate, "fay");
    const end = () => logout(gate, session);
    const response = await whileHeld(gate, "reply", "renew", () => ask(session), end);
    assert.equal(response.status, 401);
    // By then the browser may hold the tokens of a newer session.
    assert.deepEqual(response.headers.getSetCookie(), []);
  }
});
