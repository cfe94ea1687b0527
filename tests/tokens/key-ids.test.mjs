// A key id names one key in the world, so a process that keeps the keys of several apps in one place takes each for what
// it is. And a token with an id of an earlier release, in which all apps shared theirs, is good until it expires.

import assert from "node:assert/strict";
import { createPrivateKey, hkdfSync, sign } from "node:crypto";
import { after, test } from "node:test";
import {
  claimsOf,
  coreOf,
  gateFor,
  headerOf,
  isSignedByOneOf,
  newSession,
  SECRET,
  verification,
} from "../support/index.mjs";

const gate = await gateFor({ after });
const APPS = { public: "", shop: "/appid-shop", forum: "/appid-forum" };
const cores = Object.fromEntries(Object.entries(APPS).map(([name, app]) => [name, coreOf(gate, { app })]));

const keysOf = async (core) => (await core.get("/.well-known/jwks.json")).keys;
const create = (core, useDynamicSigningKey) =>
  core.post("/recipe/session", { ...newSession("u"), useDynamicSigningKey });

test("no key id of an app is that of another app's key, and all in one place verify the tokens of all", async () => {
  const all = new Map();
  for (const core of Object.values(cores)) {
    for (const key of await keysOf(core)) {
      assert.equal(all.get(key.kid), undefined, `${key.kid} names two keys`);
      all.set(key.kid, key);
    }
  }
  for (const core of Object.values(cores)) {
    for (const dynamic of [true, false]) {
      const { accessToken } = await create(core, dynamic);
      assert.ok(isSignedByOneOf([...all.values()], accessToken.token));
    }
  }
});

/** The token as an earlier release would have made it: the same key, under the id that all apps shared. */
function asBefore(token, app) {
  const header = headerOf(token);
  const start = header.kid.match(/^d-(\d+)-/)?.[1];
  const shared = Buffer.from(hkdfSync("sha256", SECRET, "session-gate v1", "/secret fingerprint", 6)).toString("hex");
  const label = start === undefined ? "static signing key" : `signing key ${start}`;
  const seed = Buffer.from(hkdfSync("sha256", SECRET, "session-gate v1", `${app}/${label}`, 32));
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const kid = start === undefined ? `s-${shared}` : `d-${start}-${shared}`;
  const signed = `${part({ ...header, kid })}.${part(claimsOf(token))}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
}

for (const [app, core] of Object.entries(cores)) {
  test(`a token of ${app} with a key id of an earlier release is good for its own app alone`, async () => {
    for (const dynamic of [true, false]) {
      const { accessToken } = await create(core, dynamic);
      const earlier = asBefore(accessToken.token, app);
      const check = { ...verification(earlier), checkDatabase: true };
      assert.equal((await core.post("/recipe/session/verify", check)).status, "OK");
      for (const [other, its] of Object.entries(cores)) {
        if (other === app) continue;
        const { status } = await its.post("/recipe/session/verify", check);
        assert.notEqual(status, "OK", `of ${app} at ${other}`);
      }
    }
  });
}

test("the default app's key ids are what they were", async () => {
  const { accessToken } = await create(cores.public, true);
  assert.equal(headerOf(asBefore(accessToken.token, "public")).kid, headerOf(accessToken.token).kid);
});
