// Access tokens as any JWT library sees them: checked with the published keys alone.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { headerOf } from "./session.mjs";

/** @import { Answering } from "./types.d.ts" */

/** What GATE_SECRET is after it was replaced. */
export const NEW_SECRET = "another-gate-secret-for-tests-9876543210-zyxwvu";

/**
 * @param {Answering} gate
 * @returns {Promise<any[]>}
 */
export async function publishedKeys(gate) {
  const response = await gate.fetch("/auth/jwt/jwks.json");
  assert.equal(response.status, 200);
  return (await response.json()).keys;
}

/**
 * Whether the published key that the token names made its signature.
 * @param {any[]} keys
 * @param {string} token
 * @returns {boolean}
 */
export function isSignedByOneOf(keys, token) {
  const { kid } = headerOf(token);
  const jwk = keys.find((key) => key.kid === kid);
  if (!jwk) return false;
  const [header, payload, signature] = token.split(".");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, "base64url"));
}
