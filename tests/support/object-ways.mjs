// Every way in which a request makes the gate ask an object.

import { newSession, renewal, verification } from "./core.mjs";
import { API_KEY, NAVIGATION } from "./gate.mjs";
import { login, presenting, renewed, tokensIn } from "./session.mjs";

/**
 * What a way is: `prepare` gives the sessions of its own user and whatever else it needs, `ask` is the
 * request, answered `status` when all is well, after `calls` to the user's object. `ends` names the
 * sessions that it ends, `logsOut` says that the browser is told so and gets a marker if it cannot be,
 * `goesOn` that the gate tries again by itself after the answer.
 */
function way(name, ask, details = {}) {
  return {
    name,
    ask,
    prepare: twoSessions,
    status: 200,
    calls: 1,
    ends: [],
    logsOut: false,
    goesOn: false,
    ...details,
  };
}

async function twoSessions(gate, user) {
  return { here: await login(gate, user), there: await login(gate, user) };
}

async function withChild(gate, user) {
  const sessions = await twoSessions(gate, user);
  return { ...sessions, child: await renewed(gate, sessions.here) };
}

async function withGrandchild(gate, user) {
  const sessions = await withChild(gate, user);
  return { ...sessions, grandchild: await renewed(gate, sessions.child) };
}

const get = (path, headers) => (gate, state) => gate.fetch(path, { headers: headers(state) });
const post = (path, headers, body) => (gate, state) =>
  gate.fetch(path, { method: "POST", headers: headers(state), body: body?.(state) });

const cookies = ({ here }) => presenting(here);
const link = ({ here }) => ({ ...presenting(here), ...NAVIGATION, "sec-fetch-site": "same-origin" });
const accessOnly = ({ here }) => presenting({ access: here.access });
const refreshOnly = ({ here }) => presenting({ refresh: here.refresh });
const bearer = ({ here }) => ({ authorization: `Bearer ${here.access}` });
const revoke = (fields) => post("/auth/sessions/revoke", accessOnly, (state) => new URLSearchParams(fields(state)));
const control =
  (fields, headers = cookies) =>
  (gate, state) =>
    gate.fetch(`/control?${new URLSearchParams(fields(state))}`, { headers: headers(state) });
const core =
  (path, content, method = "POST") =>
  (gate, state) =>
    gate.fetch(`/auth/core/recipe${path}`, {
      method,
      headers: { "api-key": API_KEY, "cdi-version": "5.4", "content-type": "application/json" },
      body: JSON.stringify(content(state)),
    });
const coreGet = (path, query) => (gate, state) =>
  gate.fetch(`/auth/core/recipe${path}?${new URLSearchParams(query(state))}`, {
    headers: { "api-key": API_KEY, "cdi-version": "5.4" },
  });

const HERE = { ends: ["here"], logsOut: true, goesOn: true };
const BOTH = { ends: ["here", "there"], logsOut: true, goesOn: true };
const THERE = { ends: ["there"] };
const OTHERS = { ...THERE, goesOn: true };

export const CHECKS = [
  way("a required path", get("/echo", cookies)),
  way(
    "a required path, unsafely",
    post("/echo", cookies, () => "a=1"),
  ),
  way("a required path, by bearer token", get("/echo", bearer)),
  way("a required path, by refresh token", get("/echo", refreshOnly)),
  way(
    "the first use of a renewed access token",
    (gate, { child }) => gate.fetch("/echo", { headers: presenting(child) }),
    {
      prepare: withChild,
    },
  ),
  way("an optional path", get("/control", accessOnly)),
  way("an optional path, by refresh token", get("/control", refreshOnly)),
  way("GET /auth/session", get("/auth/session", accessOnly)),
  way("GET /auth/sessions", get("/auth/sessions", accessOnly), { calls: 2 }),
];

export const RENEWALS = [
  way("POST /auth/session/refresh", post("/auth/session/refresh", cookies)),
  way("a renewal by a child", (gate, { child }) => post("/auth/session/refresh", () => presenting(child))(gate), {
    prepare: withChild,
  }),
  way("a renewal by a late tab", post("/auth/session/refresh", cookies), { prepare: withGrandchild }),
];

export const LOGOUTS = [
  way("POST /logout", post("/logout", cookies), HERE),
  way("POST /logout, by refresh token", post("/logout", refreshOnly), HERE),
  way("POST /logout, by a late tab", post("/logout", refreshOnly), { ...HERE, prepare: withGrandchild }),
  way("GET /logout", get("/logout", link), HERE),
  way("POST /logout/all", post("/logout/all", cookies), BOTH),
  way("GET /logout/all", get("/logout/all", link), BOTH),
  way("POST /auth/signout", post("/auth/signout", cookies), HERE),
];

export const ENDINGS = [
  way("POST /logout?scope=others", post("/logout?scope=others", cookies), OTHERS),
  way("GET /logout?scope=others", get("/logout?scope=others", link), OTHERS),
  way(
    "POST /auth/sessions/revoke, a handle",
    revoke(({ there }) => ({ handle: there.handle })),
    { ...THERE, calls: 2 },
  ),
  way(
    "POST /auth/sessions/revoke, others",
    revoke(() => ({ scope: "others" })),
    { ...THERE, calls: 2 },
  ),
  way(
    "POST /auth/sessions/revoke, all",
    revoke(() => ({ scope: "all" })),
    { ends: ["here", "there"], calls: 2 },
  ),
  way(
    "Gate-Revoke-Session: current",
    control(() => ({ revoke: "current" }), accessOnly),
    { ends: ["here"], calls: 2 },
  ),
  way(
    "Gate-Revoke-Session: all",
    control(() => ({ revoke: "all" }), accessOnly),
    { ends: ["here", "there"], calls: 2 },
  ),
  way(
    "Gate-Revoke-Session: others",
    control(() => ({ revoke: "others" }), accessOnly),
    { ...THERE, calls: 2 },
  ),
  way(
    "Gate-Revoke-Session: a handle",
    control(({ there }) => ({ revoke: there.handle }), accessOnly),
    { ...THERE, calls: 2 },
  ),
  way(
    "core: remove a session",
    core("/session/remove", ({ there }) => ({ sessionHandles: [there.handle] })),
    THERE,
  ),
  way(
    "core: remove a user's sessions",
    core("/session/remove", ({ user }) => ({ userId: user })),
    { ends: ["here", "there"] },
  ),
];

export const CHANGES = [
  way(
    "Gate-Set-Payload",
    control(() => ({ payload: '{"a":1}' }), accessOnly),
    { calls: 2 },
  ),
  way("Gate-Create-Session", (gate, { user }) => gate.fetch(`/login?user=${user}`, { method: "POST" })),
  way(
    "core: create a session",
    core("/session", ({ user }) => newSession(user)),
  ),
  way(
    "core: verify",
    core("/session/verify", ({ here }) => verification(here.access, { checkDatabase: true })),
  ),
  way(
    "core: refresh",
    core("/session/refresh", ({ here }) => renewal(here.refresh)),
  ),
  way(
    "core: refresh by a child",
    core("/session/refresh", ({ child }) => renewal(child.refresh)),
    { prepare: withChild },
  ),
  way(
    "core: regenerate",
    core("/session/regenerate", ({ here }) => ({ accessToken: here.access, userDataInJWT: { a: 1 } })),
  ),
  way(
    "core: read a session",
    coreGet("/session", ({ here }) => ({ sessionHandle: here.handle })),
  ),
  way(
    "core: list a user's sessions",
    coreGet("/session/user", ({ user }) => ({ userId: user })),
  ),
  way(
    "core: change data",
    core("/session/data", ({ here }) => ({ sessionHandle: here.handle, userDataInDatabase: { a: 1 } }), "PUT"),
  ),
  way(
    "core: change payload",
    core("/jwt/data", ({ here }) => ({ sessionHandle: here.handle, userDataInJWT: { a: 1 } }), "PUT"),
  ),
];

export const WAYS = [...CHECKS, ...RENEWALS, ...LOGOUTS, ...ENDINGS, ...CHANGES];

/** What a browser holds after a response: what it was given, and of what it had what was not expired. */
export function heldAfter(response, had) {
  const expired = new Set(
    response.headers
      .getSetCookie()
      .filter((line) => /; Max-Age=0(;|$)/i.test(line))
      .map(nameOf),
  );
  const given = tokensIn(response);
  const kept = (name, kind) => given[kind] ?? (expired.has(name) ? undefined : had[kind]);
  return {
    access: kept("__Host-sAccessToken", "access"),
    refresh: kept("__Host-sRefreshToken", "refresh"),
    pending: kept("__Host-sLogoutPending", "pending"),
  };
}

const nameOf = (line) => line.split("=")[0];
