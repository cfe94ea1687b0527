// `COOKIE_SAMESITE = "Strict"` in a real browser, with the login on another site: nobody goes round in circles, and
// whoever is signed in stays so when another site's link leads here.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { launchChromium } from "../support/browser.mjs";
import { gateFor, portOf } from "../support/index.mjs";

// The site of the login: 127.0.0.1 is another site than localhost.
const elsewhere = createServer((request, response) => {
  const { searchParams } = new URL(request.url, "http://127.0.0.1");
  const back = searchParams.get("return_to") ?? searchParams.get("to") ?? "/";
  response.setHeader("content-type", "text/html");
  response.end(`<title>elsewhere</title><a id="on" href="${back.replaceAll("&", "&amp;")}">on</a>`);
});

elsewhere.listen(0, "127.0.0.1");
await once(elsewhere, "listening");
const site = `http://127.0.0.1:${portOf(elsewhere)}`;
const RULES = [{ path: "/login", session: "optional" }];
const gate = await gateFor({ after }, { vars: { COOKIE_SAMESITE: "Strict", LOGIN_URL: `${site}/login`, RULES } });
const browser = await launchChromium();

after(async () => {
  await browser.close();
  elsewhere.close();
});

/** The addresses that a page was led to, as long as `work` and what it sets off take. */
async function navigations(page, work) {
  const seen = [];
  page.on("request", (request) => request.isNavigationRequest() && seen.push(request.url()));
  await work();
  return seen;
}

test("a visitor without a session is led to the login by one more step, and not in circles", async (t) => {
  const page = await newPage(t);
  await page.goto(`${site}/?to=${encodeURIComponent(`${gate.url}/echo/page`)}`);
  const seen = await navigations(page, async () => {
    await page.click("#on");
    await page.waitForURL(({ origin, pathname }) => origin === site && pathname === "/login");
  });
  assert.equal(new URL(page.url()).searchParams.get("return_to"), `${gate.url}/echo/page`);
  assert.deepEqual(
    seen.map((url) => new URL(url).origin),
    [gate.url, gate.url, site],
  );
});

test("somebody who is signed in stays so when another site's link leads here", async (t) => {
  const page = await newPage(t);
  await page.goto(`${gate.url}/login?user=ada`);
  await page.goto(`${site}/?to=${encodeURIComponent(`${gate.url}/echo/page?x=1&y=2`)}`);
  await page.click("#on");
  await page.waitForURL(`${gate.url}/echo/page?x=1&y=2`);
  await page.waitForFunction(() => document.body.textContent.includes("gate-user"));
  assert.match(await page.textContent("body"), /"gate-user":"ada"/);
});

async function newPage(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  return context.newPage();
}
