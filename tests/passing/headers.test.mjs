// The origin may believe every Gate-* header, because only the gate can send one; and what
// the origin says in Gate-* headers stays between the two.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  answer,
  assertCookiesUntouched,
  gateFor,
  login,
  openSocket,
  presenting,
  REFRESH,
  setCookies,
  tokensIn,
  visit,
  WEBSOCKET_ORIGIN,
} from "../support/index.mjs";

const RULES = [
  { path: "/echo/none", session: "none" },
  { path: "/echo/optional", session: "optional" },
  { path: "/answer/none", session: "none" },
  { path: "/answer/optional", session: "optional" },
];

const SPELLINGS = [
  "Gate-User",
  "gate-user",
  "GATE-USER",
  "Gate_User",
  "GATE_USER",
  "gAtE_uSeR",
  "Gate-Session",
  "gate_session",
  "Gate-Token",
  "GATE_TOKEN",
  "Gate-Foo",
  "Gate_Foo-Bar",
  "gate-",
  "Gate_",
  "Gate.User",
  "Gate!User",
  "Gate-Create-Session",
  "Gate-Revoke-Session",
  "Gate-Set-Payload",
];
const FORGED = SPELLINGS.map((name) => [name, "admin"]);

const gate = await gateFor({ after }, { vars: { RULES } });
const alice = await login(gate, "alice");

const identity = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^gate[^a-z0-9]/i.test(name)));
const identitySeen = async (response) => identity((await response.json()).headers);
const ALICE = { "gate-user": "alice", "gate-session": alice.handle, "gate-token": alice.access };

for (const [path, expected] of Object.entries({ "/echo/none": {}, "/echo/optional": ALICE, "/echo": ALICE })) {
  test(`a client's own Gate headers do not reach ${path}, in any spelling`, async () => {
    const headers = [...FORGED, ...Object.entries(presenting(alice))];
    assert.deepEqual(await identitySeen(await gate.fetch(path, { headers })), expected);
  });

  test(`each spelling alone does not reach ${path} either, by any method`, async () => {
    for (const name of SPELLINGS) {
      const headers = [[name, "admin"], ...Object.entries(presenting(alice))];
      for (const method of ["GET", "POST", "PROPFIND"]) {
        assert.deepEqual(
          await identitySeen(await gate.fetch(path, { method, headers })),
          expected,
          `${method} ${name}`,
        );
      }
    }
  });
}

test("a stranger's Gate headers do not reach an optional path", async () => {
  assert.deepEqual(await identitySeen(await gate.fetch("/echo/optional", { headers: FORGED })), {});
});

test("a stranger's Gate headers open no required path", async () => {
  assert.equal((await gate.fetch("/echo", { headers: FORGED })).status, 401);
});

test("Gate headers do not reach the origin with a WebSocket", async (t) => {
  const sockets = await gateFor(t, { origin: WEBSOCKET_ORIGIN, vars: { RULES: [{ path: "/open", session: "none" }] } });
  const { greeting, socket } = await openSocket(sockets, "/open", { headers: Object.fromEntries(FORGED) });
  assert.deepEqual(identity(greeting), {});
  socket.terminate();
});

test("headers that only resemble the gate's are ordinary headers", async () => {
  const headers = { "x-gate-user": "1", gateway: "2", gate: "3" };
  const seen = (await (await gate.fetch("/echo/none", { headers })).json()).headers;
  for (const [name, value] of Object.entries(headers)) assert.equal(seen[name], value);
});

test("requests of many users at once are never taken for one another's", async () => {
  const users = Array.from({ length: 20 }, (_, at) => `user-${at}`);
  const sessions = await Promise.all(users.map((user) => login(gate, user)));
  const requests = Array.from({ length: 10 }, () => sessions).flat();
  const seen = await Promise.all(requests.map(async (session) => identitySeen(await visit(gate, session))));
  for (const [at, { access, handle }] of requests.entries()) {
    const user = users[at % users.length];
    assert.deepEqual(seen[at], { "gate-user": user, "gate-session": handle, "gate-token": access });
  }
});

test("a session that is renewed on the way is forwarded with the token it is renewed to", async () => {
  const { refresh } = await login(gate, "bob");
  const response = await visit(gate, { refresh });
  const seen = await identitySeen(response);
  assert.equal(seen["gate-user"], "bob");
  assert.equal(seen["gate-token"], tokensIn(response).access);
});

const CONTROL = [
  'Gate-Create-Session: {"userId":"eve"}',
  "Gate-Revoke-Session: others",
  'Gate-Set-Payload: {"role":"admin"}',
];

function assertNoControl(response) {
  const names = [...response.headers.keys()].filter((name) => name.startsWith("gate-") && name !== "gate-reason");
  assert.deepEqual(names, []);
}

for (const at of ["/answer/none", "/answer/optional", "/answer"]) {
  for (const line of CONTROL) {
    const name = line.split(":")[0];

    test(`${name} never leaves the gate at ${at}`, async () => {
      for (const status of [200, 204, 303, 304, 404, 500]) {
        const carol = await login(gate, "carol");
        const response = await gate.fetch(answer({ at, status, headers: [line] }), { headers: presenting(carol) });
        assert.equal(response.status, status);
        assertNoControl(response);
      }
    });
  }
}

test("a control header that nobody can read is not passed on with the refusal", async () => {
  for (const name of ["Gate-Create-Session", "Gate-Set-Payload"]) {
    const response = await gate.fetch(answer({ at: "/answer/optional", headers: [`${name}: {`] }), {
      headers: presenting(alice),
    });
    assert.equal(response.status, 502);
    assertNoControl(response);
  }
});

test("with ORIGIN_CONTROL off the control headers are stripped and do nothing", async (t) => {
  const off = await gateFor(t, { vars: { RULES, ORIGIN_CONTROL: "off" } });
  for (const at of ["/answer/none", "/answer/optional"]) {
    for (const line of [...CONTROL, "Gate-Revoke-Session: all", "Gate-Create-Session: {"]) {
      const response = await off.fetch(answer({ at, headers: [line] }));
      assert.equal(response.status, 200);
      assertNoControl(response);
      assertCookiesUntouched(response);
    }
  }
});

test("on a path with `control = false` the control headers are stripped and do nothing, and elsewhere they count", async (t) => {
  const rules = [
    { path: "/answer/none/relay*", session: "none", control: false },
    { path: "/answer/optional/relay*", session: "optional", control: false },
    { path: "/answer/relay*", control: false },
    ...RULES,
  ];
  const relaying = await gateFor(t, { vars: { RULES: rules } });
  const erin = await login(relaying, "erin");
  for (const at of ["/answer/none/relay", "/answer/optional/relay", "/answer/relay"]) {
    for (const line of [...CONTROL, "Gate-Revoke-Session: all", "Gate-Create-Session: {"]) {
      const response = await relaying.fetch(answer({ at, headers: [line] }), { headers: presenting(erin) });
      assert.equal(response.status, 200);
      assertNoControl(response);
      assertCookiesUntouched(response);
    }
  }
  assert.equal((await visit(relaying, erin)).status, 200, "nothing was ended");
  await relaying.fetch(answer({ headers: ["Gate-Revoke-Session: all"] }), { headers: presenting(erin) });
  assert.equal((await visit(relaying, erin)).status, 401, "the application's word counts on its other paths");
});

test("switching ORIGIN_CONTROL off ends no session, and the origin can end none either", async () => {
  const dave = await login(gate, "dave");
  await gate.restart({ ORIGIN_CONTROL: "off" });
  const response = await gate.fetch(answer({ headers: ["Gate-Revoke-Session: all"] }), { headers: presenting(dave) });
  assert.equal(response.status, 200);
  assert.equal((await visit(gate, dave)).status, 200);
  await gate.restart({ ORIGIN_CONTROL: undefined });
});

test("several control headers on one answer are all obeyed and all stripped", async () => {
  const headers = ['Gate-Create-Session: {"userId":"frank"}', 'Gate-Set-Payload: {"role":"editor"}', "X-Own: 1"];
  const response = await gate.fetch(answer({ at: "/answer/optional", headers }));
  assertNoControl(response);
  assert.equal(response.headers.get("x-own"), "1");
  assert.ok(setCookies(response).some(({ name }) => name === REFRESH));
});
