// What a login at a provider needs of the platform, in one crossing from Wasm each: a request that is bounded, a
// signature by somebody else's key, and sealing. No decision is made here.

/**
 * The answer to a request: its status and its bytes. Redirects are not followed, and what is slower or longer than it
 * may be is given up.
 * @param {string} method
 * @param {string} url
 * @param {string | undefined} authorization
 * @param {string | undefined} form the body, urlencoded
 * @param {number} limit in bytes
 * @param {number} time in milliseconds
 * @returns {Promise<{ status: number, maxAge: string, body: Uint8Array } | string>} a text says what went wrong
 */
export async function providerRequest(method, url, authorization, form, limit, time) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (authorization !== undefined) headers.authorization = authorization;
  if (form !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), time);
  try {
    const response = await fetch(url, { method, headers, body: form, redirect: "manual", signal: controller.signal });
    const body = await bytesOf(response.body, limit);
    if (body === undefined) return "the answer is too long";
    const maxAge = /(?:^|[\s,])max-age=(\d+)/i.exec(response.headers.get("cache-control") ?? "")?.[1] ?? "";
    return { status: response.status, maxAge, body };
  } catch {
    return controller.signal.aborted ? "no answer in time" : "no answer";
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} limit
 */
async function bytesOf(stream, limit) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.length;
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** @type {Record<string, { how: any, use: any }>} */
const ALGORITHMS = Object.fromEntries(
  [256, 384, 512].flatMap((bits) => {
    const hash = `SHA-${bits}`;
    const curve = { 256: "P-256", 384: "P-384", 512: "P-521" }[bits];
    return [
      [`RS${bits}`, { how: { name: "RSASSA-PKCS1-v1_5", hash }, use: "RSASSA-PKCS1-v1_5" }],
      [`PS${bits}`, { how: { name: "RSA-PSS", hash }, use: { name: "RSA-PSS", saltLength: bits / 8 } }],
      [`ES${bits}`, { how: { name: "ECDSA", namedCurve: curve }, use: { name: "ECDSA", hash } }],
    ];
  }),
);
ALGORITHMS.EdDSA = { how: { name: "Ed25519" }, use: "Ed25519" };

/** @param {string} name */
function algorithmOf(name) {
  const algorithm = ALGORITHMS[name];
  if (algorithm === undefined) throw new Error(`unknown algorithm ${name}`);
  return algorithm;
}

/**
 * Whether a signature is good, by a public key that a provider has published. What fails is no good signature.
 * @param {string} algorithm of JOSE
 * @param {string} jwk
 * @param {Uint8Array} signature
 * @param {Uint8Array} message
 */
export async function isSignedBy(algorithm, jwk, signature, message) {
  try {
    const { how, use } = algorithmOf(algorithm);
    const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), how, false, ["verify"]);
    return await crypto.subtle.verify(use, key, signature, message);
  } catch {
    return false;
  }
}

/**
 * A signature by a private key of the configuration: PKCS #8 as PEM, or a JWK; `undefined` if it is not one for this
 * algorithm.
 * @param {string} algorithm of JOSE
 * @param {string} privateKey
 * @param {Uint8Array} message
 */
export async function signedWith(algorithm, privateKey, message) {
  try {
    const { how, use } = algorithmOf(algorithm);
    const key = privateKey.trimStart().startsWith("{")
      ? await crypto.subtle.importKey("jwk", withoutUse(JSON.parse(privateKey)), how, false, ["sign"])
      : await crypto.subtle.importKey("pkcs8", pkcs8Of(privateKey), how, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign(use, key, message));
  } catch {
    return undefined;
  }
}

// The platform refuses a key whose `alg` it knows by another name, or whose `key_ops` are another's.
/** @param {Record<string, any>} jwk */
const withoutUse = ({ kty, crv, n, e, d, p, q, dp, dq, qi, x, y }) => ({ kty, crv, n, e, d, p, q, dp, dq, qi, x, y });

/** @param {string} pem */
function pkcs8Of(pem) {
  const base64 = pem.replace(/-----[^-]+-----/g, "").replace(/\s+/g, "");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

const NONCE = 12;

/**
 * AES-256-GCM with a nonce drawn for it, which stands before the sealed bytes.
 * @param {Uint8Array} key
 * @param {Uint8Array} associated
 * @param {Uint8Array} content
 */
export async function sealed(key, associated, content) {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE));
  const cipher = { name: "AES-GCM", iv, additionalData: associated };
  const bytes = new Uint8Array(await crypto.subtle.encrypt(cipher, await aes(key), content));
  const whole = new Uint8Array(NONCE + bytes.length);
  whole.set(iv);
  whole.set(bytes, NONCE);
  return whole;
}

/**
 * What was sealed; `undefined` if it was not, or by another key.
 * @param {Uint8Array} key
 * @param {Uint8Array} associated
 * @param {Uint8Array} whole
 */
export async function opened(key, associated, whole) {
  try {
    const cipher = { name: "AES-GCM", iv: whole.subarray(0, NONCE), additionalData: associated };
    return new Uint8Array(await crypto.subtle.decrypt(cipher, await aes(key), whole.subarray(NONCE)));
  } catch {
    return undefined;
  }
}

/** @param {Uint8Array} key */
const aes = (key) => crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
