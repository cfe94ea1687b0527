// The providers of the tests are what they stand for: another relying party signs in there, and its own checks find
// nothing wrong with what they send.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { betterAuth } from "../support/providers/better-auth.mjs";
import { honestProvider } from "../support/providers/honesty.mjs";
import { hostile } from "../support/providers/hostile.mjs";
import { keyFor } from "../support/providers/jws.mjs";
import { panva } from "../support/providers/panva.mjs";
import { Person } from "../support/providers/person.mjs";
import { relyingParty } from "../support/providers/relying-party.mjs";

describe("oidc-provider", () => honestProvider(panva, { algorithm: "RS256", type: "logout+jwt" }));
describe("better-auth", () => honestProvider(betterAuth, { algorithm: "EdDSA", type: "logout+jwt" }));

describe("the hostile provider without a script", () => {
  const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
  const TYPES = { query: undefined, form_post: "form_post" };

  for (const algorithm of ALGORITHMS) {
    test(`is honest to another relying party with ${algorithm}, and sends logout tokens that verify`, async (t) => {
      const [party, idp] = await Promise.all([relyingParty(t), hostile(t, { algorithms: [algorithm] })]);
      const login = await party.begin(idp);
      const { claims, userInfo } = await login.finish(await idp.authorize(login.url));
      assert.equal(claims.sub, "ada");
      assert.equal(userInfo.email, "ada@example.com");
      party.logoutTokens.push(idp.logoutToken(claims));
      const logout = await party.logoutToken(idp);
      assert.equal(logout.header.alg, algorithm);
      assert.equal(logout.claims.sid, claims.sid);
    });
  }

  for (const [mode, parameter] of Object.entries(TYPES)) {
    test(`sends a browser back by ${mode}, as it does without one`, async (t) => {
      const [party, idp] = await Promise.all([relyingParty(t), hostile(t)]);
      const login = await party.begin(idp, parameter && { response_mode: parameter });
      const { claims } = await login.finish(await new Person().walk(login.url, {}));
      assert.equal(claims.sub, "ada");
      assert.equal(idp.count("authorization"), 1);
    });
  }

  test("redeems a code once, and for its verifier alone", async (t) => {
    const [party, idp] = await Promise.all([relyingParty(t), hostile(t)]);
    const [login, other] = [await party.begin(idp), await party.begin(idp)];
    const callback = await idp.authorize(login.url);
    await login.finish(callback);
    await assert.rejects(login.finish(callback), /400|invalid_grant|response body/);
    const stolen = new URL((await idp.authorize(login.url)).url);
    const { state } = Object.fromEntries(new URL(other.url).searchParams);
    stolen.searchParams.set("state", state);
    await assert.rejects(other.finish({ url: stolen.href }), /400|invalid_grant|response body/);
  });

  test("comes back from the sign-out with the state", async (t) => {
    const [party, idp] = await Promise.all([relyingParty(t), hostile(t)]);
    const { url } = await new Person().walk(await party.signOutUrl(idp, { id_token: "any" }, "any-state"), {});
    assert.equal(url, `${party.registration.postLogoutRedirectUri}?state=any-state`);
  });
});

describe("a script of the hostile provider", () => {
  const WRONG = {
    "another issuer": { idToken: { claims: { iss: "https://elsewhere.example" } } },
    "a claim left out": { idToken: { claims: { exp: undefined } } },
    "a damaged signature": { idToken: { signature: (honest) => honest.subarray(1) } },
    "no signature": { idToken: { header: { alg: "none" } } },
    "another key": { idToken: { key: keyFor("RS256") } },
    "a failing token endpoint": { token: { status: 500 } },
    "a connection that breaks off": { token: { drop: true } },
    "another body": { token: { body: "<html>" } },
    "a callback with another state": { authorization: { params: { state: "other" } } },
    "a callback that names another issuer": { authorization: { params: { iss: "https://elsewhere.example" } } },
    "another user's UserInfo": { userinfo: { json: { sub: "eve" } } },
  };

  for (const [what, script] of Object.entries(WRONG)) {
    test(`is what another relying party refuses, and holds for one attempt: ${what}`, async (t) => {
      const [party, idp] = await Promise.all([relyingParty(t), hostile(t)]);
      idp.next(script);
      const login = await party.begin(idp);
      await assert.rejects(async () => login.finish(await idp.authorize(login.url)));
      const again = await party.begin(idp);
      await again.finish(await idp.authorize(again.url));
    });
  }
});
