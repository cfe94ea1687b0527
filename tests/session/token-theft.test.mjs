// A refresh token used again after its successor has been used was copied: the session ends
// for the thief and the owner alike. Nothing else is ever taken for theft.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  backendOf,
  failObject,
  gateFor,
  healObject,
  isSignedIn,
  login,
  refreshSession,
  renewed,
  STAND_IN,
  tokensIn,
  visit,
} from "../support/index.mjs";

/** @import { Tokens } from "../support/types.d.ts" */

async function assertTheft(response) {
  assert.equal(response.status, 401);
  assert.deepEqual(await response.json(), { message: "token theft detected" });
  assertCleared(response);
}

async function generations(gate, count, userId = "alice") {
  /** @type {Tokens[]} */
  const pairs = [await login(gate, userId)];
  while (pairs.length < count) pairs.push(await renewed(gate, pairs.at(-1)));
  return pairs;
}

describe("replaying the grandparent", async () => {
  const gate = await gateFor({ after });

  test("is answered 401 `token theft detected`, with all cookies cleared", async () => {
    const [grandparent] = await generations(gate, 4);
    await assertTheft(await refreshSession(gate, grandparent));
  });

  test("deletes the session: no token of it works again", async () => {
    const pairs = await generations(gate, 4);
    await refreshSession(gate, pairs[0]);

    for (const { access, refresh } of pairs) {
      assert.equal(await isSignedIn(gate, { access }), false);
      assert.equal((await refreshSession(gate, { refresh })).status, 401);
    }
    assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("alice"), []);
  });

  test("is found on a protected page as well", async () => {
    const [grandparent, , , youngest] = await generations(gate, 4);

    const response = await visit(gate, { refresh: grandparent.refresh });

    assert.equal(response.status, 401);
    assertCleared(response);
    assert.equal(await isSignedIn(gate, youngest), false);
  });

  test("leaves the user's other sessions alone", async () => {
    const other = await login(gate, "victim");
    const [grandparent] = await generations(gate, 4, "victim");

    await refreshSession(gate, grandparent);

    assert.ok(await isSignedIn(gate, other));
  });
});

describe("outside a grace of one second", async () => {
  const gate = await gateFor({ after }, { clock: true, vars: { REFRESH_GRACE: 1 } });

  test("a tab that comes late with the parent is taken for a thief", async () => {
    const [parent] = await generations(gate, 3);
    await gate.moveClock(2);
    await assertTheft(await refreshSession(gate, parent));
  });

  test("an unused child is not repeated: siblings exist, the first one used wins", async () => {
    const parent = await login(gate, "alice");
    const elder = await renewed(gate, parent);
    await gate.moveClock(2);
    const younger = await renewed(gate, parent);

    assert.notEqual(younger.refresh, elder.refresh);
    await renewed(gate, elder);
    await assertTheft(await refreshSession(gate, younger));
  });
});

describe("with REFRESH_GRACE = 0, as in the reference", async () => {
  const gate = await gateFor({ after }, { vars: { REFRESH_GRACE: 0 } });

  test("each presentation of the current token gives a child of its own", async () => {
    const parent = await login(gate, "alice");
    assert.notEqual((await renewed(gate, parent)).refresh, (await renewed(gate, parent)).refresh);
  });

  test("a lost reply still costs nothing: any one of the children can be used", async () => {
    const parent = await login(gate, "alice");
    await renewed(gate, parent);
    const second = await renewed(gate, parent);
    assert.ok(await renewed(gate, second));
  });

  test("after the child's first use the parent is theft", async () => {
    const [parent] = await generations(gate, 3);
    await assertTheft(await refreshSession(gate, parent));
  });

  test("after the first use of the child's access token the parent is theft", async () => {
    const parent = await login(gate, "alice");
    const { access } = await renewed(gate, parent);
    await visit(gate, { access });
    await assertTheft(await refreshSession(gate, parent));
  });

  test("after the child's first use its sibling is theft", async () => {
    const parent = await login(gate, "alice");
    const [used, sibling] = [await renewed(gate, parent), await renewed(gate, parent)];
    await renewed(gate, used);
    await assertTheft(await refreshSession(gate, sibling));
  });

  test("the access token of a sibling that lost is refused, which is not theft", async () => {
    const parent = await login(gate, "alice");
    const [used, sibling] = [await renewed(gate, parent), await renewed(gate, parent)];
    const next = await renewed(gate, used);

    const response = await visit(gate, { access: sibling.access });

    assert.equal(response.status, 401);
    assertCleared(response);
    assert.ok(await isSignedIn(gate, next), "the session lives on");
  });
});

describe("a failing object", async () => {
  const gate = await gateFor({ after }, { objectFault: STAND_IN });

  test("is never taken for theft: 503, cookies untouched, and the session lives on", async () => {
    const [grandparent, , , youngest] = await generations(gate, 4);

    await failObject(gate, "throw");
    const answers = await Promise.all([grandparent, youngest].map((pair) => refreshSession(gate, pair)));
    await healObject(gate);

    for (const response of answers) {
      assert.equal(response.status, 503);
      assert.ok(response.headers.get("retry-after"));
      assertCookiesUntouched(response);
    }
    assert.ok(tokensIn(await refreshSession(gate, youngest)).refresh);
  });
});
