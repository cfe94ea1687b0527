// A login begins where a person opens an address, goes to the provider that is meant, and comes back to where the person
// wanted to go and nowhere else. The numbers are those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isSignedIn, NAVIGATION, newClient, setCookies, tokensIn } from "../support/index.mjs";
import {
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

const { idp, gate } = await pair({ after });

describe("the request to the provider", () => {
  test("has a state, a nonce and a challenge of this attempt, and nothing of it is used twice", async () => {
    const [one, two] = [await begin(newClient(gate)), await begin(newClient(gate))].map((url) =>
      Object.fromEntries(new URL(url).searchParams),
    );
    assert.equal(one.response_type, "code");
    assert.equal(one.code_challenge_method, "S256");
    assert.equal(one.redirect_uri, `${gate.url}/auth/callback/${KEY}`);
    assert.match(one.scope, /(^| )openid( |$)/);
    for (const name of ["state", "nonce", "code_challenge"]) {
      assert.ok(one[name].length >= 22, name);
      assert.notEqual(one[name], two[name], name);
    }
  });

  test("is a redirect that tells no address and is kept by no cache", async () => {
    const response = await open(newClient(gate), "/auth/login?return_to=/echo");
    assert.equal(response.status, 303);
    assert.equal(response.headers.get("referrer-policy"), "no-referrer");
    assert.match(response.headers.get("cache-control"), /no-store/);
  });

  test("is made with the cookie of the attempt, which no script reads and which ends after ten minutes", async () => {
    const response = await open(newClient(gate), "/auth/login");
    const [cookie] = setCookies(response).filter(({ name }) => name.startsWith("__Host-sLogin-"));
    const { attributes } = cookie;
    assert.equal(attributes["max-age"], "600");
    assert.equal(attributes.samesite, "Lax");
    assert.equal(attributes.path, "/");
    assert.ok("httponly" in attributes && "secure" in attributes);
  });

  test("names the person whom a provider names", async () => {
    const url = await begin(newClient(gate), "/auth/login?login_hint=ada%40example.com");
    assert.equal(new URL(url).searchParams.get("login_hint"), "ada@example.com");
  });

  test("goes to the provider that starts the login, by its issuer", async () => {
    const path = `/auth/login?iss=${encodeURIComponent(idp.issuer)}&target_link_uri=${encodeURIComponent(`${gate.url}/echo`)}`;
    const client = newClient(gate);
    const response = await comeBack(client, await idp.authorize(await begin(client, path)));
    assert.equal(response.headers.get("location"), "/echo");
  });

  test("is pushed where the provider asks for it", async (t) => {
    const pushing = await hostilePair(t, { par: true, metadata: { require_pushed_authorization_requests: true } });
    const url = new URL(await begin(newClient(pushing.gate)));
    assert.deepEqual([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    assert.equal(pushing.idp.count("par"), 1);
    await signedIn(pushing.gate, pushing.idp);
  });
});

async function hostilePair(t, { metadata, ...options }) {
  const idp = await hostile(t, options);
  idp.set({ metadata: { json: metadata } });
  return { idp, gate: await gateAt(t, idp, { clock: true }) };
}

describe("many attempts in one browser", () => {
  test("case 20: of six tabs the last five are finished, in any order", async () => {
    const client = newClient(gate);
    const tabs = [];
    for (let tab = 0; tab < 6; tab += 1) {
      tabs.push(await idp.authorize(await begin(client, `/auth/login?return_to=/echo%3Ftab=${tab}`)));
      await gate.moveClock(1);
    }
    assert.equal(attemptsOf(client).length, 5);
    for (const tab of [3, 5, 1, 4, 2]) {
      const own = newClient(gate);
      // Each tab as if it were the first to finish: a login ends all attempts of its browser.
      for (const [name, value] of Object.entries(client.cookies())) own.setCookie(`${name}=${value}; Path=/; Secure`);
      const response = await comeBack(own, tabs[tab]);
      assert.ok(tokensIn(response).access, `tab ${tab}`);
      assert.equal(response.headers.get("location"), `/echo?tab=${tab}`);
    }
    assert.equal(tokensIn(await comeBack(client, tabs[0])).access, undefined, "the oldest is over");
  });

  test("case 20: those that come after the first login find it and go where they wanted", async () => {
    const client = newClient(gate);
    const tabs = [];
    for (const tab of [0, 1, 2])
      tabs.push(await idp.authorize(await begin(client, `/auth/login?return_to=/echo%3F${tab}`)));
    for (const [at, tab] of tabs.entries()) {
      const response = await comeBack(client, tab);
      assert.equal(response.status, 303);
      assert.equal(response.headers.get("location"), `/echo?${at}`);
    }
    assert.equal((await open(client, "/echo")).status, 200);
  });

  const OTHERS = {
    "a script": { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
    "an image": { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
    "a frame": { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    "a prefetch": { ...NAVIGATION, "sec-purpose": "prefetch" },
    "a prefetch by its old name": { ...NAVIGATION, purpose: "prefetch" },
    "a prefetch of Next.js": { ...NAVIGATION, "next-router-prefetch": "1" },
  };
  for (const [what, headers] of Object.entries(OTHERS)) {
    test(`case 20: ${what} begins no attempt`, async () => {
      const response = await gate.fetch("/auth/login?return_to=/echo", { headers });
      assert.ok(!startsAttempt(response));
      assert.equal(response.status, what.includes("prefetch") ? 503 : 403);
    });
  }

  test("case 20: fifty scripts that are sent to the login leave the jar as it was", async () => {
    const client = newClient(gate);
    const headers = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" };
    for (let at = 0; at < 50; at += 1) await client.fetch("/auth/login", { headers });
    assert.deepEqual(client.cookies(), {});
  });
});

describe("where a login leads back to", () => {
  const ELSEWHERE = [
    "//elsewhere.example",
    "/\\elsewhere.example",
    "/\t/elsewhere.example",
    "https:elsewhere.example",
    "https://elsewhere.example/",
    "javascript:alert(1)",
    `/${"a".repeat(8192)}`,
    "elsewhere",
    "",
  ];
  for (const target of ELSEWHERE) {
    test(`case 25: not to ${JSON.stringify(target.slice(0, 40))}`, async () => {
      const client = newClient(gate);
      const url = await begin(client, `/auth/login?return_to=${encodeURIComponent(target)}`);
      const response = await comeBack(client, await idp.authorize(url));
      assert.ok(tokensIn(response).access);
      assert.equal(response.headers.get("location"), "/");
    });
  }

  test("case 25: to nothing that is another site once it has been resolved", async () => {
    const client = newClient(gate);
    const url = await begin(client, `/auth/login?return_to=${encodeURIComponent("/.//elsewhere.example")}`);
    const location = (await comeBack(client, await idp.authorize(url))).headers.get("location");
    assert.equal(new URL(location, gate.url).origin, gate.url);
  });

  test("case 25: to a path with a query, as it was", async () => {
    const client = newClient(gate);
    const url = await begin(client, `/auth/login?return_to=${encodeURIComponent("/echo?a=1&b=%2F")}`);
    assert.equal((await comeBack(client, await idp.authorize(url))).headers.get("location"), "/echo?a=1&b=%2F");
  });
});

describe("somebody who is signed in", () => {
  test("goes on without a new login", async () => {
    const { client } = await signedIn(gate, idp);
    const response = await open(client, "/auth/login?return_to=/echo");
    assert.equal(response.status, 303);
    assert.equal(response.headers.get("location"), "/echo");
    assert.ok(!startsAttempt(response));
  });

  test("may choose another account", async () => {
    const { client } = await signedIn(gate, idp);
    const url = await begin(client, "/auth/login?account=other&return_to=/echo");
    assert.equal(new URL(url).searchParams.get("prompt"), "select_account");
  });
});

test("a visitor of a protected page is sent to the login, and back to the page", async () => {
  const client = newClient(gate);
  const sent = await open(client, "/echo?x=1");
  assert.equal(sent.status, 303);
  const response = await comeBack(client, await idp.authorize(await begin(client, sent.headers.get("location"))));
  assert.equal(response.headers.get("location"), "/echo?x=1");
  assert.equal((await open(client, "/echo?x=1")).status, 200);
});

test("several providers are a page with a way to each", async (t) => {
  const second = await hostile(t);
  const { gate } = await pair(t, {
    secrets: {},
    vars: { PROVIDERS: [idp.settings("one", { name: "First <one>" }), second.settings("two")] },
  });
  const client = newClient(gate);
  const response = await open(client, "/auth/login?return_to=/echo");
  const page = await response.text();
  assert.equal(response.status, 200);
  assert.ok(page.includes("First &lt;one&gt;") || page.includes("First &#60;one&#62;"), "the name is escaped");
  assert.doesNotMatch(page, /<script/);
  assert.match(page, /provider=one/);
  assert.match(page, /provider=two/);
  assert.equal((await open(client, "/auth/login?provider=three")).status, 404);
});

test("a session of a provider is one as any other", async () => {
  const session = await signedIn(gate, idp);
  const told = await (await session.client.fetch("/auth/session")).json();
  assert.equal(told.provider, KEY);
  assert.equal(told.claims.email, "ada@example.com");
  await open(session.client, "/logout");
  assert.equal(await isSignedIn(gate, session), false);
});

test("an attempt that was not finished is no obstacle to the next", async () => {
  const client = newClient(gate);
  await begin(client);
  const { response } = await attempt(gate, idp, {}, client);
  assert.ok(tokensIn(response).access);
});
