// A payload that would make the cookie too big for browsers, or that takes one of the token's
// own names, is refused before anything is stored.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  ACCESS,
  assertCookiesUntouched,
  backendOf,
  claimsOf,
  control,
  gateFor,
  login,
  newSession,
  presenting,
  renewed,
  tokensIn,
} from "../support/index.mjs";

const gate = await gateFor({ after });
const backend = backendOf(gate);

const COOKIE_LIMIT = 4096;
const PROTECTED = [
  "sub",
  "exp",
  "iat",
  "tId",
  "rsub",
  "sessionHandle",
  "refreshTokenHash1",
  "parentRefreshTokenHash1",
  "antiCsrfToken",
  "aud",
  "nbf",
  "stt",
];
const REFUSED = {
  "a payload of 4000 bytes": { filler: "x".repeat(4000) },
  ...Object.fromEntries(PROTECTED.map((name) => [`the protected name ${name}`, { [name]: "mine" }])),
};

for (const [what, payload] of Object.entries(REFUSED)) {
  describe(what, () => {
    test("is a 502 naming the header when the origin creates a session with it", async () => {
      const response = await control(gate, { create: JSON.stringify({ userId: "nobody", payload }) });

      await assertRefusal(response, "Gate-Create-Session");
      assert.deepEqual(await backend.getAllSessionHandlesForUser("nobody"), []);
    });

    test("is a 502 naming the header when the origin sets it on a session", async () => {
      const session = await login(gate, "alice", { payload: { role: "reader" } });

      const response = await control(gate, { payload: JSON.stringify(payload) }, session);

      await assertRefusal(response, "Gate-Set-Payload");
      assert.deepEqual((await backend.getSessionInformation(session.handle)).userDataInJWT, { role: "reader" });
    });

    test("is a 400 when a backend creates a session with it", async () => {
      const body = newSession("nobody", { userDataInJWT: payload });

      const response = await backend.core.request("POST", "/recipe/session", { body });

      assert.equal(response.status, 400);
      assert.deepEqual(await backend.getAllSessionHandlesForUser("nobody"), []);
    });

    test("is a 400 when a backend sets it on a session", async () => {
      const { handle } = await login(gate, "alice");

      const body = { sessionHandle: handle, userDataInJWT: payload };

      const response = await backend.core.request("PUT", "/recipe/jwt/data", { body });

      assert.equal(response.status, 400);
      assert.deepEqual((await backend.getSessionInformation(handle)).userDataInJWT, {});
    });
  });
}

test("the largest payload that is taken fits a cookie, then and after every renewal", async () => {
  const session = await login(gate, "alice", { payload: { filler: "x".repeat(await largestFiller()) } });
  const child = await renewed(gate, session);
  const promoted = tokensIn(await gate.fetch("/echo", { headers: presenting({ access: child.access }) }));

  for (const access of [session.access, child.access, promoted.access]) {
    const size = ACCESS.length + access.length;
    assert.ok(size <= COOKIE_LIMIT, `${size} bytes fit`);
    assert.equal(claimsOf(access).filler.length, claimsOf(session.access).filler.length);
  }
});

test("a payload of 2000 bytes is no problem", async () => {
  const session = await login(gate, "alice", { payload: { filler: "x".repeat(2000) } });

  assert.equal(claimsOf(session.access).filler.length, 2000);
});

async function assertRefusal(response, header) {
  assert.equal(response.status, 502);
  assert.match(await response.text(), new RegExp(header, "i"));
  assertCookiesUntouched(response);
}

/** Found by halving the interval between a size that is taken and one that is not. */
async function largestFiller() {
  let [taken, refused] = [0, COOKIE_LIMIT];
  while (refused - taken > 1) {
    const middle = Math.floor((taken + refused) / 2);
    const payload = { filler: "x".repeat(middle) };
    const { status } = await control(gate, { create: JSON.stringify({ userId: "alice", payload }) });
    if (status === 200) taken = middle;
    else refused = middle;
  }
  return taken;
}
