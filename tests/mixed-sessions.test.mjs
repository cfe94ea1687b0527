// A token counts where it belongs and beside its own session only: what somebody put beside it,
// or wrote into an address or a body, makes nobody signed in.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { assertCleared, gateFor, isSignedIn, login, logout, presenting, visit } from "./support/session.mjs";

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
