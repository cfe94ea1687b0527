// Writes a project's files, all or none, and never over others.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));
const SECRETS = ".dev.vars";

/**
 * @typedef {{ name: string, version: string, tested: { wrangler: string, compatibilityDate: string } }} Manifest
 * @type {Manifest}
 */
export const MANIFEST = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));

/** A file of templates/. */
export const template = (path) => readFileSync(join(PACKAGE, "templates", path), "utf8");

/**
 * @param {string} folder
 * @param {(dependency: string) => Record<string, string>} files by their paths, once it is known how to get this package
 * @param {(folder: string) => string} dependencyIn
 */
export function write(folder, files, dependencyIn) {
  const there = Object.keys(files("")).filter((path) => existsSync(join(folder, path)));
  if (there.length > 0) throw new Error(`nothing is written: ${folder} has ${there.join(", ")} already`);
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(files(dependencyIn(folder)))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    // `wx`: not over what somebody else wrote meanwhile either.
    writeFileSync(join(folder, path), text, { flag: "wx", mode: path === SECRETS ? 0o600 : 0o644 });
  }
}

/**
 * What package.json names: this version of the registry, or, where it was installed from a file, a copy of that in the
 * project.
 */
export function ownCopy(folder) {
  if (isOfRegistry()) return `~${MANIFEST.version}`;
  const args = ["pack", "--json", "--ignore-scripts", `--pack-destination=${resolve(folder)}`, PACKAGE];
  const { status, stdout } = spawnSync("npm", args, { encoding: "utf8", shell: process.platform === "win32" });
  if (status !== 0) return `~${MANIFEST.version}`;
  const [{ filename }] = /** @type {{ filename: string }[]} */ (Object.values(JSON.parse(stdout)));
  return `file:${filename}`;
}

/** npm keeps a list of what it installed, and from where. */
function isOfRegistry() {
  const modules = dirname(PACKAGE);
  const list = join(modules, ".package-lock.json");
  if (basename(modules) !== "node_modules" || !existsSync(list)) return false;
  const entry = JSON.parse(readFileSync(list, "utf8")).packages?.[`node_modules/${MANIFEST.name}`];
  return entry !== undefined && !entry.link && !entry.resolved?.startsWith("file:");
}
