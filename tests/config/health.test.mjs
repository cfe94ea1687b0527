// A monitor asks for /auth/health?deep: an object and the application have to answer.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gateFor, login, rawOrigin, response } from "../support/index.mjs";
import { inRepository } from "../support/repository.mjs";

const { version } = JSON.parse(await readFile(inRepository("package.json"), "utf8"));

/** An application that counts how often it is asked, and by what. */
async function counted(t, answer) {
  const asked = [];
  const originUrl = await rawOrigin(t, (head) => {
    asked.push(head);
    return answer;
  });
  return { asked, originUrl };
}

/** Objects that fail while the test says so. */
const FAILING = `
import { DurableObject } from "cloudflare:workers";
import * as real from "./index.js";
export class UserSessions extends real.UserSessions {
  run(command) {
    if (JSON.parse(command).app_id === "~health") throw new Error("the object is broken");
    return super.run(command);
  }
}`;

const health = async (gate) => {
  const answer = await gate.fetch("/auth/health?deep");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  return [answer.status, await answer.json(), answer.headers.get("gate-reason")];
};

for (const [what, answer] of Object.entries({
  200: response("200 OK"),
  "a redirect": response("302 Found", ["Location: /elsewhere"]),
  404: response("404 Not Found"),
  500: response("500 Internal Server Error"),
})) {
  test(`all is well where the application answers with ${what}`, async (t) => {
    const { asked, originUrl } = await counted(t, answer);
    const gate = await gateFor(t, { originUrl });
    const all = { status: "ok", store: "ok", application: "ok", version };
    assert.deepEqual(await health(gate), [200, all, "ok"]);
    assert.equal(asked.length, 1);
    assert.match(asked[0], /^HEAD \/ HTTP/);
  });
}

test("an application out of reach is a 503 that says so", async (t) => {
  const gate = await gateFor(t, { originUrl: "http://127.0.0.1:1" });
  const all = { status: "unavailable", store: "ok", application: "unavailable", version };
  assert.deepEqual(await health(gate), [503, all, "origin-unreachable"]);
  assert.equal((await gate.fetch("/auth/health")).status, 200, "the gate itself is up");
});

test("a way to the application that leads back to the gate is no application", async (t) => {
  const gate = await gateFor(t, { sameWorker: `export { default } from "./index.js";` });
  const [status, { store, application }] = await health(gate);
  assert.deepEqual([status, store, application], [503, "ok", "unavailable"]);
});

test("an object that fails is a 503 that says so", async (t) => {
  const gate = await gateFor(t, { objectFault: FAILING });
  const all = { status: "unavailable", store: "unavailable", application: "ok", version };
  assert.deepEqual(await health(gate), [503, all, "store-unavailable"]);
  await login(gate, "alice");
});

test("within 5 seconds nothing is asked twice, however many want to know", async (t) => {
  const { asked, originUrl } = await counted(t, response("200 OK"));
  const gate = await gateFor(t, { clock: true, originUrl });
  const first = await Promise.all(Array.from({ length: 10 }, () => health(gate)));
  await gate.moveClock(4);
  for (const [status] of [...first, await health(gate)]) assert.equal(status, 200);
  assert.equal(asked.length, 1);
  await gate.moveClock(1);
  await health(gate);
  assert.equal(asked.length, 2);
});

test("without `deep` nothing is asked", async (t) => {
  const { asked, originUrl } = await counted(t, response("200 OK"));
  const gate = await gateFor(t, { originUrl });
  for (const query of ["", "?", "?deeper", "?x=deep", "?indeep=1"]) {
    assert.deepEqual(await (await gate.fetch(`/auth/health${query}`)).json(), { status: "ok", version }, query);
  }
  assert.equal(asked.length, 0);
});
