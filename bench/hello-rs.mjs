// Builds the smallest workers-rs Worker with the SDK's own tool, worker-build, which is built once per user itself. Both
// only when they are missing or have changed.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCargoTool } from "../scripts/cargo-tool.mjs";
import { aptInstall } from "../scripts/debian.mjs";
import { output, ROOT, run, Stop, say } from "../scripts/run.mjs";
import { ensureTools } from "../scripts/tools.mjs";

const WORKER_BUILD = "0.8.7";
const CRATE = join(ROOT, "bench", "contestants", "hello-rs");
const SOURCES = ["Cargo.toml", "Cargo.lock", "src/lib.rs"];

/** The folder with the built Worker. */
export const HELLO_RS = join(ROOT, "target", "hello-rs", "build");

/** Builds it, unless it is there. */
export async function buildHelloRs() {
  const mark = join(HELLO_RS, "sources");
  const sources = fingerprint();
  if (existsSync(mark) && readFileSync(mark, "utf8") === sources) return;
  const wasmBindgen = await ensureTools();
  const workerBuild = await ensureCargoTool({
    program: "worker-build",
    version: WORKER_BUILD,
    before: ensureOpenSsl,
    takes: "about two minutes",
  });
  say("building the smallest workers-rs Worker");
  rmSync(HELLO_RS, { recursive: true, force: true });
  const program = (name) => join(ROOT, "node_modules", ".bin", name);
  await run(workerBuild, ["--release", "--out-dir", HELLO_RS, CRATE, "--", "--locked"], {
    CARGO_TARGET_DIR: join(ROOT, "target", "hello-rs"),
    WASM_BINDGEN_BIN: wasmBindgen,
    WASM_OPT_BIN: program("wasm-opt"),
    ESBUILD_BIN: program("esbuild"),
  });
  writeFileSync(mark, sources);
}

function fingerprint() {
  const hash = createHash("sha256");
  for (const file of SOURCES) hash.update(readFileSync(join(CRATE, file)));
  return hash.digest("hex");
}

// worker-build links the system's TLS library, which on Linux is OpenSSL with its headers.
async function ensureOpenSsl() {
  if (process.platform !== "linux" || process.env.OPENSSL_DIR) return;
  if (output("pkg-config", ["--exists", "openssl"]) !== undefined) return;
  if (await aptInstall(["libssl-dev", "pkg-config"])) return;
  throw new Stop("OpenSSL's headers are missing: install them (Debian: apt-get install -y libssl-dev pkg-config)");
}
