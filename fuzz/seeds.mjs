// Writes the seeds of the fuzz targets: what a browser, an application and a backend really send to a running gate,
// `node fuzz/seeds.mjs`. The tokens among them are genuine under the secret of the tests, and so are they in the targets.

import {
  claimsOf,
  coreOf,
  failObject,
  gateFor,
  login,
  logout,
  NAVIGATION,
  newSession,
  presenting,
  renewal,
  STAND_IN,
  tokensIn,
  verification,
} from "../tests/support/index.mjs";
import { writeSeeds } from "./write-seeds.mjs";

const ends = [];
const gate = await gateFor({ after: (end) => ends.push(end) }, { objectFault: STAND_IN, vars: { ANTI_CSRF: "token" } });
const seeds = {};

function seed(target, name, content) {
  (seeds[target] ??= {})[name] = content;
}

/** A renewal as the browser SDK makes it, with its proof. */
async function promotedBy(session) {
  const headers = { ...presenting(session), "anti-csrf": claimsOf(session.access).antiCsrfToken };
  return tokensIn(await gate.fetch("/auth/session/refresh", { method: "POST", headers }));
}

/** The gate, with what is sent to it noted down. */
const recorded = {
  fetch: async (path, init = {}) => {
    note(path, init);
    return gate.fetch(path, init);
  },
};

/**
 * @param {string} path
 * @param {{ method?: string, headers?: Record<string, any>, body?: any }} init
 */
function note(path, { method = "GET", headers = {}, body = "" }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name.toLowerCase()},${value}`);
  const name = `${method}${path.split("?")[0].replace(/[^\w.]+/g, "-")}`.toLowerCase();
  seed("target", name, [method, path, ...lines.filter((line) => !line.startsWith("cookie"))].join("\n"));
  if (headers.cookie) seed("cookies", name, headers.cookie);
  if (path.startsWith("/auth/core"))
    seed("core", name, [method, path.slice("/auth/core".length), "5.4", body].join("\n"));
  if (path.includes("return_to="))
    seed("return_to", `${name}-${seeds.return_to ? Object.keys(seeds.return_to).length : 0}`, path.split("?")[1]);
}

const alice = await login(gate, "alice", { payload: { role: "editor", nested: { list: [1, null, "é"] } } });
const child = await promotedBy(alice);
const core = coreOf(recorded);
const made = await core.post(
  "/recipe/session",
  newSession("u1", { userDataInJWT: { a: 1 }, userDataInDatabase: { b: [] } }),
);
await coreOf(recorded, { app: "/appid-shop" }).post("/t1/recipe/session", newSession("u2"));
const { handle: sessionHandle } = made.session;
await core.post("/recipe/session/verify", verification(made.accessToken.token, { checkDatabase: true }));
await core.post("/recipe/session/refresh", renewal(made.refreshToken.token));
await core.post("/recipe/session/regenerate", { accessToken: made.accessToken.token, userDataInJWT: { c: true } });
await core.get("/recipe/session", { sessionHandle });
await core.get("/recipe/session/user", { userId: "u1", fetchAcrossAllTenants: true });
await core.put("/recipe/session/data", { sessionHandle, userDataInDatabase: { x: 1 } });
await core.put("/recipe/jwt/data", { sessionHandle, userDataInJWT: { y: "z" } });
await core.post("/recipe/jwt", {
  payload: { sub: "x" },
  validity: 60,
  algorithm: "RS256",
  jwksDomain: "https://a.example",
});
await core.post("/recipe/session/remove", { sessionHandles: [sessionHandle] });

for (const path of [
  "/",
  "/open/x.css?v=1",
  "/open/private/x",
  "/maybe/x",
  "/auth/session",
  "/auth/sessions",
  "/login",
  "/open/..%2fx",
]) {
  await recorded.fetch(path, { headers: { ...NAVIGATION, ...presenting(alice) } });
}
for (const target of [
  "/welcome?a=b#c",
  "https://friend.example/x",
  "//evil.example",
  "https://app.example@evil.example",
  "/\\evil.example",
  "%2f%2fevil",
  "/caf\u00e9",
]) {
  const path = `/logout?scope=current&return_to=${encodeURIComponent(target)}`;
  await recorded.fetch(path, {
    headers: { ...NAVIGATION, "sec-fetch-site": "cross-site", origin: "https://evil.example" },
  });
  seed("return_to", `plain-${Object.keys(seeds.return_to).length}`, target);
}

await failObject(gate, "throw");
const { pending } = tokensIn(await logout(gate, alice, { path: "/logout/all" }));

seed("access_token", "period", alice.access);
seed("access_token", "backend", made.accessToken.token);
seed("access_token", "renewed", child.access);
seed("refresh_token", "first", alice.refresh);
seed("refresh_token", "renewed", child.refresh);
seed("refresh_token", "marker", pending);
seed("refresh_token", "bytes", Buffer.concat([Buffer.from(alice.refresh, "base64url"), Buffer.from([3, 65])]));
seed("handle", "handle", alice.handle);
seed("handle", "hex", Buffer.from(alice.handle, "base64url").subarray(0, 32).toString("hex"));
seed("handle", "id", Buffer.from(alice.handle, "base64url").subarray(32).toString("base64url"));
seed("cookies", "all", presenting({ ...alice, pending }).cookie);
seed("cookies", "among-others", `theme=dark; ${presenting(alice).cookie}; sid="a b", __Host-sAccessToken=x`);
// Refused, and one character away from what is not.
seed(
  "core",
  "refused-user",
  'POST\n/recipe/session\n5.4\n{"userId":"","userDataInJWT":{},"userDataInDatabase":{},"enableAntiCsrf":false}',
);
seed("core", "refused-claim", 'PUT\n/recipe/jwt/data\n5.4\n{"sessionHandle":"x","userDataInJWT":{"exp":1}}');
seed("core", "refused-validity", 'POST\n/recipe/jwt\n5.4\n{"payload":{"iat":1},"validity":0,"algorithm":"RS256"}');
// The first line is the Content-Type.
seed(
  "form",
  "urlencoded",
  `application/x-www-form-urlencoded\n&scop%65=%61ll&return_to=%2Fa+b%3Fc%3D%C3%BC&scope=others`,
);
seed(
  "form",
  "json",
  `application/json; charset=utf-8\n{"scope":"others","return_to":"/a\\u0020b","scope":["all"],"x":null}`,
);
seed(
  "form",
  "multipart",
  `multipart/form-data; boundary="----b"\n------b\r\nContent-Disposition: form-data; name="x"; filename="a\\"b"\r\nContent-Type: text/plain\r\n\r\n--y\r\n------b \r\nContent-Disposition: form-data; name="scope"\r\n\r\nall\r\n------b--\r\n`,
);
// The first character chooses the header: 'x' % 3 and so on.
seed("control", "create", `x{"userId":"\\u00fc1","payload":{"role":"editor"},"data":{"basket":[1]},"tenantId":"t1"}`);
seed("control", "create-least", `x{"userId":"u1"}`);
seed("control", "revoke", "yothers");
seed("control", "revoke-handles", `y${alice.handle}, ${sessionHandle}`);
seed("control", "payload", `z{"role":null,"deep":{"a":[1,2.5,"\\ud83d\\ude00"]}}`);

for (const end of ends) await end();
await writeSeeds(seeds);
