// A user id is any text of up to 256 bytes. It finds its sessions, and comes back as it was given.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { claimsOf, coreOf, gateFor, newSession, verification } from "../../support/index.mjs";

const gate = await gateFor({ after });
const core = coreOf(gate);

const USER_IDS = {
  "a number": "5",
  "an object of the reference library": '{"i":5}',
  "quotes and backslashes": `"'\\\\"`,
  "line ends and control characters": "a\r\nb\t\u0000\u0007",
  "spaces around": " u1 ",
  markup: "<script>alert(1)</script>&amp;",
  "letters of many scripts": "Zoë Ωμέγα 用户 пользователь",
  "an emoji of several code points": "👩‍👩‍👧",
  "one code point, precomposed": "é",
  "the same letter, decomposed": "e\u0301",
  "characters with a meaning in URLs": "a/b?c=d&e#f%20+;",
  "another app's": "appid-shop",
  "256 bytes": "x".repeat(256),
  "256 bytes of two each": "é".repeat(128),
};

for (const [what, userId] of Object.entries(USER_IDS)) {
  test(what, async () => {
    const { session, accessToken } = await core.post("/recipe/session", newSession(userId));
    assert.equal(session.userId, userId);
    assert.equal(session.recipeUserId, userId);
    assert.equal(claimsOf(accessToken.token).sub, userId);

    const verified = await core.post(
      "/recipe/session/verify",
      verification(accessToken.token, { checkDatabase: true }),
    );
    assert.equal(verified.session.userId, userId);
    assert.equal((await core.get("/recipe/session", { sessionHandle: session.handle })).userId, userId);
    assert.deepEqual((await core.get("/recipe/session/user", { userId })).sessionHandles, [session.handle]);

    const { sessionHandlesRevoked } = await core.post("/recipe/session/remove", { userId });
    assert.deepEqual(sessionHandlesRevoked, [session.handle]);
  });
}

test("an empty user id is refused, and why is said by both protocols", async () => {
  const response = await core.request("POST", "/recipe/session", { body: newSession("") });
  assert.equal(response.status, 400);
  assert.match(
    await response.text(),
    /^Field name 'userId' is invalid in JSON input: .* 1 to 256 bytes, and not begin with service:\n$/,
  );
  const control = await gate.fetch("/control?create=%7B%22userId%22%3A%22%22%7D");
  assert.equal(control.status, 502);
  assert.match((await control.json()).message, /userId must be a text of 1 to 256 bytes/);
});

test("a user id of more than 256 bytes is refused", async () => {
  for (const userId of ["x".repeat(257), "é".repeat(129)]) {
    const response = await core.request("POST", "/recipe/session", { body: newSession(userId) });
    assert.equal(response.status, 400);
  }
});

test("a user id must be text, also when it is a number", async () => {
  for (const userId of [5, true, null, {}, []]) {
    const response = await core.request("POST", "/recipe/session", { body: newSession(userId) });
    assert.equal(await response.text(), "Field name 'userId' is invalid in JSON input\n");
  }
});
