// Whatever configurations of the gate, whatever SuperTokens before it and whatever cookies of
// the origin a browser has lived through: after one log-out nothing of it is left in its jar.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { CookieJar } from "tough-cookie";
import { gateFor, send } from "../support/index.mjs";

const HOST = "app.example.com";
const PAGE = `https://${HOST}/logout`;
const REFRESH_ROUTE = "/auth/session/refresh";

const CLEAR_COOKIES = [
  "app_session",
  { name: "cart", path: "/shop" },
  { name: "cart", path: "/" },
  { name: "sso", domain: "example.com" },
];
const CONFIGURATIONS = {
  "host-only": {},
  Domain: { COOKIE_DOMAIN: "example.com" },
  "other Domain": { COOKIE_DOMAIN: HOST },
  "refresh path": { REFRESH_COOKIE_PATH: REFRESH_ROUTE },
  "refresh path on a Domain": { COOKIE_DOMAIN: "example.com", REFRESH_COOKIE_PATH: REFRESH_ROUTE },
};

const SUPERTOKENS = ["", "; Domain=example.com", `; Domain=${HOST}`].flatMap((domain) => [
  `sAccessToken=x; Path=/; HttpOnly; Secure; SameSite=Lax${domain}`,
  `sRefreshToken=x; Path=${REFRESH_ROUTE}; HttpOnly; Secure; SameSite=Lax${domain}`,
  `sRefreshToken=x; Path=/; HttpOnly; Secure${domain}`,
  `sIdRefreshToken=x; Path=/${domain}`,
]);
const ORIGIN = [
  "app_session=x; Path=/; HttpOnly",
  "cart=x; Path=/shop",
  "cart=x; Path=/",
  "sso=x; Path=/; Domain=example.com; Secure",
];
const NOT_OURS = ["language=de; Path=/", "cart=x; Path=/other", "sso=x; Path=/"];

const reset = Object.fromEntries(
  Object.values(CONFIGURATIONS)
    .flatMap(Object.keys)
    .map((name) => [name, undefined]),
);
const gate = await gateFor({ after }, { clock: true, vars: { CLEAR_COOKIES } });
const seen = {};
for (const [name, vars] of Object.entries(CONFIGURATIONS)) seen[name] = await exchange(vars);

/** What a browser is told at login, and at log-out, by a gate of these variables. */
async function exchange(vars) {
  await gate.restart({ ...reset, ...vars });
  const login = await post("/login?user=alice");
  const logout = await post("/logout");
  // The marker is set like the access token, but only in the hour of need.
  const markers = login
    .filter((line) => line.includes("sAccessToken="))
    .map((line) => line.replace("sAccessToken", "sLogoutPending"));
  return { left: [...login, ...markers], logout };
}

async function post(path) {
  const { port } = new URL(gate.url);
  const target = { protocol: "http:", host: HOST, address: "127.0.0.1", port, path };
  const response = await send(target, { method: "POST" });
  assert.equal(response.status, 200);
  return response.headers.getSetCookie();
}

/** A jar that has got these headers, and took each of them. */
function jarWith(lines) {
  const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  for (const line of lines) jar.setCookieSync(line, PAGE);
  return jar;
}

const held = (jar) => jar.getCookiesSync(PAGE, { allPaths: true });

/** What the jar holds after the log-out, cookies that a browser would ignore being ignored. */
function leftAfter(jar, logout) {
  for (const line of logout) jar.setCookieSync(line, PAGE, { ignoreError: true });
  return held(jar).map(({ key, path, domain }) => `${key} ${domain}${path}`);
}

const histories = Object.keys(CONFIGURATIONS).flatMap((first) =>
  Object.keys(CONFIGURATIONS).map((second) => [first, second]),
);

describe("nothing is left after the log-out of the last of these configurations:", () => {
  for (const last of Object.keys(CONFIGURATIONS)) {
    for (const history of histories) {
      test([...history, last].join(" → "), () => {
        const lines = [...history, last].flatMap((name) => seen[name].left);
        const jar = jarWith(lines);
        assert.notDeepEqual(held(jar), []);
        assert.deepEqual(leftAfter(jar, seen[last].logout), []);
      });
    }

    test(`SuperTokens at both paths and on every domain → ${last}`, () => {
      assert.deepEqual(leftAfter(jarWith([...SUPERTOKENS, ...seen[last].left]), seen[last].logout), []);
    });

    test(`the origin's own cookies in CLEAR_COOKIES, one name at two paths among them → ${last}`, () => {
      assert.deepEqual(leftAfter(jarWith([...ORIGIN, ...seen[last].left]), seen[last].logout), []);
    });

    test(`everything at once, each several times → ${last}`, () => {
      const everything = [...Object.values(seen).flatMap(({ left }) => left), ...SUPERTOKENS, ...ORIGIN];
      assert.deepEqual(leftAfter(jarWith(everything), seen[last].logout), []);
    });
  }
});

test("cookies that are nobody's business here are left alone", () => {
  const kept = leftAfter(jarWith(NOT_OURS), seen["host-only"].logout);
  assert.deepEqual(kept.sort(), [`cart ${HOST}/other`, `language ${HOST}/`, `sso ${HOST}/`]);
});

test("every expiration is one that a browser accepts, for the cookie it names", () => {
  for (const { left, logout } of Object.values(seen)) {
    const strict = jarWith(left);
    for (const line of logout) assert.ok(strict.setCookieSync(line, PAGE), line);
  }
});

describe("one configuration cannot know:", () => {
  const elsewhere = "__Secure-sRefreshToken=x; Path=/auth/session; Secure; HttpOnly";

  test("a refresh path of the past that is neither today's nor the SDK's, until it is listed", async () => {
    assert.notDeepEqual(leftAfter(jarWith([elsewhere]), seen["host-only"].logout), []);

    const listed = [{ name: "__Secure-sRefreshToken", path: "/auth/session" }];
    const { logout } = await exchange({ CLEAR_COOKIES: listed });

    assert.deepEqual(leftAfter(jarWith([elsewhere]), logout), []);
  });

  test("a partition, until it is listed as partitioned", async () => {
    const { logout } = await exchange({ CLEAR_COOKIES: [{ name: "embedded", partitioned: true }] });
    const expiration = logout.find((line) => line.startsWith("embedded="));
    assert.match(expiration, /; Secure;.*; Partitioned$/);
  });
});
