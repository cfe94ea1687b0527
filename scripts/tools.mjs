// The Rust side's tools: the toolchain's parts, worker-build, and the wasm-bindgen program.
//
// The two programs are built once per user and pair of versions, into a cache folder that only ever holds a whole set.

import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { aptInstall } from "./debian.mjs";
import { locked } from "./lock.mjs";
import { ROOT, Stop, output, run, say } from "./run.mjs";

const WORKER_BUILD = "0.8.7";
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

/** Installs what is missing; gives the folder with `worker-build` and `wasm-bindgen` in it. */
export async function ensureTools() {
  await ensureToolchain();
  const wasmBindgen = wasmBindgenVersion();
  const home = join(CACHE, `worker-build-${WORKER_BUILD}-wasm-bindgen-${wasmBindgen}`);
  if (!existsSync(home)) {
    await locked(`${home}.lock`, async () => {
      if (!existsSync(home)) await install(home, wasmBindgen);
    });
  }
  return join(home, "bin");
}

// The program and the library speak a private format, so their versions must be equal.
function wasmBindgenVersion() {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  const [, version] = lock.match(/^name = "wasm-bindgen"\nversion = "(.+)"$/m) ?? [];
  if (!version) throw new Stop("Cargo.lock names no wasm-bindgen");
  return version;
}

// Built beside the final place and renamed at the end: an interrupted build leaves no half set behind, and the next
// one goes on where it stopped.
async function install(home, wasmBindgen) {
  await ensureOpenSsl();
  say("building worker-build and wasm-bindgen (once, about two minutes)");
  const partial = `${home}.partial`;
  const target = join(partial, "target");
  await cargoInstall("worker-build", WORKER_BUILD, partial, target, ["--locked"]);
  await cargoInstall("wasm-bindgen-cli", wasmBindgen, partial, target, ["--bin", "wasm-bindgen"]);
  rmSync(target, { recursive: true });
  renameSync(partial, home);
}

// Unoptimised: the programs run for a second, an optimised build of them takes minutes more.
const cargoInstall = (name, version, root, target, options) =>
  run("cargo", ["install", "--debug", "--root", root, "--version", version, ...options, name], {
    CARGO_TARGET_DIR: target,
    CARGO_PROFILE_DEV_DEBUG: "0",
    // Cargo advises to add a folder to PATH when it is not there.
    PATH: `${join(root, "bin")}:${process.env.PATH}`,
  });

// worker-build links the system's TLS library, which on Linux is OpenSSL with its headers.
async function ensureOpenSsl() {
  if (process.platform !== "linux" || process.env.OPENSSL_DIR) return;
  if (output("pkg-config", ["--exists", "openssl"]) !== undefined) return;
  if (await aptInstall(["libssl-dev", "pkg-config"])) return;
  throw new Stop("OpenSSL's headers are missing: install them (Debian: apt-get install -y libssl-dev pkg-config)");
}
