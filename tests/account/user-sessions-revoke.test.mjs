// A user ends any of the own devices, and learns nothing of anyone else's.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  gateFor,
  isSignedIn,
  login,
  NAVIGATION,
  presenting,
} from "../support/index.mjs";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

const gate = await gateFor({ after });

function revoke(tokens, body, headers = {}) {
  return gate.fetch("/auth/sessions/revoke", {
    method: "POST",
    headers: { ...presenting(tokens), ...FORM, ...headers },
    body,
  });
}

describe("POST /auth/sessions/revoke", () => {
  test("handle: ends that device", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
    const response = await revoke(here, `handle=${there.handle}`);
    assert.ok(response.ok);
    assertCookiesUntouched(response);
    assert.deepEqual([await isSignedIn(gate, here), await isSignedIn(gate, there)], [true, false]);
  });

  test("handle of this device: ends it and clears the cookies", async () => {
    const here = await login(gate, "alice");
    assertCleared(await revoke(here, `handle=${here.handle}`));
    assert.equal(await isSignedIn(gate, here), false);
  });

  test("scope=others: ends all other devices", async () => {
    const [here, there] = [await login(gate, "owner"), await login(gate, "owner")];
    assertCookiesUntouched(await revoke(here, "scope=others"));
    assert.deepEqual([await isSignedIn(gate, here), await isSignedIn(gate, there)], [true, false]);
  });

  test("scope=all: ends every device and clears the cookies", async () => {
    const [here, there] = [await login(gate, "owner"), await login(gate, "owner")];
    assertCleared(await revoke(here, "scope=all"));
    assert.deepEqual([await isSignedIn(gate, here), await isSignedIn(gate, there)], [false, false]);
  });

  test("a form on the page brings back to the page", async () => {
    const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
    const response = await revoke(here, `handle=${there.handle}`, { ...NAVIGATION, "sec-fetch-site": "same-origin" });
    assert.equal(response.status, 303);
    assert.equal(new URL(response.headers.get("location"), gate.url).pathname, "/auth/sessions");
  });

  test("another user's handle and an unknown one get the same 404, and nothing ends", async () => {
    const here = await login(gate, "alice");
    const foreign = await login(gate, "bob");
    const goneOfAlice = await login(gate, "alice");
    await revoke(here, `handle=${goneOfAlice.handle}`);
    const unknown = [
      goneOfAlice.handle,
      "A".repeat(64),
      foreign.handle.slice(0, 43) + "A".repeat(21),
      "short",
      "%00",
      "é",
    ];

    const expected = await answer(await revoke(here, `handle=${foreign.handle}`));

    assert.equal(expected.status, 404);
    for (const handle of unknown) {
      assert.deepEqual(await answer(await revoke(here, `handle=${encodeURIComponent(handle)}`)), expected, handle);
    }
    assert.ok(await isSignedIn(gate, foreign));
    assert.ok(await isSignedIn(gate, here));
  });

  for (const body of ["", "handle=", "scope=", "scope=everything", "scope=current", "other=1"]) {
    test(`neither a handle nor a scope is a 400 or a 404, and nothing ends: ${body || "an empty form"}`, async () => {
      const [here, there] = [await login(gate, "alice"), await login(gate, "alice")];
      const { status } = await revoke(here, body);
      assert.ok([400, 404].includes(status), String(status));
      assert.deepEqual([await isSignedIn(gate, here), await isSignedIn(gate, there)], [true, true]);
    });
  }

  test("is 401 without a session", async () => {
    const { handle } = await login(gate, "alice");
    assert.equal((await revoke({}, `handle=${handle}`)).status, 401);
  });

  test("is 403 from another site, and nothing ends", async () => {
    const here = await login(gate, "alice");
    const response = await revoke(here, "scope=all", { "sec-fetch-site": "cross-site" });
    assert.equal(response.status, 403);
    assertCookiesUntouched(response);
    assert.ok(await isSignedIn(gate, here));
  });

  test("is 405 with any other method", async () => {
    const response = await gate.fetch("/auth/sessions/revoke", { headers: presenting(await login(gate, "alice")) });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "POST");
  });
});

async function answer(response) {
  const { date, ...headers } = Object.fromEntries(response.headers);
  return { status: response.status, headers, body: await response.text() };
}
