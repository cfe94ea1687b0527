// Whatever becomes of a call to the object, on whatever way: a browser that is told it is logged out
// is, a storage error is never theft, and the answer comes in time.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  backendOf,
  callsByObject,
  expiredIn,
  failObject,
  gateFor,
  healObject,
  heldAfter,
  isSignedIn,
  objectOf,
  refreshSession,
  STAND_IN,
  soon,
  tokensIn,
  visit,
  WAYS,
} from "../support/index.mjs";

/** The longest that anyone waits for an object, in seconds. */
const LIMIT = 5;

/** How a call can fail, and how often one request then tries it in all. */
const FAULTS = [
  { name: "throws", fault: "throw", tries: 1 },
  { name: "throws a retryable error", fault: "throw", marks: { retryable: true }, tries: 3 },
  { name: "is overloaded", fault: "throw", marks: { overloaded: true }, tries: 1 },
  { name: "is overloaded, if also retryable", fault: "throw", marks: { overloaded: true, retryable: true }, tries: 1 },
  { name: "is reset", fault: "abort", tries: 3 },
  { name: "hangs", fault: "hang", tries: 1 },
];
const MOMENTS = [
  { when: "before it does anything", committed: false },
  { when: "after it has committed", committed: true },
];

/** The least that is waited before the second and the third try, in milliseconds, and what timers may be early by. */
const PAUSES = [60, 250];
const EARLY = 10;

/** Every fault at every moment at which it can happen. */
const FAILURES = [
  ...FAULTS.flatMap((fault) => MOMENTS.map((moment) => ({ marks: {}, ...fault, ...moment }))),
  { name: "is reset", when: "while it commits", fault: "cut", marks: {}, committed: true, tries: 3 },
];

// What goes on after an answer begins a second later, and so never.
const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN });
const core = backendOf(gate);
let users = 0;

/** Sessions for each way, each of a user, and so of an object, of its own. */
function prepared(ways) {
  return Promise.all(
    ways.map(async (way) => {
      const user = `user-${(users += 1)}`;
      return { way, state: { ...(await way.prepare(gate, user)), user } };
    }),
  );
}

/** Goes a way; returns the response. */
async function go({ way, state }) {
  const response = await way.ask(gate, state);
  return { way, state, response, text: await response.text() };
}

/** All of them at once, and when each made its calls; if they hang, the time runs out when each made so many. */
async function goAll(ways, hanging) {
  const going = Promise.all(ways.map(go));
  const callsOf = ({ state }, calls) => calls[objectOf(state.here.handle)] ?? [];
  if (hanging !== undefined) {
    const all = (calls) => ways.every((one) => callsOf(one, calls).length >= hanging);
    assert.ok(await soon(async () => all(await callsByObject(gate))), "every call was made");
    await gate.moveClock(LIMIT);
  }
  const gone = await going;
  const calls = await callsByObject(gate);
  return gone.map((one) => ({ ...one, calls: callsOf(one, calls) }));
}

const exists = async ({ handle }) => (await core.getSessionInformation(handle)).status === "OK";

/** No token of the session works, as the object itself says. */
async function assertGone({ state }, which) {
  const session = state[which];
  assert.equal(await exists(session), false);
  const tokens = [session, ...(which === "here" ? [state.child, state.grandchild] : [])].filter(Boolean);
  for (const { access, refresh } of tokens) {
    assert.equal((await visit(gate, { access })).status, 401);
    assert.equal((await visit(gate, { refresh })).status, 401);
    assert.equal((await refreshSession(gate, { refresh })).status, 401);
  }
}

/** Asked with the token of the login, which moves nothing on. */
async function assertLives({ state }, which) {
  assert.ok(await exists(state[which]), `${which} has its record`);
  assert.ok(await isSignedIn(gate, { access: state[which].access }), `the access token of ${which} is good`);
}

/** A browser holds no session after this, and nothing that still has to be done. */
const saysSignedOut = ({ response, state }) => {
  const held = heldAfter(response, state.here);
  return expiredIn(response).length > 0 && Object.values(held).every((token) => token === undefined);
};

function assertRefusedForNow({ way, response, text }) {
  assert.equal(response.status, 503);
  assert.match(response.headers.get("retry-after"), /^[1-9][0-9]*$/);
  assert.doesNotMatch(text, /signed out|"OK"/i);
  if (way.logsOut) {
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.ok(tokensIn(response).pending, "a marker is set");
  } else {
    assert.deepEqual(response.headers.getSetCookie(), []);
  }
}

/** Every try of the same call came its pause after the one before. */
function assertPauses(tries) {
  for (const [before, pause] of PAUSES.slice(0, tries.length - 1).entries()) {
    const waited = tries[before + 1] - tries[before];
    assert.ok(waited >= pause - EARLY, `try ${before + 2} came after ${waited} ms, not ${pause}`);
  }
}

/** Once the object is well again, going the same way again, as this browser would, comes to its end. */
async function assertDoneInTheEnd(gone) {
  const { way, state, response } = gone;
  if (way.logsOut) {
    const done = await visit(gate, heldAfter(response, state.here));
    assert.ok(saysSignedOut({ response: done, state: { here: heldAfter(response, state.here) } }));
  } else {
    const again = await way.ask(gate, state);
    assert.ok([way.status, 401, 404].includes(again.status), `answered ${again.status} afterwards`);
    if (way.ends.length === 0) assert.equal(again.status, way.status);
  }
  for (const which of way.ends) await assertGone(gone, which);
  for (const which of ["here", "there"]) if (!way.ends.includes(which)) await assertLives(gone, which);
}

/** Looks at each outcome as a test of its own: the users have nothing to do with each other. */
function eachWay(t, gone, look) {
  return Promise.all(gone.map((one) => t.test(one.way.name, () => look(one))));
}

const AT_ONCE = { concurrency: 8 };

function assertNoTheft() {
  assert.deepEqual(
    gate.logs.filter(({ event }) => event === "token_reuse"),
    [],
  );
}

for (const { name, when, fault, marks, committed, tries } of FAILURES) {
  for (const skip of [0, 1]) {
    const which = skip === 0 ? "every call" : "the second call of a request";
    test(`${which} ${name} ${when}: refused for now, nobody a thief, and done in the end`, AT_ONCE, async (t) => {
      const ways = await prepared(WAYS.filter(({ calls }) => calls > skip));
      await failObject(gate, fault, undefined, { marks, committed, skip });
      const gone = await goAll(ways, fault === "hang" ? skip + tries : undefined);
      await healObject(gate);

      await eachWay(t, gone, async (one) => {
        assertRefusedForNow(one);
        assert.equal(one.calls.length, skip + tries, "calls in all");
        assertPauses(one.calls.slice(skip));
        if (!committed && !one.way.goesOn) for (const kept of ["here", "there"]) await assertLives(one, kept);
        await assertDoneInTheEnd(one);
      });
      assertNoTheft();
    });
  }

  // What is not tried again cannot come back in time.
  if (tries === 1) continue;
  test(`an object that ${name} ${when}, ${tries - 1} times, and comes back: nobody notices`, AT_ONCE, async (t) => {
    const ways = await prepared(WAYS);
    await failObject(gate, fault, tries - 1, { marks, committed });
    const gone = await goAll(ways);
    await healObject(gate);

    await eachWay(t, gone, async (one) => {
      assert.equal(one.response.status, one.way.status);
      assert.equal(one.calls.length, one.way.calls + tries - 1, "calls in all");
      if (one.way.logsOut) assert.ok(saysSignedOut(one));
      for (const ended of one.way.ends) await assertGone(one, ended);
      for (const kept of ["here", "there"]) if (!one.way.ends.includes(kept)) await assertLives(one, kept);
    });
    assertNoTheft();
  });
}
