// What a provider says of a person reaches the application and the rules as far as it is sure, and no further. The numbers
// are those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { presenting, tokensIn } from "../support/index.mjs";
import { attempt, open, pair, signedIn } from "../support/providers/gate-at.mjs";

const { idp, gate } = await pair(
  { after },
  {
    vars: {
      CLAIM_HEADERS: { "X-Forwarded-Email": "email", "X-Name": "name", "X-Groups": "groups" },
      RULES: [
        { path: "/ops/*", require: { groups: ["ops"] } },
        { path: "/login", session: "optional" },
      ],
    },
  },
);

/** The headers that the application gets of somebody of whom the provider says this. */
async function headersFor(claims, sent = {}) {
  // UserInfo is asked for what an ID token leaves out, and says no more.
  const session = await signedIn(gate, idp, { idToken: { claims }, userinfo: { json: claims } });
  const response = await gate.fetch("/echo", { headers: { ...presenting(session), ...sent } });
  return (await response.json()).headers;
}

describe("case 33: an address", () => {
  const UNSURE = {
    "that is not verified": false,
    "that is verified by a text": "true",
    "of which nothing is said": undefined,
  };
  for (const [what, email_verified] of Object.entries(UNSURE)) {
    test(`${what} reaches no header`, async () => {
      const headers = await headersFor({ email_verified, name: "Ada" });
      assert.equal(headers["x-forwarded-email"], undefined);
      assert.equal(headers["x-name"], "Ada");
    });
  }

  test("that is verified does", async () => {
    assert.equal((await headersFor({}))["x-forwarded-email"], "ada@example.com");
  });
});

describe("case 33: groups", () => {
  const visit = async (claims) => {
    const session = await signedIn(gate, idp, { idToken: { claims } });
    return (await open(session.client, "/ops/x")).status;
  };

  test("that a rule names open its path, and others do not", async () => {
    assert.equal(await visit({ groups: ["people", "ops"] }), 200);
    assert.equal(await visit({ groups: ["people"] }), 403);
    assert.equal(await visit({ groups: undefined }), 403);
  });

  test("that the provider cut off meet no rule, whatever is there", async () => {
    assert.equal(await visit({ groups: ["ops"], _claim_names: { groups: "src1" } }), 403);
    assert.equal(await visit({ groups: ["ops"], hasgroups: true }), 403);
  });
});

describe("case 33: an account that is not allowed", () => {
  for (const [what, hd] of Object.entries({
    "without the claim": undefined,
    "of another domain": "elsewhere.example",
  })) {
    test(`${what} is a page that names what is missing and offers another account`, async (t) => {
      const own = await pair(t, { provider: { allow: { hd: ["example.com"] } } });
      const { response } = await attempt(own.gate, own.idp, { idToken: { claims: { hd } } });
      const page = await response.text();
      assert.equal(response.status, 403, page);
      assert.match(page, /hd/);
      assert.match(page, /account=other/);
      assert.equal(tokensIn(response).access, undefined);
    });
  }

  test("is let in with a claim that is", async (t) => {
    const own = await pair(t, { provider: { allow: { hd: ["example.com"] } } });
    await signedIn(own.gate, own.idp, { idToken: { claims: { hd: "example.com" } } });
  });
});

describe("case 34: headers", () => {
  const NAMES = ["Gate-Email", "gate_groups", "X-Forwarded-Email", "x_forwarded_email", "X-Groups", "X_Name"];
  for (const name of NAMES) {
    test(`a client's own ${name} never reaches the application`, async () => {
      const headers = await headersFor(
        { email_verified: false, groups: undefined, name: undefined },
        { [name]: "forged" },
      );
      assert.ok(!JSON.stringify(headers).includes("forged"));
    });
  }

  test("what is beyond ASCII, and what would end a line, is percent-encoded", async () => {
    const headers = await headersFor({ name: "Zoë\r\nGate-User: eve 100%", groups: ["a,b", "c"] });
    assert.match(headers["x-name"], /^[\x21-\x7e]+$/);
    assert.equal(decodeURIComponent(headers["x-name"]), "Zoë\r\nGate-User: eve 100%");
    assert.equal(decodeURIComponent(headers["x-groups"]), "a,b,c");
    assert.equal(headers["x-groups"].split(",").length, 2);
    assert.equal(decodeURIComponent(headers["gate-user"]), "corp:ada");
  });
});
