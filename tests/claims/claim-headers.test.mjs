// The application gets what is known of a person in headers of the gate's, and under names of its own. It is always the
// gate's word, and always what the session's row says, however the session was let in.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  callsDuring,
  control,
  gateFor,
  login,
  presenting,
  refreshSession,
  STAND_IN,
  tokensIn,
} from "../support/index.mjs";

const RULES = [
  { path: "/control", session: "optional" },
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
  { path: "/echo/fresh", session: "required", fresh: 600 },
  { path: "/echo/overlap", session: "required", overlap: true },
  { path: "/echo/aged", session: "required", max_age: 600, fresh: 600, overlap: true },
];
const CLAIM_HEADERS = {
  "X-Forwarded-Email": "email",
  "X-WEBAUTH-USER": "userId",
  "X-Forwarded-Groups": "groups",
  "X-Session": "handle",
  "X-Provider": "provider",
  Remote_Name: "name",
};
const NAMES = Object.keys(CLAIM_HEADERS).map((name) => name.toLowerCase());

const plain = await gateFor({ after }, { clock: true, objectFault: STAND_IN, vars: { RULES } });
const named = await gateFor({ after }, { clock: true, objectFault: STAND_IN, vars: { RULES, CLAIM_HEADERS } });

/** What the application sees of a request with these tokens. */
async function seen(gate, tokens, path = "/echo", init = {}) {
  const response = await gate.fetch(path, { ...init, headers: { ...presenting(tokens), ...init.headers } });
  assert.equal(response.status, 200);
  return (await response.json()).headers;
}
const told = (headers) => ["claims", "auth-time", "acr"].map((name) => headers[`gate-${name}`]);
const namedIn = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => NAMES.includes(name)));

describe("the gate's own headers", () => {
  test("say the claims as JSON in ASCII, when the person proved who they are, and how", async () => {
    const claims = { email: "a@example.com", name: "Zoë \u{1f600}\u007f", groups: ["ops"] };
    const authTime = plain.now / 1000 - 50;
    const headers = await seen(plain, await login(plain, "alice", { claims, authTime, acr: "urn:mfa ü" }));
    assert.match(headers["gate-claims"], /^[\x20-\x7e]*$/);
    assert.match(headers["gate-claims"], /Zo\\u00eb \\ud83d\\ude00\\u007f/);
    assert.deepEqual(JSON.parse(headers["gate-claims"]), claims);
    assert.equal(headers["gate-auth-time"], String(authTime));
    assert.equal(headers["gate-acr"], "urn:mfa%20%C3%BC");
    assert.equal(headers["gate-user"], "alice");
  });

  test("are missing for a person of whom a login said nothing: the request is what it was", async () => {
    for (const path of ["/echo", "/echo/optional", "/echo/fresh", "/echo/overlap"]) {
      const headers = await seen(plain, await login(plain, "alice", { persistent: false, idle: 600 }), path);
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith("gate-")),
        ["gate-session", "gate-token", "gate-user"],
      );
    }
  });

  test("say the time of the login where that said none, beside what it did say, and where a rule asks", async () => {
    const now = String(plain.now / 1000);
    assert.deepEqual(told(await seen(plain, await login(plain, "alice", { claims: { a: 1 } }))), [
      '{"a":1}',
      now,
      undefined,
    ]);
    assert.deepEqual(told(await seen(plain, await login(plain, "alice"), "/echo/aged")), [undefined, now, undefined]);
  });

  test("say now where the login's time is ahead of the clock", async () => {
    const session = await login(plain, "alice", { authTime: plain.now / 1000 + 5000 });
    assert.equal((await seen(plain, session))["gate-auth-time"], String(plain.now / 1000));
  });

  test("are on optional paths too, and on no open one", async () => {
    const session = await login(plain, "alice", { claims: { a: 1 }, acr: "mfa" });
    const now = String(plain.now / 1000);
    assert.deepEqual(told(await seen(plain, session, "/echo/optional")), ['{"a":1}', now, "mfa"]);
    assert.deepEqual(told(await seen(plain, session, "/echo/none")), [undefined, undefined, undefined]);
  });
});

describe("CLAIM_HEADERS", () => {
  const claims = {
    email: "a@example.com",
    groups: ["ops", "a b", "x,y", "50%", "ü"],
    name: "Zoë Müller",
    provider: "forged",
    userId: "root",
  };

  test("carry claims, and what is the gate's own: user, handle and no provider", async () => {
    const session = await login(named, "alice smith", { claims });
    assert.deepEqual(namedIn(await seen(named, session)), {
      "x-forwarded-email": "a@example.com",
      "x-webauth-user": "alice smith",
      "x-forwarded-groups": "ops,a b,x%2Cy,50%25,%C3%BC",
      "x-session": session.handle,
      remote_name: "Zo%C3%AB%20M%C3%BCller",
    });
  });

  for (const [value, written] of [
    [3, "3"],
    [-1.5, "-1.5"],
    [true, "true"],
    [{ a: "x y", ü: [1, 2] }, '{"a":"x%20y","%C3%BC":[1,2]}'],
    [[1, false, { b: 1 }], '1,false,{"b":1}'],
    ["plain, with a comma", "plain, with a comma"],
    ["a\r\nGate-User: root", "a%0D%0AGate-User:%20root"],
  ]) {
    test(`write ${JSON.stringify(value)} as ${written}`, async () => {
      const session = await login(named, "alice", { claims: { name: value } });
      const headers = await seen(named, session);
      assert.equal(headers.remote_name, written);
      assert.equal(headers["gate-user"], "alice");
    });
  }

  test("say who it is also where nothing else is known", async () => {
    const session = await login(named, "alice");
    const own = { "x-webauth-user": "alice", "x-session": session.handle };
    for (const path of ["/echo", "/echo/optional", "/echo/fresh", "/echo/fresh", "/echo/overlap"]) {
      assert.deepEqual(namedIn(await seen(named, session, path)), own, path);
    }
  });

  test("name nobody on open paths, and no stranger", async () => {
    assert.deepEqual(namedIn(await seen(named, await login(named, "alice", { claims }), "/echo/none")), {});
    assert.deepEqual(namedIn(await seen(named, {}, "/echo/optional")), {});
  });

  test("of a client's own never reach the application, on any path, by any method, in any spelling", async () => {
    const session = await login(named, "alice");
    const spellings = NAMES.flatMap((name) =>
      ["-", "_", ".", "!", "~"].map((sign) => name.replaceAll(/[-_]/g, sign)).concat(name.toUpperCase()),
    );
    const headers = Object.fromEntries(spellings.map((name) => [name, "forged"]));
    for (const path of ["/echo/none", "/echo/optional", "/echo", "/echo/fresh", "/echo/overlap", "/echo/aged"]) {
      for (const method of ["GET", "POST", "PROPFIND"]) {
        const all = await seen(named, session, path, { method, headers });
        assert.ok(!Object.values(all).includes("forged"), `${method} ${path}: ${JSON.stringify(all)}`);
      }
    }
    assert.ok(!Object.values(await seen(named, {}, "/echo/optional", { headers })).includes("forged"));
  });

  test("of other names pass, and all pass where none is configured", async () => {
    const headers = { "x-webauth-users": "own", "x-forwarded": "own", remote: "own" };
    const all = await seen(named, {}, "/echo/none", { headers });
    for (const name of Object.keys(headers)) assert.equal(all[name], "own");
    assert.equal(
      (await seen(plain, {}, "/echo/none", { headers: { "x-webauth-user": "own" } }))["x-webauth-user"],
      "own",
    );
  });

  test("of a preflight do not reach the application either", async () => {
    const headers = { origin: "https://a.example", "access-control-request-method": "PUT", "x-webauth-user": "forged" };
    const response = await named.fetch("/echo/none", { method: "OPTIONS", headers });
    assert.equal((await response.json()).headers["x-webauth-user"], undefined);
  });
});

describe("what the row says is told", () => {
  const known = (headers) => headers["x-forwarded-groups"];

  test("within `fresh`, without a question to the object", async () => {
    const session = await login(named, "alice", { claims: { groups: ["ops"] } });
    const first = await seen(named, session, "/echo/fresh");
    let second;
    assert.equal(await callsDuring(named, async () => (second = await seen(named, session, "/echo/fresh"))), 0);
    assert.deepEqual([told(second), namedIn(second)], [told(first), namedIn(first)]);
    assert.equal(known(second), "ops");
  });

  test("within `fresh`, at once after Gate-Set-Claims", async () => {
    const session = await login(named, "alice", { claims: { groups: ["ops"] } });
    await seen(named, session, "/echo/fresh");
    await control(named, { claims: '{"groups":["dev"]}' }, session);
    assert.equal(known(await seen(named, session, "/echo/fresh")), "dev");
    await control(named, { claims: '{"groups":null}' }, session);
    assert.equal(known(await seen(named, session, "/echo/fresh")), undefined);
    assert.equal(known(await seen(named, session, "/echo/fresh")), undefined);
  });

  test("with `overlap`, by an isolate that knows nothing of the session, and by one that knows what it was", async () => {
    const session = await login(named, "alice", { claims: { groups: ["ops"] } });
    await named.restart();
    for (let times = 0; times < 2; times += 1) {
      assert.equal(known(await seen(named, session, "/echo/overlap")), "ops");
    }
    await control(named, { claims: '{"groups":["dev"]}' }, session);
    assert.equal(known(await seen(named, session, "/echo/overlap")), "dev");
  });

  test("when the session is renewed on the way, and at the first use of what came of it", async () => {
    const { refresh } = await login(named, "alice", { claims: { groups: ["ops"] } });
    assert.equal(known(await seen(named, { refresh })), "ops");
    const next = tokensIn(await refreshSession(named, { refresh }));
    assert.equal(known(await seen(named, next, "/echo/fresh")), "ops");
  });

  test("in a session of its own: two users' claims are never mixed up", async () => {
    const users = Array.from({ length: 8 }, (_, at) => `user-${at}`);
    const sessions = await Promise.all(users.map((user) => login(named, user, { claims: { name: user } })));
    const all = await Promise.all([...sessions, ...sessions].map((session) => seen(named, session, "/echo/fresh")));
    for (const [at, headers] of all.entries()) {
      assert.equal(headers.remote_name, users[at % users.length]);
      assert.equal(headers["gate-user"], users[at % users.length]);
    }
  });

  test("by one question at most, claims or not", async () => {
    const session = await login(named, "alice", { claims: { groups: ["ops"] } });
    for (const path of ["/echo", "/echo/optional", "/echo/overlap", "/echo/aged"]) {
      assert.ok((await callsDuring(named, () => seen(named, session, path))) <= 1, path);
    }
  });
});
