// A token counts where it belongs and beside its own session only: what somebody put beside it,
// or wrote into an address or a body, makes nobody signed in.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  gateFor,
  isSignedIn,
  login,
  logout,
  presenting,
  visit,
} from "../support/index.mjs";

describe("the access cookie of one session beside the refresh cookie of another", async () => {
  const gate = await gateFor({ after });

  async function mixed() {
    const [alice, bob] = [await login(gate, "alice"), await login(gate, "bob")];
    return { alice, bob, both: { access: alice.access, refresh: bob.refresh } };
  }

  test("is no session, and both are cleared", async () => {
    const { alice, bob, both } = await mixed();
    const response = await visit(gate, both);
    assert.equal(response.status, 401);
    assertCleared(response);
    assert.equal(await isSignedIn(gate, alice), true);
    assert.equal(await isSignedIn(gate, bob), true);
  });

  test("ends both sessions at logout: the browser is left with neither", async () => {
    const { alice, bob, both } = await mixed();
    const response = await logout(gate, both);
    assert.deepEqual(await response.json(), { status: "OK", revoked: 2 });
    assert.equal(await isSignedIn(gate, alice), false);
    assert.equal(await isSignedIn(gate, bob), false);
  });
  test("ends both sessions at the SDK's sign-out too", async () => {
    const { alice, bob, both } = await mixed();
    const response = await gate.fetch("/auth/signout", { method: "POST", headers: presenting(both) });
    assert.deepEqual(await response.json(), { status: "OK" });
    assert.equal(await isSignedIn(gate, alice), false);
    assert.equal(await isSignedIn(gate, bob), false);
  });
});

describe("a bearer token of one session beside the cookies of another", async () => {
  const gate = await gateFor({ after });

  async function both(kinds = ["access", "refresh"]) {
    const [alice, bob] = [await login(gate, "alice"), await login(gate, "bob")];
    const cookies = Object.fromEntries(kinds.map((kind) => [kind, alice[kind]]));
    return { alice, bob, headers: { ...presenting(cookies), authorization: `Bearer ${bob.access}` } };
  }

  for (const kinds of [["access", "refresh"], ["access"], ["refresh"]]) {
    for (const scope of ["current", "all"]) {
      test(`ends both sessions at a logout of ${scope}: cookies are ${kinds.join(" and ")}`, async () => {
        const { alice, bob, headers } = await both(kinds);
        const response = await logout(gate, {}, { path: `/logout?scope=${scope}`, headers });
        assert.deepEqual(await response.json(), { status: "OK", revoked: 2 });
        assertCleared(response);
        assert.equal(await isSignedIn(gate, { refresh: alice.refresh }), false);
        assert.equal(await isSignedIn(gate, { refresh: bob.refresh }), false);
      });
    }
  }

  test("spares both at a logout of the others, and only them", async () => {
    const { alice, bob, headers } = await both();
    const [aliceElsewhere, bobElsewhere] = [await login(gate, "alice"), await login(gate, "bob")];
    assertCookiesUntouched(await logout(gate, {}, { path: "/logout?scope=others", headers }));
    for (const session of [alice, bob]) assert.ok(await isSignedIn(gate, session));
    for (const session of [aliceElsewhere, bobElsewhere]) assert.equal(await isSignedIn(gate, session), false);
  });

  test("ends both sessions at the SDK's sign-out too", async () => {
    const { alice, bob, headers } = await both();
    const response = await gate.fetch("/auth/signout", { method: "POST", headers });
    assert.equal(response.status, 200);
    assert.equal(await isSignedIn(gate, alice), false);
    assert.equal(await isSignedIn(gate, bob), false);
  });

  test("is one session where both are of the same", async () => {
    const { bob } = await both();
    const headers = { ...presenting(bob), authorization: `Bearer ${bob.access}` };
    assert.deepEqual(await (await logout(gate, {}, { headers })).json(), { status: "OK", revoked: 1 });
  });

  test("ends both where the application says that the current session ends: both are taken from the browser", async () => {
    const { alice, bob, headers } = await both();
    assertCleared(await gate.fetch("/control?revoke=current", { headers }));
    assert.equal(await isSignedIn(gate, { refresh: alice.refresh }), false);
    assert.equal(await isSignedIn(gate, { refresh: bob.refresh }), false);
  });
});

describe("a bearer token that is refused takes no cookies with it, whose session lives:", async () => {
  const gate = await gateFor({ after });

  async function deadBeside() {
    const [alice, bob] = [await login(gate, "alice"), await login(gate, "bob")];
    await logout(gate, bob);
    return { alice, bob, cookies: presenting({ access: alice.access, refresh: alice.refresh }) };
  }

  for (const path of ["/echo", "/auth/session", "/auth/sessions"]) {
    test(path, async () => {
      const { alice, bob, cookies } = await deadBeside();
      const response = await gate.fetch(path, { headers: { ...cookies, authorization: `Bearer ${bob.access}` } });
      assert.equal(response.status, 401);
      assertCookiesUntouched(response);
      assert.ok(await isSignedIn(gate, alice));
    });
  }

  test("/auth/session/refresh", async () => {
    const { alice, bob, cookies } = await deadBeside();
    const headers = { ...cookies, authorization: `Bearer ${bob.refresh}`, "st-auth-mode": "header" };
    const response = await gate.fetch("/auth/session/refresh", { method: "POST", headers });
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("front-token"), "remove");
    assertCookiesUntouched(response);
    assert.ok(await isSignedIn(gate, alice));
  });

  test("nor where the application ends the session of the bearer token by its handle", async () => {
    const [alice, bob] = [await login(gate, "alice"), await login(gate, "bob")];
    const headers = { ...presenting({ refresh: alice.refresh }), authorization: `Bearer ${bob.access}` };
    const response = await gate.fetch(`/control?revoke=${bob.handle}`, { headers });
    assert.equal(response.headers.get("front-token"), "remove");
    assert.equal(response.headers.get("st-access-token"), "");
    assertCookiesUntouched(response);
    assert.ok(await isSignedIn(gate, alice));
    assert.equal(await isSignedIn(gate, bob), false);
  });
});

describe("doubled cookies", async () => {
  const gate = await gateFor({ after });
  const doubled = (kind, first, second) =>
    `${presenting({ [kind]: first[kind] }).cookie}; ${presenting({ [kind]: second[kind] }).cookie}`;

  for (const kind of ["access", "refresh"]) {
    for (const scope of ["current", "all", "others"]) {
      test(`of two sessions (${kind}) end with both at a logout of ${scope}: the browser is left with neither`, async () => {
        const [alice, bob] = [await login(gate, "alice"), await login(gate, "bob")];
        const headers = { cookie: doubled(kind, alice, bob) };
        const response = await logout(gate, {}, { path: `/logout?scope=${scope}`, headers });
        assertCleared(response);
        assert.equal(await isSignedIn(gate, { refresh: alice.refresh }), false);
        assert.equal(await isSignedIn(gate, { refresh: bob.refresh }), false);
      });
    }
  }
});

describe("a token that is neither a cookie nor a bearer token", async () => {
  const gate = await gateFor({ after });

  for (const name of ["access_token", "token", "__Host-sAccessToken"]) {
    test(`in the query, as ${name}, signs nobody in`, async () => {
      const { access } = await login(gate, "alice");
      const response = await gate.fetch(`/echo?${name}=${access}`);
      assert.equal(response.status, 401);
    });

    test(`in the body, as ${name}, signs nobody in`, async () => {
      const { access } = await login(gate, "alice");
      const response = await gate.fetch("/echo", { method: "POST", body: new URLSearchParams({ [name]: access }) });
      assert.equal(response.status, 401);
    });
  }
});
