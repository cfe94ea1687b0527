// glewlwyd, an OpenID provider that is a Debian package: installed, or unpacked into a folder of the repository. Nothing of
// the system is changed for it, no password asked, and no service started.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { locked } from "./lock.mjs";
import { output, ROOT, run, Stop, say } from "./run.mjs";

const FOLDER = join(ROOT, "target", "glewlwyd");
const PACKAGE = "glewlwyd";
/** The database that is chosen, so that apt does not take another one along. */
const DATABASE = "dbconfig-sqlite3";
const PROGRAM = "usr/bin/glewlwyd";

/** The folder below which its files lie as in a root file system; `undefined` where there is neither it nor apt. */
export async function ensureGlewlwyd() {
  if (existsSync(join("/", PROGRAM))) return "/";
  if (existsSync(FOLDER)) return FOLDER;
  if (output("apt-get", ["--version"]) === undefined) return undefined;
  return locked(`${FOLDER}.lock`, unpacked);
}

async function unpacked() {
  if (existsSync(FOLDER)) return FOLDER;
  say(`unpacking the Debian package ${PACKAGE} into ${FOLDER}`);
  mkdirSync(dirname(FOLDER), { recursive: true });
  const draft = mkdtempSync(`${FOLDER}.`);
  try {
    await unpack(draft);
  } catch (error) {
    if (error instanceof Stop) return undefined;
    throw error;
  }
  renameSync(draft, FOLDER);
  return FOLDER;
}

async function unpack(folder) {
  const archives = join(folder, "archives");
  mkdirSync(archives);
  await run("sh", ["-c", 'cd "$1" && shift && apt-get -qq download "$@"', "sh", archives, ...missing()]);
  for (const archive of readdirSync(archives)) await run("dpkg-deb", ["-x", join(archives, archive), folder]);
}

/** It and what it needs, as far as the system does not have it. */
function missing() {
  const asked = ["install", "--print-uris", "-qq", "--no-install-recommends", PACKAGE, DATABASE];
  const lines = output("apt-get", asked)?.split("\n") ?? [];
  // 'http://…/glewlwyd_2.7.5-3_amd64.deb' glewlwyd_2.7.5-3_amd64.deb 562800 SHA256:…
  const names = lines.map((line) => line.split(" ")[1]?.split("_")[0]).filter(Boolean);
  if (names.length === 0) throw new Stop(`apt-get knows no package ${PACKAGE}`);
  return names;
}
