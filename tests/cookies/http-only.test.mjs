// What came in a cookie stays in cookies: no header of a request brings a token within reach of a script.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  assertCookiesUntouched,
  gateFor,
  login,
  presenting,
  refreshSession,
  tokensIn,
  visit,
} from "../support/index.mjs";

const gate = await gateFor({ after });
const ASKS_FOR_HEADERS = { "st-auth-mode": "header" };
const CROSS_SITE = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };

function assertNoTokenInHeaders(response) {
  assert.equal(response.headers.get("st-access-token"), null);
  assert.equal(response.headers.get("st-refresh-token"), null);
}

test("a refresh that shows a cookie gets cookies, whatever it asks for", async () => {
  const response = await refreshSession(gate, await login(gate, "alice"), ASKS_FOR_HEADERS);
  assert.equal(response.status, 200);
  assertNoTokenInHeaders(response);
  assert.ok(tokensIn(response).refresh);
});

test("a renewal in passing gets cookies, whatever it asks for", async () => {
  const { refresh } = await login(gate, "alice");
  const response = await visit(gate, { refresh }, ASKS_FOR_HEADERS);
  assert.equal(response.status, 200);
  assertNoTokenInHeaders(response);
  assert.ok(tokensIn(response).refresh);
});

test("a refresh from another site is refused, whatever it asks for", async () => {
  const { refresh } = await login(gate, "alice");
  const response = await refreshSession(gate, { refresh }, { ...ASKS_FOR_HEADERS, ...CROSS_SITE });
  assert.equal(response.status, 403);
  assertCookiesUntouched(response);
});

for (const path of ["/auth/session", "/auth/sessions"]) {
  test(`a WebSocket handshake from another site is refused at ${path}, and renews nothing`, async () => {
    const { refresh } = await login(gate, "alice");
    const headers = { ...presenting({ refresh }), ...CROSS_SITE, connection: "Upgrade", upgrade: "websocket" };
    const response = await gate.fetch(path, { headers });
    assert.equal(response.status, 403);
    assertCookiesUntouched(response);
  });
}
