// A real Chromium as people have it, with a profile of its own that ends with it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ensureChromium } from "../../scripts/chromium.mjs";
import { PATIENCE_MS } from "./time.mjs";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--remote-debugging-pipe",
];

/**
 * Starts a browser. `certificate` is one it is to trust, `hosts` are names
 * that lead to this machine.
 * @param {{ certificate?: { keyHash: string }, hosts?: string[] }} [options]
 */
export async function launchChromium({ certificate, hosts = [] } = {}) {
  const executablePath = await ensureChromium();
  const profile = await mkdtemp(join(tmpdir(), "session-gate-chromium-"));
  const args = [...FLAGS, `--user-data-dir=${profile}`];
  // A browser told to ignore all certificate errors treats the whole page as not secure; one that trusts this key does not.
  if (certificate) args.push(`--ignore-certificate-errors-spki-list=${certificate.keyHash}`);
  if (hosts.length > 0) args.push(`--host-resolver-rules=${hosts.map((name) => `MAP ${name} 127.0.0.1`).join(",")}`);
  // Playwright's own arguments switch off what is tested here: the back/forward cache, partitioned storage.
  const browser = await chromium.launch({ executablePath, ignoreDefaultArgs: true, args, timeout: PATIENCE_MS });
  waitLong(browser);
  // Its last processes still write there for a moment.
  browser.once("disconnected", () => rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return browser;
}

/** Whatever is waited for in this browser is given up late. */
function waitLong(browser) {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  };
}
