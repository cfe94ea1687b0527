// What the tests may rely on with every real provider: another relying party finds nothing wrong with it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { relyingParty } from "./relying-party.mjs";

/** The tests of a provider. `algorithm` and `type` are those of its logout tokens. */
export function honestProvider(start, { algorithm, type }) {
  test("signs a person in at another relying party, which verifies what it sends", async (t) => {
    const { party, provider } = await registered(t, start);
    const { claims, userInfo } = await signedIn(party, provider, provider.person());
    assert.equal(claims.iss, provider.issuer);
    assert.equal(userInfo.sub, claims.sub);
    assert.equal(userInfo.email, "ada@example.com");
  });

  test("asks nobody twice who is signed in there", async (t) => {
    const { party, provider } = await registered(t, start);
    const person = provider.person();
    const first = await signedIn(party, provider, person);
    const second = await party.begin(provider);
    const { claims } = await second.finish(await person.walk(second.url, {}));
    assert.equal(claims.sub, first.claims.sub);
  });

  test("comes back from the sign-out with the state, and sends a logout token that verifies", async (t) => {
    const { party, provider } = await registered(t, start);
    const person = provider.person();
    const { tokens, claims } = await signedIn(party, provider, person);
    const { url } = await person.confirmSignOut(await party.signOutUrl(provider, tokens, "any-state"));
    assert.equal(url, `${party.registration.postLogoutRedirectUri}?state=any-state`);
    await assertSentLogout(party, provider, claims);
  });

  test("sends a logout token when a person signs out there", async (t) => {
    const { party, provider } = await registered(t, start);
    const person = provider.person();
    const { claims } = await signedIn(party, provider, person);
    await person.signOutThere();
    await assertSentLogout(party, provider, claims);
  });

  async function assertSentLogout(party, provider, signedIn) {
    const { claims, header } = await party.logoutToken(provider);
    assert.equal(header.alg, algorithm);
    assert.equal(header.typ, type);
    assert.equal(claims.sub, signedIn.sub);
    assert.equal(claims.sid, signedIn.sid);
    assert.deepEqual(claims.events, { "http://schemas.openid.net/event/backchannel-logout": {} });
    assert.equal(claims.nonce, undefined);
  }
}

async function registered(t, start) {
  const [party, provider] = await Promise.all([relyingParty(t), start(t)]);
  await provider.register(party.registration);
  return { party, provider };
}

async function signedIn(party, provider, person) {
  const login = await party.begin(provider);
  return login.finish(await person.signIn(login.url, "ada"));
}
