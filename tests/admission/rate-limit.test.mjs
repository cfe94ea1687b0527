// A rate limiter bound as `RATE_LIMITER` guards what costs a call to an object and is worth flooding: login and renewal.
// Who asks too often is told so, and nothing is done. Nobody is kept from logging out.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  backendOf,
  gateFor,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  presenting,
  refreshSession,
  visit,
} from "../support/index.mjs";

const LIMIT = 3;
const TOO_MANY = 12;

const ratelimits = { RATE_LIMITER: { simple: { limit: LIMIT, period: 60 } } };
// The limiter begins anew with each minute of the clock.
const gate = await gateFor({ after }, { clock: true, ratelimits });

let clients = 0;
/** The headers of a client that has asked for nothing yet. */
const newClient = () => ({ "cf-connecting-ip": `192.0.2.${(clients += 1)}` });

/** A session that a client of its own has logged in to. */
const someone = (user) => login(gate, user, {}, newClient());

const signIn = (user, headers) => gate.fetch(`/login?user=${user}`, { method: "POST", headers });
const signOut = (tokens, headers) =>
  gate.fetch("/auth/signout", { method: "POST", headers: { ...presenting(tokens), ...headers } });

const renewing = await someone("renewing");

/** What is counted together, and the requests that count. */
const KINDS = {
  login: { "a login": (headers) => signIn("flood", headers) },
  refresh: { "POST /auth/session/refresh": (headers) => refreshSession(gate, renewing, headers) },
};

/** Asks until it is too often; how often that went well. */
async function exhaust(ask, client) {
  for (let count = 0; count <= LIMIT; count += 1) {
    const { status } = await ask(client);
    if (status === 429) return count;
    assert.notEqual(status, 503);
  }
  return assert.fail("it is never too often");
}

async function assertTooMany(response) {
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "60");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assertCookiesUntouched(response);
  for (const name of ["front-token", "clear-site-data", "gate-create-session"]) {
    assert.equal(response.headers.get(name), null, name);
  }
  return response;
}

describe("too often:", () => {
  for (const [kind, requests] of Object.entries(KINDS)) {
    for (const [what, ask] of Object.entries(requests)) {
      test(`${what} is 429 after ${LIMIT}, as JSON or as a page`, async () => {
        const client = newClient();
        assert.equal(await exhaust(ask, client), LIMIT);
        const json = await assertTooMany(await ask(client));
        assert.deepEqual(await json.json(), { message: "too many requests; try again in a minute" });
        const page = await assertTooMany(await ask({ ...NAVIGATION, "sec-fetch-site": "same-origin", ...client }));
        assert.match(page.headers.get("content-type"), /^text\/html/);
        assert.match(await page.text(), /Please wait a minute/);
      });

      test(`${what} of another client, and anything but ${kind}, is not affected`, async () => {
        const client = newClient();
        await exhaust(ask, client);
        assert.notEqual((await ask(newClient())).status, 429);
        for (const [other, others] of Object.entries(KINDS)) {
          const status = (await Object.values(others)[0](client)).status;
          assert.equal(status === 429, other === kind, `${other} is ${status}`);
        }
      });
    }
  }
});

describe("nothing is done:", () => {
  test("a login makes no session, ends none, and the application's answer is replaced", async () => {
    const client = newClient();
    const earlier = await someone("earlier");
    await exhaust(KINDS.login["a login"], client);

    const refused = await signIn("nobody", { ...presenting(earlier), ...client });

    await assertTooMany(refused);
    assert.doesNotMatch(await refused.text(), /signed in/);
    assert.deepEqual(await backendOf(gate).getAllSessionHandlesForUser("nobody"), []);
    assert.ok(await isSignedIn(gate, { access: earlier.access }));
  });

  test("nothing else that the application says beside a login is done either", async () => {
    const client = newClient();
    const session = await someone("both");
    await exhaust(KINDS.login["a login"], client);
    const path = `/control?${new URLSearchParams({ revoke: "current", create: '{"userId":"nobody"}' })}`;
    await assertTooMany(await gate.fetch(path, { headers: { ...presenting(session), ...client } }));
    assert.ok(await isSignedIn(gate, { access: session.access }));
  });

  test("a renewal rotates nothing: the token is as good as it was", async () => {
    const client = newClient();
    const session = await someone("alice");
    await exhaust(KINDS.refresh["POST /auth/session/refresh"], client);
    await assertTooMany(await refreshSession(gate, session, client));
    assert.equal((await refreshSession(gate, session, newClient())).status, 200);
  });

  test("the log says that somebody was limited, and not who", async () => {
    const client = newClient();
    await exhaust(KINDS.login["a login"], client);
    const line = await gate.logged((each) => each?.event === "rate_limited");
    assert.deepEqual(Object.keys(line).sort(), ["at", "event"]);
  });
});

describe("one client is", () => {
  const limited = (client) => exhaust(KINDS.login["a login"], client);
  const from = (address) => ({ "cf-connecting-ip": address });

  test("all of a /64 of IPv6, however it is spelled", async () => {
    assert.equal(await limited(from("2001:db8:0:1::1")), LIMIT);
    for (const address of ["2001:db8:0:1::2", "2001:0DB8:0000:0001:ffff:ffff:ffff:ffff"]) {
      await assertTooMany(await signIn("flood", from(address)));
    }
    assert.equal((await signIn("flood", from("2001:db8:0:2::1"))).status, 200);
  });

  test("an address of IPv4, also where it is spelled as one of IPv6", async () => {
    assert.equal(await limited(from("198.51.100.1")), LIMIT);
    await assertTooMany(await signIn("flood", from("::ffff:198.51.100.1")));
    assert.equal((await signIn("flood", from("::ffff:198.51.100.2"))).status, 200);
  });
});

const busy = await someone("busy");

describe("never limited:", () => {
  const often = (ask) => Promise.all(Array.from({ length: TOO_MANY }, ask));
  const statuses = async (ask) => [...new Set((await often(ask)).map(({ status }) => status))];

  test("checks, renewals on the way, the list of devices and the public keys", async () => {
    const client = newClient();
    const { access, refresh } = busy;
    for (const path of ["/echo", "/auth/session", "/auth/sessions", "/auth/jwt/jwks.json"]) {
      const ask = () => gate.fetch(path, { headers: { ...presenting({ access }), ...client } });
      assert.deepEqual(await statuses(ask), [200], path);
    }
    assert.deepEqual(await statuses(() => visit(gate, { refresh }, client)), [200]);
    assert.deepEqual(await statuses(() => visit(gate, {}, client)), [401]);
  });

  test("an application's login page that logs nobody in", async () => {
    const client = newClient();
    assert.deepEqual(await statuses(() => gate.fetch("/control", { headers: client })), [200]);
  });

  test("what the application says of sessions that there are", async () => {
    const client = newClient();
    const path = `/control?${new URLSearchParams({ payload: '{"seen":true}' })}`;
    const ask = () => gate.fetch(path, { headers: { ...presenting({ access: busy.access }), ...client } });
    assert.deepEqual(await statuses(ask), [200]);
  });

  test("a log-out with a genuine token, by whichever way, after whatever else came from there", async () => {
    const client = newClient();
    await often(() => logout(gate, {}, { headers: client }));
    await often(() => signOut({}, client));
    for (const kind of Object.values(KINDS)) await exhaust(Object.values(kind)[0], client);
    const ways = {
      "POST /logout": (tokens) => logout(gate, tokens, { headers: client }),
      "GET /logout": (tokens) => logout(gate, tokens, { method: "GET", headers: client }),
      "POST /logout/all": (tokens) => logout(gate, tokens, { path: "/logout/all", headers: client }),
      "POST /auth/signout": (tokens) => signOut(tokens, client),
    };
    for (const [what, leave] of Object.entries(ways)) {
      for (let count = 0; count < TOO_MANY; count += 1) {
        const { access, refresh } = await someone("leaving");
        assert.equal((await leave({ access, refresh })).status, 200, what);
        assert.equal(await isSignedIn(gate, { refresh }), false, what);
      }
    }
  });

  test("what costs no call to an object: requests without a genuine token", async () => {
    const client = newClient();
    const forged = { access: "a.b.c", refresh: "x" };
    for (const tokens of [{}, forged]) {
      assert.deepEqual(await statuses(() => refreshSession(gate, tokens, client)), [401]);
      assert.deepEqual(await statuses(() => logout(gate, tokens, { headers: client })), [200]);
      assert.deepEqual(await statuses(() => signOut(tokens, client)), [401]);
    }
    assert.equal((await refreshSession(gate, renewing, client)).status, 200);
    assert.equal((await signIn("flood", client)).status, 200);
  });

  test("backends", async () => {
    const backend = backendOf(gate);
    await often(async () => {
      const { session: made, refreshToken } = await backend.createNewSession("served");
      assert.ok(refreshToken?.token);
      assert.equal(await backend.revokeSession(made.handle), true);
    });
  });

  test("anything, where no limiter is bound, or the one that is bound fails", async (t) => {
    for (const options of [{}, { vars: { RATE_LIMITER: { broken: true } } }]) {
      const own = await gateFor(t, options);
      const client = newClient();
      for (let count = 0; count < TOO_MANY; count += 1) {
        const made = await login(own, "alice", {}, client);
        assert.equal((await refreshSession(own, made, client)).status, 200);
        assert.equal((await logout(own, made, { headers: client })).status, 200);
      }
    }
  });
});

describe("a page of another site uses up nothing of what its visitor may ask for:", () => {
  const FOREIGN = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" };
  /** @type {Record<string, [number, (headers: any) => Promise<Response>]>} */
  const attempts = {
    "posts to /logout": [403, (headers) => logout(gate, {}, { headers })],
    "posts to /auth/signout": [403, (headers) => signOut({}, headers)],
    "images at /logout": [403, (headers) => logout(gate, {}, { method: "GET", headers })],
    "prefetches of /logout": [
      503,
      (headers) => logout(gate, {}, { method: "GET", headers: { ...headers, "sec-purpose": "prefetch" } }),
    ],
    "links to /logout": [
      200,
      (headers) =>
        logout(gate, {}, { method: "GET", headers: { ...headers, ...NAVIGATION, "sec-fetch-site": "cross-site" } }),
    ],
    "posts to /auth/session/refresh": [403, (headers) => refreshSession(gate, {}, headers)],
  };
  for (const [what, [status, attempt]] of Object.entries(attempts)) {
    test(what, async () => {
      const client = newClient();
      const session = await someone("visitor");
      for (let count = 0; count < TOO_MANY; count += 1) {
        assert.equal((await attempt({ ...FOREIGN, ...client })).status, status);
      }
      assert.equal((await refreshSession(gate, session, client)).status, 200);
      assert.equal((await logout(gate, session, { headers: client })).status, 200);
    });
  }
});
