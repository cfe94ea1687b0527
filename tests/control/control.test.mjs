// The origin creates, changes and ends sessions with headers of its response, and the browser
// is told of it only when it is so.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  assertStripped,
  backendOf,
  claimsOf,
  control,
  gateFor,
  isSignedIn,
  login,
  presenting,
  tokensIn,
} from "../support/index.mjs";

const gate = await gateFor({ after });
const backend = backendOf(gate);

describe("Gate-Create-Session", () => {
  test("makes a session with the payload, the data and the tenant it names", async () => {
    const create = { userId: "u1", payload: { role: "admin" }, data: { cart: [1, 2] }, tenantId: "t1" };

    const response = await control(gate, { create: JSON.stringify(create) });

    assert.equal(response.status, 200);
    assert.equal(await response.text(), "control");
    assertStripped(response);
    const claims = claimsOf(tokensIn(response).access);
    assert.deepEqual([claims.sub, claims.tId, claims.role], ["u1", "t1", "admin"]);
    const { userId, tenantId, userDataInJWT, userDataInDatabase } = await backend.getSessionInformation(
      claims.sessionHandle,
    );
    assert.deepEqual({ userId, tenantId, payload: userDataInJWT, data: userDataInDatabase }, create);
  });

  test("needs the user id alone", async () => {
    const { access } = tokensIn(await control(gate, { create: '{"userId":"u1"}' }));
    const record = await backend.getSessionInformation(claimsOf(access).sessionHandle);
    assert.deepEqual([record.tenantId, record.userDataInJWT, record.userDataInDatabase], ["public", {}, {}]);
  });

  test("takes any user id, written in ASCII with escapes", async () => {
    const userId = 'é"\n☃ 𝄞 {"i":5}';
    const escaped = JSON.stringify(userId).replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const response = await control(gate, { create: `{"userId":${escaped}}` });
    assert.equal(claimsOf(tokensIn(response).access).sub, userId);
    assert.equal((await backend.getAllSessionHandlesForUser(userId)).length, 1);
  });

  test("revokes the session that the same browser had, also another user's", async () => {
    const old = await login(gate, "before");
    const fresh = tokensIn(await control(gate, { create: '{"userId":"after"}' }, old));
    assert.equal(await isSignedIn(gate, old), false);
    assert.ok(await isSignedIn(gate, fresh));
  });

  test("leaves the same user's sessions in other browsers alone", async () => {
    const elsewhere = await login(gate, "alice");
    await control(gate, { create: '{"userId":"alice"}' });
    assert.ok(await isSignedIn(gate, elsewhere));
  });

  test("gives a session in place of one that was known: an identifier planted before login is worth nothing", async () => {
    const planted = await login(gate, "attacker");
    const victim = await login(gate, "victim", {}, presenting(planted));
    assert.notEqual(victim.handle, planted.handle);
    assert.equal(await isSignedIn(gate, planted), false);
  });
});

describe("Gate-Revoke-Session", () => {
  test("current: ends the session of the request and clears its cookies", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];

    const response = await control(gate, { revoke: "current" }, here);

    assert.equal(response.status, 200);
    assertStripped(response);
    assertCleared(response);
    assert.equal(await isSignedIn(gate, here), false);
    assert.ok(await isSignedIn(gate, there));
  });

  test("all: ends every session of the user and clears the cookies", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
    const stranger = await login(gate, "bob");

    assertCleared(await control(gate, { revoke: "all" }, here));

    assert.deepEqual(await Promise.all([here, there, stranger].map((session) => isSignedIn(gate, session))), [
      false,
      false,
      true,
    ]);
  });

  test("others: ends every session but this one and touches no cookie", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];

    assertCookiesUntouched(await control(gate, { revoke: "others" }, here));

    assert.deepEqual(await Promise.all([here, there].map((session) => isSignedIn(gate, session))), [true, false]);
  });

  test("handles: ends exactly those, also of other users, and touches no cookie", async () => {
    const [here, kept] = [await login(gate, "admin"), await login(gate, "alice")];
    const ended = [await login(gate, "alice"), await login(gate, "bob")];

    assertCookiesUntouched(await control(gate, { revoke: ended.map(({ handle }) => handle).join(", ") }, here));

    const alive = await Promise.all([here, kept, ...ended].map((session) => isSignedIn(gate, session)));
    assert.deepEqual(alive, [true, true, false, false]);
  });

  test("handles that name the current session clear its cookies", async () => {
    const here = await login(gate, "alice");
    assertCleared(await control(gate, { revoke: here.handle }, here));
    assert.equal(await isSignedIn(gate, here), false);
  });

  test("a handle whose session is gone changes nothing", async () => {
    const [here, gone] = [await login(gate, "alice"), await login(gate, "alice")];
    await backend.revokeSession(gone.handle);
    const response = await control(gate, { revoke: gone.handle }, here);
    assert.equal(response.status, 200);
    assertCookiesUntouched(response);
  });
});

describe("Gate-Set-Payload", () => {
  test("is merged into the payload, null removes, and the browser gets a new access token only", async () => {
    const session = await login(gate, "alice", { payload: { role: "reader", plan: "free", kept: 1 } });

    const response = await control(gate, { payload: '{"role":"editor","plan":null,"added":{"a":[]}}' }, session);

    assertStripped(response);
    const { access, refresh } = tokensIn(response);
    assert.equal(refresh, undefined);
    const { role, kept, added, ...claims } = claimsOf(access);
    assert.deepEqual({ role, kept, added }, { role: "editor", kept: 1, added: { a: [] } });
    assert.ok(!("plan" in claims));
    assert.deepEqual((await backend.getSessionInformation(session.handle)).userDataInJWT, {
      role: "editor",
      kept: 1,
      added: { a: [] },
    });
    assert.match(response.headers.get("cache-control"), /no-store/);
  });

  test("is in every token that the session gets later", async () => {
    const session = await login(gate, "alice");
    await control(gate, { payload: '{"role":"editor"}' }, session);
    const { access } = tokensIn(await gate.fetch("/echo", { headers: presenting({ refresh: session.refresh }) }));
    assert.equal(claimsOf(access).role, "editor");
  });
});

describe("ORIGIN_CONTROL = off", async () => {
  const closed = await gateFor({ after }, { vars: { ORIGIN_CONTROL: "off" } });

  for (const values of [
    { create: '{"userId":"alice"}' },
    { create: "nonsense" },
    { revoke: "all" },
    { payload: '{"role":"admin"}' },
  ]) {
    test(`strips and ignores ${JSON.stringify(values)}`, async () => {
      const { session, accessToken } = await backendOf(closed).createNewSession("bob");

      const response = await control(closed, values, { access: accessToken.token });

      assert.equal(response.status, 200);
      assertStripped(response);
      assertCookiesUntouched(response);
      assert.ok(await isSignedIn(closed, { access: accessToken.token }));
      assert.deepEqual((await backendOf(closed).getSessionInformation(session.handle)).userDataInJWT, {});
      assert.deepEqual(await backendOf(closed).getAllSessionHandlesForUser("alice"), []);
    });
  }
});
