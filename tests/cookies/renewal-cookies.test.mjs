// A browser keeps its tokens for as long as its session can live, however late it renewed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gateFor, isSignedIn, login, REFRESH, setCookies, tokensIn, visit } from "../support/index.mjs";

const IDLE = 7200;
const ACCESS_TOKEN = 3600;

const lifetimeOf = (response, name) => {
  const cookie = setCookies(response).find((set) => set.name === name);
  return cookie && Number(cookie.attributes["max-age"]);
};

test("a browser that renews late in the idle lifetime, and goes on, holds its refresh token while its session lives", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: IDLE, ACCESS_TOKEN_TTL: ACCESS_TOKEN } });
  const first = await login(gate, "alice");
  await gate.moveClock(ACCESS_TOKEN + 60);

  const renewal = await visit(gate, first);
  const pair = tokensIn(renewal);
  const firstUse = await visit(gate, pair);

  // The first use began the idle lifetime anew. Any later cookie of that name takes the place of the earlier one.
  const held = lifetimeOf(firstUse, REFRESH) ?? lifetimeOf(renewal, REFRESH);
  await gate.moveClock(IDLE);
  assert.ok(await isSignedIn(gate, { refresh: pair.refresh }), "the session lives");
  assert.equal(held, IDLE, "and so does the cookie");
});

test("a browser that renews in the last second of the idle lifetime is given cookies that it keeps", async (t) => {
  const gate = await gateFor(t, { clock: true, vars: { SESSION_IDLE_TTL: IDLE, ACCESS_TOKEN_TTL: ACCESS_TOKEN } });
  const first = await login(gate, "alice");
  await gate.moveClock(IDLE);

  const renewal = await visit(gate, first);

  assert.equal(renewal.status, 200);
  assert.ok(lifetimeOf(renewal, REFRESH) > 0, "the cookie is set, not expired");
});
