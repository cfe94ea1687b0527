// The CDI's transport: who may ask, under which paths and versions, and the exact texts of
// refusal, which backend SDKs put into the errors that their users read.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { API_KEY, coreOf, gateFor, newSession, renewal, verification } from "../../support/index.mjs";

const VERSIONS = ["3.1", "4.0", "5.0", "5.1", "5.2", "5.3", "5.4"];
const WITHOUT_KEY = ["/hello", "/.well-known/jwks.json"];
const PROTECTED_NAMES = [
  "sub",
  "exp",
  "iat",
  "tId",
  "rsub",
  "sessionHandle",
  "refreshTokenHash1",
  "parentRefreshTokenHash1",
  "antiCsrfToken",
  "aud",
  "nbf",
  "stt",
];

const gate = await gateFor({ after });
const core = coreOf(gate);

async function assertRefused(response, status, text) {
  assert.deepEqual([response.status, await response.text()], [status, text]);
}

describe("the core", () => {
  test("says hello in plain text", async () => {
    const response = await core.request("GET", "/hello");
    assert.equal(await response.text(), "Hello\n");
    assert.match(response.headers.get("content-type"), /^text\/plain/);
  });

  test("lists the versions that SDKs choose from", async () => {
    const query = { apiDomain: "https://app.example.com", websiteDomain: "https://example.com" };
    assert.deepEqual(await core.get("/apiversion", query), { versions: VERSIONS });
  });

  test("publishes Ed25519 keys for signatures, and says how long they may be kept", async () => {
    const response = await core.request("GET", "/.well-known/jwks.json");
    const { keys } = await response.json();
    assert.match(response.headers.get("cache-control"), /^max-age=\d+, must-revalidate$/);
    for (const { kid, x, ...rest } of keys) {
      assert.deepEqual(rest, { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig" });
      assert.match(kid, /^[ds]-/);
      assert.equal(Buffer.from(x, "base64url").length, 32);
    }
    assert.ok(keys.some(({ kid }) => kid.startsWith("d-")) && keys.some(({ kid }) => kid.startsWith("s-")));
  });

  test("answers JSON as JSON, since SDKs read text/* as text", async () => {
    const response = await core.request("GET", "/user/id", { query: { userId: "u1" } });
    assert.match(response.headers.get("content-type"), /^application\/json/);
  });

  test("knows no users, which the SDKs ask about before every login", async () => {
    assert.deepEqual(await core.get("/user/id", { userId: "u1" }), { status: "UNKNOWN_USER_ID_ERROR" });
  });

  describe("takes a key", () => {
    for (const path of WITHOUT_KEY) {
      test(`not for ${path}`, async () => {
        for (const app of ["", "/appid-shop"]) {
          const response = await coreOf(gate, { app, key: null, version: null }).request("GET", path);
          assert.equal(response.status, 200);
        }
      });
    }

    for (const [what, key] of [
      ["no key", null],
      ["a wrong key", "wrong"],
      ["an empty key", ""],
      ["the beginning of a key", API_KEY.slice(0, -1)],
      ["a key with more behind it", `${API_KEY}x`],
      ["the whole list of keys", `another-api-key-for-tests,${API_KEY}`],
    ]) {
      test(`and refuses ${what}`, async () => {
        const response = await coreOf(gate, { key }).request("GET", "/user/id", { query: { userId: "u1" } });
        await assertRefused(response, 401, "Invalid API key\n");
      });
    }

    test("and refuses an unknown path in the same way, so that it tells nothing", async () => {
      await assertRefused(await coreOf(gate, { key: null }).request("GET", "/nothing"), 401, "Invalid API key\n");
    });

    test("from any place in the list", async () => {
      for (const key of ["another-api-key-for-tests", API_KEY]) {
        assert.deepEqual(await coreOf(gate, { key }).get("/user/id", { userId: "u1" }), {
          status: "UNKNOWN_USER_ID_ERROR",
        });
      }
    });

    test("as a bearer token as well", async () => {
      const headers = { authorization: `Bearer ${API_KEY}` };
      const response = await coreOf(gate, { key: null }).request("GET", "/user/id", {
        query: { userId: "u1" },
        headers,
      });
      assert.equal(response.status, 200);
    });
  });

  describe("finds a route", () => {
    test("whatever the case of its path", async () => {
      const { status } = await core.post("/Public/Recipe/SESSION", newSession("case"));
      assert.equal(status, "OK");
    });

    test("with a slash at its end", async () => {
      const { status } = await core.post("/recipe/session/", newSession("slash"));
      assert.equal(status, "OK");
    });

    test("or says that there is none", async () => {
      for (const path of ["/nothing", "/recipe/session/more", "/appid-shop/t1/t2/recipe/session", "/"]) {
        await assertRefused(await core.request("GET", path), 404, "Not found\n");
      }
    });

    test("of no other recipe, for the gate knows no users", async () => {
      for (const path of [
        "/recipe/signin",
        "/recipe/signup",
        "/recipe/user/metadata",
        "/recipe/roles",
        "/recipe/totp/verify",
      ]) {
        await assertRefused(await core.request("POST", path, { body: {} }), 404, "Not found\n");
      }
    });

    test("or says that it is not for this method, and which it is for", async () => {
      const response = await core.request("PUT", "/recipe/session", { body: {} });
      const allowed = response.headers
        .get("allow")
        .split(",")
        .map((method) => method.trim());
      await assertRefused(response, 405, "Method not supported\n");
      assert.ok(allowed.includes("GET") && allowed.includes("POST"));
    });
  });

  describe("speaks", () => {
    for (const version of VERSIONS) {
      test(`version ${version}`, async () => {
        assert.equal((await coreOf(gate, { version }).post("/recipe/session", newSession("v"))).status, "OK");
      });
    }

    test("the newest version to a caller that names none", async () => {
      const { session } = await coreOf(gate, { version: null }).post("/recipe/session", newSession("v"));
      assert.equal(session.recipeUserId, "v");
    });

    test("no other version", async () => {
      const response = await coreOf(gate, { version: "9.9" }).request("POST", "/recipe/session", {
        body: newSession("v"),
      });
      await assertRefused(response, 400, "cdi-version 9.9 not supported\n");
    });
  });

  describe("names the field that is wrong", () => {
    const bodies = {
      "/recipe/session": newSession("field"),
      "/recipe/session/verify": verification("token"),
      "/recipe/session/refresh": renewal("token"),
      "/recipe/session/regenerate": { accessToken: "token" },
    };
    for (const [path, body] of Object.entries(bodies)) {
      for (const field of Object.keys(body)) {
        // `useDynamicSigningKey` may be left away when a session is created: then it is true.
        const optional = path === "/recipe/session" && field === "useDynamicSigningKey";
        const wrong = optional ? { ...body, [field]: "yes" } : { ...body, [field]: undefined };
        test(`POST ${path}: ${field}`, async () => {
          const response = await core.request("POST", path, { body: wrong });
          await assertRefused(response, 400, `Field name '${field}' is invalid in JSON input\n`);
        });
      }
    }

    for (const [path, body] of /** @type {[string, object][]} */ ([
      ["/recipe/session/data", { sessionHandle: "h", userDataInDatabase: {} }],
      ["/recipe/jwt/data", { sessionHandle: "h", userDataInJWT: {} }],
    ])) {
      for (const field of Object.keys(body)) {
        test(`PUT ${path}: ${field}`, async () => {
          const response = await core.request("PUT", path, { body: { ...body, [field]: 5 } });
          await assertRefused(response, 400, `Field name '${field}' is invalid in JSON input\n`);
        });
      }
    }

    for (const [path, field] of [
      ["/recipe/session", "sessionHandle"],
      ["/recipe/session/user", "userId"],
      ["/user/id", "userId"],
    ]) {
      test(`GET ${path}: ${field}`, async () => {
        await assertRefused(await core.request("GET", path), 400, `Field name '${field}' is missing in GET request\n`);
      });
    }
  });

  test("refuses a body that is not a JSON object", async () => {
    for (const body of ["", "nonsense", "[1]", '"text"', "null", '{"userId":']) {
      await assertRefused(await core.request("POST", "/recipe/session", { body }), 400, "Invalid Json Input\n");
    }
  });

  test("removes by handles or by user, and refuses both and neither", async () => {
    for (const body of [{}, { userId: "u1", sessionHandles: [] }]) {
      assert.equal((await core.request("POST", "/recipe/session/remove", { body })).status, 400);
    }
  });

  describe("keeps the names of its own claims for itself", () => {
    for (const name of PROTECTED_NAMES) {
      test(name, async () => {
        const user = `protected-${name}`;
        const body = newSession(user, { userDataInJWT: { [name]: "mine" } });
        await assertRefused(
          await core.request("POST", "/recipe/session", { body }),
          400,
          "The user payload contains protected field\n",
        );
        const { sessionHandles } = await core.get("/recipe/session/user", { userId: user });
        assert.deepEqual(sessionHandles, [], "nothing was created");
      });
    }

    test("when a payload is replaced, too", async () => {
      const { session, accessToken } = await core.post("/recipe/session", newSession("replaced"));
      const userDataInJWT = { sub: "someone else" };
      /** @type {[string, string, object][]} */
      const replacements = [
        ["PUT", "/recipe/jwt/data", { sessionHandle: session.handle, userDataInJWT }],
        ["POST", "/recipe/session/regenerate", { accessToken: accessToken.token, userDataInJWT }],
      ];
      for (const [method, path, body] of replacements) {
        const response = await core.request(method, path, { body });
        await assertRefused(response, 400, "The user payload contains protected field\n");
      }
      const known = await core.get("/recipe/session", { sessionHandle: session.handle });
      assert.deepEqual(known.userDataInJWT, {}, "nothing was changed");
    });
  });

  describe("refuses what is too large, and stores none of it", () => {
    test("a body over 1 MiB", async () => {
      const body = newSession("huge", { userDataInDatabase: { text: "x".repeat(1024 * 1024) } });
      assert.equal((await core.request("POST", "/recipe/session", { body })).status, 413);
    });

    test("session data over 64 KiB", async () => {
      const { session } = await core.post(
        "/recipe/session",
        newSession("large", { userDataInDatabase: { kept: true } }),
      );
      const body = { sessionHandle: session.handle, userDataInDatabase: { text: "x".repeat(64 * 1024) } };
      assert.equal((await core.request("PUT", "/recipe/session/data", { body })).status, 413);
      const known = await core.get("/recipe/session", { sessionHandle: session.handle });
      assert.deepEqual(known.userDataInDatabase, { kept: true });
    });

    test("a payload that would not fit into a cookie", async () => {
      const body = newSession("wide", { userDataInJWT: { text: "x".repeat(4096) } });
      assert.equal((await core.request("POST", "/recipe/session", { body })).status, 400);
      assert.deepEqual((await core.get("/recipe/session/user", { userId: "wide" })).sessionHandles, []);
    });
  });
});

test("a gate without a key has no core, but can be asked for its health and keys", async (t) => {
  for (const API_KEYS of [undefined, ""]) {
    const gate = await gateFor(t, { vars: { API_KEYS } });
    for (const path of WITHOUT_KEY) {
      assert.equal((await coreOf(gate, { key: null }).request("GET", path)).status, 200);
    }
    for (const key of [null, "", "undefined"]) {
      const response = await coreOf(gate, { key }).request("POST", "/recipe/session", { body: newSession("u1") });
      await assertRefused(response, 401, "Invalid API key\n");
    }
  }
});

test("the core moves with CORE_PATH", async (t) => {
  const gate = await gateFor(t, { vars: { CORE_PATH: "/core" } });
  const response = await gate.fetch("/core/hello");
  assert.equal(await response.text(), "Hello\n");
  assert.equal((await gate.fetch("/auth/core/hello")).status, 404);
});

test("a backend is no browser: what Sec-Fetch-Site or Origin say is not asked", async (t) => {
  const core = coreOf(await gateFor(t));
  const headers = { "sec-fetch-site": "cross-site", origin: "https://elsewhere.example" };
  const response = await core.request("POST", "/recipe/session", { body: newSession("u1"), headers });
  assert.equal(response.status, 200);
});
