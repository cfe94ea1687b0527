// The npm packages: exactly those of package-lock.json.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { locked } from "./lock.mjs";
import { ROOT, run, say } from "./run.mjs";

/** Installs the packages unless they are there already. */
export async function ensurePackages() {
  if (installed()) return;
  await locked(join(ROOT, "target", "packages.lock"), async () => {
    if (installed()) return;
    say("installing the npm packages");
    await run("npm", ["ci", "--no-audit", "--no-fund"]);
  });
}

// npm leaves a list of what it installed; packages for other platforms are missing from it.
function installed() {
  const there = packagesOf("node_modules/.package-lock.json");
  const wanted = packagesOf("package-lock.json");
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === "" || there[path]?.version === version || (optional && !there[path]),
  );
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), "utf8")).packages;
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}
