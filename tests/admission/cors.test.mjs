// CORS: pages of the origins in CORS_ORIGINS, and of no others, may call the gate with credentials
// and read its answers. What the application says about its own answers stays as it is.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { answer, gateFor, login, presenting } from "../support/index.mjs";

const ORIGIN = "https://app.example.com";
const gate = await gateFor({ after }, { vars: { CORS_ORIGINS: [ORIGIN, "http://localhost:3000"] } });

const STRANGERS = [
  "https://example.com",
  "https://evil.app.example.com",
  "https://app.example.com.evil.example",
  "https://app.example.com:8443",
  "http://app.example.com",
  "HTTPS://APP.EXAMPLE.COM",
  "null",
];
const SENT_BY_THE_SDK = ["content-type", "rid", "fdi-version", "anti-csrf", "authorization", "st-auth-mode"];

const listIn = (response, name) =>
  (response.headers.get(name) ?? "")
    .toLowerCase()
    .split(",")
    .map((item) => item.trim());

function preflight(path, origin) {
  const headers = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": SENT_BY_THE_SDK.join(","),
  };
  return gate.fetch(path, { method: "OPTIONS", headers });
}

function assertAllowed(response, origin) {
  assert.equal(response.headers.get("access-control-allow-origin"), origin);
  assert.equal(response.headers.get("access-control-allow-credentials"), "true");
  assert.ok(listIn(response, "vary").includes("origin"), "a cache keeps the answers for different origins apart");
}

function assertNotAllowed(response) {
  assert.equal(response.headers.get("access-control-allow-origin"), null);
  assert.equal(response.headers.get("access-control-allow-credentials"), null);
}

describe("a preflight of a gate route", () => {
  for (const path of ["/auth/session/refresh", "/auth/signout"]) {
    test(`${path} allows what the SDK sends`, async () => {
      for (const origin of [ORIGIN, "http://localhost:3000"]) {
        const response = await preflight(path, origin);
        assert.ok(response.ok);
        assertAllowed(response, origin);
        for (const header of SENT_BY_THE_SDK)
          assert.ok(listIn(response, "access-control-allow-headers").includes(header));
        assert.ok(listIn(response, "access-control-allow-methods").includes("post"));
      }
    });

    test(`${path} allows strangers nothing`, async () => {
      for (const origin of STRANGERS) assertNotAllowed(await preflight(path, origin));
    });
  }
});

describe("an answer of the gate", () => {
  /** @type {Record<string, [string, object]>} */
  const answers = {
    "a refusal of the SDK's refresh": ["/auth/session/refresh", { method: "POST" }],
    "a refusal of the SDK's sign-out": ["/auth/signout", { method: "POST" }],
    "a session": ["/auth/session", {}],
    "a refusal on a route of the application": ["/echo", {}],
  };
  for (const [what, [path, init]] of Object.entries(answers)) {
    test(`${what} can be read by an allowed origin`, async () => {
      assertAllowed(await gate.fetch(path, { ...init, headers: { origin: ORIGIN } }), ORIGIN);
    });

    test(`${what} cannot be read by strangers`, async () => {
      for (const origin of STRANGERS) assertNotAllowed(await gate.fetch(path, { ...init, headers: { origin } }));
    });
  }
});

describe("an answer of the application", () => {
  const path = answer({
    headers: [
      'Gate-Create-Session: {"userId":"u1"}',
      `Access-Control-Allow-Origin: ${ORIGIN}`,
      "Access-Control-Expose-Headers: x-own",
    ],
  });

  test("keeps its own CORS headers, each once", async () => {
    const { access } = await login(gate, "u1");
    const response = await gate.fetch(path, { headers: { origin: ORIGIN, ...presenting({ access }) } });
    assert.equal(response.headers.get("access-control-allow-origin"), ORIGIN);
  });

  test("exposes the gate's headers beside its own", async () => {
    const { access } = await login(gate, "u1");
    const response = await gate.fetch(path, { headers: { origin: ORIGIN, ...presenting({ access }) } });
    const exposed = listIn(response, "access-control-expose-headers");
    assert.ok(exposed.includes("x-own") && exposed.includes("front-token"));
  });

  test("gets no permission that it did not give", async () => {
    const { access } = await login(gate, "u1");
    assertNotAllowed(await gate.fetch("/echo", { headers: { origin: ORIGIN, ...presenting({ access }) } }));
  });
});
