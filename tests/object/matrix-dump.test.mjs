// Who reads all of the storage and every line of the log can do nothing with it: each string in them is tried as
// everything that the gate takes.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  API_KEY,
  assertShut,
  candidatesIn,
  claimsOf,
  control,
  coreOf,
  DOORS,
  derivedKey,
  EXITS,
  eachOf,
  failObject,
  formsOf,
  gateFor,
  headerOf,
  healObject,
  keepAlive,
  lives,
  login,
  logout,
  NAVIGATION,
  newSession,
  refreshSession,
  renewed,
  SECRET,
  STAND_IN,
  show,
  signingLabel,
  storageFolder,
  storedBytes,
  storedValues,
  textsIn,
  tokensIn,
  verification,
  visit,
} from "../support/index.mjs";

const folder = await storageFolder();
const gate = await gateFor({ after }, { persist: folder, objectFault: STAND_IN, vars: { MAX_SESSIONS: 3 } });
const core = coreOf(gate);
const client = keepAlive(gate);
after(() => client.close());

/** Sessions in every state that a row can be in, and whoever is still signed in at the end. */
const alice = await login(gate, "alice", { payload: { role: "reader" }, data: { basket: [1] } });
const child = await renewed(gate, alice);
const backends = await core.post("/recipe/session", newSession("alice", { enableAntiCsrf: true }));
const promoted = await renewed(gate, await renewed(gate, await login(gate, "bob")));
const issued = [alice.access, alice.refresh, child.access, child.refresh, promoted.access, promoted.refresh];
issued.push(backends.accessToken.token, backends.refreshToken.token, backends.antiCsrfToken);
await makeEveryEvent();

const bystanders = [alice.access, backends.accessToken.token];
const allLive = async () => (await Promise.all(bystanders.map((access) => lives(client, access)))).every(Boolean);

const files = await storedBytes(folder);
const values = await storedValues(folder);
const lines = gate.logs.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));

/** What logs: theft, excess, refusals, an object that fails, tokens that are none, a person's pages. */
async function makeEveryEvent() {
  const victim = await login(gate, "victim");
  await renewed(gate, await renewed(gate, await renewed(gate, victim)));
  await refreshSession(gate, victim);
  for (let count = 0; count < 5; count += 1) issued.push((await login(gate, "crowd")).refresh);
  await logout(gate, alice, { headers: { "sec-fetch-site": "cross-site" } });
  await logout(gate, {}, { path: `/logout?return_to=https://evil.example/${alice.refresh}`, headers: NAVIGATION });
  await visit(gate, { access: `${alice.access}x`, refresh: `${alice.refresh}x`, pending: alice.refresh });
  await control(gate, { revoke: alice.refresh }, alice);
  await control(gate, { create: `{"userId":"${alice.refresh}` });
  await core.post("/recipe/session/verify", verification(`${alice.access}x`));
  await failObject(gate, "throw");
  const leaver = await gate.fetch("/logout", {
    method: "POST",
    headers: { authorization: `Bearer ${promoted.access}` },
  });
  issued.push(tokensIn(leaver).pending);
  await visit(gate, { access: alice.access });
  await gate.fetch("/auth/core/recipe/session/remove", {
    method: "POST",
    headers: { "api-key": API_KEY },
    body: '{"userId":"alice"}',
  });
  await healObject(gate);
  await gate.logged((line) => line.event === "store_unavailable");
}

test("the dump and the log are what they should be, so that not finding anything means something", () => {
  assert.ok(
    values.some((value) => value.includes("reader")),
    "the rows are read",
  );
  assert.ok(files.includes("basket"), "the files are read");
  assert.ok(
    lines.some((line) => line.includes(alice.handle)),
    "the log is read",
  );
  for (const event of [
    "session_created",
    "session_renewed",
    "token_reuse",
    "excess_sessions",
    "csrf_refused",
    "redirect_refused",
    "store_unavailable",
  ]) {
    assert.ok(
      lines.some((line) => line.includes(event)),
      event,
    );
  }
});

describe("in no form is there", () => {
  const { kid } = headerOf(alice.access);
  const statics = `s-${kid.split("-").at(-1)}`;
  const secrets = {
    "a token": issued.filter(Boolean).map((token) => Buffer.from(token)),
    "the tag of a refresh token": issued
      .filter((token) => /^[\w-]{155}$/.test(token))
      .map((token) => Buffer.from(token, "base64url").subarray(-32)),
    "the signature of an access token": issued
      .filter((token) => token?.includes("."))
      .map((token) => Buffer.from(token.split(".")[2], "base64url")),
    "the secret": [Buffer.from(SECRET)],
    "an API key": [Buffer.from(API_KEY)],
    "a signing key": [kid, statics].map((id) => derivedKey(signingLabel(id), 32)),
    "a key of a tag": ["refresh token", "logout marker", "anti-csrf token", "event user"].map((label) =>
      derivedKey(label, 64),
    ),
  };
  for (const [what, all] of Object.entries(secrets)) {
    test(what, () => {
      assert.ok(all.length > 0);
      const everything = Buffer.concat([files, Buffer.from(lines.join("\n"))]);
      for (const secret of all) for (const form of formsOf(secret)) assert.equal(everything.includes(form), false);
    });
  }
});

describe("tried as everything", () => {
  const sources = {
    "what the rows hold": () =>
      values.flatMap((value) => [value.toString("base64url"), value.toString("hex"), ...textsIn(value)]),
    "what the files hold, free pages and journals too": () => textsIn(files),
    "what the lines of the log hold": () =>
      lines.flatMap((line) => [...textsIn(Buffer.from(line)), ...line.split(/[",:{}\s]+/)]),
  };
  for (const [what, texts] of Object.entries(sources)) {
    test(what, async (t) => {
      const candidates = candidatesIn(texts());
      assert.ok(candidates.length > 20, `${candidates.length} strings`);
      await eachOf(candidates, async (candidate) => {
        for (const place of DOORS) await assertShut(client, place, candidate, candidate);
        for (const place of EXITS) await show(client, place, candidate);
      });
      assert.ok(await allLive(), "no session ended");
      t.diagnostic(`${candidates.length} strings`);
    });
  }

  test("a credential among them would be noticed", async () => {
    const { refresh, access } = await renewed(gate, alice);
    for (const token of [refresh, access]) {
      const found = candidatesIn(textsIn(Buffer.from(`\0\0{"x":"${token}","y":1}\0`)));
      assert.ok(found.includes(token));
      await assert.rejects(async () => {
        for (const place of DOORS) await assertShut(client, place, token, "a token");
      });
    }
    assert.equal(claimsOf(access).sub, "alice");
  });
});
