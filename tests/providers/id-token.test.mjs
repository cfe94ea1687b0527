// Only an ID token that is right in every part signs anybody in. The numbers are those of the cases in
// tests/providers/cases.md.

import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { after, describe, test } from "node:test";
import { visit } from "../support/index.mjs";
import { assertRefused, attempt, pair, signedIn } from "../support/providers/gate-at.mjs";
import { keyFor, makeToken, publicJwk } from "../support/providers/jws.mjs";

const ALL = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const { idp, gate } = await pair({ after }, { algorithms: ALL });
const rsaKey = idp.keyOf("RS256").privateKey;

const claims = (change) => () => ({ idToken: { claims: change } });
const header = (change) => () => ({ idToken: { header: change } });
const inSeconds = (name, seconds) => () => ({ idToken: { claims: { [name]: idp.time() + seconds } } });
const hs256 = (key) => () => ({ idToken: { header: { alg: "HS256" }, key } });
const pem = () => createPublicKey(rsaKey).export({ type: "spki", format: "pem" });
const modulus = () => Buffer.from(createPublicKey(rsaKey).export({ format: "jwk" }).n, "base64url");
/** A member of the claims twice: the honest one is the last. */
const twice = (member) => () => ({
  idToken: { token: (token) => resigned(token, (text) => text.replace("{", `{${member},`)) },
});
const deep = () => `${"[".repeat(10_000)}${"]".repeat(10_000)}`;

function resigned(token, change) {
  const [head, payload] = token.split(".");
  const { alg, kid } = JSON.parse(Buffer.from(head, "base64url").toString());
  const text = change(Buffer.from(payload, "base64url").toString());
  return makeToken(idp.keyOf(alg).privateKey, { alg, kid }, {}, { payload: text });
}

/**
 * What is wrong, by the number of the case, and the check that the log names.
 * @type {[number, string, () => any, RegExp][]}
 */
const REFUSED = [
  [1, "another issuer", claims({ iss: "https://elsewhere.example" }), /^iss$/],
  [1, "an issuer with a final slash", claims({ iss: `${idp.issuer}/` }), /^iss$/],
  [1, "an issuer in other case", claims({ iss: idp.issuer.toUpperCase() }), /^iss$/],
  [1, "no issuer", claims({ iss: undefined }), /^iss$/],
  [2, "alg none without a signature", header({ alg: "none" }), /^alg$/],
  [2, "alg None", header({ alg: "None" }), /^alg$/],
  [2, "alg NONE with a signature", () => ({ idToken: { header: { alg: "NONE" }, signature: "x" } }), /^alg$/],
  [2, "an empty signature", () => ({ idToken: { signature: "" } }), /signature|form/],
  [3, "HS256 keyed with the public key as PEM", hs256(pem()), /^alg$/],
  [3, "HS256 keyed with the modulus", hs256(modulus()), /^alg$/],
  [3, "HS256 keyed with the client secret", hs256(idp.clientSecret), /^alg$/],
  [4, "RS256 by the name of an EC key", header({ kid: idp.keyOf("ES256").kid }), /unfit|kid|signature/],
  [4, "ES256 with a signature in DER", () => ({ idToken: { alg: "ES256", der: true } }), /signature/],
  [4, "ES256 with a signature that is too short", () => ({ idToken: { alg: "ES256", signature: cut } }), /signature/],
  [4, "RS256 with a signature that is too short", () => ({ idToken: { signature: cut } }), /signature/],
  [4, "RS256 with a changed signature", () => ({ idToken: { signature: flip } }), /signature/],
  [5, "crit", header({ crit: ["exp"] }), /^crit$/],
  [5, "b64 false", header({ b64: false, crit: ["b64"] }), /crit|b64/],
  [5, "b64 false that is not critical", header({ b64: false }), /^b64$/],
  [7, "a kid that is a path", header({ kid: "../../etc/passwd" }), /kid/],
  [7, "a kid with a quote in it", header({ kid: "' OR 1=1 --" }), /kid/],
  [7, "a kid of 10 kB", header({ kid: "k".repeat(10_240) }), /kid|header|length/],
  [9, "another audience", claims({ aud: "other" }), /^aud$/],
  [9, "no audience in the list", claims({ aud: [] }), /^aud$/],
  [9, "a second audience without azp", () => ({ idToken: { claims: { aud: [idp.clientId, "x"] } } }), /^azp$/],
  [9, "another azp", claims({ azp: "other" }), /^azp$/],
  [9, "no audience", claims({ aud: undefined }), /^aud$/],
  [10, "exp past by 61 s", inSeconds("exp", -61), /^exp$/],
  [10, "no exp", claims({ exp: undefined }), /^exp/],
  [10, "exp as a text", claims({ exp: "9999999999" }), /exp|type/],
  [10, "exp negative", claims({ exp: -1 }), /exp/],
  [10, "exp beyond all numbers", twice('"x":1e400'), /claims|exp/],
  [11, "iat 61 s ahead", inSeconds("iat", 61), /^iat/],
  [11, "iat a day ago", inSeconds("iat", -86_400), /^iat/],
  [11, "no iat", claims({ iat: undefined }), /^iat/],
  [11, "nbf ahead", inSeconds("nbf", 61), /^nbf$/],
  [12, "no nonce", claims({ nonce: undefined }), /^nonce/],
  [12, "another nonce", claims({ nonce: "AAAA" }), /^nonce/],
  [
    12,
    "the nonce of another attempt",
    () => ({ idToken: { claims: { nonce: idp.attempts[0].params.nonce } } }),
    /^nonce/,
  ],
  [13, "a wrong at_hash", claims({ at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }), /^at_hash$/],
  [13, "an empty at_hash", claims({ at_hash: "" }), /^at_hash$/],
  [14, "no sub", claims({ sub: undefined }), /^sub/],
  [14, "an empty sub", claims({ sub: "" }), /^sub/],
  [14, "a sub of 256 bytes", claims({ sub: "s".repeat(256) }), /^sub/],
  [14, "a sub with control bytes", claims({ sub: "a\u0000b" }), /^sub/],
  [14, "a sub that is a number", claims({ sub: 7 }), /sub|type/],
  [14, "a sub beyond ASCII", claims({ sub: "zoë" }), /^sub/],
  [
    15,
    "UserInfo of another user",
    () => ({
      idToken: { claims: { email: undefined } },
      userinfo: { json: { sub: "eve" } },
    }),
    /sub/,
  ],
  [16, "a logout token", claims({ events: { "http://schemas.openid.net/event/backchannel-logout": {} } }), /^events$/],
  [16, "a security event token by its type", header({ typ: "secevent+jwt" }), /^typ$/],
  [17, "a claim twice", twice('"sub":"eve"'), /claims/],
  [17, "claims that are nested 10 000 deep", twice(`"x":${deep()}`), /claims|length/],
  [17, "33 KiB", claims({ pad: "p".repeat(25 * 1024) }), /length/],
  [17, "claims that are no object", () => ({ idToken: { payload: "[]" } }), /claims/],
  [
    17,
    "a token of two parts",
    () => ({ idToken: { token: (token) => token.split(".").slice(0, 2).join(".") } }),
    /form/,
  ],
];

const cut = (honest) => honest.subarray(0, honest.length - 1);
const flip = (honest) => Buffer.from(honest.map((byte, at) => (at === 7 ? byte ^ 1 : byte)));

describe("an ID token is refused that has", () => {
  for (const [number, what, script, check] of REFUSED) {
    test(`case ${number}: ${what}`, async () => {
      gate.logs.length = 0;
      const tried = await attempt(gate, idp, script());
      await assertRefused(gate, idp, tried, { check });
    });
  }

  test("case 17: 5 MiB", async () => {
    const tried = await attempt(gate, idp, { idToken: { claims: { pad: "p".repeat(5 << 20) } } });
    await assertRefused(gate, idp, tried, { status: 503 });
  });
});

/** @type {[number, string, () => any][]} */
const ACCEPTED = [
  [
    5,
    "jwk, jku and x5u in its header, which are not looked at",
    () => ({
      idToken: {
        header: {
          jwk: publicJwk(keyFor("RS256"), { kid: "own", alg: "RS256" }),
          jku: "https://elsewhere.example",
          x5u: "https://elsewhere.example",
        },
      },
    }),
  ],
  [
    9,
    "a second audience and us as azp",
    () => ({ idToken: { claims: { aud: [idp.clientId, "x"], azp: idp.clientId } } }),
  ],
  [9, "us as the only audience of a list", () => ({ idToken: { claims: { aud: [idp.clientId] } } })],
  [10, "exp past by 59 s", inSeconds("exp", -59)],
  [11, "iat 59 s ahead", inSeconds("iat", 59)],
  [
    11,
    "times with fractions",
    () => ({ idToken: { claims: { auth_time: idp.time() - 0.5, iat: idp.time() - 0.25 } } }),
  ],
  [14, "a sub with a slash", claims({ sub: "a/b" })],
  [14, "a sub of 255 bytes", claims({ sub: "s".repeat(255) })],
  ...ALL.map(
    (alg) =>
      /** @type {[number, string, () => any]} */ ([13, `a right at_hash under ${alg}`, () => ({ idToken: { alg } })]),
  ),
];

describe("an ID token is accepted that has", () => {
  for (const [number, what, script] of ACCEPTED) {
    test(`case ${number}: ${what}`, async () => {
      const { access, refresh } = await signedIn(gate, idp, script());
      const { headers } = await (await visit(gate, { access, refresh })).json();
      assert.match(decodeURIComponent(headers["gate-user"]), /^corp:/);
    });
  }

  test("case 14: user ids of different subs never meet", async () => {
    const subs = ["ada", "a/b", "a%2Fb", "s".repeat(255), `${"s".repeat(254)}t`, "~abc", `~${"A".repeat(43)}`];
    const users = [];
    for (const sub of subs) {
      const session = await signedIn(gate, idp, { idToken: { claims: { sub } } });
      const { headers } = await (await visit(gate, session)).json();
      users.push(decodeURIComponent(headers["gate-user"]));
    }
    assert.equal(new Set(users).size, subs.length, users.join("\n"));
    assert.ok(users.every((user) => Buffer.byteLength(user) <= 256));
  });
});

describe("keys", () => {
  test("case 6: an unknown kid is looked for once, and then refused", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t);
    await signedIn(freshGate, fresh);
    await freshGate.moveClock(61);
    const before = fresh.count("jwks");
    const script = { idToken: { header: { kid: "nobody" } } };
    await assertRefused(freshGate, fresh, await attempt(freshGate, fresh, script), { check: /kid/ });
    assert.equal(fresh.count("jwks"), before + 1);
  });

  test("case 6: 100 of them at once make one request, and so does each minute", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t);
    await signedIn(freshGate, fresh);
    await freshGate.moveClock(61);
    const before = fresh.count("jwks");
    const script = { idToken: { header: { kid: "nobody" } } };
    const tries = await Promise.all(Array.from({ length: 100 }, () => attempt(freshGate, fresh, script)));
    assert.ok(tries.every(({ response }) => response.status === 400));
    assert.equal(fresh.count("jwks"), before + 1);
    await freshGate.moveClock(61);
    await attempt(freshGate, fresh, script);
    assert.equal(fresh.count("jwks"), before + 2);
  });

  test("case 7: of keys with one kid the one that fits is taken", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t);
    fresh.addKey("ES256", { kid: fresh.keyOf("RS256").kid });
    await signedIn(freshGate, fresh, { idToken: { alg: "RS256" } });
  });

  test("case 7: without a kid the only key that fits is taken", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t);
    await signedIn(freshGate, fresh, { idToken: { header: { kid: undefined } } });
  });

  test("case 7: without a kid no token is taken where several keys fit", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t);
    fresh.addKey("RS256");
    const tried = await attempt(freshGate, fresh, { idToken: { header: { kid: undefined } } });
    await assertRefused(freshGate, fresh, tried, { check: /^kid missing$/ });
  });

  test("case 8: an RSA key of 1024 bits is refused", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t);
    fresh.addKey("RS256", { privateKey: generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey });
    await assertRefused(freshGate, fresh, await attempt(freshGate, fresh), { check: /key|kid/ });
  });

  test("case 8: a key for encryption is refused", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t);
    fresh.addKey("RS256", { use: "enc" });
    await assertRefused(freshGate, fresh, await attempt(freshGate, fresh), { check: /key|kid/ });
  });

  test("case 8: a key whose alg is Ed25519 verifies EdDSA", async (t) => {
    const { idp: fresh, gate: freshGate } = await pair(t, { algorithms: ["EdDSA"] });
    fresh.keys[0].jwk.alg = "Ed25519";
    await signedIn(freshGate, fresh);
  });
});
