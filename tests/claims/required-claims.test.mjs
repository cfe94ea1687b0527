// A rule may require claims. Whoever lacks one is told so, and the application hears nothing of the request.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  control,
  gateFor,
  isSignedIn,
  login,
  NAVIGATION,
  PATIENT,
  presenting,
  refreshSession,
  SEEN_RULE,
  seenBy,
  tokensIn,
} from "../support/index.mjs";

const RULES = [
  { path: "/control", session: "optional" },
  { path: "/echo/ops", require: { groups: ["ops", "admins"] } },
  { path: "/echo/staff", require: { email_domain: ["example.com"], staff: [true] } },
  { path: "/echo/alice", require: { userId: ["alice"] } },
  { path: "/echo/fresh", require: { groups: ["ops"] }, fresh: 600 },
  { path: "/echo/both", require: { staff: [true] } },
  { path: "/echo/Both", require: { groups: ["ops"] } },
  { path: "/echo/open/*", session: "none" },
  { path: "/login", require: { groups: ["nobody"] } },
];
const gate = await gateFor({ after }, { clock: true, vars: { RULES, SERVER_TIMING: "on" } });

const ask = (tokens, path, headers = {}, init = {}) =>
  gate.fetch(path, { ...init, headers: { ...presenting(tokens), ...headers } });

async function assertForbidden(response) {
  assert.equal(response.status, 403);
  assert.equal(response.headers.get("gate-reason"), "forbidden");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.deepEqual(await response.json(), { message: "forbidden" });
}

describe("a rule with `require`", () => {
  for (const [claims, path, status] of [
    [{ groups: ["ops"] }, "/echo/ops", 200],
    [{ groups: ["dev", "admins"] }, "/echo/ops", 200],
    [{ groups: "ops" }, "/echo/ops", 200],
    [{ groups: ["dev"] }, "/echo/ops", 403],
    [{ groups: "ops,admins" }, "/echo/ops", 403],
    [{ groups: [] }, "/echo/ops", 403],
    [{}, "/echo/ops", 403],
    [{ email: "a@example.com", staff: true }, "/echo/staff", 200],
    [{ email: "a@EXAMPLE.com", staff: true }, "/echo/staff", 200],
    [{ email: "a@example.com", email_verified: false, staff: true }, "/echo/staff", 200],
    [{ email: "a@example.com.evil.org", staff: true }, "/echo/staff", 403],
    [{ email: "a@example.com" }, "/echo/staff", 403],
    [{ staff: true }, "/echo/staff", 403],
    [{ groups: ["ops"], _claim_names: { groups: "src1" } }, "/echo/ops", 403],
    [{ groups: ["ops"], hasgroups: true }, "/echo/ops", 403],
    [{ groups: ["ops"], _claim_names: { roles: "src1" } }, "/echo/ops", 200],
    [{ userId: "alice" }, "/echo/alice", 403],
  ]) {
    test(`answers ${status} at ${path} to ${JSON.stringify(claims)}`, async () => {
      const response = await ask(await login(gate, "bob", { claims }), path);
      if (status === 200) assert.equal((await response.json()).headers["gate-user"], "bob");
      else await assertForbidden(response);
    });
  }

  test("may name the user", async () => {
    assert.equal((await ask(await login(gate, "alice"), "/echo/alice")).status, 200);
  });

  test("is for those who are signed in: a stranger is sent to the login as ever", async () => {
    assert.equal((await ask({}, "/echo/ops")).status, 401);
    const response = await ask({}, "/echo/ops", NAVIGATION);
    assert.deepEqual([response.status, response.headers.get("gate-reason")], [303, "no-session"]);
  });

  test("never closes the login's own path", async () => {
    assert.equal((await ask(await login(gate, "bob"), "/login?user=bob")).status, 200);
  });

  test("counts in every reading of a path, and what one of several rules forbids is forbidden", async () => {
    const [ops, staff, both] = [
      await login(gate, "bob", { claims: { groups: ["ops"] } }),
      await login(gate, "bob", { claims: { staff: true } }),
      await login(gate, "bob", { claims: { groups: ["ops"], staff: true } }),
    ];
    const statuses = (path) =>
      Promise.all([ops, staff, both].map(async (session) => (await ask(session, path)).status));
    assert.deepEqual(await statuses("/echo/Both"), [403, 403, 200]);
    assert.deepEqual(await statuses("/echo/both"), [403, 200, 200]);
    for (const path of ["/echo/%6fps", "/echo//ops", "/echo/OPS", "/echo/open/..;/ops", "/echo/ops;v=1"]) {
      await assertForbidden(await ask(staff, path));
    }
  });

  test("holds for every method, and for unsafe ones within `fresh`", async () => {
    const session = await login(gate, "bob", { claims: { groups: ["dev"] } });
    for (const method of ["GET", "POST", "PUT", "PROPFIND"]) {
      await assertForbidden(await ask(session, "/echo/fresh", {}, { method }));
    }
  });

  test("holds within `fresh`, also after the claims have changed", async () => {
    const session = await login(gate, "bob", { claims: { groups: ["ops"] } });
    for (let times = 0; times < 2; times += 1) assert.equal((await ask(session, "/echo/fresh")).status, 200);
    await control(gate, { claims: '{"groups":["dev"]}' }, session);
    for (let times = 0; times < 2; times += 1) await assertForbidden(await ask(session, "/echo/fresh"));
    await control(gate, { claims: '{"groups":["ops"]}' }, session);
    assert.equal((await ask(session, "/echo/fresh")).status, 200);
  });
});

describe("who is refused", () => {
  test("reads a page that says who is signed in, and offers another account", async () => {
    const response = await ask(await login(gate, "<bob>"), "/echo/ops?x=1&y", NAVIGATION);
    assert.equal(response.status, 403);
    assert.equal(response.headers.get("gate-reason"), "forbidden");
    assert.match(response.headers.get("content-type"), /html/);
    const page = await response.text();
    assert.match(page, /signed in as &#60;bob&#62;/);
    const link = /href="(\/login[^"]*)"/.exec(page)[1].replaceAll("&#38;", "&");
    assert.equal(link, "/login?return_to=/echo/ops%3Fx%3D1%26y&account=other");
  });

  test("can log out where no login is configured", async () => {
    const bare = await gateFor({ after }, { vars: { RULES, LOGIN_URL: undefined } });
    const session = tokensIn(await bare.fetch("/control?create=%7B%22userId%22%3A%22bob%22%7D"));
    const response = await bare.fetch("/echo/ops", { headers: { ...presenting(session), ...NAVIGATION } });
    assert.match(await response.text(), /href="\/logout"/);
  });

  test("stays signed in, with all cookies", async () => {
    const session = await login(gate, "bob");
    assertCookiesUntouched(await ask(session, "/echo/ops"));
    assert.ok(await isSignedIn(gate, session));
  });

  test("gets the tokens that were renewed on the way", async () => {
    const { refresh } = await login(gate, "bob");
    const response = await ask({ refresh }, "/echo/ops");
    assert.equal(response.status, 403);
    const next = tokensIn(response);
    assert.ok(next.access && next.refresh);
    assert.equal((await refreshSession(gate, next)).status, 200);
  });

  test("is not known to the application, also where its rule says overlap", async (t) => {
    const require = { groups: ["ops"] };
    const rules = [SEEN_RULE, { path: "/ahead", require, overlap: true }, { path: "/page", require }];
    const patient = await gateFor(t, { origin: PATIENT, vars: { RULES: rules } });
    const response = await patient.fetch("/login?user=bob", { method: "POST" });
    const headers = presenting(tokensIn(response));
    assert.ok(headers.cookie.length > 0);
    await seenBy(patient);
    for (const path of ["/page", "/ahead", "/ahead"]) {
      assert.equal((await patient.fetch(path, { headers })).status, 403, path);
    }
    assert.deepEqual(await seenBy(patient), []);
  });
});
