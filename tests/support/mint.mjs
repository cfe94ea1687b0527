// Access tokens with a good signature of the gate's own keys that the gate itself would not make: whoever
// tests what a token says has to get past what its signature shows.

import { createPrivateKey, hkdfSync, sign } from "node:crypto";
import { SECRET } from "./gate.mjs";
import { claimsOf, headerOf } from "./session.mjs";

/** Ed25519 private keys in PKCS #8 are this and the 32 bytes of the seed (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** Signs with the key that the token's own `kid` names, after `change(header, claims)` had its way. */
export function minted(genuine, change) {
  const [header, claims] = [headerOf(genuine), claimsOf(genuine)];
  change(header, claims);
  return signed(header, claims, signingKey(header.kid));
}

export function signed(header, claims, key) {
  const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${content}.${sign(null, Buffer.from(content), key).toString("base64url")}`;
}

/** The key id of the period that begins `periods` of seven days after the one of this key id. */
export function keyIdAfter(kid, periods) {
  const [, start, fingerprint] = /^d-(\d+)-(.+)$/.exec(kid);
  return `d-${Number(start) + periods * 604_800}-${fingerprint}`;
}

function signingKey(kid) {
  const seed = derivedKey(signingLabel(kid), 32);
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
}

/** The label that the key of this id is derived with. */
export function signingLabel(kid) {
  return kid.startsWith("s-") ? "static signing key" : `signing key ${kid.split("-")[1]}`;
}

/** A key of the app that the gate serves. */
export function derivedKey(label, length) {
  return Buffer.from(hkdfSync("sha256", SECRET, "session-gate v1", `public/${label}`, length));
}
