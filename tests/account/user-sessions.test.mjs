// A user sees who is signed in here, and on which other devices.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { assertCleared, gateFor, login, logout, NAVIGATION, presenting, tokensIn } from "../support/index.mjs";

const gate = await gateFor({ after }, { clock: true });

const IDLE_DEFAULT = 8_640_000;
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const ask = (path, tokens, headers = {}) => gate.fetch(path, { headers: { ...presenting(tokens), ...headers } });

async function devicesOf(tokens) {
  const response = await ask("/auth/sessions", tokens);
  assert.equal(response.status, 200);
  return (await response.json()).sessions;
}

describe("GET /auth/session", () => {
  test("says who is signed in, by which session, with what payload and how long", async () => {
    const session = await login(gate, "alice", { payload: { role: "editor" } });

    const response = await ask("/auth/session", session);

    assert.equal(response.status, 200);
    const { createdAt, expiresAt, ...rest } = await response.json();
    assert.deepEqual(rest, { userId: "alice", handle: session.handle, payload: { role: "editor" } });
    assert.equal(createdAt, gate.now, "in milliseconds");
    assert.equal(expiresAt, createdAt + IDLE_DEFAULT * 1000);
  });

  test("shows none of the token's own claims and no session data", async () => {
    const session = await login(gate, "alice", { data: { secret: "only for the server" } });
    const text = await (await ask("/auth/session", session)).text();
    assert.doesNotMatch(text, /only for the server|refreshTokenHash1/);
  });

  test("is 401 without a session", async () => {
    const response = await ask("/auth/session", {});
    assert.equal(response.status, 401);
    assert.equal((await response.json()).message, "unauthorised");
  });

  test("is 401 and clears when the session has been revoked", async () => {
    const session = await login(gate, "alice");
    await logout(gate, session);
    const response = await ask("/auth/session", session);
    assert.equal(response.status, 401);
    assertCleared(response);
  });

  test("takes the access token as a bearer token too", async () => {
    const { access, handle } = await login(gate, "alice");
    const response = await ask("/auth/session", {}, { authorization: `Bearer ${access}` });
    assert.equal((await response.json()).handle, handle);
  });
});

describe("GET /auth/sessions", () => {
  test("lists every device of the user with this one marked, and nobody else's", async () => {
    const [here, there] = [await login(gate, "lister"), await login(gate, "lister")];
    await login(gate, "stranger");

    const sessions = await devicesOf(here);

    assert.deepEqual(
      sessions.map(({ handle, current }) => [handle, current]).sort(),
      [
        [here.handle, true],
        [there.handle, false],
      ].sort(),
    );
  });

  test("says of each what is known of it, and no more", async () => {
    const here = await login(gate, "known", {}, { "user-agent": FIREFOX });
    const [session] = await devicesOf(here);

    const fields = ["handle", "current", "createdAt", "lastSeenAt", "expiresAt", "device", "country"];
    assert.deepEqual(Object.keys(session).sort(), fields.sort());
    assert.match(session.device, /Firefox/);
    assert.match(session.device, /Linux/);
    assert.ok(session.createdAt <= session.lastSeenAt && session.lastSeenAt < session.expiresAt);
    assert.equal(session.createdAt, gate.now, "in milliseconds");
  });

  test("moves lastSeenAt at a renewal, not at a mere visit", async () => {
    const here = await login(gate, "seen");
    await gate.moveClock(1);
    await ask("/echo", here);
    const [visited] = await devicesOf(here);
    assert.equal(visited.lastSeenAt, visited.createdAt);

    const child = tokensIn(await ask("/echo", { refresh: here.refresh }));
    const promoted = tokensIn(await ask("/echo", { access: child.access }));
    const [renewed] = await devicesOf(promoted);
    assert.ok(renewed.lastSeenAt > renewed.createdAt);
  });

  test("is right at once after a device has gone", async () => {
    const [here, there] = [await login(gate, "gone"), await login(gate, "gone")];
    await logout(gate, there);
    assert.deepEqual(
      (await devicesOf(here)).map(({ handle }) => handle),
      [here.handle],
    );
  });

  test("is a page for a browser: no script, a form for each device, kept by no cache", async () => {
    const here = await login(gate, "reader", {}, { "user-agent": FIREFOX });
    const there = await login(gate, "reader");

    const response = await ask("/auth/sessions", here, NAVIGATION);

    assert.match(response.headers.get("content-type"), /^text\/html/);
    assert.match(response.headers.get("cache-control"), /no-store/);
    const page = await response.text();
    assert.doesNotMatch(page, /<script/i);
    assert.match(page, /Firefox/);
    assert.ok(page.includes(there.handle) && page.includes("/auth/sessions/revoke"));
    assert.match(page, /<html[^>]* lang=/);
  });

  test("shows what a browser says of itself as text, not as markup", async () => {
    const here = await login(gate, "marked", {}, { "user-agent": "<script>alert(1)</script><b>" });
    const page = await (await ask("/auth/sessions", here, NAVIGATION)).text();
    assert.doesNotMatch(page, /<script>|<b>/);
  });

  test("is 401 for a script without a session", async () => {
    assert.equal((await ask("/auth/sessions", {})).status, 401);
  });
});
