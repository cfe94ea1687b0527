// A control header that is not understood, or that the object could not act on, changes nothing,
// and the browser never gets a response that pretends otherwise.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  assertStripped,
  backendOf,
  control,
  failObject,
  gateFor,
  healObject,
  isSignedIn,
  login,
  STAND_IN,
} from "../support/index.mjs";

const gate = await gateFor({ after });
const backend = backendOf(gate);

describe("a malformed value is a 502 naming its header, and nothing is done:", () => {
  const LONG_USER_ID = "u".repeat(257);
  const MALFORMED = {
    "Gate-Create-Session": [
      "",
      "nonsense",
      "{",
      "null",
      "[]",
      '"refused"',
      "{}",
      '{"userId":1.5}',
      '{"userId":null}',
      '{"userId":""}',
      `{"userId":"${LONG_USER_ID}"}`,
      '{"userId":"refused","payload":[]}',
      '{"userId":"refused","payload":"x"}',
      '{"userId":"refused","data":7}',
      '{"userId":"refused","tenantId":{}}',
      '{"userId":"refused"} {"userId":"refused"}',
      '{"userId":"refused"}, {"userId":"refused"}',
      '{"userId":"\\ud800"}',
      '{"userId":"\ufffd"}',
    ],
    "Gate-Revoke-Session": [
      "",
      "everything",
      "current, all",
      "../current",
      "A".repeat(63),
      "A".repeat(65),
      "current current",
    ],
    "Gate-Set-Payload": ["", "nonsense", "{", "null", "[]", '"x"', "7", '{"a":1} {"b":2}', '{"\ufffd":1}'],
  };
  const PARAMETER = { "Gate-Create-Session": "create", "Gate-Revoke-Session": "revoke", "Gate-Set-Payload": "payload" };

  for (const [header, values] of Object.entries(MALFORMED)) {
    for (const value of values) {
      test(`${header}: ${value.length > 60 ? `${value.slice(0, 20)}… (${value.length})` : value}`, async () => {
        const session = await login(gate, "steady", { payload: { role: "reader" } });

        const response = await control(gate, { [PARAMETER[header]]: value }, session);

        assert.equal(response.status, 502);
        assert.match(await response.text(), new RegExp(header, "i"));
        assertCookiesUntouched(response);
        assert.ok(await isSignedIn(gate, session), "the session of the browser lives");
        assert.deepEqual((await backend.getSessionInformation(session.handle)).userDataInJWT, { role: "reader" });
        assert.deepEqual(await backend.getAllSessionHandlesForUser("refused"), []);
      });
    }
  }

  test("one malformed header beside good ones: none of them is done", async () => {
    const session = await login(gate, "alice");
    const response = await control(gate, { create: '{"userId":"nobody"}', revoke: "everything" }, session);
    assert.equal(response.status, 502);
    assert.ok(await isSignedIn(gate, session));
    assert.deepEqual(await backend.getAllSessionHandlesForUser("nobody"), []);
  });
});

describe("when the object cannot commit", async () => {
  const faulty = await gateFor({ after }, { objectFault: STAND_IN });

  test("a login is answered 503 in place of the origin's response, without cookies", async () => {
    await failObject(faulty, "throw");
    const response = await control(faulty, { create: '{"userId":"alice"}' });
    await healObject(faulty);

    assert.equal(response.status, 503);
    assert.ok(response.headers.get("retry-after"));
    assert.doesNotMatch(await response.text(), /^control$/);
    assertStripped(response);
    assertCookiesUntouched(response);
  });

  for (const [header, value] of [
    ["revoke", "current"],
    ["revoke", "all"],
    ["payload", '{"role":"editor"}'],
  ]) {
    test(`${header}: ${value} is answered 503 by a gate that trusts its last answer, and no cookie is touched`, async (t) => {
      const trusting = await gateFor(t, {
        objectFault: STAND_IN,
        vars: { RULES: [{ path: "/control", session: "optional", fresh: 60 }] },
      });
      const session = await login(trusting, "alice");
      await control(trusting, {}, session);

      await failObject(trusting, "throw");
      const response = await control(trusting, { [header]: value }, session);
      await healObject(trusting);

      assert.equal(response.status, 503);
      assertCookiesUntouched(response);
      assert.ok(await isSignedIn(trusting, session));
    });
  }
});
