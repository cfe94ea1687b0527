// Access tokens made outside the gate, with its own signing key, which anyone with the secret can derive: as many
// different ones for a living session as a round needs.

import { createPrivateKey, createPublicKey, hkdfSync, sign } from "node:crypto";

export const SECRET = "gate-secret-for-the-benchmark-0123456789";

const APP = "public";
const ROTATION = 604_800;
// The header of a private key of Ed25519 in PKCS #8; its 32 bytes follow.
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

const derive = (app, label, length) =>
  Buffer.from(hkdfSync("sha256", SECRET, "session-gate v1", `${app}/${label}`, length));

const fingerprint = derive("", "secret fingerprint", 6).toString("hex");
const period = Math.floor(Date.now() / 1000 / ROTATION) * ROTATION;
const kid = `d-${period}-${fingerprint}`;
const key = createPrivateKey({
  key: Buffer.concat([PKCS8, derive(APP, `signing key ${period}`, 32)]),
  format: "der",
  type: "pkcs8",
});

/** The key that signs, as `jose` takes it. */
export const SIGNING_JWK = { ...key.export({ format: "jwk" }), kid, alg: "EdDSA" };

/** The public half, as the gate publishes it. */
export const JWKS = { keys: [{ ...createPublicKey(key).export({ format: "jwk" }), kid, alg: "EdDSA", use: "sig" }] };

const HEADER = part({ alg: "EdDSA", typ: "JWT", kid, version: "5" });

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

/** Another token with the claims of `token` and further ones over them: good, and never seen before. */
export function another(token, further) {
  const signed = `${HEADER}.${part({ ...claimsOf(token), ...further })}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
}

function part(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
