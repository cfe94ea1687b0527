// The browser of the browser tests: one that is installed, or Debian's, or Playwright's own.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { aptInstall } from "./debian.mjs";
import { locked } from "./lock.mjs";
import { output, ROOT, run, Stop, say } from "./run.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The path of a Chromium, which is installed when there is none. */
export async function ensureChromium() {
  return (await find()) ?? (await locked(join(ROOT, "target", "chromium.lock"), install));
}

async function find() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const installed = NAMES.map((name) => output("which", [name])).find(Boolean);
  return installed ?? (await playwrights());
}

async function playwrights() {
  const { chromium } = await import("playwright-core");
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

async function install() {
  try {
    if (!(await find()) && !(await aptInstall(["chromium"]))) await download();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  const path = await find();
  if (path) return path;
  throw new Stop("no Chromium: install one (Debian: apt-get install -y chromium) or set CHROMIUM to its path");
}

function download() {
  say("downloading Chromium");
  return run(join(ROOT, "node_modules", ".bin", "playwright-core"), ["install", "chromium"]);
}
