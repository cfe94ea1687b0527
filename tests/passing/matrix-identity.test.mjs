// What says who somebody is comes from the gate alone: looked at in the bytes that reach the origin, for what
// clients send past every HTTP library. `tests/passing/headers.test.mjs` has the spellings that a library lets one send.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { ACCESS, gateFor, login, presenting, rawOrigin, response } from "../support/index.mjs";

const RULES = [
  { path: "/login", session: "none" },
  { path: "/none", session: "none" },
  { path: "/optional", session: "optional" },
];

const heads = [];
const originUrl = await rawOrigin({ after }, (head) => {
  heads.push(head);
  const isLogin = head.startsWith("POST /login");
  return response("200 OK", isLogin ? ['Gate-Create-Session: {"userId":"alice"}'] : []);
});
const gate = await gateFor({ after }, { originUrl, vars: { RULES } });
const alice = await login(gate, "alice");

const IDENTITY = ["user", "session", "token"];

/** All ways of writing a name's letters big and small. */
function* everyCase(name) {
  const letters = [...name].map((letter, at) => [letter, at]).filter(([letter]) => /[a-z]/.test(letter));
  for (let mask = 0; mask < 1 << letters.length; mask += 1) {
    const spelled = [...name];
    for (const [bit, [letter, at]] of letters.entries()) if (mask & (1 << bit)) spelled[at] = letter.toUpperCase();
    yield spelled.join("");
  }
}

/** All spellings of an identity header, with either joint: 4096 of the longest name, which one request can still have. */
const spellings = (name) => [...everyCase(`gate-${name}`), ...everyCase(`gate_${name}`)];

/** Each is what stands between the request line and the end of the headers. */
const DISGUISES = {
  "the name many times": Array.from({ length: 50 }, () => "Gate-User: admin"),
  "no value": ["Gate-User:", "Gate-Token:"],
  "a value of spaces": ["Gate-User:   \t "],
  "no space after the colon": ["Gate-User:admin"],
  "a folded line": ["X-Fold: a", " Gate-User: admin"],
  "a folded line with a tab": ["X-Fold: a", "\tGate-User: admin"],
  "a space before the colon": ["Gate-User : admin"],
  "a tab before the colon": ["Gate-User\t: admin"],
  "a bare carriage return before it": ["X-Cut: a\rGate-User: admin"],
  "a bare line feed before it": ["X-Cut: a\nGate-User: admin"],
  "a NUL before it": ["X-Cut: a\0Gate-User: admin"],
  "names that end alike": ["Gate-User-Id: admin", "Gate_User_Id: admin", "Gate-: admin", "Gate_: admin"],
  "the names of a connection": ["Connection: close, Gate-User, Gate-Session, Gate-Token"],
  "a trailer that is announced": ["Trailer: Gate-User", "Gate-User: admin"],
  "a control header": ['Gate-Create-Session: {"userId":"admin"}', "Gate-Revoke-Session: all"],
};

/** The lines about identity that the origin got with a request, or nothing if the gate refused it. */
async function seenByOrigin(request, lines, body = "") {
  heads.length = 0;
  const { port, host } = new URL(gate.url);
  const socket = connect(Number(port), "127.0.0.1").setEncoding("latin1");
  socket.write([request, `Host: ${host}`, ...lines, "", body].join("\r\n"), "latin1");
  const [answer] = await once(socket, "data");
  socket.destroy();
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(answer);
  assert.ok(["200", "400", "401"].includes(status), `${status} ${JSON.stringify(lines).slice(0, 100)}`);
  return status === "200" ? identityIn(heads.at(-1)) : undefined;
}

function identityIn(head) {
  const lines = head.split(/\r\n|\r|\n/).filter((line) => /^\s*gate[-_]/i.test(line));
  return Object.fromEntries(lines.map((line) => line.split(": ")));
}

const ALICE = { "gate-user": "alice", "gate-session": alice.handle, "gate-token": alice.access };
const lowered = (identity) =>
  Object.fromEntries(Object.entries(identity).map(([name, value]) => [name.toLowerCase(), value]));
const cookie = `Cookie: ${presenting({ access: alice.access }).cookie}`;

/** What the origin sees of identity is the session's or nothing, wherever the gate takes the request. */
async function assertNotPassedOn(lines) {
  const forwarded = [];
  for (const [path, session, expected] of /** @type {[string, string[], Record<string, string>][]} */ ([
    ["/none", [], {}],
    ["/optional", [], {}],
    ["/optional", [cookie], ALICE],
    ["/page", [cookie], ALICE],
    ["/page", [`Authorization: Bearer ${alice.access}`], ALICE],
  ])) {
    const seen = await seenByOrigin(`GET ${path} HTTP/1.1`, [...session, ...lines]);
    if (seen === undefined) continue;
    assert.deepEqual(lowered(seen), expected, path);
    forwarded.push(path);
  }
  assert.equal(await seenByOrigin("GET /page HTTP/1.1", lines), undefined, "and it opens no page");
  return forwarded;
}

for (const [what, lines] of Object.entries(DISGUISES)) {
  test(`an identity of the client's own is not passed on: ${what}`, async () => {
    await assertNotPassedOn(lines);
  });
}

for (const name of IDENTITY) {
  test(`an identity of the client's own is not passed on: every spelling of gate-${name}`, async () => {
    const forwarded = await assertNotPassedOn(spellings(name).map((spelling) => `${spelling}: admin`));
    assert.equal(forwarded.length, 5, "and the request is taken");
  });
}

test("nor what comes after the body", async () => {
  const body = "3\r\nabc\r\n0\r\nGate-User: admin\r\nGate-Token: admin\r\n\r\n";
  const lines = ["Transfer-Encoding: chunked", "Trailer: Gate-User"];
  assert.deepEqual(await seenByOrigin("POST /none HTTP/1.1", lines, body), {});
  assert.deepEqual(lowered(await seenByOrigin("POST /page HTTP/1.1", [...lines, cookie], body)), ALICE);
});

test("nor a second request hidden in the first", async () => {
  const smuggled = "0\r\n\r\nGET /page HTTP/1.1\r\nHost: x\r\nGate-User: admin\r\n\r\n";
  const framings = [
    ["Transfer-Encoding: chunked", `Content-Length: ${smuggled.length}`],
    [`Content-Length: ${smuggled.length}`, "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
  ];
  for (const lines of framings) {
    heads.length = 0;
    const { port, host } = new URL(gate.url);
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.end([`POST /none HTTP/1.1`, `Host: ${host}`, ...lines, "", smuggled].join("\r\n"));
    await once(socket, "close");
    for (const head of heads) assert.deepEqual(identityIn(head), {}, lines.join());
  }
});

test("a name that is no identity is nobody's business", async () => {
  const others = ["X-Gate-User: a", "Gateway: b", "Gate: c", "GateUser: d"];
  await seenByOrigin("GET /none HTTP/1.1", others);
  for (const line of others) assert.ok(heads.at(-1).toLowerCase().includes(line.toLowerCase()), line);
});

test("the session's cookies reach the origin in no spelling", async () => {
  for (const line of [
    `Cookie: a=1; ${ACCESS}=x; b=2`,
    `Cookie: a=1;${ACCESS.toUpperCase()}=x`,
    `Cookie:   ${ACCESS}  = x`,
    `Cookie: a=1\r\nCookie: ${ACCESS}=x\r\nCookie: b=2`,
    `Cookie: ${ACCESS}`,
    `Cookie: a="; ${ACCESS}=x"`,
    `Cookie: a=1, ${ACCESS}=x, ${ACCESS}=y`,
    `Cookie: \t${ACCESS}\t=\tx`,
  ]) {
    await seenByOrigin("GET /none HTTP/1.1", [line]);
    assert.doesNotMatch(heads.at(-1), /saccesstoken/i, line);
  }
});

test("the identity of a session is whole, whatever the client asks to be left out on the way", async () => {
  for (const name of IDENTITY) {
    const seen = await seenByOrigin("GET /page HTTP/1.1", [
      cookie,
      `Connection: close, Gate-${name}`,
      `Keep-Alive: Gate-${name}`,
      `TE: gate-${name}`,
    ]);
    assert.equal(lowered(seen)[`gate-${name}`], ALICE[`gate-${name}`]);
    assert.doesNotMatch(heads.at(-1), new RegExp(`^connection:.*gate-${name}`, "im"));
  }
});

test("the host that the browser asked for is the gate's to tell", async () => {
  await seenByOrigin("GET /none HTTP/1.1", ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher"]);
  const told = heads
    .at(-1)
    .split("\r\n")
    .filter((line) => /^x-forwarded-/i.test(line) && !/for:/i.test(line));
  assert.deepEqual(told.map((line) => line.toLowerCase()).sort(), [
    `x-forwarded-host: ${new URL(gate.url).host}`,
    "x-forwarded-proto: http",
  ]);
});
