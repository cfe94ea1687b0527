// Defects that the fault tests found. Each is mended, and has its test here.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  answer,
  gateFor,
  isSignedIn,
  login,
  logout,
  presenting,
  refreshSession,
  setCookies,
  tokensIn,
} from "../support/index.mjs";

const DAY = 24 * 3600;
const IDLE = 100 * DAY;
const WEEK = 7 * DAY;

const gate = await gateFor({ after }, { clock: true });

const maxAges = (response) =>
  setCookies(response)
    .filter(({ value }) => value !== "")
    .map(({ attributes }) => Number(attributes["max-age"]));

test("the cookies of a renewal last as long as the session that their first use keeps alive", async () => {
  const session = await login(gate, "cookies-1");
  await gate.moveClock(IDLE - 1000);
  assert.deepEqual(maxAges(await refreshSession(gate, session)), [IDLE, IDLE]);
});

test("a renewal in the last second hands out cookies, and does not expire them", async () => {
  const session = await login(gate, "cookies-2");
  await gate.moveClock(IDLE);
  assert.ok(tokensIn(await refreshSession(gate, session)).refresh);
});

test("a logout of every device ends them also where the clock is a second behind the object's", async () => {
  const [here, there] = [await login(gate, "skew-1"), await login(gate, "skew-1")];
  await gate.moveClock(-1);
  assert.equal((await logout(gate, here, { path: "/logout/all" })).status, 200);
  assert.equal(await isSignedIn(gate, { refresh: there.refresh }), false);
});

test("a token signed with the next period's key is known where the clock is a second behind", async () => {
  await gate.moveClock(WEEK - ((gate.now / 1000) % WEEK));
  const session = await login(gate, "skew-2");
  await gate.moveClock(-1);
  assert.ok(await isSignedIn(gate, { access: session.access }));
});

test("such a token logs its session out as well", async () => {
  await gate.moveClock(WEEK - ((gate.now / 1000) % WEEK));
  const session = await login(gate, "skew-3");
  await gate.moveClock(-1);
  const response = await logout(gate, { access: session.access });
  assert.equal(response.status, 200);
  await gate.moveClock(1);
  assert.equal(await isSignedIn(gate, { refresh: session.refresh }), false);
});

test("where one of many cookies is the gate's own name, the others keep their order", async () => {
  const cookies = Array.from({ length: 200 }, (_, at) => `c${at}=${at}`);
  const planted = cookies.with(100, "__Host-sAccessToken=planted");
  const response = await gate.fetch(answer({ headers: planted.map((cookie) => `Set-Cookie: ${cookie}`) }), {
    headers: presenting(await login(gate, "cookies-3")),
  });
  assert.deepEqual(response.headers.getSetCookie(), cookies.toSpliced(100, 1));
});
