// The licences of what is in the package and was made by others: crates, the Rust standard library, npm code.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { output, ROOT, Stop } from "./run.mjs";
import { rustVersion } from "./tools.mjs";

const TARGET = "wasm32-unknown-unknown";
const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/** One text: which package is under which licence, and each licence once. */
export function thirdPartyNotices() {
  const packages = [...crates(), standardLibrary(), ...npmPackages()];
  const texts = new Map();
  for (const { title, files } of packages) {
    for (const text of files) texts.set(text, [...(texts.get(text) ?? []), title]);
  }
  const list = packages.map(({ title, licence }) => `${title}: ${licence}`).join("\n");
  const bodies = [...texts].map(([text, titles]) => `${titles.join(", ")}\n\n${text.trim()}\n`);
  return `This package contains code of these others:\n\n${list}\n\n${RULE}${bodies.join(RULE)}`;
}

const RULE = `${"-".repeat(80)}\n\n`;

/** What is linked: no build scripts, no procedural macros, no tests. */
function crates() {
  const metadata = output("cargo", ["metadata", "--locked", "--format-version=1", `--filter-platform=${TARGET}`]);
  if (metadata === undefined) throw new Stop("`cargo metadata` failed");
  const { packages, resolve, workspace_members: own } = JSON.parse(metadata);
  const of = (list) => new Map(list.map((entry) => [entry.id, entry]));
  const [nodes, described] = [of(resolve.nodes), of(packages)];
  const linked = new Set([resolve.root]);
  for (const id of linked) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      const isMacro = described.get(pkg).targets.some(({ kind }) => kind.includes("proc-macro"));
      if (!isMacro && kinds.some(({ kind }) => kind === null)) linked.add(pkg);
    }
  }
  return [...linked]
    .filter((id) => !own.includes(id))
    .map((id) => described.get(id))
    .map(({ name, version, license, manifest_path }) =>
      entry(`${name} ${version}`, license.replaceAll("/", " OR "), dirname(manifest_path)),
    )
    .sort((one, other) => one.title.localeCompare(other.title));
}

/** Under both licences; the text of Apache-2.0 is that of this package. */
function standardLibrary() {
  return { title: `Rust standard library ${rustVersion()}`, licence: "MIT OR Apache-2.0", files: [textOf("LICENSE")] };
}

/** In the command, and not in the Worker. */
const IN_COMMAND = ["smol-toml"];

/** What esbuild took out of node_modules/. */
function npmPackages() {
  const { inputs } = JSON.parse(textOf("build/bundle.json"));
  const names = Object.keys(inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set([...names.filter((name) => name !== undefined), ...IN_COMMAND])].sort().map((name) => {
    const folder = join(ROOT, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return entry(`${name} ${version}`, license, folder);
  });
}

function entry(title, licence, folder) {
  const names = readdirSync(folder).filter((name) => LICENCE_FILE.test(name));
  const chosen = isChoice(licence) && names.includes("LICENSE-MIT") ? ["LICENSE-MIT"] : names;
  if (chosen.length === 0) throw new Stop(`${title} has no text of its licence`);
  return { title, licence, files: chosen.map((name) => readFileSync(join(folder, name), "utf8")) };
}

/** Of alternatives one will do. */
const isChoice = (licence) => /\bOR MIT\b|\bMIT OR\b/.test(licence) && !licence.includes("AND");

const textOf = (path) => readFileSync(join(ROOT, path), "utf8");
