// During a deployment Worker and objects are of different releases for a while, and storage outlives
// every release. What the first release said and stored is in tests/fixtures; SESSION_GATE_PREVIOUS_BUILD
// names the build folder of a release that is put together with today's build, either way round; `npm test`
// takes the code before its last change.

import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { journey } from "../support/browser.mjs";
import {
  backendOf,
  claimsOf,
  FIXTURE_VARS,
  fixture,
  gateFor,
  inRepository,
  isSignedIn,
  logout,
  objectOfRelease,
  recordedProtocol,
  refreshSession,
  renewed,
  storageFolder,
  tokensIn,
  visit,
} from "../support/index.mjs";

const TODAY = inRepository("build");
const FIRST = "v1";

describe("a Worker of the first release and an object of today:", async () => {
  const gate = await gateFor({ after }, { clock: true, vars: FIXTURE_VARS });
  const recorded = await recordedProtocol(FIRST);

  /** Says all that was said then, at the same times, to objects that know nothing yet. */
  async function repliesOfToday(worded) {
    const objects = await gate.objects();
    const stubs = new Map();
    const replies = [];
    for (const { object, now, ask } of recorded) {
      await gate.moveClock((now - gate.now) / 1000);
      if (!stubs.has(object)) stubs.set(object, objects.newUniqueId());
      const stub = objects.get(stubs.get(object));
      replies.push(JSON.parse(await stub.run(JSON.stringify(worded(ask)))));
    }
    return replies;
  }

  test("what was asked then is answered as then", async () => {
    const replies = await repliesOfToday((ask) => ask);
    for (const [index, { ask, reply }] of recorded.entries())
      assertContains(replies[index], reply, JSON.stringify(ask));
  });

  test("so it is when it says more than the object knows", async () => {
    const plain = await repliesOfToday((ask) => ask);
    const more = await repliesOfToday(({ command, ...rest }) => {
      const [[name, fields]] = Object.entries(command);
      return { ...rest, added_later: 1, command: { [name]: { ...fields, added_later: { by: "another release" } } } };
    });
    assert.deepEqual(more, plain);
  });
});

describe("a Worker of today and an object of the first release:", async () => {
  test("a user's whole way is the same as with an object of today", async (t) => {
    const vars = FIXTURE_VARS;
    const today = await gateFor(t, { vars });
    const mixed = await gateFor(t, { vars, objectFault: await objectOfRelease(FIRST) });
    assert.deepEqual(await journey(mixed, "alice"), await journey(today, "alice"));
  });
});

describe("storage of the first release:", async () => {
  const known = JSON.parse(await readFile(fixture(`storage-${FIRST}/known.json`), "utf8"));

  async function opened(t) {
    const persist = await storageFolder();
    await cp(fileURLToPath(fixture(`storage-${FIRST}/objects`)), persist, { recursive: true });
    const gate = await gateFor(t, { clock: true, persist, vars: FIXTURE_VARS });
    await gate.moveClock((known.now - gate.now) / 1000);
    return gate;
  }

  const looking = await opened({ after });
  const going = await opened({ after });
  for (const { shape, app, handle, tokens, information } of known.sessions) {
    test(`a session ${shape} is what it was`, async () => {
      const backend = backendOf(looking, { app });
      assertContains(await backend.getSessionInformation(handle), information);
      assert.ok((await backend.getAllSessionHandlesForUser(information.userId)).includes(handle));
      assert.equal((await backend.getSession(tokens.access)).status, "OK");
      assert.equal(await isSignedIn(looking, { access: tokens.access }), app === "", "browsers are of one app");
    });

    test(`a session ${shape} goes on, and ends`, async () => {
      const backend = backendOf(going, { app });
      const { refreshToken } = await backend.refreshSession(tokens.refresh);
      const next = await backend.refreshSession(refreshToken.token);
      assert.equal(claimsOf(next.accessToken.token).sub, information.userId);
      assert.equal(await backend.revokeSession(handle), true);
      assert.equal((await backend.refreshSession(next.refreshToken.token)).status, "UNAUTHORISED");
    });
  }

  const shaped = (shape) => known.sessions.find((session) => session.shape === shape);

  test("a token that was to be repeated is repeated, and one that was late is late", async (t) => {
    const gate = await opened(t);
    const { tokens: waiting } = shaped("with a child that was not used");
    const { tokens: moved } = shaped("renewed and used");
    assert.equal((await renewed(gate, { refresh: waiting.refresh })).refresh, waiting.child.refresh);
    assert.equal((await renewed(gate, { refresh: moved.previous.refresh })).refresh, moved.refresh);
  });

  test("a token that was replaced is found to be stolen", async (t) => {
    const gate = await opened(t);
    await gate.moveClock(31);
    const { tokens } = shaped("renewed and used");
    const response = await refreshSession(gate, tokens.previous);
    assert.deepEqual(await response.json(), { message: "token theft detected" });
  });

  test("ten years later whoever comes back is signed in, and all can be logged out", async (t) => {
    const gate = await opened(t);
    await gate.moveClock(10 * 365 * 86_400);
    const [full, waiting] = ["with payload, data, tenant and device", "with a child that was not used"].map(shaped);
    assert.equal(await isSignedIn(gate, { access: full.tokens.access }), false);
    const response = await visit(gate, { refresh: full.tokens.refresh });
    assert.equal((await response.json()).headers["gate-user"], "full");
    assert.equal((await logout(gate, tokensIn(response), { path: "/logout/all" })).status, 200);
    assert.equal(await isSignedIn(gate, { refresh: waiting.tokens.refresh }), false);
  });
});

describe("two builds, the Worker of one and the objects of the other:", async () => {
  const previous = process.env.SESSION_GATE_PREVIOUS_BUILD;
  const pairs = [["today's and today's", TODAY, TODAY]];
  if (previous) pairs.push(["the previous Worker", previous, TODAY], ["the previous objects", TODAY, previous]);

  for (const [what, build, objectBuild] of pairs) {
    test(`${what}: a user's whole way is the same as within one build`, async (t) => {
      const whole = await gateFor(t);
      const mixed = await gateFor(t, { build, objectBuild });
      assert.deepEqual(await journey(mixed, "alice"), await journey(whole, "alice"));
    });
  }
});

/** All of `old` is in `present`, which may have more members. */
function assertContains(present, old, message) {
  assert.deepEqual(common(present, old), old, message);
}

function common(present, old) {
  if (Array.isArray(old) && Array.isArray(present)) return present.map((element, index) => common(element, old[index]));
  if (old === null || present === null || typeof old !== "object" || typeof present !== "object") return present;
  const shared = Object.entries(present).filter(([name]) => name in old);
  return Object.fromEntries(shared.map(([name, inner]) => [name, common(inner, old[name])]));
}
