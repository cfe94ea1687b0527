// What docs/supertokens.md promises about sessions of a SuperTokens core: the gate takes none of
// them over, and leaves none of their cookies behind.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gateFor, newClient } from "../../support/index.mjs";
import { assertAnswer, assertSignedOut } from "../support/expectations.mjs";

const gate = await gateFor({ after });

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A browser that was signed in by a backend with a SuperTokens core. */
function oldBrowser() {
  const header = { alg: "RS256", typ: "JWT", kid: "d-1700000000000", version: "5" };
  const claims = {
    sub: "u1",
    rsub: "u1",
    tId: "public",
    iat: 1_700_000_000,
    exp: 4_000_000_000,
    sessionHandle: "0-1-2-3",
  };
  const browser = newClient(gate);
  browser.setCookie(
    `sAccessToken=${base64url(header)}.${base64url(claims)}.c2lnbmF0dXJl; Path=/; HttpOnly; SameSite=Lax`,
  );
  browser.setCookie("sRefreshToken=cmVmcmVzaA%3D%3D.6e6f6e6365.V2; Path=/auth/session/refresh; HttpOnly; SameSite=Lax");
  browser.setCookie("sIdRefreshToken=legacy; Path=/");
  return browser;
}

test("an old session is none to the gate", async () => {
  assert.equal((await oldBrowser().fetch("/echo")).status, 401);
});

test("a refresh with old tokens says that the session is over, and clears them", async () => {
  const browser = oldBrowser();
  const response = await browser.fetch("/auth/session/refresh", { method: "POST" });
  assertSignedOut(browser, response);
  await assertAnswer(response, 401, { message: "unauthorised" });
});

test("a new login works beside the old cookies, and a logout clears both", async () => {
  const browser = oldBrowser();
  await browser.login("u1");
  assert.equal((await browser.fetch("/echo")).status, 200);
  const response = await browser.fetch("/logout", { method: "POST" });
  assertSignedOut(browser, response);
});
