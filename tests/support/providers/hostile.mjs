// A provider that does as it is told. Without a script it is honest; a script changes any part of any answer.
//
//   const idp = await hostile(t);
//   idp.next({ idToken: { claims: { iss: "https://elsewhere.example" } } });   // of the next attempt
//   idp.set({ jwks: { status: 500 } });                                       // of all answers, until `reset`
//   idp.count("token");                                                       // how often it was asked
//
// Endpoints: `metadata`, `jwks`, `authorization`, `par`, `token`, `refresh` (the token endpoint, for a refresh token),
// `userinfo`, `revocation`, `endSession`. A script of one of them has any of
//   `status`, `headers`, `json` (members over the honest ones; undefined leaves one out), `body` (the whole body: text,
//   bytes, or a function of the honest object), `until` (a promise to wait for), `redirect` (an address), `drop` (the
//   connection breaks off), `bytes` (so many of them follow the body);
// `authorization` has `params` (parameters of the callback over the honest ones; an array repeats one) as well, and
// `idToken` what `makeToken` (jws.mjs) understands, with `alg` to choose one of the provider's algorithms.
// An attempt's `user` is who signs in, "ada" by default.

import { createHash, randomBytes } from "node:crypto";
import { defined, keyFor, makeToken, publicJwk } from "./jws.mjs";
import { bodyOf, listening } from "./listening.mjs";

const PATHS = {
  "/.well-known/openid-configuration": "metadata",
  "/organizations/.well-known/openid-configuration": "metadata",
  "/jwks": "jwks",
  "/authorize": "authorization",
  "/par": "par",
  "/token": "token",
  "/userinfo": "userinfo",
  "/revoke": "revocation",
  "/logout": "endSession",
};
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const TOKEN_LIFE = 600;
const LOGOUT_TOKEN_LIFE = 120;
const CHUNK = Buffer.alloc(64 * 1024, " ");

/** A hostile provider that ends with `t`. `now` is its clock, in milliseconds. */
export async function hostile(t, options = {}) {
  const { server, url, stop } = await listening();
  t.after(stop);
  const idp = new Hostile(url, options, stop);
  server.on("request", (request, response) => idp.answer(request, response));
  return idp;
}

class Hostile {
  clientId = "gate";
  clientSecret = randomBytes(24).toString("base64url");
  /** What was asked, in order: `{ endpoint, method, path, headers, params }`. */
  requests = [];
  /** The attempts that were begun, the newest last: `{ params, script, code, user, sid, idToken, … }`. */
  attempts = [];
  keys = [];
  now;
  #par;
  #standing = {};
  #queue = [];
  #pushed = new Map();

  constructor(issuer, { algorithms = ["RS256"], now = () => Date.now(), par = false } = {}, stop) {
    this.issuer = issuer;
    this.stop = stop;
    this.now = now;
    this.#par = par;
    for (const alg of [...algorithms].reverse()) this.addKey(alg);
  }

  /** The entry of `PROVIDERS` for it. */
  settings(key, more = {}) {
    return { key, issuer: this.issuer, client_id: this.clientId, ...more };
  }

  /** A script for the next attempt alone; called again, for the one after it. */
  next(script) {
    this.#queue.push(script);
  }

  /** A script for all answers from now on. */
  set(script) {
    Object.assign(this.#standing, script);
  }

  /** Honest again. */
  reset() {
    this.#standing = {};
    this.#queue = [];
  }

  /** How often an endpoint was asked. */
  count(endpoint) {
    return this.asked(endpoint).length;
  }

  /** The requests for an endpoint. */
  asked(endpoint) {
    return this.requests.filter((request) => request.endpoint === endpoint);
  }

  /** Adds a key, with which tokens of this algorithm are signed from now on; `shown` are members of its JWK. */
  addKey(
    alg,
    {
      kid = `${alg}-${this.keys.length}`,
      privateKey = keyFor(alg),
      ...shown
    } = /** @type {Record<string, any>} */ ({}),
  ) {
    const key = { alg, kid, privateKey, jwk: publicJwk(privateKey, { kid, alg, ...shown }) };
    this.keys.unshift(key);
    return key;
  }

  /** The key that signs tokens of this algorithm. */
  keyOf(alg = this.keys[0].alg) {
    return this.keys.find((key) => key.alg === alg);
  }

  /** New keys for the old; with `overlap` the old ones stay in the key set. */
  rotate({ overlap }) {
    const old = this.keys;
    this.keys = [];
    for (const { alg } of [...old].reverse()) this.addKey(alg, { kid: `${alg}-${randomBytes(4).toString("hex")}` });
    if (overlap) this.keys.push(...old);
  }

  /** Seconds of its clock. */
  time() {
    return Math.floor(this.now() / 1000);
  }

  /**
   * What a browser hears that is sent to the authorization endpoint: the callback, the fields being those of a form
   * that would be posted.
   * @returns {Promise<{ url: string, fields?: Record<string, string> }>}
   */
  async authorize(url) {
    const { callback } = await this.#authorize(new URL(url).searchParams);
    return callback;
  }

  /** A logout token for a `sub`, a `sid` or both; `change` as for `makeToken`, with `alg`. */
  logoutToken(
    /** @type {Record<string, any>} */ { sub, sid },
    { alg, ...change } = /** @type {Record<string, any>} */ ({}),
  ) {
    const key = this.keyOf(alg);
    const claims = {
      iss: this.issuer,
      aud: this.clientId,
      iat: this.time(),
      exp: this.time() + LOGOUT_TOKEN_LIFE,
      jti: randomBytes(12).toString("base64url"),
      events: { [EVENT]: {} },
      sub,
      sid,
    };
    return makeToken(key.privateKey, { alg: key.alg, typ: "logout+jwt", kid: key.kid }, claims, change);
  }

  async answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.issuer);
    const endpoint = PATHS[pathname];
    if (endpoint === undefined) return response.writeHead(404).end();
    const params = new URLSearchParams(request.method === "POST" ? await bodyOf(request) : searchParams);
    const asked = { endpoint, method: request.method, path: request.url, headers: request.headers, params };
    this.requests.push(asked);
    try {
      const { honest, script = {} } = await this.#answerTo(endpoint, asked);
      await send(response, honest, script);
    } finally {
      // A script that cannot be carried out shows at once, and not as a provider that is slow.
      if (!response.writableEnded) response.destroy();
    }
  }

  async #answerTo(endpoint, { headers, params }) {
    switch (endpoint) {
      case "metadata":
        return { honest: ok(this.#metadata()), script: this.#standing.metadata };
      case "jwks":
        return { honest: ok({ keys: this.keys.map(({ jwk }) => jwk) }), script: this.#standing.jwks };
      case "authorization": {
        const { callback, script } = await this.#authorize(params);
        return { honest: toBrowser(callback), script };
      }
      case "par":
        return { honest: this.#push(headers, params), script: this.#standing.par };
      case "token":
        return this.#token(headers, params);
      case "userinfo":
        return this.#userInfo(headers);
      case "revocation":
        return { honest: this.#isClient(headers, params) ? ok({}) : UNKNOWN_CLIENT, script: this.#standing.revocation };
      case "endSession":
        return { honest: this.#signedOut(params), script: this.#standing.endSession };
    }
  }

  #metadata() {
    const endpoints = {
      authorization_endpoint: "authorize",
      token_endpoint: "token",
      userinfo_endpoint: "userinfo",
      jwks_uri: "jwks",
      revocation_endpoint: "revoke",
      end_session_endpoint: "logout",
      ...(this.#par && { pushed_authorization_request_endpoint: "par" }),
    };
    return {
      issuer: this.issuer,
      ...Object.fromEntries(Object.entries(endpoints).map(([name, path]) => [name, `${this.issuer}/${path}`])),
      response_types_supported: ["code"],
      response_modes_supported: ["query", "form_post"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [...new Set(this.keys.map(({ alg }) => alg))],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      code_challenge_methods_supported: ["S256"],
      scopes_supported: ["openid", "email", "profile", "offline_access"],
      prompt_values_supported: ["none", "login", "consent", "select_account"],
      authorization_response_iss_parameter_supported: true,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
    };
  }

  async #authorize(query) {
    const params = this.#pushed.get(query.get("request_uri")) ?? query;
    const script = { ...this.#standing, ...this.#queue.shift() };
    const attempt = {
      params: Object.fromEntries(params),
      script,
      user: script.user ?? "ada",
      sid: script.sid ?? randomBytes(18).toString("base64url"),
      authTime: this.time(),
      code: randomBytes(18).toString("base64url"),
      isRedeemed: false,
    };
    this.attempts.push(attempt);
    const answer = {
      code: attempt.code,
      state: params.get("state"),
      iss: this.issuer,
      ...script.authorization?.params,
    };
    return { callback: callbackOf(params, answer), script: script.authorization };
  }

  #push(headers, params) {
    if (!this.#isClient(headers, params)) return UNKNOWN_CLIENT;
    const uri = `urn:ietf:params:oauth:request_uri:${randomBytes(12).toString("base64url")}`;
    this.#pushed.set(uri, params);
    return { status: 201, json: { request_uri: uri, expires_in: 60 } };
  }

  #token(headers, params) {
    const refreshed = this.attempts.find(({ refreshToken }) => refreshToken === params.get("refresh_token"));
    const isRefresh = params.get("grant_type") === "refresh_token";
    const attempt = isRefresh ? refreshed : this.attempts.find(({ code }) => code === params.get("code"));
    const script = isRefresh ? this.#standing.refresh : (attempt?.script.token ?? this.#standing.token);
    if (!this.#isClient(headers, params)) return { honest: UNKNOWN_CLIENT, script };
    if (attempt === undefined || !(isRefresh || redeems(attempt, params))) return { honest: INVALID_GRANT, script };
    attempt.isRedeemed = true;
    return { honest: ok(this.#tokens(attempt, isRefresh ? this.#standing.idToken : attempt.script.idToken)), script };
  }

  #tokens(attempt, change = {}) {
    attempt.accessToken = randomBytes(24).toString("base64url");
    attempt.refreshToken ??= randomBytes(24).toString("base64url");
    attempt.idToken = this.idToken(attempt, change);
    return {
      access_token: attempt.accessToken,
      token_type: "Bearer",
      expires_in: TOKEN_LIFE,
      refresh_token: attempt.refreshToken,
      id_token: attempt.idToken,
    };
  }

  /** An ID token for an attempt, as its token answer has it; `change` as for `makeToken`, with `alg`. */
  idToken({ params, user, sid, authTime, accessToken }, { alg, ...change } = /** @type {Record<string, any>} */ ({})) {
    const key = this.keyOf(alg);
    const claims = {
      iss: this.issuer,
      aud: this.clientId,
      iat: this.time(),
      exp: this.time() + TOKEN_LIFE,
      nonce: params.nonce,
      at_hash: accessToken && leftHalf(accessToken, key.alg),
      auth_time: authTime,
      acr: params.acr_values?.split(" ")[0],
      sid,
      ...personOf(user),
    };
    return makeToken(key.privateKey, { alg: key.alg, typ: "JWT", kid: key.kid }, claims, change);
  }

  #userInfo({ authorization }) {
    const attempt = this.attempts.find(({ accessToken }) => `Bearer ${accessToken}` === authorization);
    const script = attempt?.script.userinfo ?? this.#standing.userinfo;
    if (attempt === undefined) return { honest: { status: 401, json: { error: "invalid_token" } }, script };
    return { honest: ok(personOf(attempt.user)), script };
  }

  #isClient({ authorization }, params) {
    const [id, secret] = basicCredentials(authorization);
    if (id === this.clientId && secret === this.clientSecret) return true;
    return params.get("client_id") === this.clientId && params.get("client_secret") === this.clientSecret;
  }

  #signedOut(params) {
    const back = params.get("post_logout_redirect_uri");
    if (back === null) return { status: 200, json: {} };
    return toBrowser(callbackOf(new URLSearchParams({ redirect_uri: back }), { state: params.get("state") }));
  }
}

const ok = (json) => ({ status: 200, json });
const UNKNOWN_CLIENT = { status: 401, json: { error: "invalid_client" } };
const INVALID_GRANT = { status: 400, json: { error: "invalid_grant" } };

const personOf = (user) => ({
  sub: user,
  email: `${user}@example.com`,
  email_verified: true,
  name: `Name of ${user}`,
  groups: ["people"],
});

/** Both parts of `client_secret_basic`, which are form-encoded before they are joined (RFC 6749 section 2.3.1). */
function basicCredentials(authorization = "") {
  const [, encoded = ""] = /^Basic (.+)$/.exec(authorization) ?? [];
  const parts = Buffer.from(encoded, "base64").toString().split(":");
  return parts.map((part) => decodeURIComponent(part.replaceAll("+", " ")));
}

/** Whether a code is redeemed as it was asked for: once, for the same callback, by who knows the verifier. */
function redeems({ params, isRedeemed }, given) {
  const challenge = createHash("sha256")
    .update(given.get("code_verifier") ?? "")
    .digest("base64url");
  return !isRedeemed && challenge === params.code_challenge && given.get("redirect_uri") === params.redirect_uri;
}

/** `at_hash` by OpenID Connect Core 3.1.3.6; Ed25519 hashes with SHA-512. */
function leftHalf(text, alg) {
  const hash = alg === "EdDSA" ? "sha512" : `sha${alg.slice(2)}`;
  const digest = createHash(hash).update(text).digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
}

/** @returns {{ url: string, fields?: Record<string, string> }} */
function callbackOf(asked, answer) {
  const pairs = Object.entries(answer).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const given = pairs.filter(([, value]) => value !== undefined && value !== null);
  const url = new URL(asked.get("redirect_uri"));
  if (asked.get("response_mode") === "form_post") return { url: url.href, fields: Object.fromEntries(given) };
  for (const [name, value] of given) url.searchParams.append(name, value);
  return { url: url.href };
}

/** @param {{ url: string, fields?: Record<string, string> }} callback */
function toBrowser({ url, fields }) {
  if (fields === undefined) return { status: 303, headers: { location: url }, body: "" };
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  const form = `<form method="post" action="${url}">${inputs.join("")}<button>Go on</button></form>`;
  const script = "<script>document.forms[0].submit()</script>";
  return { status: 200, headers: { "content-type": "text/html" }, body: `<!doctype html>${form}${script}` };
}

async function send(response, honest, script) {
  await script.until;
  if (script.drop) return response.destroy();
  if (script.redirect !== undefined) return response.writeHead(302, { location: script.redirect }).end();
  const { status = honest.status, bytes = 0 } = script;
  const json = honest.json && defined({ ...honest.json, ...script.json });
  const body = typeof script.body === "function" ? script.body(json) : (script.body ?? honest.body);
  const type = { "content-type": "application/json" };
  response.writeHead(status, { ...type, "cache-control": "no-store", ...honest.headers, ...script.headers });
  response.write(body ?? JSON.stringify(json));
  for (let sent = 0; sent < bytes && !response.destroyed; sent += CHUNK.length) {
    if (!response.write(CHUNK)) await Promise.race([drained(response), closed(response)]);
  }
  return response.end();
}

const drained = (response) => new Promise((resolve) => response.once("drain", resolve));
const closed = (response) => new Promise((resolve) => response.once("close", resolve));
