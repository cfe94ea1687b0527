// A log-out that the object could not commit is never called done: the browser loses its tokens
// and keeps a marker that completes this very log-out as soon as the object is back.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  ACCESS,
  assertCookiesUntouched,
  backendOf,
  expiredIn,
  failObject,
  gateFor,
  healObject,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  newClient,
  PENDING,
  REFRESH,
  STAND_IN,
  setCookies,
  soon,
  tokensIn,
  visit,
} from "../support/index.mjs";

// What the gate goes on trying by itself it tries when the clock is moved.
const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN });

let users = 0;

/** Lets every object fail until the test is over or restarts the gate. */
async function failObjects(t) {
  await failObject(gate, "throw");
  t.after(() => healObject(gate));
}

describe("while the object fails", () => {
  for (const [who, headers] of /** @type {[string, Record<string, string>][]} */ ([
    ["a page", NAVIGATION],
    ["a script", {}],
  ])) {
    test(`${who} is told 503 and when to come again, never that it is signed out`, async (t) => {
      const session = await login(gate, "alice");
      await failObjects(t);

      const response = await logout(gate, session, { headers });

      assert.equal(response.status, 503);
      assert.match(response.headers.get("retry-after"), /^[1-9]\d*$/);
      assert.equal(response.headers.get("cache-control"), "no-store");
      const text = await response.text();
      assert.doesNotMatch(text, /signed out/i);
      assert.doesNotMatch(text, /"OK"/);
    });
  }

  test("the tokens are expired all the same, and the marker is set for a day", async (t) => {
    const session = await login(gate, "alice");
    await failObjects(t);

    const response = await logout(gate, session);

    assert.ok([ACCESS, REFRESH].every((name) => expiredIn(response).includes(name)));
    const marker = setCookies(response).find(({ name, value }) => name === PENDING && value !== "");
    assert.deepEqual(marker.attributes, { path: "/", secure: "", httponly: "", samesite: "Lax", "max-age": "86400" });
  });

  test("a request with the marker is not served as signed in, and keeps the marker", async (t) => {
    const session = await login(gate, "alice");
    await failObjects(t);
    const { pending } = tokensIn(await logout(gate, session));

    const response = await visit(gate, { ...session, pending });

    assert.equal(response.status, 503);
    assert.ok(!expiredIn(response).includes(PENDING));
  });

  test("others answers 503, without a marker and without touching a cookie", async (t) => {
    // The gate goes on with it by itself, and may end what others make meanwhile.
    const session = await login(gate, "bob");
    await failObjects(t);
    const response = await logout(gate, session, { path: "/logout?scope=others" });
    assert.equal(response.status, 503);
    assertCookiesUntouched(response);
  });

  test("a browser without any token is signed out: there is nothing to commit", async (t) => {
    await failObjects(t);
    assert.equal((await logout(gate, {})).status, 200);
  });
});

describe("when the object is back", () => {
  test("the gate itself completes the log-out, should the browser never come again", async (t) => {
    const session = await login(gate, "alice");
    await failObjects(t);
    await logout(gate, session);
    await healObject(gate);

    await gate.moveClock(1);
    assert.ok(
      await soon(async () => (await backendOf(gate).getSessionInformation(session.handle)).status === "UNAUTHORISED"),
    );
  });

  const requests = {
    "a protected page": (client) => client.fetch("/echo", { headers: NAVIGATION }),
    "an optional page": (client) => client.fetch("/control"),
    "the log-out again": (client) => client.fetch("/logout", { method: "POST" }),
    "GET /auth/session": (client) => client.fetch("/auth/session"),
    "the list of devices": (client) => client.fetch("/auth/sessions"),
    "ending a device": (client) => client.fetch("/auth/sessions/revoke", { method: "POST" }),
    "a renewal by the browser SDK": (client) => client.fetch("/auth/session/refresh", { method: "POST" }),
  };
  for (const [what, request] of Object.entries(requests)) {
    test(`the next request completes it first: ${what}`, async (t) => {
      const client = newClient(gate);
      const session = await loginIn(client);
      await failObjects(t);
      await client.fetch("/logout", { method: "POST" });
      assert.deepEqual(Object.keys(client.cookies()), [PENDING]);
      await gate.restart();
      assert.ok(await isSignedIn(gate, { access: session.access }), "so far the record is there");

      await request(client);

      assert.deepEqual(client.cookies(), {});
      assert.equal(await isSignedIn(gate, { access: session.access }), false);
      assert.equal(await isSignedIn(gate, { refresh: session.refresh }), false);
    });
  }

  test("the page retries by itself, without script, until it is done", async (t) => {
    const client = newClient(gate);
    const session = await loginIn(client);
    await failObjects(t);
    const response = await client.fetch("/logout", { method: "POST", headers: NAVIGATION });
    const page = await response.text();
    await gate.restart();

    assert.doesNotMatch(page, /<script/i);
    const retried = await client.fetch(reloadTarget(response, page), {
      headers: { ...NAVIGATION, "sec-fetch-site": "same-origin" },
    });

    assert.match(await retried.text(), /signed out/i);
    assert.deepEqual(client.cookies(), {});
    assert.equal(await isSignedIn(gate, { refresh: session.refresh }), false);
  });

  test("a login in the same browser completes it and then signs in", async (t) => {
    const client = newClient(gate);
    const old = await loginIn(client);
    await failObjects(t);
    await client.fetch("/logout", { method: "POST" });
    await gate.restart();

    await client.login("alice");

    assert.deepEqual(Object.keys(client.cookies()).sort(), [ACCESS, REFRESH].sort());
    assert.equal((await client.fetch("/echo")).status, 200);
    assert.equal(await isSignedIn(gate, { refresh: old.refresh }), false);
  });
});

/** Somebody of their own: a logout of all that the gate still has under way ends what is made soon after it, too. */
async function loginIn(client) {
  const response = await client.login(`user-${(users += 1)}`);
  return tokensIn(response);
}

/** Where a browser without script goes next, by the Refresh header or its meta element. */
function reloadTarget(response, page) {
  const meta = page.match(/<meta[^>]*http-equiv="?refresh"?[^>]*content="([^"]*)"/i)?.[1];
  const refresh = response.headers.get("refresh") ?? meta;
  assert.ok(refresh, "the page reloads itself");
  return refresh.match(/url=['"]?([^'"]+)/i)?.[1].replaceAll("&amp;", "&") ?? "/logout";
}
