// The Rust side's tools: the toolchain's parts, and the wasm-bindgen program.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCargoTool } from "./cargo-tool.mjs";
import { output, ROOT, run, Stop, say } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";

let toolchain;

/** Makes sure that Rust is the pinned one, and can format, lint and compile for both targets. */
export function ensureToolchain() {
  toolchain ??= pinned().then(complete);
  return toolchain;
}

/** The Rust that everything is built and checked with. */
export function rustVersion() {
  const [, version] = textOf("Cargo.toml").match(/^rust-version = "(\d+\.\d+\.\d+)"$/m) ?? [];
  if (!version) throw new Stop("Cargo.toml has no rust-version with three numbers");
  return version;
}

// The active toolchain will do under any name: where nothing can be downloaded, the right one may be called `stable`.
async function pinned() {
  const version = rustVersion();
  const found = output("rustc", ["--version"]);
  if (found?.split(" ")[1] === version) return;
  const toolchains = output("rustup", ["toolchain", "list"]);
  if (toolchains === undefined) {
    const instead = found === undefined ? "there is none" : `this is ${found}`;
    throw new Stop(
      `Rust ${version} is needed, and ${instead}: install rustup (https://rustup.rs), which can add it. ` +
        "Without Rust there is the npm package: README.md",
    );
  }
  if (!toolchains.split("\n").some((name) => name.startsWith(`${version}-`))) {
    say(`installing Rust ${version}`);
    const parts = ["--profile", "minimal", "--component", "clippy,rustfmt", "--target", TARGET];
    await run("rustup", ["toolchain", "install", version, ...parts]);
  }
  // For all that is started from here, rather than for the machine.
  process.env.RUSTUP_TOOLCHAIN = version;
}

async function complete() {
  const libraries = output("rustc", ["--print", "target-libdir", "--target", TARGET]);
  if (libraries === undefined || !existsSync(libraries)) await rustup("target", TARGET);
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

/** Installs what is missing; returns the path of `wasm-bindgen`. */
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
  const [, version] = textOf("Cargo.lock").match(/^name = "wasm-bindgen"\nversion = "(.+)"$/m) ?? [];
  if (!version) throw new Stop("Cargo.lock names no wasm-bindgen");
  return version;
}

const textOf = (file) => readFileSync(join(ROOT, file), "utf8");
