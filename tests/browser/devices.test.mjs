// People see where they are logged in and can end any of it by clicking, with no script
// and without a mouse; what they ended is gone from the list and from the device at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  isSignedInBrowser,
  laptop,
  launchChromium,
  leaving,
  phone,
  signIn,
  startDemoGate,
} from "../support/browser.mjs";

let gate, browser;

before(async () => {
  gate = await startDemoGate();
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await gate?.dispose();
});

test("the page names each device in words and marks the one it is shown on", async (t) => {
  const { mine } = await signedInTwice(t, "ada");
  const page = await devicesPage(mine);
  const devices = page.getByRole("listitem");
  assert.equal(await devices.count(), 2);
  assert.match(await devices.filter({ hasText: "This device" }).innerText(), /Chrome on Linux/);
  assert.match(await devices.filter({ hasNotText: "This device" }).innerText(), /Safari on iOS/);
});

test('"Log out" beside another device ends that one alone', async (t) => {
  const { mine, other } = await signedInTwice(t, "ben");
  const page = await devicesPage(mine);
  await leaving(page, () =>
    page.getByRole("listitem").filter({ hasNotText: "This device" }).getByRole("button").click(),
  );
  assert.equal(await page.getByRole("listitem").count(), 1);
  assert.deepEqual(await signedInOn(mine, other), [true, false]);
});

test('"Log out" beside this device ends it and leaves the others', async (t) => {
  const { mine, other } = await signedInTwice(t, "cleo");
  const page = await devicesPage(mine);
  await leaving(page, () => page.getByRole("listitem").filter({ hasText: "This device" }).getByRole("button").click());
  assert.deepEqual(await signedInOn(mine, other), [false, true]);
  assert.deepEqual(await mine.cookies(), []);
});

test('"Log out all others" leaves this device alone', async (t) => {
  const { mine, other } = await signedInTwice(t, "dora");
  const page = await devicesPage(mine);
  await leaving(page, () => page.getByRole("button", { name: "Log out all others" }).click());
  assert.equal(await page.getByRole("listitem").count(), 1);
  assert.deepEqual(await signedInOn(mine, other), [true, false]);
});

test('"Log out everywhere" asks first, and then ends every device, this one included', async (t) => {
  const { mine, other } = await signedInTwice(t, "emil");
  const page = await devicesPage(mine);
  await leaving(page, () => page.getByRole("link", { name: "Log out everywhere" }).click());
  assert.deepEqual(await signedInOn(mine, other), [true, true]);
  await leaving(page, () => page.getByRole("button", { name: "Log out" }).click());
  assert.deepEqual(await signedInOn(mine, other), [false, false]);
  assert.deepEqual(await mine.cookies(), []);
});

test("every tab shows the list as it is after a device was logged out", async (t) => {
  const { mine, other } = await signedInTwice(t, "fay");
  const [first, second] = [await devicesPage(mine), await devicesPage(other)];
  await leaving(first, () =>
    first.getByRole("listitem").filter({ hasNotText: "This device" }).getByRole("button").click(),
  );
  await second.reload();
  assert.equal(new URL(second.url()).pathname, "/login");
  const third = await devicesPage(mine);
  assert.equal(await third.getByRole("listitem").count(), 1);
});

test("the keyboard alone is enough to log out everywhere", async (t) => {
  const { mine, other } = await signedInTwice(t, "gus");
  const page = await devicesPage(mine);
  for (const way of [page.getByRole("link", { name: "everywhere" }), page.getByRole("button", { name: "Log out" })]) {
    await tabTo(page, way);
    await leaving(page, () => page.keyboard.press("Enter"));
  }
  assert.deepEqual(await signedInOn(mine, other), [false, false]);
});

test("who stays signed in comes back to the list, and from there to the application", async (t) => {
  const { mine, other } = await signedInTwice(t, "hal");
  const page = await devicesPage(mine);
  await leaving(page, () => page.getByRole("link", { name: "Log out everywhere" }).click());
  await leaving(page, () => page.getByRole("link", { name: "Stay signed in" }).click());
  assert.equal(await page.getByRole("listitem").count(), 2);
  await leaving(page, () => page.getByRole("link", { name: "Back to the application" }).click());
  assert.equal(new URL(page.url()).pathname, "/");
  assert.deepEqual(await signedInOn(mine, other), [true, true]);
});

/** One person on a laptop and on a phone, in browsers that run no script. */
async function signedInTwice(t, user) {
  const contexts = [
    await laptop(browser, { javaScriptEnabled: false }),
    await phone(browser, { javaScriptEnabled: false }),
  ];
  for (const context of contexts) {
    t.after(() => context.close());
    await signIn(await context.newPage(), gate.url, user);
  }
  const [mine, other] = contexts;
  return { mine, other };
}

async function devicesPage(context) {
  const page = await context.newPage();
  await page.goto(`${gate.url}/auth/sessions`);
  return page;
}

async function signedInOn(...contexts) {
  const answers = [];
  for (const context of contexts) answers.push(await isSignedInBrowser(context, gate.url));
  return answers;
}

/** Presses Tab until the element has the focus, at most once for each thing that can have it. */
async function tabTo(page, element) {
  const stops = await page.locator("a[href], button, summary").count();
  for (let stop = 0; stop < stops; stop += 1) {
    await page.keyboard.press("Tab");
    if (await element.evaluate((node) => node === document.activeElement)) return;
  }
  assert.fail("the keyboard does not lead there");
}
