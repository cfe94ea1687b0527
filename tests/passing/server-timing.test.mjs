// `SERVER_TIMING = "on"` tells where a request's time went, in a header that browsers show beside it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  gateFor,
  HELD,
  HELD_ORIGIN,
  HELD_RULES,
  login,
  logout,
  meanwhile,
  NAVIGATION,
  openSocket,
  PATIENT,
  patiently,
  presenting,
  refreshSession,
  SEEN_RULE,
  slowObject,
  tokensIn,
  whileHeld,
} from "../support/index.mjs";

/** What each answer of an object takes, in milliseconds; everything else takes no time unless the clock is moved. */
const OBJECT = 400;
/** What an application takes, in seconds. */
const ORIGIN = 0.6;

const RULES = [
  SEEN_RULE,
  { path: "/open/*", session: "none" },
  { path: "/overlap/*", session: "required", overlap: true },
];
const setting = (SERVER_TIMING) => ({
  clock: true,
  origin: PATIENT,
  objectFault: slowObject(OBJECT),
  vars: { RULES, SERVER_TIMING },
});
const held = { origin: HELD_ORIGIN, vars: { RULES: [...HELD_RULES, ...RULES], SERVER_TIMING: "on" } };

const gate = await gateFor({ after }, setting("on"));
const silent = await gateFor({ after }, setting(undefined));
const off = await gateFor({ after }, setting("off"));

const alice = await login(gate, "alice");
const get = (path, init = {}) =>
  gate.fetch(path, { ...init, headers: { ...presenting({ access: alice.access }), ...init.headers } });

/** The durations by name, of a header in which nothing else stands. */
function timing(response) {
  const entries = response.headers
    .get("server-timing")
    .split(", ")
    .map((entry) => {
      const [, name, duration] = /^(\w+);dur=([0-9]+)$/.exec(entry) ?? assert.fail(`no entry: ${entry}`);
      return [name, Number(duration)];
    });
  return Object.fromEntries(entries);
}

test("a forwarded answer says what verifying, checking and the origin took, in this order", async (t) => {
  const slow = await gateFor(t, { ...setting("on"), ...held });
  const { access } = await login(slow, "alice");
  const response = await meanwhile(slow, { tokens: { access }, late: false }, () => slow.moveClock(ORIGIN));
  assert.deepEqual(Object.entries(timing(response)), [
    ["verify", 0],
    ["check", OBJECT],
    ["origin", 1000 * ORIGIN],
  ]);
});

test("a part that there was not is not named", async () => {
  assert.deepEqual(Object.keys(timing(await gate.fetch("/open/page"))), ["origin"]);
  assert.deepEqual(Object.keys(timing(await gate.fetch("/page"))), ["verify"]);
  assert.equal((await gate.fetch("/auth/health")).headers.get("server-timing"), null);
});

test("the gate's own answers say what the object took", async () => {
  const session = await login(gate, "bob");
  const answers = {
    "a session": () => gate.fetch("/auth/session", { headers: presenting(session) }),
    "a renewal": () => refreshSession(gate, session),
    "a logout": () => logout(gate, session),
    "a refusal of a session that has ended": async () => {
      const ended = await login(gate, "carol");
      await logout(gate, ended);
      await gate.restart();
      return gate.fetch("/page", { headers: { ...presenting(ended), ...NAVIGATION } });
    },
  };
  for (const [what, ask] of Object.entries(answers)) {
    const { check, origin } = timing(await ask());
    assert.equal(check, OBJECT, what);
    assert.equal(origin, undefined, what);
  }
});

test("a login says what its session took", async () => {
  const { response } = await login(gate, "dave");
  const { check, origin } = timing(response);
  assert.deepEqual({ check, origin }, { check: OBJECT, origin: 0 });
});

test("with overlap the origin took what was waited for it after the check", async (t) => {
  const slow = await gateFor(t, { ...setting("on"), ...held, objectFault: HELD });
  const headers = presenting({ access: (await login(slow, "alice")).access });
  const ask = () => slow.fetch("/overlap/page?id=overlapped", { headers });
  const response = await whileHeld(slow, "call", "check", ask, async () => {
    await slow.fetch("/reached?id=overlapped");
    await slow.moveClock(ORIGIN);
    await slow.fetch("/release?id=overlapped");
  });
  assert.deepEqual(timing(response), { verify: 0, check: 1000 * ORIGIN, origin: 0 });
});

test("what the origin says of its own time stays", async () => {
  const response = await get(patiently("/page", { headers: { "Server-Timing": "db;dur=53" } }));
  assert.match(response.headers.get("server-timing"), /^db;dur=53, verify;dur=\d+, check;dur=\d+, origin;dur=\d+$/);
});

test("body, status, cookies and caching are what they are without it", async () => {
  const headers = { "Set-Cookie": "own=1", "Content-Type": "text/html", "X-Own": "1" };
  const path = patiently("/page", { headers });
  const session = await login(silent, "alice");
  const [timed, plain] = await Promise.all([
    get(path, { headers: NAVIGATION }),
    silent.fetch(path, { headers: { ...presenting({ access: session.access }), ...NAVIGATION } }),
  ]);
  assert.equal(timed.headers.get("cache-control"), "no-store");
  timed.headers.delete("server-timing");
  for (const response of [timed, plain]) response.headers.delete("date");
  assert.deepEqual([...timed.headers], [...plain.headers]);
  assert.equal(await timed.text(), await plain.text());
});

test("a renewal on the way has its cookies and its times", async () => {
  const { refresh } = await login(gate, "erin");
  const response = await gate.fetch("/page", { headers: presenting({ refresh }) });
  assert.ok(tokensIn(response).access);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(timing(response).check, OBJECT);
});

test("a body is passed on while it comes, and a WebSocket opens", async () => {
  const { socket, response } = await openSocket(gate, "/socket", { headers: presenting({ access: alice.access }) });
  socket.terminate();
  assert.match(response.headers["server-timing"], /check;dur=\d+/);
  const parts = (await get("/parts")).body.getReader();
  const received = async () => new TextDecoder().decode((await parts.read()).value);
  assert.equal(await received(), "first");
  await gate.fetch("/seen?go-on");
  assert.equal(await received(), "second");
});

test("nothing is said unless it is switched on", async () => {
  for (const quiet of [silent, off]) {
    const session = await login(quiet, "alice");
    assert.equal(session.response.headers.get("server-timing"), null);
    for (const path of ["/page", "/open/page", "/auth/session"]) {
      const response = await quiet.fetch(path, { headers: presenting({ access: session.access }) });
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get("server-timing"), null, path);
    }
    assert.equal((await quiet.fetch("/page")).headers.get("server-timing"), null);
    const own = await quiet.fetch(patiently("/open/page", { headers: { "Server-Timing": "db;dur=53" } }));
    assert.equal(own.headers.get("server-timing"), "db;dur=53");
  }
});
