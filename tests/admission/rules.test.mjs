// Which rule decides about a path. The paths here show whether they were open: the echo
// origin answers 200, and a stranger on a required path is told 401 by the gate.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gateFor, login, NAVIGATION, visit } from "../support/index.mjs";

const RULES = [
  { path: "/echo/none/but/this", session: "required" },
  { path: "/echo/none/*", session: "none" },
  { path: "/echo/optional/*", session: "optional" },
  { path: "/echo/exact", session: "none" },
  { path: "/echo/bare" },
  { path: "/echo/bare*", session: "none" },
  { path: "/echo/every*", session: "none" },
  { path: "/login", session: "required" },
];

const gate = await gateFor({ after }, { vars: { RULES } });
const alice = await login(gate, "alice");

const asStranger = (path) => gate.fetch(path);
const asAlice = (path) => gate.fetch(path, { headers: { cookie: `__Host-sAccessToken=${alice.access}` } });

async function assertOpen(path) {
  assert.equal((await asStranger(path)).status, 200, `${path} is open`);
}

async function assertRequired(path) {
  assert.equal((await asStranger(path)).status, 401, `${path} is required`);
}

test("a path that no rule names is required", async () => {
  for (const path of ["/echo", "/", "/unknown", "/echo/"]) await assertRequired(path);
});

test("a rule that does not say what it wants requires a session", async () => {
  await assertRequired("/echo/bare");
});

test("the first rule that matches decides", async () => {
  await assertRequired("/echo/none/but/this");
  await assertOpen("/echo/none/but/that");
  await assertOpen("/echo/barely");
});

test("a path without a star is exact", async () => {
  await assertOpen("/echo/exact");
  for (const path of ["/echo/exact/", "/echo/exactly", "/echo/exac", "/Echo/exact"]) await assertRequired(path);
});

test("a path with a star is a prefix, of whole segments only when it says so", async () => {
  for (const path of ["/echo/none/", "/echo/none/a/b.css", "/echo/every", "/echo/everything"]) await assertOpen(path);
  for (const path of ["/echo/none", "/echo/nonesuch"]) await assertRequired(path);
});

test("the query has no say in which rule matches", async () => {
  await assertOpen("/echo/exact?a=/b");
  await assertRequired("/echo?/echo/none/x");
});

test("dot segments lead to the rule of the path that they mean", async () => {
  for (const path of ["/echo/none/../secret", "/echo/none/%2e%2e/secret", "/echo/none/.%2E/secret"])
    await assertRequired(path);
});

for (const open of ["/echo/none/", "/echo/optional/"]) {
  for (const odd of ["%2f", "%2F", "%5c", "%5C", "%00", "%0a", "%0D", "%1f", "%1F", "%7f", "%7F"]) {
    test(`${open}a${odd}b is required, since an origin may read it as another path`, async () => {
      await assertRequired(`${open}a${odd}b`);
      await assertRequired(`${open}a/${odd}`);
    });
  }

  test(`other escapes under ${open} are ordinary characters`, async () => {
    for (const plain of ["%20", "%25", "%2e", "%80", "%C3%A9", "%zz", "%", "%2"]) await assertOpen(`${open}a${plain}b`);
  });

  test(`a backslash under ${open} never reaches the origin unseen`, async () => {
    const response = await asStranger(`${open}a\\b`);
    if (response.status !== 401) assert.doesNotMatch((await response.json()).url, /\\/);
  });
}

test("an optional path serves a stranger without identity, and a session with it", async () => {
  const stranger = await (await asStranger("/echo/optional/x")).json();
  const known = await (await asAlice("/echo/optional/x")).json();
  assert.equal(stranger.headers["gate-user"], undefined);
  assert.equal(known.headers["gate-user"], "alice");
});

test("a required path serves a session", async () => {
  assert.equal((await (await visit(gate, alice)).json()).headers["gate-user"], "alice");
});

test("a path without sessions passes no identity, whoever asks", async () => {
  const { headers } = await (await asAlice("/echo/none/x")).json();
  for (const name of ["gate-user", "gate-session", "gate-token"]) assert.equal(headers[name], undefined, name);
});

test("the login page is never required, whatever the rules say", async () => {
  assert.equal((await asStranger("/login?user=bob")).status, 200);
});

test("the login page given as a whole address on this host is never required either", async (t) => {
  const own = await gateFor(t, { vars: { RULES } });
  await own.restart({ LOGIN_URL: `${own.url}/login` });
  assert.equal((await own.fetch("/login?user=bob")).status, 200);
});

test("a login page on another host opens no path here", async (t) => {
  const elsewhere = await gateFor(t, { vars: { RULES, LOGIN_URL: "https://accounts.example/login" } });
  assert.equal((await elsewhere.fetch("/login?user=bob")).status, 401);
  const sent = await elsewhere.fetch("/echo", { headers: NAVIGATION });
  assert.match(sent.headers.get("location"), /^https:\/\/accounts\.example\/login\?return_to=/);
});
