// A gate that signs people in at a provider of the tests, and the steps of a person there.

import assert from "node:assert/strict";
import { newClient } from "../browser-jar.mjs";
import { NAVIGATION } from "../gate.mjs";
import { claimsOf, expiredIn, gateFor, setCookies, tokensIn } from "../session.mjs";
import { hostile } from "./hostile.mjs";

/** What the provider is called in the gate's settings. */
export const KEY = "corp";
/** Where the application can begin sessions of its own. */
const RULES = [{ path: "/login", session: "optional" }];
const ATTEMPT = "__Host-sLogin-";

/** A gate that ends with `t`; `provider` has further fields of its entry in `PROVIDERS`, `secrets` others of its secrets. */
export async function gateAt(
  t,
  idp,
  { provider = {}, secrets, vars = {}, ...options } = /** @type {Record<string, any>} */ ({}),
) {
  const entry = { key: KEY, name: "Corp account", issuer: idp.issuer, client_id: idp.clientId, ...provider };
  const gate = await gateFor(t, {
    ...options,
    vars: {
      LOGIN_URL: undefined,
      RULES,
      PROVIDERS: [entry],
      ...(secrets ?? { PROVIDER_SECRET_CORP: idp.clientSecret }),
      ...vars,
    },
  });
  // A hostile provider has the gate's clock.
  if (options.clock) idp.now = () => gate.now;
  await idp.register?.(registrationOf(gate));
  return gate;
}

/** A hostile provider and a gate at it, both of which end with `t` and go by the same clock, which stands still. */
export async function pair(t, { algorithms, ...options } = /** @type {Record<string, any>} */ ({})) {
  const idp = await hostile(t, { algorithms });
  return { idp, gate: await gateAt(t, idp, { clock: true, ...options }) };
}

/** What the provider has to know of the gate. */
export const registrationOf = ({ url }, key = KEY) => ({
  redirectUri: `${url}/auth/callback/${key}`,
  backchannelLogoutUri: `${url}/auth/backchannel-logout/${key}`,
  postLogoutRedirectUri: `${url}/auth/signed-out`,
});

/** A person opens an address of the gate. */
export function open(client, path, headers = {}) {
  return client.fetch(path, { headers: { ...NAVIGATION, ...headers } });
}

/** Begins a login: where the browser is sent. */
export async function begin(client, path = "/auth/login?return_to=/echo") {
  const response = await open(client, path);
  assert.equal(response.status, 303, await response.text());
  return response.headers.get("location");
}

/** Comes back from a provider, as it said: by a link or by a form of its own site. */
export function comeBack(client, /** @type {import("./person.mjs").Step} */ { url, fields }) {
  const { pathname, search } = new URL(url);
  const headers = { "sec-fetch-site": "cross-site" };
  if (fields === undefined) return open(client, `${pathname}${search}`, headers);
  return client.fetch(`${pathname}${search}`, {
    method: "POST",
    headers: { ...NAVIGATION, ...headers, origin: new URL(url).origin },
    body: new URLSearchParams(fields),
  });
}

/** A whole attempt at a hostile provider, with a script for it: the gate's answer to the callback. */
export async function attempt(gate, idp, script = {}, client = newClient(gate)) {
  const url = await begin(client);
  idp.next(script);
  const callback = await idp.authorize(url);
  return { client, callback, response: await comeBack(client, callback) };
}

/** Signs a person in at a hostile provider; the session's tokens and what the provider knows of the attempt. */
export async function signedIn(gate, idp, script = {}, client = newClient(gate)) {
  const { response } = await attempt(gate, idp, script, client);
  assert.equal(response.status, 303, await response.text());
  const tokens = tokensIn(response);
  assert.ok(tokens.access && tokens.refresh, "the login set both tokens");
  return { client, response, handle: claimsOf(tokens.access).sessionHandle, ...tokens, login: idp.attempts.at(-1) };
}

/** The names of the cookies of attempts that a client holds. */
export const attemptsOf = (client) => Object.keys(client.cookies()).filter((name) => name.startsWith(ATTEMPT));

/** Nobody is signed in, the page has a way on, and neither it nor the log has the tokens; the check is named in the log. */
export async function assertRefused(
  gate,
  idp,
  { response, client },
  { status = 400, check } = /** @type {{ status?: number, check?: RegExp }} */ ({}),
) {
  const page = await response.text();
  assert.equal(response.status, status, page);
  assert.deepEqual(tokensIn(response), { access: undefined, refresh: undefined, pending: undefined });
  assert.match(page, /<a [^>]*href=|<form /, "the page has a way on");
  assert.match(response.headers.get("cache-control"), /no-store/);
  if (status === 400) assert.deepEqual(attemptsOf(client), [], "the attempt is over");
  if (check !== undefined) {
    const event = await gate.logged(({ event, check: named }) => event === "login_refused" && check.test(named));
    assert.ok(event, `an event names the check: ${JSON.stringify(gate.logs.slice(-3))}`);
  }
  assertNothingTold(idp, `${page}${JSON.stringify(gate.logs)}`);
}

function assertNothingTold({ attempts, clientSecret }, text) {
  const { idToken, accessToken, refreshToken, code } = attempts?.at(-1) ?? {};
  for (const secret of [idToken, accessToken, refreshToken, code, clientSecret].filter(Boolean)) {
    assert.ok(!text.includes(secret), "no token, no code and no secret is told");
  }
}

/** Whether an answer ends the cookie of an attempt. */
export const endsAttempt = (response) => expiredIn(response).some((name) => name.startsWith(ATTEMPT));

/** The cookie of an attempt that an answer sets, if it does. */
export const startsAttempt = (response) =>
  setCookies(response).some(({ name, attributes }) => name.startsWith(ATTEMPT) && Number(attributes["max-age"]) > 0);
