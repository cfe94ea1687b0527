// What a newcomer does after `npm start`, in a browser, against the very stack that it serves.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, leaving, signIn } from "../support/browser.mjs";
import { startDemo } from "../support/index.mjs";

let state, demo, browser;

before(async () => {
  state = await mkdtemp(join(tmpdir(), "session-gate-journey-"));
  demo = await startDemo({ PORT: "0", STATE: state });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
  await rm(state, { recursive: true, force: true });
});

test("log in, log out by the link, and be out; then log out everywhere from another device", async () => {
  const laptop = await newDevice();
  const phone = await newDevice();
  await signIn(laptop.page, demo.url, "ada");
  await signIn(phone.page, demo.url, "ada");

  const cookies = await laptop.context.cookies();
  await laptop.page.goto(`${demo.url}/me`);
  await leaving(laptop.page, () => laptop.page.getByRole("main").getByRole("link", { name: "Log out" }).click());
  assert.deepEqual(await laptop.context.cookies(), []);
  assert.equal(await isIn(laptop.page), false);
  await laptop.context.addCookies(cookies);
  assert.equal(await isIn(laptop.page), false);
  assert.equal(await isIn(phone.page), true);

  await signIn(laptop.page, demo.url, "ada");
  await phone.page.goto(`${demo.url}/me`);
  await leaving(phone.page, () => phone.page.getByRole("button", { name: "Log out everywhere" }).click());
  assert.equal(await isIn(phone.page), false);
  assert.equal(await isIn(laptop.page), false);
});

async function newDevice() {
  const context = await browser.newContext();
  return { context, page: await context.newPage() };
}

async function isIn(page) {
  await page.goto(`${demo.url}/me`);
  return new URL(page.url()).pathname === "/me";
}
