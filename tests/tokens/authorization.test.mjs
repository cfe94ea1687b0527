// The Authorization header carries a session when the token in it is one of ours;
// any other use of it is between the client and the origin.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertCookiesUntouched, gateFor, login, logout, presenting } from "../support/index.mjs";

const RULES = [
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
];
const FOREIGN = [
  "Basic YWxpY2U6c2VjcmV0",
  'Digest username="a", realm="b"',
  "Bearer",
  "Bearer opaque-token",
  "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk",
];

const gate = await gateFor({ after }, { vars: { RULES } });
const alice = await login(gate, "alice");
const ask = (path, headers) => gate.fetch(path, { headers });
const seen = async (path, headers) => (await (await ask(path, headers)).json()).headers;

test("an access token of ours as a bearer token is a session", async () => {
  const headers = await seen("/echo", { authorization: `Bearer ${alice.access}` });
  assert.equal(headers["gate-user"], "alice");
  assert.equal(headers["gate-session"], alice.handle);
});

test("the scheme may be spelled in any case", async () => {
  assert.equal((await seen("/echo", { authorization: `bearer ${alice.access}` }))["gate-user"], "alice");
});

test("a bearer token of ours is a session on optional paths too", async () => {
  assert.equal((await seen("/echo/optional", { authorization: `Bearer ${alice.access}` }))["gate-user"], "alice");
});

test("a refresh token is no bearer token for the origin's pages", async () => {
  assert.equal((await ask("/echo", { authorization: `Bearer ${alice.refresh}` })).status, 401);
});

test("a revoked session's bearer token is refused", async () => {
  const bob = await login(gate, "bob");
  await logout(gate, bob);
  assert.equal((await ask("/echo", { authorization: `Bearer ${bob.access}` })).status, 401);
});

test("a client without cookies is sent none", async () => {
  assertCookiesUntouched(await ask("/echo", { authorization: `Bearer ${alice.access}` }));
});

for (const foreign of FOREIGN) {
  const authorization = { authorization: foreign };

  test(`passes untouched to the origin: ${foreign}`, async () => {
    for (const path of ["/echo/none", "/echo/optional"]) {
      assert.equal((await seen(path, authorization)).authorization, foreign, path);
    }
    const signedIn = await seen("/echo", { ...authorization, ...presenting(alice) });
    assert.equal(signedIn.authorization, foreign);
    assert.equal(signedIn["gate-user"], "alice");
  });

  test(`is no session: ${foreign}`, async () => {
    assert.equal((await ask("/echo", authorization)).status, 401);
  });
}
