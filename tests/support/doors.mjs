// Every place where a credential is shown, and what the gate says to one that is none.

import assert from "node:assert/strict";
import { API_KEY } from "./gate.mjs";
import { ACCESS, claimsOf, PENDING, REFRESH } from "./session.mjs";

const CORE = "/auth/core/recipe/session";
const WITH_KEY = { "api-key": API_KEY, "cdi-version": "5.4", "content-type": "application/json" };

const cookie = (name) => (token) => ({ cookie: `${name}=${token}` });
const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** `takes` is the kind of credential that is good there. */
const door = (name, takes, method, path, headers, body) => ({ name, takes, method, path, headers, body });
const coreDoor = (name, takes, path, body) =>
  door(
    name,
    takes,
    "POST",
    CORE + path,
    () => WITH_KEY,
    (token) => JSON.stringify(body(token)),
  );

/** Those that let somebody in. */
export const DOORS = [
  door("a page, by cookie", "access", "GET", "/echo", cookie(ACCESS)),
  door("a page, by refresh cookie", "refresh", "GET", "/echo", cookie(REFRESH)),
  door("a page, by marker", "nothing", "GET", "/echo", cookie(PENDING)),
  door("a page, as bearer", "access", "GET", "/echo", bearer),
  door("the session, by cookie", "access", "GET", "/auth/session", cookie(ACCESS)),
  door("the session, by refresh cookie", "refresh", "GET", "/auth/session", cookie(REFRESH)),
  door("the session, by marker", "nothing", "GET", "/auth/session", cookie(PENDING)),
  door("the session, as bearer", "access", "GET", "/auth/session", bearer),
  door("the devices, by cookie", "access", "GET", "/auth/sessions", cookie(ACCESS)),
  door("the devices, as bearer", "access", "GET", "/auth/sessions", bearer),
  door("ending devices, by cookie", "access", "POST", "/auth/sessions/revoke?scope=all", cookie(ACCESS)),
  door("ending devices, as bearer", "access", "POST", "/auth/sessions/revoke?scope=all", bearer),
  door("a renewal, by cookie", "refresh", "POST", "/auth/session/refresh", cookie(REFRESH)),
  door("a renewal, as bearer", "refresh", "POST", "/auth/session/refresh", bearer),
  door("a renewal, by access cookie", "nothing", "POST", "/auth/session/refresh", cookie(ACCESS)),
  coreDoor("the core's check", "access", "/verify", (accessToken) => ({
    accessToken,
    doAntiCsrfCheck: false,
    enableAntiCsrf: false,
    checkDatabase: false,
  })),
  coreDoor("the core's check with the store", "access", "/verify", (accessToken) => ({
    accessToken,
    doAntiCsrfCheck: false,
    enableAntiCsrf: false,
    checkDatabase: true,
  })),
  coreDoor("the core's renewal", "refresh", "/refresh", (refreshToken) => ({
    refreshToken,
    enableAntiCsrf: false,
    useDynamicSigningKey: true,
  })),
  coreDoor("the core's regeneration", "access", "/regenerate", (accessToken) => ({
    accessToken,
    userDataInJWT: { role: "admin" },
  })),
  door("the core, as API key", "key", "GET", `${CORE}/user?userId=alice`, (token) => ({ "api-key": token })),
  door("the core, as bearer API key", "key", "GET", `${CORE}/user?userId=alice`, bearer),
];

/** Those that end a session, if it is the right one: what they do is seen in what still lives. */
export const EXITS = [
  door("log-out, by cookie", "access", "POST", "/logout/all", cookie(ACCESS)),
  door("log-out, by refresh cookie", "refresh", "POST", "/logout/all", cookie(REFRESH)),
  door("log-out, by marker", "marker", "POST", "/logout/all", cookie(PENDING)),
  door("log-out, as bearer", "access", "POST", "/logout/all", bearer),
  door("sign-out, by cookie", "access", "POST", "/auth/signout", cookie(ACCESS)),
  door("sign-out, by refresh cookie", "refresh", "POST", "/auth/signout", cookie(REFRESH)),
  door("sign-out, as bearer", "access", "POST", "/auth/signout", bearer),
  door("any request, by marker", "marker", "GET", "/auth/session", cookie(PENDING)),
];

/** Shows a token there. */
export function show(client, { method, path, headers, body }, token) {
  return client.ask(method, path, headers(token), body?.(token));
}

/** The door stays shut: no session, no token, and no error of the gate's own. */
export async function assertShut(client, place, token, what) {
  const { status, headers, cookies, text } = await show(client, place, token);
  const where = `${what} at ${place.name}: ${status} ${text.slice(0, 200)}`;
  const isAnswered = status === 401 || (status === 200 && place.path.startsWith(CORE) && !/"status":"OK"/.test(text));
  assert.ok(isAnswered, where);
  assert.deepEqual(
    cookies.filter((line) => !/Max-Age=0/i.test(line)),
    [],
    where,
  );
  for (const name of ["st-access-token", "st-refresh-token"]) assert.ok(!headers[name], where);
}

/** No exit takes the token for the right to end anything; `alive` says whether all that must live does. */
export async function assertEndsNothing(client, token, what, alive, exits = EXITS) {
  for (const place of exits) {
    const { status } = await show(client, place, token);
    assert.ok([200, 401].includes(status), `${what} at ${place.name}: ${status}`);
  }
  assert.ok(await alive(), `${what} ended a session`);
}

/** Whether the session of an access token still lives, as the store sees it. */
export async function lives(client, access) {
  const { status, text } = await client.ask("GET", "/auth/session", cookie(ACCESS)(access));
  return status === 200 && JSON.parse(text).handle === claimsOf(access).sessionHandle;
}
