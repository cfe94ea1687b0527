// Renewal is safe to repeat: however often, and in however many tabs, a token is presented,
// an honest browser stays signed in, and a lost reply costs nothing.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  claimsOf,
  expiredIn,
  gateFor,
  isSignedIn,
  login,
  presenting,
  refreshSession,
  renewed,
  tokensIn,
  visit,
} from "../support/index.mjs";

/** @import { Tokens } from "../support/types.d.ts" */

const gate = await gateFor({ after });

const CROWD = 100;

test("presenting a refresh token again gives the same child, byte for byte, on either route", async () => {
  const { refresh } = await login(gate, "alice");

  const first = tokensIn(await refreshSession(gate, { refresh }));
  const again = tokensIn(await refreshSession(gate, { refresh }));
  const transparently = tokensIn(await visit(gate, { refresh }));

  assert.notEqual(first.refresh, refresh);
  assert.equal(again.refresh, first.refresh);
  assert.equal(transparently.refresh, first.refresh);
});

test("a hundred parallel renewals give one and the same child, and nobody is logged out", async () => {
  const { refresh } = await login(gate, "crowd");
  const present = (_, tab) => (tab % 2 === 0 ? visit(gate, { refresh }) : refreshSession(gate, { refresh }));

  const responses = await Promise.all(Array.from({ length: CROWD }, present));

  assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
  assert.deepEqual(responses.flatMap(expiredIn), []);
  const pairs = responses.map(tokensIn);
  assert.equal(new Set(pairs.map((pair) => pair.refresh)).size, 1);
  const alive = await Promise.all(pairs.map(({ access }) => isSignedIn(gate, { access })));
  assert.ok(alive.every(Boolean), "every tab's access token is good");
});

test("until a child is used, the parent and its access token stay good: a lost reply costs nothing", async () => {
  const parent = await login(gate, "alice");
  const lost = await renewed(gate, parent);

  assert.ok(await isSignedIn(gate, { access: parent.access }));
  assert.equal((await renewed(gate, parent)).refresh, lost.refresh);
});

test("the first use of a child's refresh token promotes it: it gets a child of its own", async () => {
  const parent = await login(gate, "alice");
  const child = await renewed(gate, parent);

  const grandchild = await renewed(gate, child);

  assert.equal(claimsOf(grandchild.access).parentRefreshTokenHash1, claimsOf(child.access).refreshTokenHash1);
  assert.ok(await isSignedIn(gate, grandchild));
});

test("the first use of a child's access token promotes too, and replaces it by one without a parent", async () => {
  const parent = await login(gate, "alice");
  const child = await renewed(gate, parent);

  const response = await visit(gate, { access: child.access });

  assert.equal(response.status, 200);
  const { access } = tokensIn(response);
  assert.equal(claimsOf(access).parentRefreshTokenHash1, null);
  assert.equal(claimsOf(access).refreshTokenHash1, claimsOf(child.access).refreshTokenHash1);
});

test("presented again after its promotion, that access token is replaced again", async () => {
  const child = await renewed(gate, await login(gate, "alice"));
  await visit(gate, { access: child.access });

  const response = await visit(gate, { access: child.access });

  assert.equal(response.status, 200);
  assert.equal(claimsOf(tokensIn(response).access).parentRefreshTokenHash1, null);
});

test("an access token without a parent is good while its session lives, and is not replaced", async () => {
  const parent = await login(gate, "alice");
  await renewed(gate, await renewed(gate, parent));

  const response = await visit(gate, { access: parent.access });

  assert.equal(response.status, 200);
  assert.deepEqual(tokensIn(response), { access: undefined, refresh: undefined, pending: undefined });
});

test("a tab that comes late with the parent gets the current token again, and nothing moves", async () => {
  const parent = await login(gate, "alice");
  const child = await renewed(gate, parent);
  const grandchild = await renewed(gate, child);

  const late = await renewed(gate, parent);

  assert.equal(late.refresh, child.refresh);
  assert.equal((await renewed(gate, child)).refresh, grandchild.refresh);
});

test("a tab that comes late while others renew is served like them", async () => {
  const parent = await login(gate, "crowd");
  const child = await renewed(gate, parent);
  await renewed(gate, child);

  const tabs = Array.from({ length: 20 }, (_, tab) => visit(gate, { refresh: [parent, child][tab % 2].refresh }));

  const statuses = (await Promise.all(tabs)).map(({ status }) => status);
  assert.deepEqual(new Set(statuses), new Set([200]));
});

test("what a late tab was given works", async () => {
  const parent = await login(gate, "alice");
  await renewed(gate, await renewed(gate, parent));

  const late = await renewed(gate, parent);

  assert.ok(await isSignedIn(gate, { access: late.access }));
  assert.ok(await isSignedIn(gate, { refresh: late.refresh }));
});

test("a session lives through many renewals, each taken from the last", async () => {
  /** @type {Tokens} */
  let pair = await login(gate, "alice");
  const seen = new Set([pair.refresh]);
  for (let count = 0; count < 20; count += 1) {
    pair = await renewed(gate, pair);
    seen.add(pair.refresh);
  }

  assert.equal(seen.size, 21);
  const { headers } = await (await gate.fetch("/echo", { headers: presenting(pair) })).json();
  assert.equal(headers["gate-user"], "alice");
});
