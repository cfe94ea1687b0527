// The three anti-CSRF modes of supertokens-node, each with the gate as its core: what is missing is
// refused, what is right goes through, and a client in header mode is never asked.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor } from "../../support/index.mjs";
import { json, refresh } from "../support/app.mjs";
import { assertAnswer, assertCookiesUntouched } from "../support/expectations.mjs";
import { expressFor } from "../support/express.mjs";

const gate = await gateFor({ after });
const PATHS = ["/me", "/me/now"];

const appWith = (antiCsrf) => expressFor({ after }, { connectionURI: `${gate.url}/auth/core`, session: { antiCsrf } });

async function signedIn(app) {
  const { browser, response, session } = await app.signedIn("u1");
  return { browser, session, antiCsrf: response.headers.get("anti-csrf") };
}

const post = (browser, path, headers = {}) => browser.fetch(path, { method: "POST", headers });

async function assertRefused(response) {
  assertCookiesUntouched(response);
  await assertAnswer(response, 401, { message: "try refresh token" });
}

async function assertHeaderModeIsNotAsked(app) {
  const login = await app.fetch("/login", json("POST", { userId: "u1" }, { "st-auth-mode": "header" }));
  const bearer = (token) => ({ method: "POST", headers: { authorization: `Bearer ${token}` } });
  for (const path of PATHS) {
    assert.equal((await app.fetch(path, bearer(login.headers.get("st-access-token")))).status, 200);
  }
  const renewal = await app.fetch("/auth/session/refresh", bearer(login.headers.get("st-refresh-token")));
  assert.equal(renewal.status, 200);
}

describe("NONE", async () => {
  const app = await appWith("NONE");

  test("asks for nothing", async () => {
    const { browser, antiCsrf } = await signedIn(app);
    assert.equal(antiCsrf, null);
    for (const path of PATHS) assert.equal((await post(browser, path)).status, 200);
    assert.equal((await refresh(browser)).status, 200);
  });
});

describe("VIA_TOKEN", async () => {
  const app = await appWith("VIA_TOKEN");

  test("lets a request change something only with the token of its session", async () => {
    const { browser, antiCsrf } = await signedIn(app);
    const another = await signedIn(app);
    for (const path of PATHS) {
      await assertRefused(await post(browser, path));
      await assertRefused(await post(browser, path, { "anti-csrf": another.antiCsrf }));
      assert.equal((await post(browser, path, { "anti-csrf": antiCsrf })).status, 200);
      assert.equal((await browser.fetch(path)).status, 200, "reading needs no token");
    }
  });

  test("renews only with the token, and gives the next one with it", async () => {
    const { browser, antiCsrf } = await signedIn(app);
    const response = await refresh(browser, { "anti-csrf": antiCsrf });
    assert.equal(response.status, 200);
    const next = response.headers.get("anti-csrf");
    for (const path of PATHS) {
      assert.equal((await post(browser, path, { "anti-csrf": next })).status, 200);
    }
  });

  test("does not end a session whose renewal it refuses", async () => {
    const { browser, session } = await signedIn(app);
    assert.equal((await refresh(browser)).status, 401);
    assert.ok(await app.call("getSessionInformation", session.handle));
  });

  test("does not ask in header mode", () => assertHeaderModeIsNotAsked(app));
});

describe("VIA_CUSTOM_HEADER", async () => {
  const app = await appWith("VIA_CUSTOM_HEADER");
  const rid = { rid: "anti-csrf" };

  test("lets a request change something only with the header `rid`", async () => {
    const { browser } = await signedIn(app);
    for (const path of PATHS) {
      await assertRefused(await post(browser, path));
      assert.equal((await post(browser, path, rid)).status, 200);
    }
  });

  test("renews only with the header, and clears without it", async () => {
    const { browser } = await signedIn(app);
    assert.equal((await refresh(browser, rid)).status, 200);
    const response = await refresh(browser);
    assert.equal(response.status, 401);
    assert.equal(response.headers.get("front-token"), "remove");
  });

  test("does not ask in header mode", () => assertHeaderModeIsNotAsked(app));
});
