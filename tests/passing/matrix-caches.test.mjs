// A cache between the browser and the gate keeps nothing of anybody's session, whatever a path looks like; and no
// way of writing a path makes it another rule's.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor, keepAlive, login, NAVIGATION, presenting } from "../support/index.mjs";

const RULES = [
  { path: "/assets/private/*", session: "required" },
  { path: "/assets/*", session: "none" },
  { path: "/answer/open/*", session: "optional" },
  { path: "/robots.txt", session: "none" },
];

/** An application that wants everything kept. */
const ORIGIN = `export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login") return new Response("", { headers: { "Gate-Create-Session": JSON.stringify({ userId: searchParams.get("user") }) } });
    const headers = { "content-type": "text/css", "cache-control": "public, max-age=3600" };
    if (searchParams.has("create")) headers["Gate-Create-Session"] = '{"userId":"new"}';
    if (searchParams.has("revoke")) headers["Gate-Revoke-Session"] = "current";
    if (searchParams.has("claim")) headers["Gate-Set-Payload"] = '{"a":1}';
    return new Response(pathname, { headers });
  },
};`;

const gate = await gateFor({ after }, { origin: ORIGIN, vars: { RULES } });
const client = keepAlive(gate);
after(() => client.close());
const alice = await login(gate, "alice");
const cookies = presenting(alice);
const SECRETS = [alice.access, alice.refresh, alice.handle, "alice"];

const isPersonal = ({ headers, cookies: set, text }) =>
  set.length > 0 ||
  ["front-token", "st-access-token", "anti-csrf"].some((name) => name in headers) ||
  SECRETS.some((secret) => text.includes(secret));

const ENDINGS = [
  ...[
    "",
    "/x.css",
    ".css",
    ";x.css",
    "!x.css",
    ",x.css",
    "/.css",
    "//x.css",
    "/./x.css",
    "\\x.css",
    "?x.css",
    "?/x.css",
  ],
  ...[
    "%3bx.css",
    "%2fx.css",
    "%5cx.css",
    "%00.css",
    "%0a.css",
    "%20.css",
    "%23.css",
    "%3f.css",
    "%252fx.css",
    "/..%2fx.css",
    "/%2e%2e/x.css",
  ],
];
const OWN = [
  ...["/auth/session", "/auth/sessions", "/auth/sessions/revoke", "/auth/session/refresh", "/auth/signout"],
  ...["/logout", "/logout/all", "/auth/core/recipe/session"],
];

describe("the gate's own answers, by every ending that a cache takes for a file:", () => {
  for (const path of OWN) {
    test(path, async () => {
      for (const ending of ENDINGS) {
        for (const headers of [{}, NAVIGATION]) {
          for (const method of ["GET", "POST", "HEAD"]) {
            const mayEnd = method === "POST" || path.startsWith("/logout");
            const session = presenting(mayEnd ? await login(gate, "bob") : alice);
            const response = await client.ask(method, path + ending, { ...session, ...headers });
            const what = `${method} ${path}${ending}`;
            assert.notEqual(response.status, 500, what);
            if (isPersonal(response)) assert.match(response.headers["cache-control"], /no-store/, what);
            // What may be kept is the application's, and says where it came from.
            const mayBeKept = /max-age=[1-9]/.test(response.headers["cache-control"]) && method !== "HEAD";
            if (mayBeKept) assert.equal(response.text, new URL(path + ending, gate.url).pathname, what);
          }
        }
      }
    });
  }

  test("the user's own routes do answer, so the above is about something", async () => {
    const response = await client.ask("GET", "/auth/session?x.css", cookies);
    assert.equal(response.status, 200);
    assert.ok(isPersonal(response));
    assert.equal(response.headers["cache-control"], "no-store");
  });
});

describe("an answer of the application that brings tokens is not kept, whatever the application says of it:", () => {
  const cases = {
    "a renewal on the way": ["/account/x.css", presenting({ refresh: alice.refresh })],
    "a renewal on an optional path": ["/answer/open/x.css", presenting({ refresh: alice.refresh })],
    "a login": ["/answer/open/x.css?create", {}],
    "a new payload": ["/account/x.css?claim", presenting({ access: alice.access })],
    "cookies that are cleared": ["/answer/open/x.css?revoke", async () => presenting(await login(gate, "leaving"))],
  };
  for (const [what, [path, headers]] of Object.entries(cases)) {
    test(what, async () => {
      const response = await client.ask("GET", path, typeof headers === "function" ? await headers() : headers);
      assert.equal(response.status, 200);
      assert.ok(response.cookies.length > 0, "it sets cookies");
      assert.equal(response.headers["cache-control"], "no-store");
    });
  }

  test("one that brings none is the application's to keep", async () => {
    const { access } = await login(gate, "carol");
    const response = await client.ask("GET", "/account/x.css", presenting({ access }));
    assert.equal(response.headers["cache-control"], "public, max-age=3600");
  });
});

describe("a stranger gets nothing of a path that needs a session", () => {
  // How each reaches the origin, if it does, is shown by its answer.
  const WRITINGS = [
    ...[
      "/account/x.css",
      "/account",
      "/account/",
      "/account.css",
      "/ACCOUNT/x.css",
      "//account/x.css",
      "/./account/x.css",
      "/account;/x.css",
    ],
    ...[
      "/assets/../account",
      "/assets/%2e%2e/account",
      "/assets/.%2e/account",
      "/assets/%2E./account",
      "/assets/./../account",
      "/assets/x/../../account",
    ],
    ...[
      "/assets/..%2faccount",
      "/assets/..%2Faccount",
      "/assets%2f..%2faccount",
      "/assets/..%5caccount",
      "/assets/..\\account",
      "/assets\\..\\account",
    ],
    ...[
      "/assets/%00/../account",
      "/assets/..%00/account",
      "/assets/%0d%0a/account",
      "/assets/x%7f",
      "/assets/private/x.css",
      "/assets/private/",
      "/assets/./private/x.css",
    ],
    ...[
      "/assets//private%2fx",
      "/assets/x/..%2fprivate/x.css",
      "/assets/x/../private/x.css",
      "/assets/%70rivate%2fx",
      "/robots.txt/../account",
      "/robots.txt/",
      "/robots.txt%2f",
      "/robots.txt%00",
      "/robots.txt;x",
    ],
    ...[
      "/Assets/x.css",
      "/asset/x.css",
      "/assets",
      "/%61ssets/x.css",
      "/assets%2fx.css",
      "/x/assets/x.css",
      "/?/assets/x.css",
      "/#/assets/x.css",
      "/account?/assets/x.css",
      "/account#/assets/x.css",
    ],
  ];
  const isOpen = (pathname) =>
    pathname === "/robots.txt" || (pathname.startsWith("/assets/") && !pathname.startsWith("/assets/private/"));
  /** The path as the most generous of origins reads it. */
  const asRead = (pathname) => new URL(decodeURIComponent(pathname).replaceAll("\\", "/"), "http://x").pathname;

  for (const [who, headers] of Object.entries({
    script: {},
    person: NAVIGATION,
    "guesser with a wrong cookie": presenting({ access: "x" }),
  })) {
    test(`as a ${who}`, async () => {
      for (const path of WRITINGS) {
        const { status, text } = await client.ask("GET", path, headers);
        if (status !== 200) {
          assert.ok([303, 401].includes(status), `${path}: ${status}`);
        } else {
          assert.ok(isOpen(text) && isOpen(asRead(text)), `${path} reached the origin as ${text}`);
        }
      }
    });
  }

  test("while what is open is open", async () => {
    for (const path of [
      "/assets/x.css",
      "/assets/a/b%20c",
      "/robots.txt",
      "/assets/private",
      "/account/../assets/x.css",
    ]) {
      assert.equal((await client.ask("GET", path)).status, 200, path);
    }
  });
});
