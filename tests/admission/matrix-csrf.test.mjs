// Method by Sec-Fetch-Site by Origin by kind of route, all of it: what is refused is what the rule says, no more
// and no less, and nothing refused had an effect. `tests/admission/csrf.test.mjs` has the same rule by example.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { API_KEY, eachOf, gateFor, isSignedIn, keepAlive, login, presenting } from "../support/index.mjs";

const FRIEND = "https://friend.example";
const RULES = [
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
];
const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const gate = await gateFor({ after }, { vars: { RULES, CORS_ORIGINS: [FRIEND] } });
const client = keepAlive(gate);
after(() => client.close());
const alice = await login(gate, "alice");

const SAFE = ["GET", "HEAD", "OPTIONS"];
const METHODS = [...SAFE, "POST", "PATCH", "DELETE", "PROPFIND", "upgrade"];
const SITES = [
  undefined,
  "same-origin",
  "none",
  "same-site",
  "cross-site",
  "Same-Origin",
  "",
  "same-origin, cross-site",
  "unheard-of",
];
const ORIGINS = [
  ...[undefined, gate.url, "null", "https://evil.example", FRIEND, `${FRIEND}.evil.example`, `${gate.url}/`],
  ...[`${gate.url}, https://evil.example`, gate.url.toUpperCase(), gate.url.replace("http:", "https:"), "file://"],
];

/** The rule, in the words of the README. */
function isForeign(site, origin) {
  if (origin === FRIEND) return false;
  if (site !== undefined) return !["same-origin", "none"].includes(site);
  return origin !== undefined && origin !== gate.url;
}

const cookies = presenting(alice);
const bearer = { authorization: `Bearer ${alice.access}` };

/** `guarded`: whether a foreign unsafe request is refused there. */
const KINDS = [
  { kind: "a required page with cookies", path: "/echo", headers: cookies, guarded: true, open: 200 },
  {
    kind: "a required page with a refresh cookie",
    path: "/echo",
    headers: presenting({ refresh: alice.refresh }),
    guarded: true,
    open: 200,
  },
  {
    kind: "a required page with a cookie that is none",
    path: "/echo",
    headers: presenting({ access: "x" }),
    guarded: true,
    open: 401,
  },
  { kind: "an optional page with cookies", path: "/echo/optional", headers: cookies, guarded: true, open: 200 },
  { kind: "an optional page without", path: "/echo/optional", headers: {}, guarded: false, open: 200 },
  { kind: "a required page without", path: "/echo", headers: {}, guarded: false, open: 401 },
  { kind: "a page without sessions", path: "/echo/none", headers: cookies, guarded: false, open: 200 },
  { kind: "a required page as bearer", path: "/echo", headers: bearer, guarded: false, open: 200 },
  {
    kind: "a required page as bearer, with cookies beside",
    path: "/echo",
    headers: { ...cookies, ...bearer },
    guarded: false,
    open: 200,
  },
];

const combinations = METHODS.flatMap((method) =>
  SITES.flatMap((site) => ORIGINS.map((origin) => ({ method, site, origin }))),
);

function said({ method, site, origin }) {
  return {
    ...(method === "upgrade" && UPGRADE),
    ...(site !== undefined && { "sec-fetch-site": site }),
    ...(origin !== undefined && { origin }),
  };
}

const verb = (method) => (method === "upgrade" ? "GET" : method);

describe(`${combinations.length} combinations on`, () => {
  for (const { kind, path, headers, guarded, open } of KINDS) {
    test(kind, () =>
      eachOf(combinations, async (from) => {
        const { status, cookies: set } = await client.ask(verb(from.method), path, { ...headers, ...said(from) });
        const refused = guarded && !SAFE.includes(from.method) && isForeign(from.site, from.origin);
        assert.equal(status, refused ? 403 : open, JSON.stringify(from));
        if (refused) assert.deepEqual(set, []);
      }),
    );
  }

  test("the gate's own routes, with cookies and without", async () => {
    const paths = [
      "/logout",
      "/logout/all",
      "/auth/signout",
      "/auth/session/refresh",
      "/auth/sessions/revoke?scope=all",
    ];
    const foreign = combinations.filter(({ method, site, origin }) => method === "POST" && isForeign(site, origin));
    const own = combinations.filter(({ method, site, origin }) => method === "POST" && !isForeign(site, origin));
    for (const path of paths) {
      await eachOf(foreign, async (from) => {
        for (const headers of [cookies, {}]) {
          const { status, cookies: set } = await client.ask("POST", path, { ...headers, ...said(from) });
          assert.deepEqual([status, set], [403, []], `${path} ${JSON.stringify(from)}`);
        }
      });
      await eachOf(own, async (from) => {
        const { status } = await client.ask("POST", path, said(from));
        assert.notEqual(status, 403, `${path} ${JSON.stringify(from)}`);
      });
    }
  });

  test("the core, which no browser has the key of", async () => {
    const headers = { "api-key": API_KEY, "cdi-version": "5.4", ...cookies };
    await eachOf(
      combinations.filter(({ method }) => method === "POST"),
      async (from) => {
        const { status } = await client.ask(
          "POST",
          "/auth/core/recipe/session/remove",
          { ...headers, ...said(from) },
          '{"userId":"nobody"}',
        );
        assert.equal(status, 200, JSON.stringify(from));
      },
    );
  });
});

test("after all of them the session is alive", async () => {
  assert.ok(await isSignedIn(gate, { access: alice.access }));
});
