// Every page can be used by everybody: axe-core finds no fault, nothing has to be scrolled
// sideways on a phone, and the gate's own pages load and run nothing but themselves.
// UPDATE_SCREENSHOTS=1 keeps the pictures in docs/screenshots/.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import axe from "axe-core";
import { APP_PAGES, GATE_PAGES, laptop, launchChromium, startDemoGate } from "../support/browser.mjs";
import { coreOf, healObject, inRepository, STAND_IN } from "../support/index.mjs";

const SCREENSHOTS = inRepository("docs/screenshots");
const USER = "Ada";
/** @type {Record<string, import("playwright-core").BrowserContextOptions>} */
const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 800, height: 560 } },
  dark: { colorScheme: "dark", viewport: { width: 800, height: 560 } },
  narrow: { colorScheme: "light", viewport: { width: 360, height: 640 }, isMobile: true },
};

let gate, browser;

before(async () => {
  gate = await startDemoGate({ objectFault: STAND_IN });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await gate?.dispose();
});

// Each picture is of one person who has just come: the sessions of the test before are ended.
afterEach(async () => {
  await healObject(gate);
  await coreOf(gate).post("/recipe/session/remove", { userId: USER });
});

describe("each page, in each look, is whole and without a fault", () => {
  for (const [name, show] of Object.entries({ ...APP_PAGES, ...GATE_PAGES })) {
    for (const [look, screen] of Object.entries(LOOKS)) {
      test(`${name}, ${look}`, async (t) => {
        const { page } = await shown(t, show, screen);
        await assertHeading(page);
        await assertNothingIsCutOff(page);
        await keepScreenshot(page, `${name}-${look}.png`);
        assert.deepEqual(await faults(page), []);
      });
    }
  }
});

describe("the gate's pages are closed: no script, nothing from elsewhere, in nobody's frame", () => {
  for (const [name, show] of Object.entries(GATE_PAGES)) {
    test(name, async (t) => {
      const complaints = [];
      const { page, response } = await shown(t, show, { onConsole: (message) => void complaints.push(message.text()) });
      const policy = response.headers()["content-security-policy"];
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|script-src/);
      assert.equal(await page.locator("script").count(), 0);
      // The policy stops the page's own style as well when it does not name it.
      assert.deepEqual(
        complaints.filter((text) => /Content Security Policy/i.test(text)),
        [],
      );
    });
  }
});

test("title and accent of the pages are settings", async (t) => {
  const page = await confirmationWith(t, { PAGE_TITLE: "Ducks & Co", PAGE_ACCENT: "#b00020" });
  assert.match(await page.title(), /Ducks & Co/);
  const brand = page.getByText("Ducks & Co", { exact: true });
  assert.equal(await brand.evaluate((element) => getComputedStyle(element).borderLeftColor), "rgb(176, 0, 32)");
});

test("a stylesheet of the application's own has the last word", async (t) => {
  const page = await confirmationWith(t, { PAGE_STYLESHEET: "/assets/style.css" });
  const accent = await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent"));
  assert.match(accent, /light-dark/);
});

async function confirmationWith(t, vars) {
  const styled = await startDemoGate({ vars });
  t.after(() => styled.dispose());
  const { page } = await shown(t, GATE_PAGES["please-confirm"], { from: styled });
  return page;
}

/**
 * A page on a screen of its own, and the response it came with.
 * @param {import("node:test").TestContext} t
 * @param {Function} show
 * @param {import("playwright-core").BrowserContextOptions & { from?: any, onConsole?: (message: import("playwright-core").ConsoleMessage) => void }} [screen]
 */
async function shown(t, show, { from = gate, onConsole = () => {}, ...screen } = {}) {
  const context = await laptop(browser, screen);
  t.after(() => context.close());
  const page = await context.newPage();
  page.on("console", onConsole);
  const response = await show({ browser, gate: from, page, user: USER });
  return { page, response };
}

async function assertHeading(page) {
  const headings = page.getByRole("heading", { level: 1 });
  assert.equal(await headings.count(), 1);
  assert.ok(await headings.isVisible());
}

async function assertNothingIsCutOff(page) {
  const [content, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= screen, `${content} pixels of content on ${screen} pixels of screen`);
}

async function keepScreenshot(page, name) {
  const picture = await page.screenshot({ animations: "disabled", fullPage: true });
  if (process.env.UPDATE_SCREENSHOTS) await writeFile(join(SCREENSHOTS, name), picture);
}

/** What axe-core has against the page, with all of its rules. */
async function faults(page) {
  await page.evaluate(axe.source);
  // The page's policy lets nothing be fetched, so axe is told not to try.
  const { violations } = await page.evaluate(() => globalThis.axe.run({ preload: false }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
