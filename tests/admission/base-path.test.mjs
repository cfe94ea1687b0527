// Everything under BASE_PATH is the gate's: what it does not know is a 404 there, and never
// reaches the origin.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor, login, presenting, publishedKeys } from "../support/index.mjs";

// Counts what reaches it.
const COUNTING_ORIGIN = `
let count = 0;
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/count") return new Response(String(count));
    count += 1;
    const headers = pathname === "/login" ? { "Gate-Create-Session": '{"userId":"alice"}' } : {};
    return new Response("origin", { headers });
  },
};`;

const gate = await gateFor(
  { after },
  {
    origin: COUNTING_ORIGIN,
    vars: {
      RULES: [
        { path: "/count", session: "none" },
        { path: "/auth*", session: "none" },
      ],
    },
  },
);
const session = await login(gate, "alice");
const seen = async () => (await gate.fetch("/count")).text();

describe("a slash at the end of a path of the gate's own is nothing:", () => {
  const statuses = {
    "/auth/session": 200,
    "/auth/sessions": 200,
    "/auth/sessions/revoke": 405,
    "/auth/jwt/jwks.json": 200,
    "/auth/health": 200,
    "/auth/session/refresh": 405,
    "/auth/signout": 405,
    "/auth/core/hello": 200,
    "/auth/core/recipe/session/user": 401,
    "/logout?scope=nonsense": 400,
    "/logout/all?return_to=/x": 200,
  };
  for (const [path, status] of Object.entries(statuses)) {
    test(path, async () => {
      const before = await seen();
      const own = presenting(await login(gate, "alice"));
      const [name, query] = path.split("?");
      for (const spelling of [name, `${name}/`]) {
        const response = await gate.fetch(query ? `${spelling}?${query}` : spelling, { headers: own });
        assert.equal(response.status, status, spelling);
        assert.doesNotMatch(await response.text(), /origin/);
      }
      assert.equal(await seen(), String(Number(before) + 1), "only the login reached the origin");
    });
  }
});

describe("unknown paths are 404 and no business of the origin:", () => {
  const paths = [
    "/auth",
    "/auth/",
    "/auth/x",
    "/auth/session/x",
    "/auth/jwt",
    "/auth/jwt/jwks.json/x",
    "/auth/health/x",
    "/auth//session",
    "/auth/../auth/x",
    "/auth/Session",
    "/auth/%73ession/x",
    "/auth/x?return_to=/",
  ];
  for (const path of paths) {
    for (const method of ["GET", "POST"]) {
      test(`${method} ${path}`, async () => {
        const before = await seen();
        const response = await gate.fetch(path, { method, headers: presenting(session) });
        assert.equal(response.status, 404);
        assert.doesNotMatch(await response.text(), /origin/);
        assert.equal(await seen(), before);
      });
    }
  }

  test("a path that merely begins with the same letters is the origin's", async () => {
    assert.equal(await (await gate.fetch("/authors")).text(), "origin");
  });
});

describe("known paths answer 405 with the method that they have:", () => {
  const methods = {
    "/auth/session": "GET",
    "/auth/sessions": "GET",
    "/auth/jwt/jwks.json": "GET",
    "/auth/health": "GET",
    "/auth/session/refresh": "POST",
    "/auth/signout": "POST",
    "/auth/sessions/revoke": "POST",
  };
  for (const [path, allowed] of Object.entries(methods)) {
    test(path, async () => {
      const response = await gate.fetch(path, { method: "DELETE", headers: presenting(session) });
      assert.equal(response.status, 405);
      assert.ok(response.headers.get("allow").split(/, */).includes(allowed));
    });
  }
});

test("health says that the gate is there, and which", async () => {
  const response = await gate.fetch("/auth/health");
  assert.equal(response.status, 200);
  const { status, version, ...rest } = await response.json();
  assert.equal(status, "ok");
  assert.match(version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(rest, {});
});

test("BASE_PATH moves all of it", async (t) => {
  const moved = await gateFor(t, {
    vars: { BASE_PATH: "/_gate", CORE_PATH: "/_gate/core", RULES: [{ path: "/auth/*", session: "none" }] },
  });
  assert.equal((await moved.fetch("/_gate/health")).status, 200);
  assert.equal((await moved.fetch("/_gate/unknown")).status, 404);
  assert.equal(await (await moved.fetch("/auth/health")).text(), "origin");
});

test("the keys are public", async () => {
  assert.ok((await publishedKeys(gate)).length >= 4);
});
