// What comes back from a provider signs in the browser that asked, once, at the provider that it asked, and nobody else.
// It is never a dead end. The numbers are those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { expiredIn, isSignedIn, newClient, tokensIn } from "../support/index.mjs";
import {
  assertRefused,
  attempt,
  attemptsOf,
  begin,
  comeBack,
  gateAt,
  KEY,
  open,
  pair,
  signedIn,
  startsAttempt,
} from "../support/providers/gate-at.mjs";
import { hostile } from "../support/providers/hostile.mjs";

const OTHER = "other";
const idp = await hostile({ after });
const evil = await hostile({ after });
const gate = await gateAt({ after }, idp, {
  clock: true,
  secrets: { PROVIDER_SECRET_CORP: idp.clientSecret, PROVIDER_SECRET_OTHER: evil.clientSecret },
  vars: { PROVIDERS: [idp.settings(KEY, { name: "Corp account" }), evil.settings(OTHER)] },
});
evil.now = () => gate.now;

const LOGIN = `/auth/login?provider=${KEY}&return_to=/echo`;

/** A login that was begun, and the callback that the provider would send. */
async function begun(client = newClient(gate), { provider = idp, path = LOGIN } = {}) {
  gate.logs.length = 0;
  const callback = await provider.authorize(await begin(client, path));
  return { client, callback, state: new URL(callback.url).searchParams.get("state") };
}

/** The same callback with other parameters; those set to undefined are left out, an array repeats one. */
function changed({ url }, parameters, key = KEY) {
  const other = new URL(url);
  other.pathname = `/auth/callback/${key}`;
  for (const [name, value] of Object.entries(parameters)) {
    other.searchParams.delete(name);
    for (const one of [value].flat()) if (one !== undefined) other.searchParams.append(name, one);
  }
  return { url: other.href };
}

describe("the state", () => {
  const STATES = {
    missing: () => undefined,
    "there twice": (state) => [state, state],
    empty: () => "",
    tampered: (state) => `${state.slice(0, -2)}${state.endsWith("AA") ? "BB" : "AA"}`,
    "cut off": (state) => state.slice(0, 20),
    "made up": () => "A".repeat(86),
  };

  for (const [what, change] of Object.entries(STATES)) {
    test(`case 18: ${what} is refused before the provider is asked, and no attempt ends by what is no state of it`, async () => {
      const { client, callback, state } = await begun();
      const asked = idp.count("token");
      const response = await comeBack(client, changed(callback, { state: change(state) }));
      assert.equal(response.status, 400);
      assert.equal(tokensIn(response).access, undefined);
      assert.equal(idp.count("token"), asked);
      if ([change(state)].flat().includes(state)) return;
      assert.equal((await comeBack(client, callback)).headers.get("location"), "/echo");
    });
  }

  test("case 18: of another browser is no session here, and that browser's attempt still works", async () => {
    const [victim, attacker] = [await begun(), await begun()];
    const response = await comeBack(victim.client, attacker.callback);
    assert.equal(tokensIn(response).access, undefined);
    const later = await comeBack(victim.client, victim.callback);
    assert.ok(tokensIn(later).access);
    assert.ok(tokensIn(await comeBack(attacker.client, attacker.callback)).access);
  });

  test("case 18: of a gate with another APP_ID is refused", async (t) => {
    const other = await pair(t, { vars: { APP_ID: "another" } });
    const { url } = await other.idp.authorize(await begin(newClient(other.gate)));
    const { pathname, search } = new URL(url);
    const response = await open(newClient(gate), `${pathname}${search}`);
    assert.equal(response.status, 400);
    assert.equal(tokensIn(response).access, undefined);
  });
});

describe("a callback", () => {
  test("case 19: that is repeated leads to return_to, and the session stays as it is", async () => {
    const { client, callback } = await begun();
    const first = await comeBack(client, callback);
    const asked = idp.count("token");
    const again = await comeBack(client, callback);
    assert.equal(again.status, 303);
    assert.equal(again.headers.get("location"), "/echo");
    assert.equal(idp.count("token"), asked, "the code is not sent again");
    assert.ok(await isSignedIn(gate, tokensIn(first)));
  });

  test("case 19: after 11 minutes begins one fresh attempt, which signs in", async () => {
    const { client, callback } = await begun();
    await gate.moveClock(660);
    const restarted = await comeBack(client, callback);
    assert.equal(restarted.status, 303);
    assert.ok(startsAttempt(restarted));
    const response = await comeBack(client, await idp.authorize(restarted.headers.get("location")));
    assert.ok(tokensIn(response).access);
    assert.equal(response.headers.get("location"), "/echo");
  });

  test("case 19: without its cookie begins one fresh attempt, and a second in a row is a page with a button", async () => {
    const { callback } = await begun();
    const client = newClient(gate);
    const restarted = await comeBack(client, callback);
    assert.equal(restarted.status, 303);
    const second = await idp.authorize(restarted.headers.get("location"));
    const lost = newClient(gate);
    const page = await comeBack(lost, second);
    await assertRefused(gate, idp, { response: page, client: lost });
  });

  test("case 19: without its cookie that is no navigation begins nothing", async () => {
    const { callback } = await begun();
    const { pathname, search } = new URL(callback.url);
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" };
    const response = await gate.fetch(`${pathname}${search}`, { headers });
    assert.ok(!startsAttempt(response));
    assert.equal(tokensIn(response).access, undefined);
  });

  for (const [what, script] of Object.entries({
    "a code that was redeemed before": { token: { status: 400, json: undefined, body: '{"error":"invalid_grant"}' } },
    "a code of another client": { authorization: { params: { code: "of-another-client" } } },
  })) {
    test(`case 21: with ${what} is a page with a way on`, async () => {
      await assertRefused(gate, idp, await attempted(script), { check: /invalid_grant/ });
    });
  }

  test("case 21: whose verifier the provider does not take is a page with a way on", async () => {
    const { client, callback } = await begun();
    idp.attempts.at(-1).params.code_challenge = "another";
    const response = await comeBack(client, callback);
    await assertRefused(gate, idp, { response, client }, { check: /invalid_grant/ });
  });
});

async function attempted(script, client = newClient(gate)) {
  idp.next(script);
  const { callback } = await begun(client);
  return { client, callback, response: await comeBack(client, callback) };
}

describe("a mix-up", () => {
  test("case 22: an honest provider's answer at another's callback is refused, and neither is asked for tokens", async () => {
    const { client, callback } = await begun();
    const asked = [idp.count("token"), evil.count("token")];
    const response = await comeBack(client, changed(callback, {}, OTHER));
    assert.equal(response.status, 400);
    assert.equal(tokensIn(response).access, undefined);
    assert.deepEqual([idp.count("token"), evil.count("token")], asked);
  });

  for (const [what, iss] of Object.entries({
    "another issuer": () => evil.issuer,
    "an issuer with a slash more": () => `${idp.issuer}/`,
    "no issuer, though the metadata announce one": () => undefined,
    "the issuer twice": () => [idp.issuer, idp.issuer],
  })) {
    test(`case 22: ${what} in the callback is refused without a request for tokens`, async () => {
      const { client, callback } = await begun();
      const asked = idp.count("token");
      const response = await comeBack(client, changed(callback, { iss: iss() }));
      await assertStatus(response, 400);
      assert.equal(tokensIn(response).access, undefined);
      assert.equal(idp.count("token"), asked);
    });
  }
});

async function assertStatus(response, status) {
  assert.equal(response.status, status, await response.text());
}

describe("an error from the provider", () => {
  const HTML = "<script>alert(1)</script>";

  test("case 23: with a bad state is refused", async () => {
    const response = await open(newClient(gate), `/auth/callback/${KEY}?error=access_denied&state=x`);
    await assertStatus(response, 400);
  });

  test("case 23: access_denied is a page that says so, and nothing of the description is markup", async () => {
    const params = { code: undefined, error: "access_denied", error_description: HTML };
    const { response } = await attempted({ authorization: { params } });
    const page = await response.text();
    assert.ok([400, 403].includes(response.status), `${response.status}`);
    assert.ok(!page.includes(HTML));
    assert.match(page, /<a [^>]*href=/);
    assert.equal(tokensIn(response).access, undefined);
  });

  for (const error of ["login_required", "invalid_scope", "temporarily_unavailable", "server_error", HTML]) {
    test(`case 23: ${error} is a page with a way on`, async () => {
      const { response } = await attempted({ authorization: { params: { code: undefined, error } } });
      const page = await response.text();
      assert.ok([400, 503].includes(response.status), `${response.status}`);
      assert.ok(!page.includes(HTML));
      assert.match(page, /<a [^>]*href=/);
    });
  }
});

describe("another's callback", () => {
  test("case 24: signs nobody in who follows a link to it", async () => {
    const { callback } = await begun();
    const victim = newClient(gate);
    const response = await comeBack(victim, callback);
    assert.equal(tokensIn(response).access, undefined);
  });

  test("case 24: leaves the victim's own session alone", async () => {
    const victim = await signedIn(gate, idp, {}, await provided());
    const { callback } = await begun();
    const response = await comeBack(victim.client, callback);
    assert.equal(tokensIn(response).access, undefined);
    assert.ok(await isSignedIn(gate, victim));
  });
});

/** A client whose login goes to the first provider. */
async function provided() {
  const client = newClient(gate);
  const { fetch } = client;
  client.fetch = (path, init) => fetch.call(client, path.replace("/auth/login?", `/auth/login?provider=${KEY}&`), init);
  return client;
}

test("case 26: a login makes a new session and ends the one that the browser had", async () => {
  const client = await provided();
  const before = await signedIn(gate, idp, {}, client);
  const started = await open(client, `/auth/login?account=other&return_to=/echo`);
  const response = await comeBack(client, await idp.authorize(started.headers.get("location")));
  const tokens = tokensIn(response);
  assert.ok(tokens.access);
  assert.notEqual(tokens.access, before.access);
  assert.equal(await isSignedIn(gate, before), false);
  assert.equal(await isSignedIn(gate, tokens), true);
});

describe("an answer by form_post", () => {
  const formPost = { params: { response_mode: "form_post" } };

  test("case 27: signs in by a page that goes on without script, where the POST brings no cookie", async (t) => {
    const { posted, page, client } = await postedBack(t, formPost);
    assert.equal(posted.status, 200);
    assert.doesNotMatch(page, /<script/);
    const [, target] = /http-equiv="refresh" content="0; ?url=([^"]+)"/i.exec(page);
    assert.doesNotMatch(target, /code=/, "the code is in no address");
    const response = await open(client, target.replaceAll("&amp;", "&").replaceAll("&#38;", "&"));
    assert.ok(tokensIn(response).access, await response.text());
    assert.deepEqual(namesOf(expiredIn(response)), ["__Host-sLogin-", "__Host-sReturn"]);
  });

  test("case 27: one that is refused is over as well", async (t) => {
    const params = { code: undefined, error: "access_denied" };
    const { client } = await postedBack(t, formPost, { authorization: { params } });
    const response = await open(client, `/auth/callback/${KEY}`);
    await assertStatus(response, 400);
    assert.deepEqual(namesOf(expiredIn(response)), ["__Host-sLogin-", "__Host-sReturn"]);
    const again = await open(client, `/auth/callback/${KEY}`);
    assert.deepEqual(expiredIn(again), [], "nothing is left to expire");
  });

  test("case 27: the address that it goes on to does nothing by itself", async () => {
    const response = await open(newClient(gate), `/auth/callback/${KEY}`);
    await assertStatus(response, 400);
    assert.equal(tokensIn(response).access, undefined);
  });
});

test("case 27: with Strict cookies the callback is a page that goes on", async (t) => {
  const strict = await pair(t, { vars: { COOKIE_SAMESITE: "Strict" } });
  const { response } = await attempt(strict.gate, strict.idp);
  assert.equal(response.status, 200);
  assert.ok(tokensIn(response).access);
  assert.match(await response.text(), /http-equiv="refresh" content="0; ?url=\/echo"/i);
});

/** The names of the cookies of logins, without what tells attempts apart. */
const namesOf = (/** @type {string[]} */ names) =>
  names.map((name) => name.replace(/(?<=^__Host-sLogin-).*/, "")).toSorted();

async function postedBack(t, provider, script = {}) {
  const { idp, gate: own } = await pair(t, { provider });
  const client = newClient(own);
  const url = await begin(client);
  idp.next(script);
  const callback = await idp.authorize(url);
  assert.ok(callback.fields.state);
  const { pathname } = new URL(callback.url);
  // A form of another site, so no Lax cookie is sent.
  const posted = await own.fetch(pathname, {
    method: "POST",
    headers: {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
      origin: idp.issuer,
    },
    body: new URLSearchParams(callback.fields),
  });
  for (const line of posted.headers.getSetCookie()) client.setCookie(line);
  return { posted, page: await posted.text(), client };
}

test("a login leaves no cookie of an attempt behind", async () => {
  const { client } = await signedIn(gate, idp, {}, await provided());
  assert.deepEqual(attemptsOf(client), []);
});
