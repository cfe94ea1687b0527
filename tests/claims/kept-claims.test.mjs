// The application says at a login and later what is known of a person. It is kept in the session's row and nowhere else,
// and the person can see it.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  assertStripped,
  claimsOf,
  control,
  gateFor,
  isSignedIn,
  login,
  NAVIGATION,
  presenting,
  renewed,
  tokensIn,
} from "../support/index.mjs";

const RULES = [
  { path: "/control", session: "optional" },
  { path: "/answer/deaf", session: "optional", control: false },
  { path: "/answer", session: "optional" },
];
const gate = await gateFor({ after }, { clock: true, vars: { RULES } });

/** What a person is shown of the own session. */
async function ownSession(tokens) {
  const response = await gate.fetch("/auth/session", { headers: presenting(tokens) });
  assert.equal(response.status, 200);
  return response.json();
}
const claimsKept = async (tokens) => (await ownSession(tokens)).claims;

describe("claims of a login", () => {
  test("are shown to the person whose they are", async () => {
    const claims = { email: "a@example.com", groups: ["ops"], level: 3, name: "Zoë" };
    assert.deepEqual(await claimsKept(await login(gate, "alice", { claims })), claims);
  });

  test("are missing where there are none: the answer is what it was", async () => {
    const names = Object.keys(await ownSession(await login(gate, "alice")));
    assert.deepEqual(names.sort(), ["createdAt", "expiresAt", "handle", "payload", "userId"]);
  });

  test("are in no token and in no cookie", async () => {
    const { access, response } = await login(gate, "alice", { claims: { badge: "do-not-tell" } });
    const told = JSON.stringify([claimsOf(access), [...response.headers]]);
    assert.ok(!told.includes("do-not-tell") && !told.includes("badge"));
    const front = Buffer.from(response.headers.get("front-token"), "base64").toString();
    assert.ok(!front.includes("badge"));
  });

  test("are not among the devices, as JSON and as a page", async () => {
    const tokens = await login(gate, "alice", { claims: { badge: "do-not-tell" } });
    for (const headers of [{}, NAVIGATION]) {
      const response = await gate.fetch("/auth/sessions", { headers: { ...presenting(tokens), ...headers } });
      assert.equal(response.status, 200);
      assert.ok(!(await response.text()).includes("do-not-tell"));
    }
  });

  test("stay when the session is renewed, and when the runtime starts anew", async () => {
    const claims = { groups: ["ops"] };
    const next = await renewed(gate, await login(gate, "alice", { claims }));
    assert.deepEqual(await claimsKept(next), claims);
    await gate.restart();
    assert.deepEqual(await claimsKept(await renewed(gate, next)), claims);
  });

  for (const name of ["userId", "handle", "provider"]) {
    test(`named ${name} are dropped: that is the gate's own`, async () => {
      const tokens = await login(gate, "alice", { claims: { [name]: "root", kept: 1 } });
      await control(gate, { claims: JSON.stringify({ [name]: "root" }) }, tokens);
      const own = await ownSession(tokens);
      assert.deepEqual(own.claims, { kept: 1 });
      assert.deepEqual([own.userId, own.handle, own.provider], ["alice", tokens.handle, undefined]);
    });
  }
});

describe("Gate-Set-Claims", () => {
  test("adds, replaces and removes, and neither the token nor a cookie changes", async () => {
    const tokens = await login(gate, "alice", { claims: { role: "user", plan: "free" } });
    const response = await control(gate, { claims: '{"role":"admin","plan":null,"team":"\\u00fc"}' }, tokens);
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "control");
    assertStripped(response);
    assertCookiesUntouched(response);
    assert.equal(response.headers.get("front-token"), null);
    assert.deepEqual(await claimsKept(tokens), { role: "admin", team: "ü" });
  });

  test("may say the same again", async () => {
    const tokens = await login(gate, "alice");
    for (let times = 0; times < 2; times += 1) await control(gate, { claims: '{"a":1}' }, tokens);
    assert.deepEqual(await claimsKept(tokens), { a: 1 });
  });

  test("beside Gate-Set-Payload changes both", async () => {
    const tokens = await login(gate, "alice");
    const response = await control(gate, { claims: '{"a":1}', payload: '{"b":2}' }, tokens);
    const { access } = tokensIn(response);
    assert.equal(claimsOf(access).b, 2);
    assert.deepEqual(await claimsKept({ access }), { a: 1 });
  });

  test("beside Gate-Create-Session is for the new session", async () => {
    const old = await login(gate, "alice", { claims: { old: 1 } });
    const create = '{"userId":"bob","claims":{"a":1,"b":1}}';
    const fresh = tokensIn(await control(gate, { create, claims: '{"b":2}' }, old));
    assert.deepEqual(await claimsKept(fresh), { a: 1, b: 2 });
  });

  test("on the way of a renewal goes with the renewed tokens", async () => {
    const { refresh } = await login(gate, "alice");
    const next = tokensIn(await control(gate, { claims: '{"a":1}' }, { refresh }));
    assert.ok(next.access && next.refresh);
    assert.deepEqual(await claimsKept(next), { a: 1 });
  });

  test("changes nothing where there is no session, or one that has ended", async () => {
    const tokens = await login(gate, "alice");
    await control(gate, { revoke: "current" }, tokens);
    for (const whose of [{}, tokens]) {
      const response = await control(gate, { claims: '{"a":1}' }, whose);
      assert.equal(response.status, 200);
      assertStripped(response);
    }
    assert.equal(await isSignedIn(gate, tokens), false);
  });
});

describe("the limit of 8 KiB", () => {
  const filled = (bytes) => ({ a: "x".repeat(bytes - '{"a":""}'.length) });

  test("is kept to by a login: what is over it is refused, and ends no session", async () => {
    const tokens = await login(gate, "alice", { claims: filled(8192) });
    assert.deepEqual(await claimsKept(tokens), filled(8192));
    const create = JSON.stringify({ userId: "alice", claims: filled(8193) });
    const response = await control(gate, { create }, tokens);
    assert.equal(response.status, 502);
    assert.equal(response.headers.get("gate-reason"), "origin-headers");
    assert.match(await response.text(), /gate-create-session: claims must be at most 8 KiB/);
    assert.ok(await isSignedIn(gate, tokens));
  });

  test("is kept to by Gate-Set-Claims, of all claims together", async () => {
    const tokens = await login(gate, "alice", { claims: filled(8180) });
    const response = await control(gate, { claims: '{"b":"0123456789"}' }, tokens);
    assert.equal(response.status, 502);
    assert.match(await response.text(), /gate-set-claims: claims must be at most 8 KiB/);
    assert.deepEqual(await claimsKept(tokens), filled(8180));
    assert.equal((await control(gate, { claims: '{"a":null,"b":"0123456789"}' }, tokens)).status, 200);
    assert.deepEqual(await claimsKept(tokens), { b: "0123456789" });
  });

  test("is kept to by the two headers of one answer", async () => {
    const create = JSON.stringify({ userId: "alice", claims: filled(8180) });
    const response = await control(gate, { create, claims: '{"b":"0123456789"}' });
    assert.equal(response.status, 502);
    assert.match(await response.text(), /gate-set-claims/);
    assertCookiesUntouched(response);
  });

  test("counts characters that are no ASCII as they are sent, with their escapes", async () => {
    const sixEach = (count) => JSON.stringify({ userId: "alice", claims: { a: "ü".repeat(count) } });
    const escaped = (json) => json.replaceAll("ü", "\\u00fc");
    assert.equal((await control(gate, { create: escaped(sixEach(1364)) })).status, 200);
    assert.equal((await control(gate, { create: escaped(sixEach(1365)) })).status, 502);
  });
});

describe("what makes no sense", () => {
  for (const claims of ["", "1", "[]", "null", "{", '{"a":1} x', '{"a":"\ufffd"}']) {
    test(`is refused and named: Gate-Set-Claims: ${claims}`, async () => {
      const tokens = await login(gate, "alice", { claims: { a: 0 } });
      const response = await control(gate, { claims }, tokens);
      if (claims === "") assert.ok([200, 502].includes(response.status));
      else assert.equal(response.status, 502);
      assert.deepEqual(await claimsKept(tokens), { a: 0 });
    });
  }

  for (const wrong of [
    { claims: [] },
    { persistent: "no" },
    { idle: 0 },
    { absolute: 1.5 },
    { authTime: -1 },
    { acr: 1 },
    { acr: "x".repeat(257) },
  ]) {
    test(`is refused and named: Gate-Create-Session with ${JSON.stringify(wrong).slice(0, 30)}`, async () => {
      const response = await control(gate, { create: JSON.stringify({ userId: "alice", ...wrong }) });
      assert.equal(response.status, 502);
      assert.match(await response.text(), new RegExp(`gate-create-session: ${Object.keys(wrong)[0]} must be`));
      assertCookiesUntouched(response);
    });
  }
});

describe("where the application's headers have no effect", () => {
  const SET = `/answer/deaf?${new URLSearchParams({ header: 'Gate-Set-Claims: {"a":1}' })}`;

  test("`control = false` strips Gate-Set-Claims and changes nothing", async () => {
    const tokens = await login(gate, "alice");
    const response = await gate.fetch(SET, { headers: presenting(tokens) });
    assert.equal(response.status, 200);
    assertStripped(response);
    assert.equal(await claimsKept(tokens), undefined);
    const heard = await gate.fetch(SET.replace("/deaf", ""), { headers: presenting(tokens) });
    assertStripped(heard);
    assert.deepEqual(await claimsKept(tokens), { a: 1 });
  });

  test("so does ORIGIN_CONTROL = off", async (t) => {
    const tokens = await login(gate, "alice");
    t.after(() => gate.restart({ ORIGIN_CONTROL: undefined }));
    await gate.restart({ ORIGIN_CONTROL: "off" });
    const response = await gate.fetch(SET.replace("/deaf", ""), { headers: presenting(tokens) });
    assert.equal(response.status, 200);
    assertStripped(response);
    assert.equal(await claimsKept(tokens), undefined);
  });
});
