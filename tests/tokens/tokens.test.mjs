// Access and refresh tokens are, to the byte, what software that reads them was told they are.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  backendOf,
  claimsOf,
  gateFor,
  headerOf,
  isSignedByOneOf,
  login,
  publishedKeys,
  renewed,
  visit,
} from "../support/index.mjs";

const gate = await gateFor({ after });

const PROTECTED = [
  "antiCsrfToken",
  "exp",
  "iat",
  "parentRefreshTokenHash1",
  "refreshTokenHash1",
  "rsub",
  "sessionHandle",
  "sub",
  "tId",
];

test("the access token is a JWT with an Ed25519 signature under a published key of the period", async () => {
  const { access } = await login(gate, "alice");

  const { kid, ...header } = headerOf(access);

  assert.deepEqual(header, { alg: "EdDSA", typ: "JWT", version: "5" });
  assert.match(kid, /^d-/);
  assert.ok(isSignedByOneOf(await publishedKeys(gate), access));
});

test("a backend that asks for the static key gets it, published as well", async () => {
  const { accessToken } = await backendOf(gate).createNewSession("alice", { useDynamicSigningKey: false });

  assert.match(headerOf(accessToken.token).kid, /^s-/);
  assert.ok(isSignedByOneOf(await publishedKeys(gate), accessToken.token));
});

test("its claims are the protected ones and the application's payload, nothing else", async () => {
  const payload = { role: "editor", nested: { list: [1, null, "é"] } };
  const { access } = await login(gate, "alice", { payload });

  const claims = claimsOf(access);

  assert.deepEqual(Object.keys(claims).sort(), [...PROTECTED, "role", "nested"].sort());
  assert.deepEqual({ role: claims.role, nested: claims.nested }, payload);
});

test("its claims say who, in which tenant, and for how long", async () => {
  const before = Math.floor(Date.now() / 1000);
  const { access } = await login(gate, "alice");
  const afterwards = Math.floor(Date.now() / 1000);

  const { sub, rsub, tId, iat, exp } = claimsOf(access);

  assert.deepEqual({ sub, rsub, tId }, { sub: "alice", rsub: "alice", tId: "public" });
  assert.ok(before <= iat && iat <= afterwards, "it was issued now, never ahead");
  assert.equal(exp - iat, 3600);
});

test("the first access token names no parent, the one of a renewal names the token it came from", async () => {
  const first = await login(gate, "alice");
  const child = await renewed(gate, first);

  assert.equal(claimsOf(first.access).parentRefreshTokenHash1, null);
  assert.equal(claimsOf(child.access).parentRefreshTokenHash1, claimsOf(first.access).refreshTokenHash1);
  assert.notEqual(claimsOf(child.access).refreshTokenHash1, claimsOf(first.access).refreshTokenHash1);
});

test("all sessions of a user share the object in their handle and nothing else", async () => {
  const [one, two, foreign] = [await login(gate, "alice"), await login(gate, "alice"), await login(gate, "bob")];
  const [a, b, c] = [one, two, foreign].map(({ handle }) => Buffer.from(handle, "base64url"));

  assert.match(one.handle, /^[A-Za-z0-9_-]{64}$/);
  assert.deepEqual(a.subarray(0, 32), b.subarray(0, 32));
  assert.notDeepEqual(a.subarray(32), b.subarray(32));
  assert.notDeepEqual(a.subarray(0, 32), c.subarray(0, 32));
});

test("neither the handle nor the refresh token tells anything about the user", async () => {
  const user = "somebody@example.com";
  const { handle, refresh } = await login(gate, user);

  for (const text of [handle, refresh, decoded(handle), decoded(refresh)]) {
    assert.ok(!text.includes("somebody") && !text.includes("example"), text);
  }
});

test("the refresh token is opaque base64url, which needs no quoting anywhere", async () => {
  const { refresh } = await login(gate, "alice");

  assert.match(refresh, /^[A-Za-z0-9_-]+$/);
});

test("no two sessions are ever given the same token", async () => {
  const sessions = await Promise.all(Array.from({ length: 50 }, () => login(gate, "many")));

  for (const part of ["access", "refresh", "handle"]) {
    assert.equal(new Set(sessions.map((session) => session[part])).size, 50, part);
  }
});

test("the origin gets the very token that the browser holds", async () => {
  const session = await login(gate, "alice");

  const { headers } = await (await visit(gate, session)).json();

  assert.equal(headers["gate-token"], session.access);
  assert.equal(headers["gate-session"], session.handle);
  assert.equal(headers["gate-user"], "alice");
});

const decoded = (token) => Buffer.from(token, "base64url").toString("latin1");
