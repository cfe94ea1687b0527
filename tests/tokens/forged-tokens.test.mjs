// A token that the gate did not issue is refused on its own evidence: no object is asked about it.
// The objects here are broken, so an answer other than 503 proves that none was asked.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  assertCleared,
  failObject,
  gateFor,
  headerOf,
  login,
  refreshSession,
  STAND_IN,
  visit,
} from "../support/index.mjs";

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * What stands in place of `refresh`, made from the genuine tokens of a session.
 * @type {Record<string, (genuine: any) => string>}
 */
const FORGERIES = {
  "the token of the other kind": ({ access }) => access,
  "the token cut short by one character": ({ refresh }) => refresh.slice(0, -1),
  "the token and one character more": ({ refresh }) => `${refresh}A`,
  "half of the token": ({ refresh }) => refresh.slice(0, refresh.length / 2),
  "the token twice": ({ refresh }) => refresh + refresh,
  "the session handle": ({ handle }) => handle,
  "a single character": () => "A",
  "text that is not base64url": () => "%00=..+/",
  "four thousand characters": () => "A".repeat(4000),
};

const gate = await gateFor({ after }, { objectFault: STAND_IN });
const genuine = await login(gate, "alice");
await failObject(gate, "throw");

test("a genuine refresh token is a question for the object", async () => {
  assert.equal((await refreshSession(gate, genuine)).status, 503);
});

test("a refresh token with any one character changed is refused and cleared", async () => {
  for (const at of genuine.refresh.split("").keys()) {
    const response = await refreshSession(gate, { refresh: altered(genuine.refresh, at) });
    assert.equal(response.status, 401, `character ${at}`);
    assertCleared(response);
  }
});

test("a genuine access token is a question for the object", async () => {
  assert.equal((await visit(gate, { access: genuine.access })).status, 503);
});

test("an access token with any one character changed is refused", async () => {
  for (const at of genuine.access.split("").keys()) {
    const response = await visit(gate, { access: altered(genuine.access, at) });
    assert.equal(response.status, 401, `character ${at}`);
  }
});

for (const [what, forge] of Object.entries(FORGERIES)) {
  test(`refused as a refresh token: ${what}`, async () => {
    assert.equal((await refreshSession(gate, { refresh: forge(genuine) })).status, 401);
  });

  test(`refused as an access token: ${what}`, async () => {
    const forged = forge({ ...genuine, refresh: genuine.access, access: genuine.refresh });
    assert.equal((await visit(gate, { access: forged })).status, 401);
  });
}

for (const alg of ["none", "HS256", "EdDSA", "RS256"]) {
  test(`an access token that says ${alg} in its header and has another signature is refused`, async () => {
    const header = { ...headerOf(genuine.access), alg };
    const forged = [encoded(header), genuine.access.split(".")[1], alg === "none" ? "" : encoded(alg)].join(".");
    assert.equal((await visit(gate, { access: forged })).status, 401);
  });
}

/** The most significant bit of one character turned over: no decoder can overlook it. */
function altered(token, at) {
  const value = BASE64URL.indexOf(token[at]);
  const other = value < 0 ? "A" : BASE64URL[(value + 32) % 64];
  return token.slice(0, at) + other + token.slice(at + 1);
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
