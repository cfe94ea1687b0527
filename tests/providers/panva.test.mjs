// `oidc-provider`, the certified one: from the link to the header that the application reads, and both logouts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  claimsOf,
  gateFor,
  isSignedIn,
  NAVIGATION,
  presenting,
  setCookies,
  soon,
  tokensIn,
} from "../support/index.mjs";
import { panva } from "../support/providers/panva.mjs";

/**
 * A gate before an application, and the provider at which its people log in.
 * @param {any} t
 * @param {{ provider?: object, [variable: string]: any }} [vars]
 */
async function gateAtProvider(t, { provider, ...vars } = {}) {
  const idp = await panva(t);
  const table = { key: "corp", name: "Corp account", issuer: idp.issuer, client_id: idp.clientId, ...provider };
  const gate = await gateFor(t, {
    vars: { PROVIDERS: [table], PROVIDER_SECRET_CORP: idp.clientSecret, LOGIN_URL: undefined, ...vars },
  });
  await idp.register({
    redirectUri: `${gate.url}/auth/callback/corp`,
    backchannelLogoutUri: `${gate.url}/auth/backchannel-logout/corp`,
    postLogoutRedirectUri: `${gate.url}/auth/signed-out`,
  });
  return { idp, gate };
}

const navigate = (gate, path, cookie = "") =>
  gate.fetch(path, { headers: { ...NAVIGATION, ...(cookie && { cookie }) }, redirect: "manual" });

const held = (response) =>
  setCookies(response)
    .filter(({ attributes }) => Number(attributes["max-age"]) > 0)
    .map(({ name, value }) => `${name}=${value}`)
    .join("; ");

/** Signs somebody in, from the link of a page that needs it; the person is signed in at the provider as well. */
async function signIn({ gate, idp }, user = "alice", person = idp.person()) {
  const wanted = await navigate(gate, "/echo?x=1");
  assert.equal(wanted.headers.get("location"), "/auth/login?return_to=/echo%3Fx%3D1");
  const started = await navigate(gate, wanted.headers.get("location"));
  const end = await person.signIn(started.headers.get("location"), user);
  const { pathname, search } = new URL(end.url);
  const back = await navigate(gate, pathname + search, held(started));
  assert.equal(back.status, 303);
  assert.equal(back.headers.get("location"), "/echo?x=1");
  const tokens = tokensIn(back);
  return { person, tokens, handle: claimsOf(tokens.access).sessionHandle };
}

describe("a person who signs in at the provider", () => {
  test("is who the application hears of, with the claims of the provider", async (t) => {
    const setting = await gateAtProvider(t);
    const { tokens } = await signIn(setting);
    const { headers } = await (await setting.gate.fetch("/echo", { headers: presenting(tokens) })).json();
    assert.equal(headers["gate-user"], "corp:alice");
  });

  test("is in the log with the provider, and without a name", async (t) => {
    const setting = await gateAtProvider(t);
    const { handle } = await signIn(setting);
    const isIt = (line) => line?.event === "session_created" && line.handle === handle;
    assert.ok(await setting.gate.logged((line) => isIt(line) && line.provider === "corp"));
    assert.ok(setting.gate.logs.every((line) => !JSON.stringify(line).includes("alice")));
  });

  test("signs out there as well by the link to log out", async (t) => {
    const setting = await gateAtProvider(t);
    const { gate } = setting;
    const { tokens, person } = await signIn(setting);
    const left = await navigate(gate, "/logout?return_to=/bye", presenting(tokens).cookie);
    assert.equal(left.status, 303);
    assert.equal(await isSignedIn(gate, tokens), false);
    const end = new URL(left.headers.get("location"));
    assert.ok(end.searchParams.get("id_token_hint"));
    const back = await person.confirmSignOut(end.href);
    const { pathname, search } = new URL(back.url);
    const signedOut = await navigate(gate, pathname + search);
    assert.equal(signedOut.headers.get("location"), "/bye");
    // The provider asks who it is.
    const started = await navigate(gate, "/auth/login", held(left));
    const authorization = new URL(started.headers.get("location"));
    assert.equal(authorization.searchParams.get("prompt"), "login");
  });

  test("is signed out here within a second of signing out there", async (t) => {
    const setting = await gateAtProvider(t);
    const { tokens, person } = await signIn(setting);
    assert.equal(await isSignedIn(setting.gate, tokens), true);
    await person.signOutThere();
    assert.ok(await soon(async () => !(await isSignedIn(setting.gate, tokens))));
  });

  /** @type {Record<string, [path: string, headers: Record<string, string>, form?: string]>} */
  const WAYS_OUT = {
    "POST /logout by a script": ["/logout", { "sec-fetch-mode": "cors" }],
    "the sign-out of an SDK": ["/auth/signout", {}],
    "its own row on the page of devices": ["/auth/sessions/revoke", {}, "handle"],
    "the button to log out everywhere, by a script": ["/auth/sessions/revoke", {}, "scope=all"],
  };
  for (const [what, [path, more, form]] of Object.entries(WAYS_OUT)) {
    test(`is told by ${what} where the provider's session is ended`, async (t) => {
      const setting = await gateAtProvider(t);
      const { tokens, handle } = await signIn(setting);
      const body = form === "handle" ? `handle=${handle}` : form;
      const type = body ? { "content-type": "application/x-www-form-urlencoded" } : {};
      const headers = { ...presenting(tokens), ...type, ...more };
      const response = await setting.gate.fetch(path, { method: "POST", headers, body });
      assert.equal(response.status, 200);
      const { providerLogout } = await response.json();
      assert.equal(new URL(providerLogout).origin, new URL(setting.idp.issuer).origin);
      assert.equal(await isSignedIn(setting.gate, tokens), false);
    });
  }

  test("is named as that provider's on the page of devices", async (t) => {
    const setting = await gateAtProvider(t);
    const { tokens } = await signIn(setting);
    const page = await setting.gate.fetch("/auth/sessions", {
      headers: { ...NAVIGATION, ...presenting(tokens) },
    });
    assert.match(await page.text(), /Corp account · Signed in /);
    const own = await (await setting.gate.fetch("/auth/session", { headers: presenting(tokens) })).json();
    assert.equal(own.provider, "corp");
    assert.deepEqual(own.claims.groups, ["people"]);
  });
});

describe("of the accounts at a provider", () => {
  const back = async (setting) => {
    const started = await navigate(setting.gate, "/auth/login?return_to=/echo");
    const end = await setting.idp.person().signIn(started.headers.get("location"), "alice");
    const { pathname, search } = new URL(end.url);
    return navigate(setting.gate, pathname + search, held(started));
  };

  test("those that `allow` names are let in", async (t) => {
    const allow = { groups: ["admins", "people"], email_domain: ["example.com"] };
    const response = await back(await gateAtProvider(t, { provider: { allow } }));
    assert.ok(tokensIn(response).access);
  });

  test("all others get a page that says what is missing, and no session", async (t) => {
    const setting = await gateAtProvider(t, { provider: { allow: { groups: ["admins"] } } });
    const response = await back(setting);
    assert.equal(response.status, 403);
    assert.equal(response.headers.get("gate-reason"), "forbidden");
    assert.equal(tokensIn(response).access, undefined);
    const page = await response.text();
    assert.match(page, /groups/);
    const [, another] = /href="([^"]*account=other)"/.exec(page);
    const again = await navigate(setting.gate, another.replaceAll("&#38;", "&").replaceAll("&amp;", "&"));
    assert.equal(new URL(again.headers.get("location")).searchParams.get("prompt"), "select_account");
  });
});
