// The documentation site: made, followed link by link, and read in Chromium, where nothing comes from elsewhere and a search
// finds what it should.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { makeSite } from "../../scripts/docs.mjs";
import { launchChromium } from "../support/browser.mjs";
import { listening } from "../support/providers/listening.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
let site, browser;

before(async () => {
  const folder = await makeSite();
  site = await listening(async (request, response) => {
    const { pathname } = new URL(request.url, "http://site.invalid");
    const file = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    try {
      const content = await readFile(join(folder, file));
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

test("it is read and searched, and asks no other host for anything", async () => {
  const page = await (await browser.newContext()).newPage();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).host));
  await page.goto(`${site.url}/start/django.html`);
  assert.match(await page.locator("h1").innerText(), /Django/);
  await page.keyboard.press("Control+k");
  await page.locator(".VPLocalSearchBox input").fill("log out all");
  await page.locator(".VPLocalSearchBox .result").first().click();
  await page.waitForURL(/terminal/);
  assert.deepEqual(new Set(asked.filter((host) => host !== "")), new Set([new URL(site.url).host]));
});
