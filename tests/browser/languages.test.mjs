// The gate's pages speak twelve languages: each is whole, on a phone too, without a fault that axe-core knows, and with
// nothing left in another language. UPDATE_SCREENSHOTS=1 keeps a picture of one that runs from right to left.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, afterEach, before, describe, test } from "node:test";
import axe from "axe-core";
import { GATE_PAGES, laptop, launchChromium, startDemoGate } from "../support/browser.mjs";
import { coreOf, healObject, inRepository, STAND_IN } from "../support/index.mjs";

const LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh", "ar", "he"];
const RIGHT_TO_LEFT = ["ar", "he"];
const USER = "Ada";
const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true };

let gate, browser;

before(async () => {
  gate = await startDemoGate({ objectFault: STAND_IN });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await gate?.dispose();
});

afterEach(async () => {
  await healObject(gate);
  await coreOf(gate).post("/recipe/session/remove", { userId: USER });
});

for (const [name, show] of Object.entries(GATE_PAGES)) {
  describe(name, () => {
    const headings = new Map();

    for (const language of LANGUAGES) {
      test(language, async (t) => {
        const context = await laptop(browser, { locale: language, ...PHONE });
        t.after(() => context.close());
        const page = await context.newPage();
        await show({ browser, gate, page, user: USER });
        const root = page.locator("html");
        assert.equal(await root.getAttribute("lang"), language);
        assert.equal(await root.getAttribute("dir"), RIGHT_TO_LEFT.includes(language) ? "rtl" : null);
        const [content, screen] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ]);
        assert.ok(content <= screen, `${content} pixels of content on ${screen} pixels of screen`);
        assert.deepEqual(await faults(page), []);
        headings.set(language, await page.getByRole("heading", { level: 1 }).innerText());
        if (name === "devices" && language === "ar") await keepScreenshot(page);
      });
    }

    test("is in a language of its own each time", () => {
      assert.equal(new Set(headings.values()).size, LANGUAGES.length, JSON.stringify([...headings]));
    });
  });
}

async function keepScreenshot(page) {
  const picture = await page.screenshot({ animations: "disabled", fullPage: true });
  if (process.env.UPDATE_SCREENSHOTS) {
    await writeFile(inRepository("docs/screenshots/devices-right-to-left.png"), picture);
  }
}

async function faults(page) {
  await page.evaluate(axe.source);
  // The page's policy lets nothing be fetched, so axe is told not to try.
  const { violations } = await page.evaluate(() => globalThis.axe.run({ preload: false }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
