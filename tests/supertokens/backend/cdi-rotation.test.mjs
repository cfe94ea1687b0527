// How tokens rotate, as a backend SDK sees it: with REFRESH_GRACE=0 exactly as the reference
// library does, and with a grace so that a repeated renewal is not taken for a theft.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { claimsOf, coreOf, gateFor, newSession, renewal, verification } from "../../support/index.mjs";

const strict = coreOf(await gateFor({ after }, { vars: { REFRESH_GRACE: 0 } }));
const lenient = coreOf(await gateFor({ after }));

const create = (core, userId = "u1") => core.post("/recipe/session", newSession(userId));
const refresh = (core, { refreshToken }) => core.post("/recipe/session/refresh", renewal(refreshToken.token));
const verify = (core, { accessToken }) => core.post("/recipe/session/verify", verification(accessToken.token));

async function assertTheft(core, tokens, { handle, userId }) {
  const answer = await refresh(core, tokens);
  assert.deepEqual(answer, { status: "TOKEN_THEFT_DETECTED", session: { handle, userId, recipeUserId: userId } });
  assert.equal((await core.get("/recipe/session", { sessionHandle: handle })).status, "UNAUTHORISED");
}

describe("the access token of a renewal", () => {
  for (const [grace, core] of [
    ["without grace", strict],
    ["with grace", lenient],
  ]) {
    test(`names its parent until it is first used, and is then replaced (${grace})`, async () => {
      const first = await create(core);
      const second = await refresh(core, first);
      assert.equal(typeof claimsOf(second.accessToken.token).parentRefreshTokenHash1, "string");

      const used = await verify(core, second);
      assert.equal(used.status, "OK");
      assert.equal(claimsOf(used.accessToken.token).parentRefreshTokenHash1, null);
      assert.equal((await verify(core, used)).accessToken, undefined, "the replacement is left alone");
    });

    test(`is replaced once more when its reply was lost (${grace})`, async () => {
      const second = await refresh(core, await create(core));
      await verify(core, second);
      const again = await verify(core, second);
      assert.equal(claimsOf(again.accessToken.token).parentRefreshTokenHash1, null);
    });
  }
});

describe("without grace", () => {
  test("a repeated renewal gives another child, and the parent stays good until one is used", async () => {
    const first = await create(strict);
    const child = await refresh(strict, first);
    const sibling = await refresh(strict, first);
    assert.notEqual(child.refreshToken.token, sibling.refreshToken.token);
    assert.equal((await refresh(strict, first)).status, "OK");
  });

  test("the parent is theft once a child's access token was used", async () => {
    const first = await create(strict);
    await verify(strict, await refresh(strict, first));
    await assertTheft(strict, first, first.session);
  });

  test("the parent is theft once a child's refresh token was used", async () => {
    const first = await create(strict);
    await refresh(strict, await refresh(strict, first));
    await assertTheft(strict, first, first.session);
  });

  test("a sibling of the child that was used is theft", async () => {
    const first = await create(strict);
    const child = await refresh(strict, first);
    const sibling = await refresh(strict, first);
    await verify(strict, child);
    await assertTheft(strict, sibling, first.session);
  });

  test("an access token of a sibling is refused, and that is no theft", async () => {
    const first = await create(strict);
    const child = await refresh(strict, first);
    const sibling = await refresh(strict, first);
    await verify(strict, child);
    assert.equal((await verify(strict, sibling)).status, "UNAUTHORISED");
    assert.equal((await refresh(strict, child)).status, "OK", "the rightful session lives on");
  });
});

describe("with grace", () => {
  test("a repeated renewal gives the same refresh token", async () => {
    const first = await create(lenient);
    const [child, again] = [await refresh(lenient, first), await refresh(lenient, first)];
    assert.equal(child.refreshToken.token, again.refreshToken.token);
  });

  test("the parent of a child in use gets that child again", async () => {
    const first = await create(lenient);
    const child = await refresh(lenient, first);
    await verify(lenient, child);
    assert.equal((await refresh(lenient, first)).refreshToken.token, child.refreshToken.token);
  });

  test("the grandparent is theft, however soon it comes", async () => {
    const first = await create(lenient);
    const second = await refresh(lenient, first);
    const third = await refresh(lenient, second);
    await verify(lenient, third);
    await assertTheft(lenient, first, first.session);
  });
});
