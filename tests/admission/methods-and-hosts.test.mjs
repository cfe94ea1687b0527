// A rule may be for some methods and for some hosts only, and a starter opens what is fetched without cookies.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gateFor, login, presenting, send } from "../support/index.mjs";

const RULES = [
  { starter: "true" },
  { path: "/echo/page", methods: ["GET"], session: "none" },
  { path: "/*", host: "*.public.example", session: "none" },
  { path: "/echo/*", host: "admin.example", fresh: "30" },
  { path: "/echo/*", methods: ["POST"], session: "optional" },
  { path: "/control", session: "optional" },
];

const gate = await gateFor({ after }, { vars: { RULES } });
const at = (host, path, init) =>
  send({ protocol: "http:", host, address: "127.0.0.1", port: new URL(gate.url).port, path }, init);

for (const [method, path, status] of /** @type {[string, string, number][]} */ ([
  ["GET", "/echo/page", 200],
  ["HEAD", "/echo/page", 200],
  ["POST", "/echo/page", 200],
  ["PUT", "/echo/page", 401],
  ["DELETE", "/echo/page", 401],
  ["OPTIONS", "/echo/page", 401],
  ["GET", "/echo/other", 401],
  ["POST", "/echo/other", 200],
  ["GET", "/echo/%70age", 401],
  ["PUT", "/echo/%70age", 401],
])) {
  test(`${method} ${path} without a session is ${status}`, async () => {
    assert.equal((await gate.fetch(path, { method })).status, status);
  });
}

for (const [host, status] of /** @type {[string, number][]} */ ([
  ["www.public.example", 200],
  ["WWW.Public.Example:8443", 200],
  ["a.b.public.example.", 200],
  ["public.example", 401],
  ["notpublic.example", 401],
  ["www.public.example.evil.example", 401],
  ["localhost", 401],
])) {
  test(`at ${host} a page without a session is ${status}`, async () => {
    assert.equal((await at(host, "/echo/x")).status, status);
  });
}

test("a preflight of a method that needs a session reads nothing of the page", async () => {
  const headers = { origin: "https://other.example", "access-control-request-method": "PUT" };
  const answer = await gate.fetch("/echo/page", { method: "OPTIONS", headers });
  assert.equal(await answer.text(), "");
});

for (const path of [
  "/favicon.ico",
  "/robots.txt",
  "/.well-known/security.txt",
  "/manifest.webmanifest",
  "/apple-touch-icon.png",
]) {
  test(`the starter opens ${path}, and tells the application of nobody`, async () => {
    const alice = await login(gate, "alice");
    assert.equal(await (await gate.fetch(path)).text(), "origin");
    assert.equal((await gate.fetch(path, { headers: presenting(alice) })).status, 200);
  });
}

for (const path of ["/", "/favicon.ico/x", "/.well-known", "/robots.txt.bak", "/.well-known/..;/admin"]) {
  test(`the starter does not open ${path}`, async () => assert.equal((await gate.fetch(path)).status, 401));
}
