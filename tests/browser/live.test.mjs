// In Chromium: what a page has open ends when its session is ended in another tab or on another device, and the page can
// tell.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, signIn, startDemoGate } from "../support/browser.mjs";
import { liveOrigin, startGate } from "../support/index.mjs";

let gate, browser;

before(async () => {
  gate = await startDemoGate();
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await gate?.dispose();
});

async function newDevice(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  return { context, page: await context.newPage() };
}

const TIME = /^\d\d:\d\d:\d\d$/;
const ENDED = "your session is over";

/** Opens the clock, and waits until both of its ways show the time. */
async function openClock(page) {
  await page.goto(`${gate.url}/clock`);
  for (const id of ["socket", "events"]) await page.locator(`#${id}`).filter({ hasText: TIME }).waitFor();
}

async function assertStopped(page) {
  for (const id of ["socket", "events"]) await page.locator(`#${id}`).filter({ hasText: ENDED }).waitFor();
}

test("the clock of one tab stops, over a WebSocket and over a stream of events, when another tab logs out", async (t) => {
  const { context, page } = await newDevice(t);
  await signIn(page, gate.url, "ada");
  await openClock(page);
  const other = await context.newPage();
  await other.goto(`${gate.url}/me`);
  await other.getByRole("main").getByRole("link", { name: "Log out" }).click();
  await assertStopped(page);
});

test("it stops when another device logs out everywhere, and nobody else's does", async (t) => {
  const [laptop, phone, stranger] = [await newDevice(t), await newDevice(t), await newDevice(t)];
  for (const { page } of [laptop, phone]) await signIn(page, gate.url, "grace");
  await signIn(stranger.page, gate.url, "somebody-else");
  for (const { page } of [laptop, stranger]) await openClock(page);
  await phone.page.getByRole("button", { name: "Log out everywhere" }).click();
  await assertStopped(laptop.page);
  const shown = await stranger.page.locator("#socket").textContent();
  await stranger.page.locator("#socket").filter({ hasText: TIME, hasNotText: shown }).waitFor();
});

test("a page sees 4401 with its reason, a closed EventSource, a broken body and a 401", async (t) => {
  const origin = await liveOrigin(t);
  const own = await startGate({ originUrl: origin.url, vars: { LOGIN_URL: "/login" }, punctual: true });
  t.after(() => own.dispose());
  const { page } = await newDevice(t);
  await page.goto(`${own.url}/login?user=ada`);
  await page.goto(`${own.url}/answer?headers=${encodeURIComponent('{"content-type":"text/html"}')}`);
  await page.evaluate(() => {
    /** @type {any} */
    const seen = {};
    Object.assign(window, { seen });
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/socket`);
    const opened = new Promise((resolve) => (socket.onopen = resolve));
    seen.socket = new Promise(
      (resolve) => (socket.onclose = ({ code, reason, wasClean }) => resolve([code, reason, wasClean])),
    );
    const events = new EventSource("/events");
    seen.events = new Promise(
      (resolve) => (events.onerror = () => events.readyState === EventSource.CLOSED && resolve("closed")),
    );
    seen.body = fetch("/download?length=100000")
      .then((response) => response.text())
      .then(
        () => "whole",
        (error) => error.name,
      );
    seen.poll = fetch("/poll").then(async (response) => [response.status, (await response.json()).message]);
    return opened;
  });
  const closing = page.evaluate(async () => {
    await fetch("/logout", { method: "POST" });
    const { socket, events, body, poll } = /** @type {any} */ (window).seen;
    return Promise.all([socket, events, body, poll]);
  });
  assert.deepEqual(await closing, [[4401, "session ended", true], "closed", "TypeError", [401, "unauthorised"]]);
});
