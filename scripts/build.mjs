// Builds the Worker into build/, which is replaced as a whole, so that nobody reads half a build.
//
// It is also wrangler's build command, so an unchanged build has to cost nothing.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { locked } from "./lock.mjs";
import { ensurePackages } from "./packages.mjs";
import { main, output, ROOT, run, say } from "./run.mjs";
import { ensureToolchain, ensureTools } from "./tools.mjs";

const INPUTS = [
  "Cargo.toml",
  "Cargo.lock",
  "package-lock.json",
  "rust-toolchain.toml",
  "scripts",
  "crates",
  "src",
  "templates",
];
const BUILD = join(ROOT, "build");
const FRESH = "target/gate";
const BOUND = "target/bindgen";
const TARGET = "wasm32-unknown-unknown";
const WASM = "index_bg.wasm";

/**
 * Installs what the build needs and builds, unless build/ was made from just these sources. Rust is looked for first:
 * who has none hears of it before anything is installed. A finished build/ is good without it.
 */
export async function build() {
  if (output("rustc", ["--version"]) === undefined && madeOf(sourcesNow()) !== undefined) return;
  await ensureToolchain();
  await ensurePackages();
  const wasmBindgen = await ensureTools();
  await locked(join(ROOT, "target", "gate.lock"), async () => {
    const sources = sourcesNow();
    const tools = toolsNow(wasmBindgen);
    if (madeOf(sources) === tools) return;
    say("building the Worker");
    rmSync(join(ROOT, BOUND), { recursive: true, force: true });
    rmSync(join(ROOT, FRESH), { recursive: true, force: true });
    await run("cargo", ["build", "--release", "--locked", "--target", TARGET], {
      CARGO_ENCODED_RUSTFLAGS: rustFlags(),
    });
    await bind(wasmBindgen);
    await bundle();
    await trim(join(ROOT, FRESH, WASM), readFileSync(join(ROOT, FRESH, "index.js"), "utf8"));
    await slim(join(ROOT, FRESH, WASM));
    writeFileSync(join(ROOT, FRESH, "sources"), `${sources}\n${tools}`);
    replace(join(ROOT, FRESH), BUILD);
  });
}

// The two flags let a new instance take the place of one that panicked.
async function bind(wasmBindgen) {
  const compiled = `target/${TARGET}/release/session_gate.wasm`;
  const panics = ["--experimental-reset-state-function", "--force-enable-abort-handler"];
  await run(wasmBindgen, [
    compiled,
    "--target",
    "module",
    "--out-dir",
    BOUND,
    "--out-name",
    "index",
    "--no-typescript",
    ...panics,
  ]);
}

// What of wasm-bindgen's script is written in another way. The platform imports a compiled module, not its source phase;
// and a registry of objects that nobody makes may go.
const REWRITTEN = {
  "import source ": "import ",
  "new FinalizationRegistry(": "/* @__PURE__ */ new FinalizationRegistry(",
};

async function bundle() {
  const glue = join(ROOT, BOUND, "index.js");
  let bound = readFileSync(glue, "utf8");
  for (const [before, after] of Object.entries(REWRITTEN)) {
    if (!bound.includes(before)) throw new Error(`wasm-bindgen no longer writes "${before}"`);
    bound = bound.replaceAll(before, after);
  }
  writeFileSync(glue, bound);
  const external = ["cloudflare:workers", `./${WASM}`].map((name) => `--external:${name}`);
  await run(join(ROOT, "node_modules", ".bin", "esbuild"), [
    "src/edge/entry.js",
    "--bundle",
    "--inject:src/edge/platform/microtask.js",
    "--minify",
    "--format=esm",
    "--target=es2022",
    `--alias:session-gate=./${BOUND}/index.js`,
    ...external,
    // A method for `using`, by which classes stay that nothing uses.
    "--define:Symbol.dispose=undefined",
    `--outfile=${FRESH}/index.js`,
    // Which packages are in it, for the notices of the npm package.
    `--metafile=${FRESH}/bundle.json`,
    "--log-level=warning",
    // wasm-bindgen names a module once for each function that it hands on as it is.
    "--log-override:duplicate-object-key=silent",
  ]);
  renameSync(join(ROOT, BOUND, WASM), join(ROOT, FRESH, WASM));
}

// What rustc and wasm-bindgen use. Not all features: that would let Binaryen write what runtimes cannot read yet.
const FEATURES = [
  "bulk-memory",
  "exception-handling",
  "mutable-globals",
  "multivalue",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
].map((feature) => `--enable-${feature}`);

// What the script does not name of the Wasm's exports: classes of the `worker` crate that are exported whether anything
// uses them or not, and all that they need.
async function trim(file, script) {
  const { default: binaryen } = await import("binaryen");
  // The order of the functions is that of their names.
  binaryen.setDebugInfo(true);
  const module = binaryen.readBinary(readFileSync(file));
  const count = module.getNumExports();
  const names = Array.from({ length: count }, (_, at) => binaryen.getExportInfo(module.getExportByIndex(at)).name);
  for (const name of names) if (!script.includes(name)) module.removeExport(name);
  writeFileSync(file, module.emitBinary());
  module.dispose();
}

// For the compressed size, which is how the Worker is uploaded and counted. Inlining more saves bytes before compression and
// costs more of them after it. Instances of one generic function have names that begin alike: side by side, they compress
// to 2 % less.
async function slim(file) {
  const sizes = { always: 0, flexible: 0, "one-caller": 20 };
  const inlined = Object.entries(sizes).map(([kind, size]) => `--${kind}-inline-max-function-size=${size}`);
  const passes = ["-Oz", ...inlined, "--reorder-functions-by-name", "--strip-debug", "--strip-producers"];
  await run(join(ROOT, "node_modules", ".bin", "wasm-opt"), [...FEATURES, ...passes, file, "-o", file]);
}

// Takes local paths out of the binary.
function rustFlags() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const crates = join(cargoHome, "registry", "src");
  const folders = existsSync(crates) ? readdirSync(crates).map((folder) => join(crates, folder)) : [];
  return [...[...folders, ROOT].map((path) => `--remap-path-prefix=${path}=`)].join("\x1f");
}

function sourcesNow() {
  const hash = createHash("sha256");
  for (const file of INPUTS.flatMap(filesIn))
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}

function toolsNow(wasmBindgen) {
  return createHash("sha256")
    .update(wasmBindgen)
    .update(output("rustc", ["--version", "--verbose"]))
    .digest("hex");
}

function filesIn(path) {
  if (!existsSync(join(ROOT, path))) return [];
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path))
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}

/** The tools that build/ was made with, if it was made of these sources. */
function madeOf(sources) {
  const file = join(BUILD, "sources");
  const [from, tools] = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return from === sources ? tools : undefined;
}

function replace(fresh, place) {
  const old = `${fresh}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(place)) renameSync(place, old);
  renameSync(fresh, place);
  rmSync(old, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(build);
