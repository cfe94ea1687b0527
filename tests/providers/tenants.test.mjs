// Where a provider's metadata name a template as the issuer, only people of the tenants that are listed are let in. The
// numbers are those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { newClient, tokensIn } from "../support/index.mjs";
import { assertRefused, attempt, begin, comeBack, gateAt, open } from "../support/providers/gate-at.mjs";
import { hostile } from "../support/providers/hostile.mjs";

const [ONE, TWO] = ["11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"];

/** A provider whose issuer is found below `/organizations`, as that of Entra. */
async function templated(t, tenants) {
  const idp = await hostile(t);
  const issuer = `${idp.issuer}/organizations`;
  idp.set({
    metadata: { json: { issuer: `${idp.issuer}/{tenantid}`, authorization_response_iss_parameter_supported: false } },
  });
  const gate = await gateAt(t, idp, { clock: true, provider: { issuer, ...(tenants && { tenants }) } });
  return { idp, gate };
}

const of = (idp, tid, iss = `${idp.issuer}/${tid}`) => ({
  authorization: { params: { iss: undefined } },
  idToken: { claims: { iss, tid } },
});

const { idp, gate } = await templated({ after }, [ONE, TWO]);

describe("case 32: with a list of tenants", () => {
  for (const tid of [ONE, TWO]) {
    test(`somebody of ${tid} is signed in`, async () => {
      const { response } = await attempt(gate, idp, of(idp, tid));
      assert.ok(tokensIn(response).access, await response.text());
    });
  }

  const OTHERS = {
    "another tenant": of(idp, "99999999-2222-3333-4444-555555555555"),
    "a listed tenant with another's issuer": of(idp, ONE, `${idp.issuer}/${TWO}`),
    "the template itself as the issuer": of(idp, ONE, `${idp.issuer}/{tenantid}`),
    "no tenant": {
      authorization: { params: { iss: undefined } },
      idToken: { claims: { iss: `${idp.issuer}/${ONE}` } },
    },
    "a tenant that is a path": of(idp, `../${ONE}`),
  };
  for (const [what, script] of Object.entries(OTHERS)) {
    test(`somebody of ${what} is not`, async () => {
      gate.logs.length = 0;
      await assertRefused(gate, idp, await attempt(gate, idp, script), { check: /^(tid|iss)$/ });
    });
  }

  test("the same sub in two tenants is never one person", async () => {
    const users = [];
    for (const tid of [ONE, TWO]) {
      const client = newClient(gate);
      const url = await begin(client);
      idp.next(of(idp, tid));
      await comeBack(client, await idp.authorize(url));
      const told = await (await client.fetch("/auth/session")).json();
      users.push(told.userId);
    }
    assert.notEqual(users[0], users[1]);
  });
});

test("case 32: without a list a template is refused", async (t) => {
  const { gate } = await templated(t);
  const response = await open(newClient(gate), "/auth/login");
  assert.equal(response.status, 503);
});
