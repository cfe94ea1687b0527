// A logout link cannot be used against the person who is logged in: every way a page of
// this app, of a sibling origin or of another site can touch /logout is tried in Chromium.
// docs/logout-links.md is what this test observed; UPDATE_DOCS=1 writes it.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import {
  ANYBODY,
  hopOn,
  installPassingWorker,
  isSignedInBrowser,
  LOGOUT_WAYS,
  launchChromium,
  leaving,
  linksDocument,
  serveWayPages,
  signIn,
  startDemoGate,
  startWireTap,
  throwAwayCertificate,
  touch,
} from "../support/browser.mjs";
import { ACCESS, inRepository, isSignedIn, REFRESH } from "../support/index.mjs";

const DOCUMENT = inRepository("docs/logout-links.md");
const [THE_APP, ANOTHER_PORT, ANOTHER_SITE] = ["the app", "another port", "another site"];
const FOREIGN_HOST = "elsewhere.test";
const NOTHING_SENT = { sent: null, answer: null };

let gate, tap, browser, origins;
let visits = 0;
const observations = [];

before(async () => {
  const certificate = await throwAwayCertificate();
  gate = await startDemoGate({ https: true });
  tap = await startWireTap({ gate, certificate, pages: serveWayPages });
  browser = await launchChromium({ certificate, hosts: [FOREIGN_HOST] });
  origins = {
    [THE_APP]: `https://localhost:${tap.port}`,
    [ANOTHER_PORT]: `https://localhost:${tap.strangerPort}`,
    [ANOTHER_SITE]: `https://${FOREIGN_HOST}:${tap.strangerPort}`,
  };
});

after(async () => {
  await browser?.close();
  tap?.close();
  await gate?.dispose();
});

describe("who asked is logged out, and nobody else", () => {
  for (const way of LOGOUT_WAYS) {
    for (const from of [THE_APP, ANOTHER_PORT, ANOTHER_SITE]) {
      const asked = [ANYBODY, from].includes(way.askedBy);
      test(`${way.name}, on a page of ${from}: ${asked ? "logs out" : "logs nobody out"}`, async () => {
        const observation = await observe(way, from);
        observations.push({ way: way.name, from, ...observation });
        assert.equal(observation.signedIn, !asked);
      });
    }
  }
});

test("a link that was prefetched logs out when it is clicked", async () => {
  await withVisitor(async ({ context, page, target, tokens }) => {
    await outcomeOf(wayNamed("speculation rules, prefetch"), THE_APP, { context, page, target });
    await page.evaluate(
      (to) => document.body.insertAdjacentHTML("beforeend", `<a id="act" href="${to}">log out</a>`),
      target,
    );
    await leaving(page, () => page.click("#act"));
    assert.equal(await isSignedIn(gate, tokens), false);
  });
});

test("a link that the app's own service worker passes on leads to a page that asks, and its button logs out", async () => {
  await withVisitor(async ({ context, page, target, tokens }) => {
    await installPassingWorker(page, origins[THE_APP]);
    await outcomeOf(wayNamed("link, clicked"), THE_APP, { context, page, target });
    await leaving(page, () => page.getByRole("button", { name: "Log out" }).click());
    assert.equal(await isSignedIn(gate, tokens), false);
  });
});

test("an address of another site that is typed and redirects here cannot be told from a typed /logout", async () => {
  const sentFor = (addressOf) =>
    withVisitor(async ({ page, target }) => {
      await page.goto(addressOf(target));
      return fetchMetadata((await exchangeAbout(target)).headers);
    });
  const typed = await sentFor((target) => target);
  const redirected = await sentFor((target) => hopOn(origins[ANOTHER_SITE], target));
  assert.deepEqual(redirected, typed);
});

test("docs/logout-links.md says what was observed", async () => {
  const observed = linksDocument(observations);
  if (process.env.UPDATE_DOCS) await writeFile(DOCUMENT, observed);
  assert.equal(observed, await readFile(DOCUMENT, "utf8"));
});

/** What goes over the wire when a page of `from` touches /logout in this way, and what becomes of the session. */
function observe(way, from) {
  return withVisitor(async ({ context, page, target, tokens }) => {
    if (way.throughWorker) await installPassingWorker(page, origins[THE_APP]);
    const outcome = await outcomeOf(way, from, { context, page, target });
    const signedIn = await isSignedIn(gate, tokens);
    assert.equal(await isSignedInBrowser(context, origins[THE_APP]), signedIn, "the browser agrees with the gate");
    return { ...outcome, signedIn };
  });
}

/** A browser of its own with somebody logged in, and an address of /logout that nobody else has. */
async function withVisitor(work) {
  visits += 1;
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await signIn(page, origins[THE_APP], `visitor ${visits}`);
    const target = `${origins[THE_APP]}/logout?visit=${visits}`;
    return await work({ context, page, target, tokens: await heldTokens(context) });
  } finally {
    await context.close();
  }
}

async function heldTokens(context) {
  const cookies = await context.cookies(origins[THE_APP]);
  const valueNamed = (wanted) => cookies.find(({ name }) => name === wanted).value;
  return { access: valueNamed(ACCESS), refresh: valueNamed(REFRESH) };
}

async function outcomeOf(way, from, { context, page, target }) {
  const prefetches = await watchPrefetches(context, page);
  await touch(page, { way, origin: origins[from], target, hop: hopOn(origins[ANOTHER_SITE], target) });
  return Promise.race([exchangeAbout(target).then(described), prefetches.declined]);
}

function exchangeAbout(target) {
  const { search } = new URL(target);
  return tap.exchange(({ path }) => path.startsWith("/logout") && path.endsWith(search));
}

/** Chromium declines to prefetch where cookies would go to another site; then there is no exchange to wait for. */
async function watchPrefetches(context, page) {
  const session = await context.newCDPSession(page);
  await session.send("Preload.enable");
  const declined = new Promise((resolve) => {
    session.on("Preload.prefetchStatusUpdated", ({ prefetchStatus }) => {
      if (prefetchStatus.startsWith("PrefetchNotEligible")) resolve(NOTHING_SENT);
    });
  });
  return { declined };
}

function described({ method, headers, answer }) {
  const cookies = headers.cookie?.includes(ACCESS) ?? false;
  return { sent: { method, ...fetchMetadata(headers), cookies }, answer };
}

function fetchMetadata(headers) {
  const [site, mode, dest, user] = ["site", "mode", "dest", "user"].map((name) => headers[`sec-fetch-${name}`]);
  return { site, mode, dest, user, purpose: headers["sec-purpose"], referer: "referer" in headers };
}

function wayNamed(wanted) {
  return LOGOUT_WAYS.find(({ name }) => name === wanted);
}
