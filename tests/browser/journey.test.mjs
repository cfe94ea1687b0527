// Logging in and out as a person does it, in front of the demo app and its gate: after
// "log out" there is nothing left to be signed in with, on this device or on all of them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { followForeignLink, isSignedInBrowser, launchChromium, signIn, startDemoGate } from "../support/browser.mjs";
import { failObject, healObject, PENDING, STAND_IN } from "../support/index.mjs";

let gate, browser;

before(async () => {
  gate = await startDemoGate({ objectFault: STAND_IN });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await gate?.dispose();
});

test("a visitor logs in, sees the protected page that was asked for, logs out by the plain link, and is asked to log in again", async (t) => {
  const { page } = await newDevice(t);
  await page.goto(`${gate.url}/notes`);
  assert.equal(loginFor(page), "/notes");
  await page.getByLabel("Your name").fill("ada");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Notes of ada" }).waitFor();

  await logOutByLink(page);
  await page.goto(`${gate.url}/notes`);
  assert.equal(loginFor(page), "/notes");
});

test("logging out empties the cookie jar", async (t) => {
  const { context, page } = await newDevice(t);
  await signIn(page, gate.url, "ada");
  assert.equal((await context.cookies()).length, 2);
  await logOutByLink(page);
  assert.deepEqual(await context.cookies(), []);
});

test("the old cookies put back by hand are refused, and cleared again", async (t) => {
  const { context, page } = await newDevice(t);
  await signIn(page, gate.url, "ada");
  const cookies = await context.cookies();
  await logOutByLink(page);

  await context.addCookies(cookies);
  assert.equal(await isSignedInBrowser(context, gate.url), false);
  assert.deepEqual(await context.cookies(), []);
});

test('another device stays signed in, until "log out everywhere"', async (t) => {
  const laptop = await newDevice(t);
  const phone = await newDevice(t);
  await signIn(laptop.page, gate.url, "grace");
  await signIn(phone.page, gate.url, "grace");
  await logOutByLink(laptop.page);
  assert.equal(await isSignedInBrowser(phone.context, gate.url), true);

  await signIn(laptop.page, gate.url, "grace");
  await laptop.page.getByRole("button", { name: "Log out everywhere" }).click();
  await signedOut(laptop.page);
  assert.equal(await isSignedInBrowser(laptop.context, gate.url), false);
  assert.equal(await isSignedInBrowser(phone.context, gate.url), false);
});

test("logging out twice is fine, by the link and by a button on a page that is out of date", async (t) => {
  const { context, page } = await newDevice(t);
  await signIn(page, gate.url, "ada");
  const staleTab = await context.newPage();
  await staleTab.goto(`${gate.url}/me`);

  await logOutByLink(page);
  await page.goto(`${gate.url}/logout`);
  await signedOut(page);
  await staleTab.getByRole("button", { name: "Log out everywhere" }).click();
  await signedOut(staleTab);
});

test("the back button brings a protected page back from memory as long as the person is signed in", async (t) => {
  const { page } = await newDevice(t);
  await signIn(page, gate.url, "ada");
  await page.goto(`${gate.url}/notes`);
  await markInMemory(page);
  await page.goto(`${gate.url}/about`);
  await goBack(page);
  await page.getByRole("heading", { name: "Notes of ada" }).waitFor();
  assert.equal(await isFromMemory(page), true);
});

test("the back button shows no protected page after logout", async (t) => {
  const { page } = await newDevice(t);
  await signIn(page, gate.url, "ada");
  await page.goto(`${gate.url}/notes`);
  await markInMemory(page);
  await logOutByLink(page);
  await goBack(page);
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  assert.equal(await isFromMemory(page), false);
});

test("a link on another site asks first: nothing has happened until its button is pressed", async (t) => {
  const { context, page } = await newDevice(t);
  await signIn(page, gate.url, "ada");
  await followForeignLink(page, `${gate.url}/logout`);
  assert.equal(await isSignedInBrowser(context, gate.url), true);

  await page.getByRole("button", { name: "Log out" }).click();
  await signedOut(page);
  assert.equal(await isSignedInBrowser(context, gate.url), false);
});

test("while the session store does not answer nobody is told to be signed out, and the page finishes the logout by itself", async (t) => {
  const { context, page } = await newDevice(t, { javaScriptEnabled: false });
  await signIn(page, gate.url, "ada");
  const cookies = await context.cookies();
  await failObject(gate, "throw");
  t.after(() => healObject(gate));

  await page.getByRole("link", { name: "Log out" }).first().click();
  await page.getByRole("heading", { name: "Still logging you out" }).waitFor();
  assert.doesNotMatch(await page.innerText("body"), /signed out/i);
  assert.deepEqual(
    (await context.cookies()).map(({ name }) => name),
    [PENDING],
  );

  await healObject(gate);
  await signedOut(page);
  assert.deepEqual(await context.cookies(), []);
  await context.addCookies(cookies);
  assert.equal(await isSignedInBrowser(context, gate.url), false);
});

/** A browser as another person or device would have it: nothing shared but the gate. */
async function newDevice(t, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  return { context, page: await context.newPage() };
}

async function logOutByLink(page) {
  await page.getByRole("link", { name: "Log out" }).first().click();
  await signedOut(page);
}

/** The page that a login page leads back to, if it is one that the tab shows. */
function loginFor(page) {
  const { pathname, searchParams } = new URL(page.url());
  return pathname === "/login" ? searchParams.get("return_to") : undefined;
}

async function signedOut(page) {
  await page.getByRole("heading", { name: "You are signed out" }).waitFor();
}

/** `page.goBack` waits for a load that a page from memory never has. */
async function goBack(page) {
  const arrived = page.waitForEvent("framenavigated");
  await page.evaluate(() => void setTimeout(() => history.back()));
  await arrived;
}

const markInMemory = (page) => page.evaluate(() => void Object.assign(window, { keptInMemory: true }));
const isFromMemory = (page) => page.evaluate(() => "keptInMemory" in window);
