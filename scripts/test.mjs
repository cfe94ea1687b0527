// `npm test`: installs what is missing, runs every check and test, and ends with one line that counts them all.
//
// `npm test -- build gate` runs only the steps whose names contain one of the words.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { ensureChromium } from "./chromium.mjs";
import { fuzz } from "./fuzz.mjs";
import { ensurePackages } from "./packages.mjs";
import { previousBuild } from "./previous.mjs";
import { ensurePython } from "./python.mjs";
import { ROOT, Stop, failure, run, watch } from "./run.mjs";
import { ensureTools } from "./tools.mjs";

const MAX_GZIP_BYTES = 350_000;
// Above what any of them takes on a machine that is busy, so that a hang is found in the end.
const MAX_FILE_MS = 15 * 60 * 1000;
const LINTS = ["--locked", "--", "-D", "warnings"];

const STEPS = [
  ["install: npm packages", () => prepared(ensurePackages)],
  ["install: Rust tools", () => prepared(ensureTools)],
  ["install: Chromium", () => prepared(async () => (process.env.CHROMIUM = await ensureChromium()))],
  ["install: Python", () => prepared(ensurePython)],
  ["format", () => checked(() => run("cargo", ["fmt", "--check"]))],
  ["lints, host", () => checked(() => run("cargo", ["clippy", "--all-targets", ...LINTS]))],
  ["lints, wasm32", () => checked(() => run("cargo", ["clippy", "--target", "wasm32-unknown-unknown", ...LINTS]))],
  ["host tests", cargoTest],
  ["fuzzing", async () => ({ passed: await fuzz(), failed: 0 })],
  ["build", () => checked(built)],
  ["size", () => checked(checkSize)],
  ["deploy, dry run", () => checked(deployDryRun)],
  ["gate tests: the build before", () => prepared(buildBefore)],
  ["gate tests", () => nodeTest("tests")],
  ["sdk tests", () => nodeTest("tests/sdk")],
  ["browser tests", () => nodeTest("tests/browser")],
];

const words = process.argv.slice(2);
const chosen = STEPS.filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)));

let attempt;
const results = [];
for (const [name, step] of chosen) results.push(await report(name, step));
summarise();

async function report(name, step) {
  console.log(`\n━━ ${name}`);
  const started = Date.now();
  const { passed, failed } = await step().catch(whyNot);
  const line = { name, passed, failed, seconds: ((Date.now() - started) / 1000).toFixed(1) };
  console.log(`━━ ${text(line)}`);
  return line;
}

function summarise() {
  console.log(`\n${results.map(text).join("\n")}\n`);
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  const failed = total("failed");
  if (results.length === 0) console.error(`error: no step has ${words.join(" or ")} in its name`);
  process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
  console.log(`${total("passed")} passed, ${failed} failed`);
}

function text({ name, passed, failed, seconds }) {
  return `${failed === 0 ? "✔" : "✖"} ${name}: ${passed} passed, ${failed} failed (${seconds} s)`;
}

function whyNot(error) {
  console.error(failure(error));
  return { passed: 0, failed: 1 };
}

/** A check that is one test. */
async function checked(body) {
  await body();
  return { passed: 1, failed: 0 };
}

/** A preparation: no test when it works, a failed one when it does not. */
async function prepared(body) {
  await body();
  return { passed: 0, failed: 0 };
}

// Tried once: what needs a build fails without one, rather than testing an older one.
function built() {
  attempt ??= build();
  return attempt;
}

async function buildBefore() {
  const folder = await previousBuild();
  if (folder !== undefined) process.env.SESSION_GATE_PREVIOUS_BUILD = folder;
}

async function checkSize() {
  await built();
  const size = ["index.js", "index_bg.wasm"]
    .map((name) => gzipSync(readFileSync(join(ROOT, "build", name))).length)
    .reduce((sum, bytes) => sum + bytes);
  const message = `the gzipped Worker has ${size} bytes, the limit is ${MAX_GZIP_BYTES}`;
  if (size >= MAX_GZIP_BYTES) throw new Stop(message);
  console.log(message);
}

async function deployDryRun() {
  await built();
  await run("npx", ["wrangler", "deploy", "--dry-run", "--env", "", "--outdir", "target/deploy"]);
}

async function cargoTest() {
  const { status, text } = await watch("cargo", ["test", "--locked", "--no-fail-fast"]);
  const counts = [...text.matchAll(/^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  const sum = (index) => counts.reduce((total, match) => total + Number(match[index]), 0);
  return tally({ status, passed: sum(1), failed: sum(2), skipped: sum(3) });
}

async function nodeTest(folder) {
  await built();
  const files = testFiles(folder);
  if (files.length === 0) throw new Stop(`${folder} has no tests`);
  const { status, text } = await watch(process.execPath, [
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=2",
    `--test-timeout=${MAX_FILE_MS}`,
    ...files,
  ]);
  const count = (what) => Number(text.match(new RegExp(`^ℹ ${what} (\\d+)$`, "m"))?.[1] ?? 0);
  return tally({
    status,
    passed: count("pass"),
    failed: count("fail") + count("cancelled"),
    skipped: count("skipped") + count("todo"),
  });
}

function testFiles(folder) {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".test.mjs"));
  return names.sort().map((name) => join(folder, name));
}

// A test that did not run shows nothing, so it counts as failed; and a runner that fails without a failed test
// (it did not compile, it was killed) is a failure too.
function tally({ status, passed, failed, skipped }) {
  if (skipped > 0) console.error(`error: ${skipped} tests did not run`);
  const known = failed + skipped;
  return { passed, failed: status !== 0 && known === 0 ? 1 : known };
}
