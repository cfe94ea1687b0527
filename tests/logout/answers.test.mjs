// What a browser, a script and the browser SDK are told when the log-out is done.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { assertCleared, gateFor, login, logout, NAVIGATION } from "../support/index.mjs";

const gate = await gateFor({ after });
const redirecting = await gateFor({ after }, { vars: { LOGOUT_REDIRECT: "/bye" } });

const asPage = { headers: NAVIGATION };
const asOldBrowser = { method: "GET", headers: { accept: "text/html,*/*" } };

describe("a navigation", () => {
  for (const [who, request] of Object.entries({
    "by form": asPage,
    "by link": { ...asPage, method: "GET" },
    "without Sec-Fetch headers": asOldBrowser,
  })) {
    test(`${who} gets the page "signed out"`, async () => {
      const response = await logout(gate, await login(gate, "alice"), request);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^text\/html/);
      assert.match(await response.text(), /signed out/i);
    });

    test(`${who} gets 303 to LOGOUT_REDIRECT where there is one`, async () => {
      const response = await logout(redirecting, await login(redirecting, "alice"), request);
      assert.equal(response.status, 303);
      assert.equal(response.headers.get("location"), "/bye");
      assertCleared(response);
    });
  }

  test("goes to return_to rather than to LOGOUT_REDIRECT", async () => {
    const response = await logout(redirecting, await login(redirecting, "alice"), {
      ...asPage,
      path: "/logout?return_to=/here",
    });
    assert.equal(response.status, 303);
    assert.equal(response.headers.get("location"), "/here");
  });

  test("gets the same answer when it was signed out before", async () => {
    const response = await logout(redirecting, {}, asPage);
    assert.equal(response.status, 303);
    assertCleared(response);
  });
});

describe("anything else", () => {
  const scripts = {
    "a script's fetch": { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
    "a client that is no browser": {},
    "a client that asks for JSON": { accept: "application/json" },
  };
  for (const [who, headers] of Object.entries(scripts)) {
    test(`${who} gets JSON, never a redirect`, async () => {
      const response = await logout(redirecting, await login(redirecting, "alice"), {
        headers,
        path: "/logout?return_to=/here",
      });
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^application\/json/);
      assert.deepEqual(await response.json(), { status: "OK", revoked: 1 });
      assert.equal(response.headers.get("location"), null);
    });
  }
});

describe("every answer", () => {
  const answers = {
    "a page": asPage,
    "a script": {},
    "a navigation that is redirected": { ...asPage, path: "/logout?return_to=/here" },
  };
  for (const [who, request] of Object.entries(answers)) {
    test(`to ${who} is stored nowhere, and clears what scripts know and keep`, async () => {
      const { headers } = await logout(gate, await login(gate, "alice"), request);
      assert.equal(headers.get("cache-control"), "no-store");
      assert.equal(headers.get("front-token"), "remove");
      assert.equal(headers.get("clear-site-data"), '"storage"');
    });
  }

  test("says what CLEAR_SITE_DATA says", async (t) => {
    const clearing = await gateFor(t, { vars: { CLEAR_SITE_DATA: ["cache", "storage"] } });
    const { headers } = await logout(clearing, {});
    assert.equal(headers.get("clear-site-data"), '"cache", "storage"');
  });

  test("has no Clear-Site-Data where CLEAR_SITE_DATA is empty", async (t) => {
    const silent = await gateFor(t, { vars: { CLEAR_SITE_DATA: [] } });
    const response = await logout(silent, {});
    assert.equal(response.headers.get("clear-site-data"), null);
    assertCleared(response);
  });
});

test("the page runs no script and can be framed by nobody", async () => {
  const response = await logout(gate, {}, asPage);
  const policy = response.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.doesNotMatch(await response.text(), /<script/i);
});
