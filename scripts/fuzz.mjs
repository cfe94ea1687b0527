// Fuzzes what reads input from outside: `node scripts/fuzz.mjs [--seconds n] [target …]`, n seconds for each target.
//
// What a run finds stays in fuzz/corpus/ and fuzz/artifacts/, which are not committed; the seeds are
// (fuzz/seeds.mjs and fuzz/oidc-seeds.mjs write them).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureCargoTool } from "./cargo-tool.mjs";
import { main, output, ROOT, run, Stop, say } from "./run.mjs";
import { ensureToolchain } from "./tools.mjs";

const CARGO_FUZZ = "0.13.2";
const FUZZ = join(ROOT, "fuzz");
const DEFAULT_SECONDS = 5;

// cargo-fuzz asks for compiler flags that a stable toolchain keeps for the nightly one.
const ENVIRONMENT = { RUSTC_BOOTSTRAP: "1" };

/** Fuzzes each target for so many seconds; returns how many targets there were. One that fails is an error. */
export async function fuzz(seconds = DEFAULT_SECONDS, targets = allTargets()) {
  await ensureToolchain();
  const cargoFuzz = await ensureCargoTool({ program: "cargo-fuzz", version: CARGO_FUZZ, takes: "about a minute" });
  say("building the fuzz targets");
  // Without a sanitizer: there is no `unsafe` to watch, and it would be three times slower.
  await run(cargoFuzz, ["build", "--sanitizer", "none"], ENVIRONMENT);
  const figures = [];
  for (const target of targets) figures.push(await fuzzOne(target, seconds));
  console.log(figures.join("\n"));
  return targets.length;
}

const allTargets = () =>
  readdirSync(join(FUZZ, "targets"))
    .sort()
    .map((name) => name.replace(/\.rs$/, ""));

async function fuzzOne(target, seconds) {
  say(`fuzzing ${target} for ${seconds} s`);
  const folder = (name) => join(FUZZ, name, target);
  for (const name of ["corpus", "artifacts"]) mkdirSync(folder(name), { recursive: true });
  const triple = output("rustc", ["-vV"]).match(/^host: (.+)$/m)[1];
  const program = join(FUZZ, "target", triple, "release", target);
  const options = [
    `-max_total_time=${seconds}`,
    "-max_len=8192",
    `-dict=${join(FUZZ, "words.dict")}`,
    "-print_final_stats=1",
    `-artifact_prefix=${folder("artifacts")}/`,
  ];
  const { status, text } = await logOf(program, [...options, folder("corpus"), folder("seeds")]);
  if (status !== 0) throw new Stop(`${target} failed:\n${reasonIn(text)}`);
  return figuresOf(target, text);
}

/** libFuzzer writes to standard error, a line for each input that it keeps. */
async function logOf(program, options) {
  const child = spawn(program, options, {
    cwd: FUZZ,
    env: { ...process.env, RUST_BACKTRACE: "0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  const [code, signal] = await once(child, "close");
  return { status: code ?? signal, text };
}

/** What the target said, and where the input is. */
function reasonIn(text) {
  const lines = text.split("\n").filter((line) => !/^(#|INFO|NOTE|stat::|0x|Base64|==)/.test(line));
  return lines.slice(lines.findIndex((line) => line.includes("panicked"))).join("\n");
}

function figuresOf(target, text) {
  const [, executions] = text.match(/number_of_executed_units: (\d+)/);
  const [, edges, features] = [...text.matchAll(/cov: (\d+) ft: (\d+)/g)].at(-1);
  return `${target}: ${executions} executions, ${edges} edges, ${features} features`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({ options: { seconds: { type: "string" } }, allowPositionals: true });
  const seconds = Number(values.seconds ?? DEFAULT_SECONDS);
  await main(() => fuzz(seconds, positionals.length > 0 ? positionals : undefined));
}
