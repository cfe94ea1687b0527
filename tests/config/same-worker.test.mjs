// The application may be in the gate's own Worker and share its environment.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gateFor } from "../support/index.mjs";

/** An application that is made for each request, and answers without a promise. */
const APPLICATION = `
import gate from "./index.js";

const answer = (request, seen) => {
  const { pathname } = new URL(request.url);
  const headers = { "x-url": seen };
  if (pathname === "/login") headers["gate-create-session"] = JSON.stringify({ userId: "alice" });
  return new Response(request.headers.get("gate-user") ?? "nobody", { headers });
};

export default {
  fetch(request, env, context) {
    const application = { fetch: (forwarded) => answer(forwarded, request.url) };
    return gate.fetch(request, { ...env, ORIGIN: application }, context);
  },
};
`;

const RULES = [
  { path: "/login", session: "optional" },
  { path: "/open/*", session: "none" },
];

test("an application in the same Worker is asked, by what is its binding in this request", async (t) => {
  const gate = await gateFor(t, { sameWorker: APPLICATION, vars: { RULES } });
  const login = await gate.fetch("/login");
  const cookie = login.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  assert.equal(await (await gate.fetch("/x", { headers: { cookie } })).text(), "alice");
  assert.equal((await gate.fetch("/x")).status, 401);
  for (const path of ["/open/1", "/open/2"]) {
    assert.equal((await gate.fetch(path)).headers.get("x-url"), `${gate.url}${path}`);
  }
});

test("variables of an application in the same Worker that look like the gate's are a line in the log", async (t) => {
  const vars = { RULES, SESSION_TTL: 3600, API_KEY: "of-something-else" };
  const gate = await gateFor(t, { sameWorker: APPLICATION, vars });
  for (let n = 0; n < 3; n += 1) assert.equal((await gate.fetch("/login")).status, 200);
  for (const [name, nearest] of [
    ["SESSION_TTL", "SESSION_IDLE_TTL"],
    ["API_KEY", "API_KEYS"],
  ]) {
    const says = (line) => String(line).startsWith(`configuration: ${name} `) && line.includes(nearest);
    assert.ok(await gate.logged(says));
    assert.equal(gate.logs.filter(says).length, 1, "it is said once");
  }
});

test("what is wrong stops a gate in the application's Worker as well", async (t) => {
  const gate = await gateFor(t, { sameWorker: APPLICATION, vars: { RULES: [{ pfad: "/" }] } });
  assert.equal((await gate.fetch("/login")).status, 500);
  assert.ok(await gate.logged((line) => String(line).includes("RULES[0].pfad")));
});
