// Builds the smallest workers-rs Worker, by the tools of the gate; again only when it has changed.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run, say } from "../scripts/run.mjs";
import { ensureTools } from "../scripts/tools.mjs";

const CRATE = join(ROOT, "bench", "contestants", "hello-rs");
const SOURCES = ["Cargo.toml", "Cargo.lock", "src/lib.rs"];

/** The folder with the built Worker. */
export const HELLO_RS = join(ROOT, "target", "hello-rs", "build");

/** Builds it, unless it is there. */
export async function buildHelloRs() {
  const mark = join(HELLO_RS, "sources");
  const sources = fingerprint();
  if (existsSync(mark) && readFileSync(mark, "utf8") === sources) return;
  const tools = await ensureTools();
  say("building the smallest workers-rs Worker");
  rmSync(HELLO_RS, { recursive: true, force: true });
  const program = (name) => join(ROOT, "node_modules", ".bin", name);
  await run(join(tools, "worker-build"), ["--release", "--out-dir", HELLO_RS, CRATE, "--", "--locked"], {
    CARGO_TARGET_DIR: join(ROOT, "target", "hello-rs"),
    WASM_BINDGEN_BIN: join(tools, "wasm-bindgen"),
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
