// The Rust side's tools: the toolchain's parts, and the wasm-bindgen program.
//
// The program is built once per user and version, into a cache folder that only ever holds a whole one.

import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { locked } from "./lock.mjs";
import { ROOT, Stop, output, run, say } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "session-gate");

/** Makes sure that the toolchain can format, lint and compile for both targets. */
export async function ensureToolchain() {
  const libraries = output("rustc", ["--print", "target-libdir", "--target", TARGET]);
  if (libraries === undefined) throw new Stop("Rust is missing: install it with rustup (https://rustup.rs)");
  if (!existsSync(libraries)) await rustup("target", TARGET);
  if (output("cargo", ["fmt", "--version"]) === undefined) await rustup("component", "rustfmt");
  if (output("cargo", ["clippy", "--version"]) === undefined) await rustup("component", "clippy");
}

async function rustup(kind, name) {
  if (output("rustup", ["--version"]) === undefined) {
    throw new Stop(`the Rust ${kind} ${name} is missing: install Rust with rustup (https://rustup.rs), which can add it`);
  }
  say(`adding the Rust ${kind} ${name}`);
  await run("rustup", [kind, "add", name]);
}

/** Installs what is missing; gives the path of `wasm-bindgen`. */
export async function ensureTools() {
  await ensureToolchain();
  const wasmBindgen = wasmBindgenVersion();
  const home = join(CACHE, `wasm-bindgen-${wasmBindgen}`);
  if (!existsSync(home)) {
    await locked(`${home}.lock`, async () => {
      if (!existsSync(home)) await install(home, wasmBindgen);
    });
  }
  return join(home, "bin", "wasm-bindgen");
}

// The program and the library speak a private format, so their versions must be equal.
function wasmBindgenVersion() {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  const [, version] = lock.match(/^name = "wasm-bindgen"\nversion = "(.+)"$/m) ?? [];
  if (!version) throw new Stop("Cargo.lock names no wasm-bindgen");
  return version;
}

// Built beside the final place and renamed at the end: an interrupted build leaves no half of it behind, and the next
// one goes on where it stopped. Unoptimised: the program runs for a second, an optimised build of it takes minutes more.
async function install(home, version) {
  say("building wasm-bindgen (once, about a minute)");
  const partial = `${home}.partial`;
  const target = join(partial, "target");
  const options = ["--debug", "--root", partial, "--version", version, "--bin", "wasm-bindgen"];
  await run("cargo", ["install", ...options, "wasm-bindgen-cli"], {
    CARGO_TARGET_DIR: target,
    CARGO_PROFILE_DEV_DEBUG: "0",
    // Cargo advises to add a folder to PATH when it is not there.
    PATH: `${join(partial, "bin")}:${process.env.PATH}`,
  });
  rmSync(target, { recursive: true });
  renameSync(partial, home);
}
