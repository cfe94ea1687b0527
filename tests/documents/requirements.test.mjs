// What OWASP ASVS 5, its cheat sheets and the RFCs ask of a session gate, and no other file here
// shows. docs/requirements.md has the whole list, and tells which test answers for what.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  API_KEY,
  answer,
  backendOf,
  CROSS_SITE,
  claimsOf,
  failObject,
  gateFor,
  healObject,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  presenting,
  refreshSession,
  SECRET,
  STAND_IN,
  setCookies,
  textOf,
  tokensIn,
  visit,
} from "../support/index.mjs";

const RULES = [{ path: "/control", session: "optional" }];
const COOKIE_LIMIT = 4096;
const ATTRIBUTE_LIMIT = 1024;
const FOLLOWED_LINK = {
  "sec-fetch-site": "cross-site",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  accept: "text/html",
};

const gate = await gateFor({ after }, { clock: true, vars: { RULES } });
const faulty = await gateFor({ after }, { clock: true, objectFault: STAND_IN });

/** All of an answer that can differ, but for the time. */
async function whole(response) {
  const { date, ...headers } = Object.fromEntries(response.headers);
  return { status: response.status, headers, body: await response.text() };
}

describe("the gate alone decides who is signed in (ASVS 7.2.1)", () => {
  const CLAIMS = {
    "a cookie of the browser SDK": { cookie: "sFrontToken=eyJ1aWQiOiJhbGljZSJ9; st-last-access-token-update=1" },
    "a cookie of the page's own": { cookie: "loggedIn=1; user=alice" },
    "the headers of the SDK": {
      rid: "session",
      "fdi-version": "4.1",
      "st-auth-mode": "cookie",
      "front-token": "eyJ1aWQiOiJhbGljZSJ9",
    },
    "another header of identity": { "x-user": "alice", "remote-user": "alice", "x-forwarded-user": "alice" },
  };
  for (const [what, headers] of Object.entries(CLAIMS)) {
    test(`what a page says of itself changes no answer: ${what}`, async () => {
      const asked = (extra) => gate.fetch("/echo", { headers: { accept: "application/json", ...extra } });
      const silent = await whole(await asked({}));
      assert.equal(silent.status, 401);
      assert.deepEqual(await whole(await asked(headers)), silent);
    });
  }
});

test("no secret and no key that stands in a configuration is a session (ASVS 7.2.2)", async () => {
  for (const fixed of [SECRET, API_KEY, Buffer.from(SECRET).toString("base64url")]) {
    for (const kind of ["access", "refresh", "pending"]) {
      assert.equal((await visit(gate, { [kind]: fixed })).status, 401, kind);
    }
    assert.equal((await visit(gate, {}, { authorization: `Bearer ${fixed}` })).status, 401);
    assert.equal((await visit(gate, {}, { "api-key": fixed })).status, 401);
  }
});

test("a token in a header of another name signs nobody in (ASVS 14.2.1)", async () => {
  const { access, refresh } = await login(gate, "alice");
  for (const name of ["st-access-token", "x-access-token", "x-auth-token", "gate-token", "proxy-authorization"]) {
    for (const value of [access, refresh, `Bearer ${access}`]) {
      assert.equal((await visit(gate, {}, { [name]: value })).status, 401, name);
    }
  }
});

describe("a browser's tokens travel in Set-Cookie alone (ASVS 3.3.4)", () => {
  /** @type {Record<string, (session: any) => Promise<Response>>} */
  const ANSWERS = {
    "a login": async () => (await login(gate, "alice")).response,
    "a renewal by the SDK's route": async ({ refresh }) => refreshSession(gate, { refresh }),
    "a renewal in passing": async ({ refresh }) =>
      gate.fetch(answer({ body: "page" }), { headers: presenting({ refresh }) }),
    "a change of the payload": async ({ access }) =>
      gate.fetch('/control?payload={"a":1}', { headers: presenting({ access }) }),
    "the session": async ({ access }) => gate.fetch("/auth/session", { headers: presenting({ access }) }),
    "the devices, as JSON": async ({ access }) => gate.fetch("/auth/sessions", { headers: presenting({ access }) }),
    "the devices, as a page": async ({ access }) =>
      gate.fetch("/auth/sessions", { headers: { ...presenting({ access }), ...NAVIGATION } }),
    "a logout": async (session) => logout(gate, session),
  };
  for (const [what, ask] of Object.entries(ANSWERS)) {
    test(what, async () => {
      const session = await login(gate, "alice");
      const response = await ask(session);
      assert.equal(response.status, 200);
      const { access, refresh } = tokensIn(response);
      const { "set-cookie": _, ...headers } = Object.fromEntries(response.headers);
      const open = JSON.stringify(headers) + (await response.text());
      for (const token of [session.access, session.refresh, access, refresh].filter(Boolean)) {
        assert.equal(open.includes(token), false);
      }
    });
  }
});

test("no cookie is longer than browsers keep: 4096 bytes, and 1024 an attribute (ASVS 3.3.5, RFC 6265bis §5.6)", async () => {
  const long = await gateFor(
    { after },
    {
      clock: true,
      vars: { RULES, COOKIE_DOMAIN: "a.rather.long.name.of.some.app.example.com", CLEAR_COOKIES: ["theirs"] },
    },
  );
  const session = await login(long, "u".repeat(200), { payload: { filler: "x".repeat(1500) } });
  for (const response of [session.response, await refreshSession(long, session), await logout(long, session)]) {
    const cookies = setCookies(response);
    assert.ok(cookies.length >= 1);
    for (const { name, value, attributes } of cookies) {
      assert.ok(name.length + value.length <= COOKIE_LIMIT, name);
      for (const attribute of Object.values(attributes)) assert.ok(attribute.length <= ATTRIBUTE_LIMIT, name);
    }
  }
});

describe("an answer that depends on where the request came from is kept by no cache, so none needs Vary (CSRF cheat sheet)", () => {
  const asked = {
    "a refused POST": () => gate.fetch("/logout", { method: "POST", headers: CROSS_SITE }),
    "a refused socket": () =>
      gate.fetch("/auth/session", { headers: { ...CROSS_SITE, connection: "Upgrade", upgrade: "websocket" } }),
    "the page that asks": () => gate.fetch("/logout", { headers: FOLLOWED_LINK }),
    "a logout": () => gate.fetch("/logout", { headers: NAVIGATION }),
    "a prefetched logout": () => gate.fetch("/logout", { headers: { ...NAVIGATION, "sec-purpose": "prefetch" } }),
    "a logout as an image": () =>
      gate.fetch("/logout", { headers: { ...FOLLOWED_LINK, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" } }),
    "the way to the login": () => gate.fetch("/account", { headers: NAVIGATION }),
    "a refusal to a script": () => gate.fetch("/account"),
  };
  for (const [what, ask] of Object.entries(asked)) {
    test(what, async () => {
      assert.match((await ask()).headers.get("cache-control"), /no-store/);
    });
  }
});

describe("each page of the gate forbids what it does not need (ASVS 3.4.3–3.4.6, 3.4.8)", () => {
  /** @type {Record<string, [number, () => Promise<Response>]>} */
  const PAGES = {
    "signed out": [200, () => gate.fetch("/logout", { headers: NAVIGATION })],
    "please confirm": [200, () => gate.fetch("/logout", { headers: FOLLOWED_LINK })],
    devices: [
      200,
      async () =>
        gate.fetch("/auth/sessions", { headers: { ...presenting(await login(gate, "alice")), ...NAVIGATION } }),
    ],
    "no such page": [404, () => gate.fetch("/auth/nothing", { headers: NAVIGATION })],
    refused: [403, () => gate.fetch("/logout", { method: "POST", headers: { ...NAVIGATION, ...CROSS_SITE } })],
    "the application is wrong": [502, () => gate.fetch("/control?revoke=nonsense", { headers: NAVIGATION })],
    "not signed out yet": [503, async () => unreachable((session) => logout(faulty, session, { headers: NAVIGATION }))],
    "the store does not answer": [503, async () => unreachable((session) => visit(faulty, session, NAVIGATION))],
  };
  async function unreachable(ask) {
    const session = await login(faulty, "alice");
    await failObject(faulty, "throw");
    const response = await ask(session);
    await healObject(faulty);
    return response;
  }
  for (const [name, [status, open]] of Object.entries(PAGES)) {
    test(name, async () => {
      const response = await open();
      const header = (each) => response.headers.get(each);
      assert.equal(response.status, status);
      assert.match(header("content-type"), /^text\/html/);
      assert.match(header("content-security-policy"), /default-src 'none'.*frame-ancestors 'none'.*base-uri 'none'/);
      assert.equal(header("x-content-type-options"), "nosniff");
      assert.equal(header("referrer-policy"), "same-origin");
      assert.equal(header("cross-origin-opener-policy"), "same-origin");
      assert.match(header("cache-control"), /no-store/);
      assert.doesNotMatch(await response.text(), /<script/i);
    });
  }
});

test("whatever the gate answers is of the type that it says (ASVS 3.4.4)", async () => {
  const paths = [
    "/private",
    "/logout",
    "/auth/session",
    "/auth/sessions",
    "/auth/health",
    "/auth/jwt/jwks.json",
    "/auth/nothing",
    "/auth/core/hello",
  ];
  for (const path of paths) {
    const response = await gate.fetch(path);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", `${path}: ${response.status}`);
  }
});

test("TRACE is not to be had on the gate's own paths (ASVS 13.4.4)", async () => {
  const headers = presenting(await login(gate, "alice"));
  for (const path of ["/logout", "/auth/session", "/auth/session/refresh", "/auth/sessions", "/auth/health"]) {
    const response = await gate.fetch(path, { method: "TRACE", headers });
    const text = await response.text();
    assert.ok([405, 501].includes(response.status), `${path}: ${response.status}`);
    assert.equal(text.includes("sAccessToken"), false, "nothing is echoed");
  }
});

test("the gate calls the application and nobody else (ASVS 13.2.4)", async (t) => {
  // Catches every call that leaves, and says which hosts have been called.
  const outbound = `
    const hosts = new Set();
    export default {
      fetch(request) {
        const { host, pathname } = new URL(request.url);
        hosts.add(host);
        if (pathname === "/login") return new Response("", { headers: { "Gate-Create-Session": '{"userId":"alice"}' } });
        if (pathname === "/away") return Response.redirect("https://elsewhere.example/", 302);
        return Response.json([...hosts]);
      },
    };`;
  const behind = await gateFor(t, {
    clock: true,
    outbound,
    originUrl: "https://application.example",
    vars: { RULES: [{ path: "/hosts", session: "none" }] },
  });
  const session = await login(behind, "alice");
  const misled = {
    ...presenting(session),
    "x-forwarded-host": "elsewhere.example",
    forwarded: "host=elsewhere.example",
  };
  assert.equal((await behind.fetch("//elsewhere.example/", { headers: misled })).status, 200);
  assert.equal((await behind.fetch("/away", { headers: misled })).status, 302);
  await refreshSession(behind, session);
  await logout(behind, session, { path: "/logout?return_to=https://elsewhere.example" });
  assert.deepEqual(await (await behind.fetch("/hosts")).json(), ["application.example"]);
});

test("a backend hears of a dead token that it is dead, and nothing else (RFC 7662 §2.2)", async () => {
  const { access, handle } = await login(gate, "alice", { payload: { role: "editor" } });
  const backend = backendOf(gate);
  await backend.revokeSession(handle);
  const { status, ...rest } = await backend.getSession(access);
  assert.equal(status, "UNAUTHORISED");
  assert.deepEqual(Object.keys(rest), ["message"]);
  assert.doesNotMatch(rest.message, /alice|editor|public/);
});

test("ending what never was is a success, as ending it twice is (RFC 7009 §2.2)", async () => {
  const { access } = await login(gate, "alice");
  const unknown = claimsOf(access).sessionHandle.slice(0, 43) + "A".repeat(21);
  const { status, sessionHandlesRevoked } = await backendOf(gate).core.post("/recipe/session/remove", {
    sessionHandles: [unknown],
  });
  assert.deepEqual({ status, sessionHandlesRevoked }, { status: "OK", sessionHandlesRevoked: [] });
});

test("nothing that a client says makes a line of its own in the log, or a part of one (ASVS 16.4.1)", async () => {
  const forged = '\n{"event":"session_logout","handle":"forged"}\r\nforged';
  const session = await login(gate, forged);
  await logout(gate, session, { path: `/logout?return_to=${encodeURIComponent(forged)}`, headers: NAVIGATION });
  await gate.fetch(`/${encodeURIComponent(forged)}`, {
    method: "POST",
    headers: { ...presenting(session), ...CROSS_SITE, "user-agent": "forged" },
  });

  assert.ok(await gate.logged((line) => line?.event === "session_logout" && line.handle === session.handle));
  assert.ok(await gate.logged((line) => line?.event === "redirect_refused"));
  for (const line of gate.logs) {
    assert.equal(typeof line?.event, "string", `${JSON.stringify(line)} is an event`);
    assert.doesNotMatch(JSON.stringify(line), /forged/);
  }
});

describe("what is committed", async () => {
  const [settings, ignored, configuration] = await Promise.all(
    ["wrangler.toml", ".gitignore", "docs/configuration.md"].map(textOf),
  );
  const SECRETS = /^(?!#)\s*"?(GATE_SECRET|GATE_SECRET_PREVIOUS|API_KEYS)"?\s*=/m;

  test("holds no secret, and has no place for one (ASVS 13.3.1)", () => {
    assert.doesNotMatch(settings, SECRETS);
    assert.match(ignored, /^\/\.dev\.vars$/m);
  });

  test("names the same lifetimes and limits to operators as to readers (ASVS 7.1.1)", () => {
    const said = [...settings.matchAll(/^# ([A-Z_]+) = (\d+)$/gm)].map(([, name, value]) => [name, value]);
    assert.ok(said.length >= 6);
    for (const [name, value] of said)
      assert.ok(configuration.includes(`| \`${name}\` | \`${value}\` |`), `${name} is ${value}`);
  });
});

test("a flood of unknown tokens teaches nothing: each is answered as none at all would be (Session Management cheat sheet)", async () => {
  const { refresh } = await login(gate, "alice");
  const guess = (at) => refresh.slice(0, 40 + at) + (refresh[40 + at] === "A" ? "B" : "A") + refresh.slice(41 + at);
  const expected = await whole(await visit(gate, { refresh: "nonsense" }));
  for (let at = 0; at < 40; at += 1) assert.deepEqual(await whole(await visit(gate, { refresh: guess(at) })), expected);
  assert.ok(await isSignedIn(gate, { refresh }));
});
