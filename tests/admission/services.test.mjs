// Programs that have no session: a token of their own opens the paths whose rule names them, and nothing else.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { control, gateFor, isSignedIn, login, NAVIGATION, presenting } from "../support/index.mjs";

const digest = (token) => createHash("sha256").update(token).digest("hex");
const CI = "token-of-ci-0123456789";
const CI_NEXT = "token-of-ci-from-tomorrow-on";
const BACKUP = "token-of-backup-0123456789";
const SERVICE_TOKENS = `ci:${digest(CI)}, ci:${digest(CI_NEXT)},backup:${digest(BACKUP).toUpperCase()}`;

const RULES = [
  { path: "/echo/ci", services: ["ci"], require: { groups: ["ops"] } },
  { path: "/echo/any", services: ["*"] },
  { path: "/echo/get", services: ["ci"], methods: ["GET"] },
  { path: "/echo/optional", session: "optional" },
  { path: "/echo/none", session: "none" },
  { path: "/answer", services: ["*"] },
  { path: "/control", session: "optional" },
];

const gate = await gateFor({ after }, { vars: { RULES, SERVICE_TOKENS } });
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const seen = async (answer) => (await answer.json()).headers;
const identity = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("gate-")));

for (const [path, token, user] of [
  ["/echo/ci", CI, "service:ci"],
  ["/echo/ci", CI_NEXT, "service:ci"],
  ["/echo/any", CI, "service:ci"],
  ["/echo/any", BACKUP, "service:backup"],
]) {
  test(`${user} passes at ${path} without a session, and the application sees its name and not its token`, async () => {
    for (const method of ["GET", "POST", "DELETE"]) {
      const answer = await gate.fetch(path, { method, headers: bearer(token) });
      assert.equal(answer.status, 200, method);
      assert.deepEqual(answer.headers.getSetCookie(), []);
      const headers = await seen(answer);
      assert.deepEqual(identity(headers), { "gate-user": user });
      assert.equal(headers.authorization, undefined);
    }
  });
}

for (const [what, path, headers] of /** @type {[string, string, Record<string, string>][]} */ ([
  ["another service's token", "/echo/ci", bearer(BACKUP)],
  ["a token where no rule names services", "/echo/other", bearer(CI)],
  ["a token that is none", "/echo/any", bearer("token-of-nobody")],
  ["the digest", "/echo/any", bearer(digest(CI))],
  ["a part of a token", "/echo/any", bearer(CI.slice(0, -1))],
  ["no token", "/echo/any", { authorization: "Bearer " }],
  ["another scheme", "/echo/any", { authorization: `Basic ${CI}` }],
  ["a token in a cookie", "/echo/any", { cookie: `__Host-sAccessToken=${CI}` }],
  ["a client's own Gate-User", "/echo/any", { "gate-user": "service:ci" }],
])) {
  test(`${what} is nobody`, async () => {
    const answer = await gate.fetch(path, { headers });
    assert.equal(answer.status, 401);
    assert.ok(answer.headers.get("www-authenticate"));
  });
}

test("a service passes by the methods of its rule alone", async () => {
  assert.equal((await gate.fetch("/echo/get", { headers: bearer(CI) })).status, 200);
  assert.equal((await gate.fetch("/echo/get", { method: "HEAD", headers: bearer(CI) })).status, 200);
  assert.equal((await gate.fetch("/echo/get", { method: "POST", headers: bearer(CI) })).status, 401);
});

for (const path of ["/echo/none", "/echo/optional"]) {
  test(`on ${path} the token is the application's affair, as any other`, async () => {
    const headers = await seen(await gate.fetch(path, { headers: bearer(CI) }));
    assert.equal(headers.authorization, `Bearer ${CI}`);
    assert.deepEqual(identity(headers), {});
  });
}

test("no other spelling of a path lets a service in where its rule does not", async () => {
  for (const path of ["/echo/%61ny", "/ECHO/ANY", "/echo//any", "/echo/other/..;/any"]) {
    assert.equal((await gate.fetch(path, { headers: bearer(CI) })).status, 401, path);
  }
});

test("a token is no session: not at the gate's own routes, and it ends none", async () => {
  const alice = await login(gate, "alice");
  for (const path of ["/auth/session", "/auth/sessions"]) {
    assert.equal((await gate.fetch(path, { headers: bearer(CI) })).status, 401, path);
  }
  await gate.fetch("/logout/all", { method: "POST", headers: bearer(CI) });
  assert.ok(await isSignedIn(gate, alice));
});

test("a token beside somebody's cookies is the service's request", async () => {
  const alice = await login(gate, "alice");
  const headers = await seen(await gate.fetch("/echo/any", { headers: { ...presenting(alice), ...bearer(CI) } }));
  assert.deepEqual(identity(headers), { "gate-user": "service:ci" });
  assert.equal(headers.cookie, undefined);
  assert.ok(await isSignedIn(gate, alice));
});

test("what the application answers a service is kept by no cache that others share", async () => {
  const answer = await gate.fetch("/answer?header=content-type:text/html", { headers: bearer(CI) });
  assert.match(answer.headers.get("cache-control") ?? "", /private/);
});

test("people pass the same rule by their session, and are asked what it asks", async () => {
  const plain = await login(gate, "alice");
  assert.equal((await gate.fetch("/echo/any", { headers: presenting(plain) })).status, 200);
  assert.equal((await gate.fetch("/echo/ci", { headers: { ...NAVIGATION, ...presenting(plain) } })).status, 403);
});

test("no user of the application's is named as a service is", async () => {
  const answer = await control(gate, { create: '{"userId":"service:ci"}' });
  assert.equal(answer.status, 502);
  assert.match((await answer.json()).message, /service:/);
  assert.equal((await control(gate, { create: '{"userId":"services"}' })).status, 200);
});

test("no line of the log has a token", async () => {
  await gate.fetch("/echo/ci", { headers: bearer(BACKUP) });
  for (const token of [CI, CI_NEXT, BACKUP, digest(CI)]) {
    assert.ok(!gate.logs.some((line) => JSON.stringify(line).includes(token)));
  }
});
