// Logging out leaves no cookie of a login behind, whatever was deployed on this host before,
// and nothing that an older deployment left is in the way of a login.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchChromium, signIn, startDemoGate, startWireTap, throwAwayCertificate } from "../support/browser.mjs";
import { soon } from "../support/index.mjs";

const HOST = "app.team.example.test";
const ATTRIBUTES = "Secure; HttpOnly; SameSite=Lax; Max-Age=86400";

const HOST_ONLY = { COOKIE_DOMAIN: undefined, REFRESH_COOKIE_PATH: undefined, CLEAR_COOKIES: undefined };
const TEAM_DOMAIN = { ...HOST_ONLY, COOKIE_DOMAIN: "team.example.test" };
const WIDE_DOMAIN = { ...HOST_ONLY, COOKIE_DOMAIN: "example.test" };
const REFRESH_PATH = { ...HOST_ONLY, REFRESH_COOKIE_PATH: "/auth/session/refresh" };
const HIGHER_REFRESH_PATH = { ...HOST_ONLY, REFRESH_COOKIE_PATH: "/auth" };

const TWO_DOMAINS_AT_ONCE = ["team.example.test", "example.test"].flatMap((domain) => [
  `__Secure-sAccessToken=1; Path=/; Domain=${domain}; ${ATTRIBUTES}`,
  `__Secure-sRefreshToken=1; Path=/; Domain=${domain}; ${ATTRIBUTES}`,
]);
const SUPERTOKENS = [
  `sAccessToken=1; Path=/; ${ATTRIBUTES}`,
  `sRefreshToken=1; Path=/auth/session/refresh; ${ATTRIBUTES}`,
  `sRefreshToken=1; Path=/; ${ATTRIBUTES}`,
  `sIdRefreshToken=1; Path=/; ${ATTRIBUTES}`,
];
const OWN_COOKIES = [
  `theme=1; Path=/; ${ATTRIBUTES}`,
  `cart=1; Path=/shop; ${ATTRIBUTES}`,
  `sso=1; Path=/; Domain=example.test; ${ATTRIBUTES}`,
];
const PARTITIONED = [`__Host-old=1; Path=/; ${ATTRIBUTES}; Partitioned`];

/**
 * What was deployed before one after the other, a gate with these variables or a server
 * that set these cookies; how many cookies that leaves; and the gate that is there now.
 */
const HISTORIES = [
  { name: "host-only cookies", past: [HOST_ONLY], left: 2, now: HOST_ONLY },
  { name: "host-only cookies, then a domain", past: [HOST_ONLY], left: 2, now: WIDE_DOMAIN },
  { name: "a domain, then host-only cookies", past: [WIDE_DOMAIN], left: 2, now: HOST_ONLY },
  { name: "a domain, then a wider one", past: [TEAM_DOMAIN], left: 2, now: WIDE_DOMAIN },
  {
    name: "two domains at once, then a third",
    past: [TWO_DOMAINS_AT_ONCE],
    left: 4,
    now: { ...HOST_ONLY, COOKIE_DOMAIN: HOST },
  },
  { name: "a path of its own for the refresh token", past: [REFRESH_PATH], left: 2, now: REFRESH_PATH },
  { name: "a path of its own for the refresh token, then the root", past: [REFRESH_PATH], left: 2, now: HOST_ONLY },
  {
    name: "another path for the refresh token, which CLEAR_COOKIES names now",
    past: [HIGHER_REFRESH_PATH],
    left: 2,
    now: { ...HOST_ONLY, CLEAR_COOKIES: [{ name: "__Secure-sRefreshToken", path: "/auth" }] },
  },
  { name: "SuperTokens, then the gate", past: [SUPERTOKENS, HOST_ONLY], left: 6, now: HOST_ONLY },
  {
    name: "SuperTokens with a domain, then a domain",
    past: [SUPERTOKENS, SUPERTOKENS.map((cookie) => `${cookie}; Domain=example.test`)],
    left: 8,
    now: WIDE_DOMAIN,
  },
  {
    name: "cookies of the application, which CLEAR_COOKIES names",
    past: [OWN_COOKIES, HOST_ONLY],
    left: 5,
    now: {
      ...HOST_ONLY,
      CLEAR_COOKIES: ["theme", { name: "cart", path: "/shop" }, { name: "sso", domain: "example.test" }],
    },
  },
  {
    name: "a partitioned cookie, which CLEAR_COOKIES names",
    past: [PARTITIONED, HOST_ONLY],
    left: 3,
    now: { ...HOST_ONLY, CLEAR_COOKIES: [{ name: "__Host-old", partitioned: true }] },
  },
];

let gate, tap, browser, origin;
let setCookies = [];

before(async () => {
  const certificate = await throwAwayCertificate();
  gate = await startDemoGate({ https: true });
  tap = await startWireTap({ gate, certificate, pages: anotherServer });
  browser = await launchChromium({ certificate, hosts: [HOST] });
  origin = `https://${HOST}:${tap.port}`;
});

after(async () => {
  await browser?.close();
  tap?.close();
  await gate?.dispose();
});

describe("logging out empties the jar", () => {
  for (const { name, past, left, now } of HISTORIES) {
    test(name, async (t) => {
      const { context, page } = await liveThrough(t, past);
      // The browser may show the page before its jar has the cookies that came with it.
      assert.ok(await soon(async () => (await context.cookies()).length === left), "the past left what it should");
      await gate.restart(now);
      await page.goto(`${origin}/logout`);
      assert.deepEqual(await jarOf(context), []);
    });
  }
});

describe("the first login works at once, and logging out again empties the jar", () => {
  for (const { name, past, now } of HISTORIES) {
    test(name, async (t) => {
      const { context, page } = await liveThrough(t, past);
      await gate.restart(now);
      await signIn(page, origin, "ada");
      await page.goto(`${origin}/logout`);
      assert.deepEqual(await jarOf(context), []);
    });
  }
});

/** A browser that was used while these servers were deployed one after the other. */
async function liveThrough(t, past) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  for (const server of past) {
    if (Array.isArray(server)) {
      setCookies = server;
      await page.goto(`${origin}/another-server`);
    } else {
      await gate.restart(server);
      await signIn(page, origin, "ada");
    }
  }
  return { context, page };
}

async function jarOf(context) {
  return (await context.cookies()).map(({ name, domain, path }) => `${name} of ${domain} at ${path}`);
}

// Its icon is in the page: asked for, it would be the gate's to answer, which expires what it cannot tell apart.
function anotherServer(request, response) {
  const asked = request.url === "/another-server";
  const page = '<link rel="icon" href="data:,"><h1>Welcome</h1>';
  if (asked) response.writeHead(200, { "content-type": "text/html", "set-cookie": setCookies }).end(page);
  return asked;
}
