// The Rust side's tools: the toolchain's parts, and the wasm-bindgen program.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCargoTool } from "./cargo-tool.mjs";
import { output, ROOT, run, Stop, say } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";

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
    throw new Stop(
      `the Rust ${kind} ${name} is missing: install Rust with rustup (https://rustup.rs), which can add it`,
    );
  }
  say(`adding the Rust ${kind} ${name}`);
  await run("rustup", [kind, "add", name]);
}

/** Installs what is missing; gives the path of `wasm-bindgen`. */
export async function ensureTools() {
  await ensureToolchain();
  return ensureCargoTool({
    program: "wasm-bindgen",
    version: wasmBindgenVersion(),
    crate: "wasm-bindgen-cli",
    options: ["--bin", "wasm-bindgen"],
    takes: "about a minute",
  });
}

// The program and the library speak a private format, so their versions must be equal.
function wasmBindgenVersion() {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  const [, version] = lock.match(/^name = "wasm-bindgen"\nversion = "(.+)"$/m) ?? [];
  if (!version) throw new Stop("Cargo.lock names no wasm-bindgen");
  return version;
}
