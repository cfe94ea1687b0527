// What a test holds of a session: its tokens, taken out of responses and put back into
// requests by hand, so that any token can be presented again whatever a browser would do.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { startGate } from "./gate.mjs";

/** @import { Answering, Ending, Fields, GateOptions, RequestOptions, Session, Tokens } from "./types.d.ts" */

export const ACCESS = "__Host-sAccessToken";
export const REFRESH = "__Host-sRefreshToken";
export const PENDING = "__Host-sLogoutPending";

const DEFAULTS = {
  LOGIN_URL: "/login",
  RULES: [{ path: "/control", session: "optional" }],
};

/**
 * A gate that ends with `t`: the context of one test, or `{ after }` for a whole file.
 * The folder that it keeps its objects in, if the test named one, ends with it.
 * @param {Ending} t
 * @param {GateOptions} [options]
 */
export async function gateFor(t, { vars, ...options } = {}) {
  const gate = await startGate({ vars: { ...DEFAULTS, ...vars }, ...options });
  t.after(async () => {
    await gate.dispose();
    if (options.persist) await rm(options.persist, { recursive: true, force: true });
  });
  return gate;
}

/**
 * Every `Set-Cookie` of a response: name, value and attributes with lower-case names.
 * @param {Pick<Response, "headers">} response
 */
export function setCookies(response) {
  return response.headers.getSetCookie().map((line) => {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const [name, value] = splitOnce(pair);
    const entries = attributes.map(splitOnce).map(([key, text]) => [key.toLowerCase(), text]);
    return { name, value, attributes: Object.fromEntries(entries) };
  });
}

function splitOnce(text) {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

const isExpired = ({ attributes }) => Number(attributes["max-age"]) <= 0;

/**
 * The tokens a response sets, by what they are and whatever prefix their cookies have.
 * @param {Pick<Response, "headers">} response
 * @returns {Required<Tokens>}
 */
export function tokensIn(response) {
  const live = setCookies(response).filter((cookie) => !isExpired(cookie));
  const valueOfKind = (kind) => live.find(({ name }) => name.endsWith(kind))?.value;
  return {
    access: valueOfKind("-sAccessToken"),
    refresh: valueOfKind("-sRefreshToken"),
    pending: valueOfKind("-sLogoutPending"),
  };
}

/**
 * The names of the cookies that a response expires, each once.
 * @param {Response} response
 * @returns {string[]}
 */
export function expiredIn(response) {
  return [
    ...new Set(
      setCookies(response)
        .filter(isExpired)
        .map(({ name }) => name),
    ),
  ];
}

export function assertCleared(response) {
  const names = expiredIn(response);
  assert.ok(names.includes(ACCESS), "the access cookie is expired");
  assert.ok(names.includes(REFRESH), "the refresh cookie is expired");
  assert.deepEqual(tokensIn(response), { access: undefined, refresh: undefined, pending: undefined });
}

export function assertCookiesUntouched(response) {
  assert.deepEqual(response.headers.getSetCookie(), []);
}

/**
 * The request headers of a browser that holds these tokens and no others.
 * @param {Tokens} tokens
 */
export function presenting({ access, refresh, pending }) {
  const pairs = [
    [ACCESS, access],
    [REFRESH, refresh],
    [PENDING, pending],
  ];
  const held = pairs.filter(([, value]) => value !== undefined);
  return { cookie: held.map(([name, value]) => `${name}=${value}`).join("; ") };
}

/**
 * Logs `userId` in through the origin; `extra` are further members of Gate-Create-Session.
 * @param {Answering} gate
 * @param {string} userId
 * @param {Record<string, any>} [extra]
 * @param {Fields} [headers]
 * @returns {Promise<Session>}
 */
export async function login(gate, userId, extra = {}, headers = {}) {
  const json = Object.entries(extra).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const query = new URLSearchParams({ user: userId, ...Object.fromEntries(json) });
  const response = await gate.fetch(`/login?${query}`, { method: "POST", headers });
  assert.equal(response.status, 200, "the login went through");
  const { access, refresh } = tokensIn(response);
  assert.ok(access && refresh, "the login set both tokens");
  return { access, refresh, handle: claimsOf(access).sessionHandle, response };
}

/**
 * @param {string} accessToken
 * @returns {any}
 */
export function claimsOf(accessToken) {
  return JSON.parse(Buffer.from(accessToken.split(".")[1], "base64url").toString());
}

/**
 * @param {string} accessToken
 * @returns {any}
 */
export function headerOf(accessToken) {
  return JSON.parse(Buffer.from(accessToken.split(".")[0], "base64url").toString());
}

/**
 * Asks a protected page with exactly these tokens, as a script would.
 * @param {Answering} gate
 * @param {Tokens} tokens
 * @param {Record<string, string>} [headers]
 */
export function visit(gate, tokens, headers = {}) {
  return gate.fetch("/echo", { headers: { ...presenting(tokens), ...headers } });
}

/**
 * Presents a refresh token to the route of the browser SDK.
 * @param {Answering} gate
 * @param {Tokens} tokens
 * @param {Record<string, string>} [headers]
 */
export function refreshSession(gate, { refresh, access }, headers = {}) {
  return gate.fetch("/auth/session/refresh", {
    method: "POST",
    headers: { ...presenting({ refresh, access }), ...headers },
  });
}

/**
 * Presents a refresh token and returns the pair that came back.
 * @param {Answering} gate
 * @param {Tokens} tokens
 */
export async function renewed(gate, tokens) {
  const response = await refreshSession(gate, tokens);
  assert.equal(response.status, 200, "the refresh token is accepted");
  const pair = tokensIn(response);
  assert.ok(pair.access && pair.refresh, "the renewal set both tokens");
  return pair;
}

/**
 * Whether a session is alive, asked with a token that its first use does not change.
 * @param {Answering} gate
 * @param {Tokens} tokens
 */
export async function isSignedIn(gate, tokens) {
  const response = await gate.fetch("/auth/session", { headers: presenting(tokens) });
  await response.arrayBuffer();
  assert.ok([200, 401].includes(response.status), `/auth/session answered ${response.status}`);
  return response.status === 200;
}

/**
 * @param {Answering} gate
 * @param {Tokens} tokens
 * @param {RequestOptions & { path?: string, headers?: Record<string, string> }} [request]
 */
export function logout(gate, tokens, { path = "/logout", method = "POST", headers = {}, body } = {}) {
  return gate.fetch(path, { method, headers: { ...presenting(tokens), ...headers }, body });
}
