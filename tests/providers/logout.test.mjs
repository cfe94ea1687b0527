// A log-out here goes on to the provider when it is done here, and says honestly what is still signed in. The numbers are
// those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { failObject, isSignedIn, NAVIGATION, newClient, presenting, STAND_IN, soon } from "../support/index.mjs";
import { begin, gateAt, open, pair, signedIn } from "../support/providers/gate-at.mjs";
import { hostile } from "../support/providers/hostile.mjs";

const { idp, gate } = await pair({ after });
const ON_SITE = { ...NAVIGATION, "sec-fetch-site": "same-origin" };

/** The parameters with which a browser is sent to the provider. */
function leaving(response) {
  const url = new URL(response.headers.get("location"));
  return { url, asked: Object.fromEntries(url.searchParams) };
}

describe("the link to log out", () => {
  test("case O1: ends the session first, and leads to the provider with the ID token, the client and a state", async () => {
    const session = await signedIn(gate, idp);
    const response = await open(session.client, "/logout?return_to=%2Fbye");
    assert.equal(response.status, 303);
    assert.equal(await isSignedIn(gate, session), false);
    const { url, asked } = leaving(response);
    assert.equal(`${url.origin}${url.pathname}`, `${idp.issuer}/logout`);
    assert.equal(asked.id_token_hint, session.login.idToken);
    assert.equal(asked.client_id, idp.clientId);
    assert.equal(asked.post_logout_redirect_uri, `${gate.url}/auth/signed-out`);
    const back = await open(session.client, `/auth/signed-out?state=${encodeURIComponent(asked.state)}`);
    assert.equal(new URL(back.headers.get("location"), gate.url).href, `${gate.url}/bye`);
  });

  test("twice goes to the provider once", async () => {
    const session = await signedIn(gate, idp);
    await open(session.client, "/logout");
    const again = await open(session.client, "/logout");
    assert.ok(again.status === 200 || !again.headers.get("location")?.startsWith(idp.issuer));
  });

  test("revokes the refresh token", async () => {
    const session = await signedIn(gate, idp);
    const before = idp.count("revocation");
    await open(session.client, "/logout");
    assert.ok(await soon(() => idp.count("revocation") === before + 1));
    const { params } = idp.asked("revocation").at(-1);
    assert.equal(params.get("token"), session.login.refreshToken);
    assert.equal(params.get("token_type_hint"), "refresh_token");
  });

  test("of a session that no provider made goes to none", async () => {
    const client = newClient(gate);
    await client.login("ada");
    const response = await open(client, "/logout");
    assert.equal(response.headers.get("location"), null);
    assert.equal(response.status, 200);
  });
});

describe("the next login in that browser", () => {
  test("asks the provider to ask who it is, until one succeeds", async () => {
    const session = await signedIn(gate, idp);
    await open(session.client, "/logout");
    const prompt = async () => new URL(await begin(session.client)).searchParams.get("prompt");
    assert.equal(await prompt(), "login");
    assert.equal(await prompt(), "login", "an attempt that was not finished does not count");
    await signedIn(gate, idp, {}, session.client);
    await open(session.client, "/auth/login?account=other");
    const other = new URL(await begin(session.client, "/auth/login?account=other&return_to=/echo"));
    assert.equal(other.searchParams.get("prompt"), "select_account");
  });

  test("is an ordinary one after ten minutes", async () => {
    const session = await signedIn(gate, idp);
    await open(session.client, "/logout");
    await gate.moveClock(601);
    assert.equal(new URL(await begin(session.client)).searchParams.get("prompt"), null);
  });

  test("chooses an account where the provider does not know `login`", async (t) => {
    const { idp, gate } = await pair(t);
    idp.set({ metadata: { json: { prompt_values_supported: ["none", "select_account"] } } });
    const session = await signedIn(gate, idp);
    await open(session.client, "/logout");
    assert.equal(new URL(await begin(session.client)).searchParams.get("prompt"), "select_account");
  });
});

describe("other ways to log out", () => {
  test("case O3: a form is answered by a page that goes to the provider, because browsers apply form-action to redirects", async () => {
    const session = await signedIn(gate, idp);
    const response = await session.client.fetch("/logout", {
      method: "POST",
      headers: ON_SITE,
      body: new URLSearchParams({ return_to: "/bye" }),
    });
    const page = await response.text();
    assert.equal(response.status, 200, page);
    assert.doesNotMatch(page, /<script/);
    const [, target] = /http-equiv="refresh" content="0; ?url=([^"]+)"/i.exec(page) ?? [];
    assert.ok(target?.startsWith(`${idp.issuer}/logout?`), page);
    assert.equal(await isSignedIn(gate, session), false);
  });

  test("a script is told where the provider's log-out is", async () => {
    const session = await signedIn(gate, idp);
    const headers = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", accept: "application/json" };
    const response = await session.client.fetch("/logout", { method: "POST", headers });
    assert.equal(response.status, 200);
    const { providerLogout } = await response.json();
    assert.ok(providerLogout.startsWith(`${idp.issuer}/logout?`));
  });

  test("the others of a user involve no provider", async () => {
    const [one, other] = [await signedIn(gate, idp), await signedIn(gate, idp)];
    const response = await one.client.fetch("/logout?scope=others", { method: "POST", headers: ON_SITE });
    await response.arrayBuffer();
    assert.ok(!response.headers.get("location")?.startsWith(idp.issuer));
    assert.deepEqual([await isSignedIn(gate, one), await isSignedIn(gate, other)], [true, false]);
  });

  test("all of a user's go to the provider with this browser's hint", async () => {
    const [one, other] = [await signedIn(gate, idp), await signedIn(gate, idp)];
    const response = await open(one.client, "/logout/all");
    assert.equal(leaving(response).asked.id_token_hint, one.login.idToken);
    assert.deepEqual([await isSignedIn(gate, one), await isSignedIn(gate, other)], [false, false]);
  });

  test("a log-out that has to wait goes nowhere", async (t) => {
    const idp = await hostile(t);
    const faulty = await gateAt(t, idp, { clock: true, objectFault: STAND_IN });
    const session = await signedIn(faulty, idp);
    await failObject(faulty, "throw");
    const response = await faulty.letTimePass(10, open(session.client, "/logout"));
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("location"), null);
  });
});

describe("where the provider has no log-out", () => {
  const WITHOUT = {
    "no end_session_endpoint": { metadata: { json: { end_session_endpoint: undefined } } },
    "one that is switched off": {},
  };
  for (const [what, script] of Object.entries(WITHOUT)) {
    test(`case O3: ${what}: the page says who may still be signed in`, async (t) => {
      const provider = what.startsWith("one") ? { logout: false } : {};
      const { idp, gate } = await pair(t, { provider });
      idp.set(script);
      const session = await signedIn(gate, idp);
      const response = await open(session.client, "/logout");
      assert.equal(response.status, 200);
      assert.match(await response.text(), /still be signed in at.*Corp account|Corp account/);
      assert.equal(await isSignedIn(gate, session), false);
    });
  }

  test("case O3: Cognito's way has its two parameters and no others", async (t) => {
    const { idp, gate } = await pair(t, { provider: { end_session_style: "cognito" } });
    const { client } = await signedIn(gate, idp);
    const { url } = leaving(await open(client, "/logout"));
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: idp.clientId,
      logout_uri: `${gate.url}/auth/signed-out`,
    });
  });
});

describe("the page after the provider's log-out", () => {
  const STATES = { "without a state": "", "with a made-up state": "?state=AAAA", "with another's": "?state=" };
  for (const [what, query] of Object.entries(STATES)) {
    test(`case O2: ${what} is a page, and nothing happens`, async () => {
      const session = await signedIn(gate, idp);
      const response = await open(session.client, `/auth/signed-out${query}`);
      assert.equal(response.status, 200);
      assert.deepEqual(response.headers.getSetCookie(), []);
      assert.ok(await isSignedIn(gate, session));
    });
  }

  test("case O2: the state of an attempt leads nowhere else", async () => {
    const state = new URL(await begin(newClient(gate))).searchParams.get("state");
    const response = await gate.fetch(`/auth/signed-out?state=${state}`, {
      headers: { ...NAVIGATION, ...presenting({}) },
    });
    const location = response.headers.get("location");
    assert.ok(location === null || new URL(location, gate.url).origin === gate.url);
  });
});
