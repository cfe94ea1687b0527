// Access tokens as attackers make them: from a genuine one, the published keys, and keys of their own.

import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto";
import { signed } from "./mint.mjs";
import { claimsOf, headerOf } from "./session.mjs";

const own = generateKeyPairSync("ed25519");
const ownJwk = own.publicKey.export({ format: "jwk" });
const EVIL = "https://evil.example/keys";

/** By what they are; `other` is the genuine token of somebody else, `jwks` are the gate's keys. */
export function forgedJwts(genuine, other, jwks) {
  return {
    ...withoutSignature(genuine),
    ...underPublicKey(genuine, jwks),
    ...underOwnKey(genuine),
    ...withOtherClaims(genuine, other),
  };
}

function withoutSignature(genuine) {
  const [, claims, signature] = genuine.split(".");
  const unsigned = (alg, end) => [encoded({ ...headerOf(genuine), alg }), claims, end].join(".");
  const algorithms = ["none", "None", "NONE", "nOnE", "", "EdDSA", "Ed25519"];
  return Object.fromEntries([
    ...algorithms.map((alg) => [`alg "${alg}", no signature`, unsigned(alg, "")]),
    ["alg none, the genuine signature", unsigned("none", signature)],
    ["no third part", genuine.split(".").slice(0, 2).join(".")],
    ["no header", `.${claims}.${signature}`],
    ["alg left out", [encoded({ ...headerOf(genuine), alg: undefined }), claims, signature].join(".")],
    ["a signature of zeros", genuine.replace(signature, Buffer.alloc(64).toString("base64url"))],
    // (R, S) = (identity, 0) verifies under a key of small order.
    ["a signature of small order", genuine.replace(signature, smallOrder().toString("base64url"))],
  ]);
}

function smallOrder() {
  const signature = Buffer.alloc(64);
  signature[0] = 1;
  return signature;
}

/** The algorithm confusion of RFC 8725 §2.1: what everybody knows is taken for a secret. */
function underPublicKey(genuine, jwks) {
  const header = headerOf(genuine);
  const jwk = jwks.find(({ kid }) => kid === header.kid);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const secrets = {
    "its raw bytes": Buffer.from(jwk.x, "base64url"),
    "its base64url": jwk.x,
    "its JWK": JSON.stringify(jwk),
    "its PEM": key.export({ type: "spki", format: "pem" }),
    "its DER": key.export({ type: "spki", format: "der" }),
    nothing: "",
  };
  const entry = (alg, hash, [what, secret]) => {
    const content = `${encoded({ ...header, alg })}.${genuine.split(".")[1]}`;
    return [`${alg} with ${what}`, `${content}.${createHmac(hash, secret).update(content).digest("base64url")}`];
  };
  const algorithms = Object.entries({ HS256: "sha256", HS512: "sha512", EdDSA: "sha512" });
  return Object.fromEntries(
    algorithms.flatMap(([alg, hash]) => Object.entries(secrets).map((secret) => entry(alg, hash, secret))),
  );
}

function underOwnKey(genuine) {
  const { kid, ...header } = headerOf(genuine);
  const claims = claimsOf(genuine);
  const forged = (extra) => signed({ ...header, ...extra }, claims, own.privateKey);
  const fingerprint = kid.split("-").at(-1);
  return {
    "a foreign key under the gate's key id": forged({ kid }),
    "a foreign key under its own key id": forged({ kid: "d-1-evil" }),
    "a foreign key under the static key's id": forged({ kid: `s-${fingerprint}` }),
    "a foreign key under a key id of no period": forged({ kid: `d-1-${fingerprint}` }),
    "a foreign key without a key id": forged({}),
    "a key id that is a path": forged({ kid: "../../../dev/null" }),
    "a key id that is SQL": forged({ kid: "' UNION SELECT '" }),
    "a key id that is a URL": forged({ kid: EVIL }),
    "a key id that is a list": forged({ kid: [kid] }),
    "the key in the header (jwk)": forged({ kid, jwk: ownJwk }),
    "the key in the header alone (jwk)": forged({ jwk: ownJwk }),
    "the address of the key (jku)": forged({ kid, jku: EVIL }),
    "the address of the certificate (x5u)": forged({ kid, x5u: EVIL }),
    "the certificate (x5c)": forged({
      kid,
      x5c: [own.publicKey.export({ type: "spki", format: "der" }).toString("base64")],
    }),
    "a critical extension (crit)": forged({ kid, crit: ["b64"], b64: false }),
    "compressed claims (zip)": forged({ kid, zip: "DEF" }),
  };
}

/** The genuine signature over other claims, and the other way round. */
function withOtherClaims(genuine, other) {
  const [header, claims, signature] = genuine.split(".");
  const [, otherClaims, otherSignature] = other.split(".");
  const changed = (change) => [header, encoded({ ...claimsOf(genuine), ...change }), signature].join(".");
  const theirs = claimsOf(other);
  return {
    "somebody else's claims": [header, otherClaims, signature].join("."),
    "somebody else's signature": [header, claims, otherSignature].join("."),
    "another user": changed({ sub: theirs.sub, rsub: theirs.sub }),
    "another session": changed({ sessionHandle: theirs.sessionHandle }),
    "another tenant": changed({ tId: "t2" }),
    "a later end": changed({ exp: claimsOf(genuine).exp + 1 }),
    "one more claim": changed({ role: "admin" }),
    "its header and claims exchanged": [claims, header, signature].join("."),
    "a fourth part": `${genuine}.${signature}`,
    "a fifth part": `${genuine}.${signature}.${signature}`,
    "the signature padded": `${genuine}==`,
    "the signature in plain base64": `${header}.${claims}.${plainBase64(signature)}`,
  };
}

/** Another spelling of the same bytes; with two characters put in where it would be the same text. */
function plainBase64(signature) {
  return `${signature.replaceAll("-", "+").replaceAll("_", "/")}==`;
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
