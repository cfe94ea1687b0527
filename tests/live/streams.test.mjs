// Whatever runs longer than two seconds for a session ends with it: streams of events, long polls, downloads, uploads.
// What was answered by then costs nothing.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  callsDuring,
  failObject,
  gateFor,
  healObject,
  isSignedIn,
  liveOrigin,
  loginAs,
  logout,
  loseWatches,
  objectOf,
  presenting,
  reading,
  STAND_IN,
  soon,
  tokensIn,
  WAYS_TO_END,
  watchesOf,
} from "../support/index.mjs";

const RULES = [
  { path: "/poll/optional", session: "optional" },
  { path: "/events/optional", session: "optional" },
  { path: "/events/native", live: false },
  { path: "/poll/native", live: false },
  { path: "/events/fresh", fresh: 600 },
];

const origin = await liveOrigin({ after });
const gate = await gateFor(
  { after },
  {
    originUrl: origin.url,
    objectFault: STAND_IN,
    clock: true,
    vars: { RULES, MAX_SESSIONS: 4, LOGIN_URL: "/login" },
  },
);

/** Ends a session as another isolate would: this one's memory hears of it by its watches alone. */
async function endElsewhere({ handle }) {
  const objects = await gate.objects();
  const id = Buffer.from(handle, "base64url").subarray(32).toString("base64url");
  const command = { app_id: "public", command: { remove: { ids: [id] } } };
  await objects.get(objects.idFromString(objectOf(handle))).run(JSON.stringify(command));
}

let count = 0;
const somebody = () => `user-${(count += 1)}`;

/** As many bytes as a test never gets to see. */
const LONG = "100000";

const events = { accept: "text/event-stream" };

/**
 * What can be under way, each begun: `over` comes to how it ended at the client.
 * @type {Record<string, { what: string, path: (id: string) => string, begin: (path: string, session: any) => Promise<any> }>}
 */
const KINDS = {
  "a stream of events": { what: "event_stream", path: (id) => `/events?id=${id}`, begin: reader(events) },
  "a stream of events on an optional path": {
    what: "event_stream",
    path: (id) => `/events/optional?id=${id}`,
    begin: reader(events),
  },
  "a download of unknown length": { what: "response", path: (id) => `/download?id=${id}`, begin: reader({}) },
  "a download of known length": {
    what: "response",
    path: (id) => `/download?id=${id}&length=${LONG}`,
    begin: reader({}),
  },
  "a long poll": { what: "request", path: (id) => `/poll?id=${id}`, begin: asker },
  "a long poll on an optional path": { what: "request", path: (id) => `/poll/optional?id=${id}`, begin: asker },
  "an upload": { what: "request", path: (id) => `/upload?id=${id}`, begin: uploader },
};

function reader(headers) {
  return async (path, session) => {
    const response = await gate.fetch(path, { headers: { ...presenting(session), ...headers } });
    assert.equal(response.status, 200);
    const state = reading(response);
    await soon(() => state.text.length > 0);
    return { over: state.ended };
  };
}

async function asker(path, session) {
  const answer = gate.fetch(path, { headers: presenting(session) });
  return { over: answer };
}

async function uploader(path, session) {
  let timer;
  const body = new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new TextEncoder().encode("up")), 20);
    },
    cancel: () => clearInterval(timer),
  });
  const answer = gate.fetch(path, { method: "POST", headers: presenting(session), body });
  answer.catch(() => {}).finally(() => clearInterval(timer));
  return { over: answer };
}

/** Begins something, and lets it be watched. */
async function begun({ path, begin }, session, id) {
  const state = await begin(path(id), session);
  const seen = await origin.of(id, ({ isWhole, bytes }) => isWhole || bytes > 0);
  await watched(session);
  return { ...state, seen };
}

async function watched({ handle }) {
  assert.equal(await soonAfterTwoSeconds(async () => (await watchesOf(gate, handle)) === 1), true);
}

async function soonAfterTwoSeconds(condition) {
  await gate.moveClock(2.1);
  return soon(condition);
}

async function assertOver(kind, { over }, seen) {
  const end = await over;
  if (typeof end === "string") {
    const looksWhole = ["a stream of events", "a stream of events on an optional path", "a download of unknown length"];
    if (kind === "a download of known length") assert.equal(end, "broken off");
    else assert.ok(looksWhole.includes(kind));
  } else {
    assert.equal(end.status, 401);
    assert.equal((await end.json()).message, "unauthorised");
    assertCookiesUntouched(end);
  }
  assert.ok(await soon(() => seen.ended === "aborted"), "the application's work is aborted");
}

for (const [kind, details] of Object.entries(KINDS)) {
  describe(`${kind} ends by`, () => {
    for (const [how, end] of Object.entries(WAYS_TO_END)) {
      test(how, async () => {
        const user = somebody();
        const session = await loginAs(gate, user);
        const under = await begun(details, session, user);
        await end(gate, session, user);
        await assertOver(kind, under, under.seen);
        const ended = await gate.logged(
          ({ event, handle }) => event === "connection_ended" && handle === session.handle,
        );
        assert.deepEqual([ended.what, ended.why], [details.what, "session_ended"]);
      });
    }

    test("a logout before it is watched, two seconds after it began", async () => {
      const user = somebody();
      const session = await loginAs(gate, user);
      const { over } = await details.begin(details.path(user), session);
      const seen = await origin.of(user, ({ isWhole, bytes }) => isWhole || bytes > 0);
      await logout(gate, session);
      await gate.moveClock(2.1);
      await assertOver(kind, { over }, seen);
    });

    test("the end of its lifetime", async () => {
      const user = somebody();
      const session = await loginAs(gate, user, { idle: 10 });
      const under = await begun(details, session, user);
      await gate.moveClock(15);
      await assertOver(kind, under, under.seen);
    });

    test("five seconds without an object, after its watch was lost", async (t) => {
      const user = somebody();
      const session = await loginAs(gate, user);
      const { over, seen } = await begun(details, session, user);
      t.after(() => healObject(gate));
      await failObject(gate, "throw");
      await loseWatches(gate, session.handle);
      const end = await gate.letTimePass(5, over);
      if (typeof end !== "string") assert.equal(end.status, 503);
      assert.ok(await soon(() => seen.ended === "aborted"));
    });

    test("not by another session's end, nor by a loss that is made good", async () => {
      const user = somebody();
      const [session, other] = [await loginAs(gate, user), await loginAs(gate, user)];
      const { over, seen } = await begun(details, session, user);
      await logout(gate, other);
      await loseWatches(gate, session.handle);
      assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 1));
      assert.equal(seen.ended, undefined);
      await logout(gate, session);
      await assertOver(kind, { over }, seen);
    });
  });
}

test("a stream of events is watched at once, and its reconnect gets 401 from this isolate, `fresh` or not", async () => {
  const session = await loginAs(gate, somebody());
  const ends = [];
  for (const path of ["/events", "/events/fresh"]) {
    const response = await gate.fetch(path, { headers: presenting(session) });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    ends.push(reading(response).ended);
  }
  assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 2));
  await endElsewhere(session);
  assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 0));
  await Promise.all(ends);
  for (const path of ["/events/fresh", "/events"]) {
    assert.equal((await gate.fetch(path, { headers: presenting(session) })).status, 401);
  }
});

test("what is answered within two seconds is not watched, and costs no further call", async () => {
  const session = await loginAs(gate, somebody());
  const longer = somebody();
  const other = await loginAs(gate, longer);
  const calls = await callsDuring(gate, async () => {
    assert.equal(await (await gate.fetch("/answer", { headers: presenting(session) })).text(), "answered");
    await gate.moveClock(10);
    // By the time that this one is watched, which is two calls, the one before would be.
    (await begun(KINDS["a long poll"], other, longer)).seen.go();
  });
  assert.equal(calls, 1 + 2);
  assert.equal(await watchesOf(gate, session.handle), 0);
});

test("what lasts is watched once, and no longer than it lasts", async () => {
  const user = somebody();
  const session = await loginAs(gate, user);
  let under;
  const calls = await callsDuring(gate, async () => {
    under = await begun(KINDS["a long poll"], session, user);
  });
  assert.equal(calls, 2);
  under.seen.go();
  assert.equal(await (await under.over).text(), "answered");
  assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 0));
});

test("a download that comes to its end arrives whole, and is watched no longer", async () => {
  const user = somebody();
  const session = await loginAs(gate, user);
  const response = await gate.fetch(`/download?id=${user}`, { headers: presenting(session) });
  const state = reading(response);
  await watched(session);
  const seen = await origin.of(user, ({ bytes }) => bytes > 5);
  seen.go();
  assert.equal(await state.ended, "finished");
  assert.equal(state.text.length, seen.bytes);
  assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 0));
});

test("a client that leaves lets go of the watch, and the application's work is aborted", async () => {
  const user = somebody();
  const session = await loginAs(gate, user);
  const response = await gate.fetch(`/download?id=${user}`, { headers: presenting(session) });
  await watched(session);
  await response.body.cancel();
  const { ended } = await origin.of(user, (seen) => seen.ended);
  assert.equal(ended, "aborted");
  assert.ok(await soon(async () => (await watchesOf(gate, session.handle)) === 0));
});

describe("a request that changes something, and was sent whole, is not aborted:", () => {
  const post = (path, session, body) =>
    gate.fetch(path, { method: "POST", headers: presenting(session), body: body ?? null });

  for (const body of [undefined, "new password"]) {
    test(`its answer goes out, and what it says of sessions is done (${body ? "with" : "without"} a body)`, async () => {
      const user = somebody();
      const session = await loginAs(gate, user);
      const other = await loginAs(gate, user);
      const headers = JSON.stringify({ "gate-revoke-session": other.handle });
      const path = `/poll?${new URLSearchParams({ id: user, headers })}`;
      const answer = post(path, session, body);
      const seen = await origin.of(user, ({ isWhole }) => isWhole);
      await watched(session);
      // By a backend, as a change of password does it.
      await logout(gate, session);
      seen.go();
      const response = await answer;
      assert.equal(response.status, 200);
      assert.equal(await response.text(), "answered");
      assertCookiesUntouched(response);
      assert.equal(await isSignedIn(gate, { access: other.access }), false);
      assert.equal(seen.ended, "finished");
    });
  }

  test("a login that replaces the session goes out whole, with its cookies", async () => {
    const user = somebody();
    const session = await loginAs(gate, user);
    const headers = JSON.stringify({ "gate-create-session": JSON.stringify({ userId: user }) });
    const answer = post(`/poll?${new URLSearchParams({ id: user, headers })}`, session);
    const seen = await origin.of(user, ({ isWhole }) => isWhole);
    await watched(session);
    seen.go();
    const response = await answer;
    assert.equal(response.status, 200);
    const { access, refresh } = tokensIn(response);
    assert.ok(access && refresh);
    assert.equal(await response.text(), "answered");
  });

  test("but the stream that it is answered with ends with the session", async () => {
    const user = somebody();
    const session = await loginAs(gate, user);
    const response = await post(`/download?id=${user}&length=${LONG}`, session);
    const state = reading(response);
    await watched(session);
    await logout(gate, session);
    assert.equal(await state.ended, "broken off");
  });
});

describe("nothing is watched", () => {
  test("where the rule says `live = false`", async () => {
    const user = somebody();
    const session = await loginAs(gate, user);
    const response = await gate.fetch(`/events/native?id=${user}`, { headers: presenting(session) });
    const state = reading(response);
    await gate.moveClock(5);
    await logout(gate, session);
    const before = state.text.length;
    assert.ok(await soon(() => state.text.length > before + 100));
    assert.equal(await watchesOf(gate, session.handle), 0);
  });

  test("of a stranger on an optional path", async () => {
    const id = somebody();
    const state = reading(await gate.fetch(`/events/optional?id=${id}`));
    await gate.moveClock(5);
    const before = state.text.length;
    assert.ok(await soon(() => state.text.length > before + 100));
  });
});
