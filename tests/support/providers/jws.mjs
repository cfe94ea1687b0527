// Signed tokens of any make, the impossible ones included, which a library would refuse to write.

import { constants, createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

/** How a key for each algorithm is made. */
const KEYS = {
  RS: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES384: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ES512: () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** A private key that fits the algorithm. */
export const keyFor = (algorithm) => (KEYS[algorithm] ?? KEYS[algorithm.slice(0, 2)])().privateKey;

/** What the provider shows of a key. */
export function publicJwk(key, { kid, alg, use = "sig", ...more }) {
  return defined({ ...createPublicKey(key).export({ format: "jwk" }), kid, alg, use, ...more });
}

/**
 * A token. `header` and `claims` are the honest ones; `change` is what is wrong with it:
 * `header`, `claims`: members that take the place of the honest ones, those set to undefined are left out;
 * `payload`: the text in place of the claims; `key`, `signWith`: another key, another algorithm than the header says;
 * `der`: an ECDSA signature in the encoding that JWS does not use; `signature`: another one, or a function of it;
 * `token`: a function of the whole.
 */
export function makeToken(key, header, claims, change = {}) {
  const sentHeader = defined({ ...header, ...change.header });
  const payload = change.payload ?? JSON.stringify(defined({ ...claims, ...change.claims }));
  const input = `${encoded(JSON.stringify(sentHeader))}.${encoded(payload)}`;
  const honest = signatureOf(input, change.signWith ?? sentHeader.alg, change.key ?? key, change.der);
  const { signature = honest } = change;
  const sent = typeof signature === "function" ? signature(honest) : signature;
  const token = `${input}.${Buffer.from(sent).toString("base64url")}`;
  return change.token?.(token) ?? token;
}

/** An object without the members that are undefined. */
export const defined = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

const encoded = (text) => Buffer.from(text).toString("base64url");

function signatureOf(input, algorithm, key, der = false) {
  const text = Buffer.from(input);
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm.slice(0, 2)) {
    case "HS":
      return createHmac(hash, key).update(text).digest();
    case "RS":
      return sign(hash, text, key);
    case "PS":
      return sign(hash, text, { key, ...PSS });
    case "ES":
      return sign(hash, text, { key, dsaEncoding: der ? "der" : "ieee-p1363" });
    case "Ed":
      return sign(null, text, key);
    // `none` in any spelling, and what nobody has heard of.
    default:
      return Buffer.alloc(0);
  }
}
