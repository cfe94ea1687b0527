// Builds the Worker into build/, which is replaced as a whole, so that nobody reads half a build.
//
// It is also wrangler's build command, so an unchanged build has to cost nothing.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { locked } from "./lock.mjs";
import { ensurePackages } from "./packages.mjs";
import { ROOT, main, output, run, say } from "./run.mjs";
import { ensureTools } from "./tools.mjs";

const INPUTS = ["Cargo.toml", "Cargo.lock", "package-lock.json", "rust-toolchain.toml", "scripts", "src", "templates"];
const BUILD = join(ROOT, "build");
const FRESH = "target/gate";

/** Installs what the build needs and builds, unless build/ was made from just these sources. */
export async function build() {
  await ensurePackages();
  const tools = await ensureTools();
  await locked(join(ROOT, "target", "gate.lock"), async () => {
    const sources = fingerprint(tools);
    if (sources === builtFrom()) return;
    say("building the Worker");
    await workerBuild(tools);
    await slimDown(join(ROOT, FRESH, "index_bg.wasm"));
    writeFileSync(join(ROOT, FRESH, "sources"), sources);
    replace(join(ROOT, FRESH), BUILD);
  });
}

function workerBuild(tools) {
  const program = (name) => join(ROOT, "node_modules", ".bin", name);
  return run(join(tools, "worker-build"), ["--release", "--out-dir", FRESH, "--", "--locked"], {
    WASM_BINDGEN_BIN: join(tools, "wasm-bindgen"),
    WASM_OPT_BIN: program("wasm-opt"),
    ESBUILD_BIN: program("esbuild"),
    CARGO_ENCODED_RUSTFLAGS: rustFlags(),
  });
}

// Loaded late: the packages may just have been installed.
async function slimDown(file) {
  const { slim } = await import("./slim.mjs");
  await slim(file);
}

// Code that is inlined is code that is there twice. The paths of this machine's crates are nobody's business.
function rustFlags() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const crates = join(cargoHome, "registry", "src");
  const folders = existsSync(crates) ? readdirSync(crates).map((folder) => join(crates, folder)) : [];
  return ["-Cllvm-args=-inline-threshold=0", ...[...folders, ROOT].map((path) => `--remap-path-prefix=${path}=`)].join("\x1f");
}

function fingerprint(tools) {
  const hash = createHash("sha256").update(tools).update(output("rustc", ["--version", "--verbose"]));
  for (const file of INPUTS.flatMap(filesIn)) hash.update(file).update("\0").update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

function filesIn(path) {
  if (!existsSync(join(ROOT, path))) return [];
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path)).sort().flatMap((name) => filesIn(join(path, name)));
}

function builtFrom() {
  const file = join(BUILD, "sources");
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function replace(fresh, place) {
  const old = `${fresh}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(place)) renameSync(place, old);
  renameSync(fresh, place);
  rmSync(old, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(build);
