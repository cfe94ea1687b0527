// `npm test`: installs what is missing, runs every check and test, and ends with one line that counts them all.
//
// `npm test -- build gate` runs only the steps whose names contain one of the words. A word may also be a subject, which
// is a folder of tests (`logout`, `supertokens/browser`), or a test file in one (`logout/final`): then the build and those
// tests run.

import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureChromium } from "./chromium.mjs";
import { fuzz } from "./fuzz.mjs";
import { ensureGlewlwyd } from "./glewlwyd.mjs";
import { ensurePackages } from "./packages.mjs";
import { previousBuild } from "./previous.mjs";
import { ensurePython } from "./python.mjs";
import { failure, main, ROOT, run, Stop, watch } from "./run.mjs";
import { fileOf, namesFor, subjects, testNames } from "./subjects.mjs";
import { ensureToolchain, ensureTools } from "./tools.mjs";

// Above what any of them takes on a machine that is busy, so that a hang is found in the end.
const MAX_FILE_MS = 15 * 60 * 1000;
const TESTS = testNames();
const LINTS = ["--locked", "--", "-D", "warnings"];

/** @type {[string, () => Promise<{ passed: number, failed: number }>][]} */
const STEPS = [
  ["install: npm packages", () => prepared(ensurePackages)],
  ["install: Rust tools", () => prepared(ensureTools)],
  ["install: Chromium", () => prepared(async () => (process.env.CHROMIUM = await ensureChromium()))],
  ["install: Python", () => prepared(ensurePython)],
  ["install: glewlwyd", () => prepared(ensureGlewlwyd)],
  ["format, Rust", () => checked(() => cargo("fmt", "--all", "--check"))],
  ["format, JavaScript", () => checked(() => biome("format"))],
  ["lints, JavaScript", () => checked(() => biome("check", "--formatter-enabled=false"))],
  ["types, JavaScript", () => checked(checkTypes)],
  ["lints, host", () => checked(() => cargo("clippy", "--workspace", "--all-targets", ...LINTS))],
  [
    "lints, wasm32",
    () => checked(() => cargo("clippy", "--workspace", "--target", "wasm32-unknown-unknown", ...LINTS)),
  ],
  ["host tests", cargoTest],
  ["fuzzing", async () => ({ passed: await fuzz(), failed: 0 })],
  ["build", () => checked(built)],
  ["size", () => checked(sizeChecked)],
  ["deploy, dry run", () => checked(deployDryRun)],
  ["gate tests: the build before", () => prepared(buildBefore)],
  ["gate tests", () => nodeTest(gateTests())],
  ["sdk tests", () => nodeTest(namesFor("supertokens", TESTS))],
  ["browser tests", () => nodeTest(namesFor("browser", TESTS))],
];

let attempt;
const results = [];
/** What could not run here, and why: no failure, but said at the end. */
const leftOut = new Set();
await main(async () => {
  for (const [name, step] of chosen(process.argv.slice(2))) results.push(await report(name, step));
  summarise();
});

/** The steps that the words ask for, in the order of `STEPS`, and then the tests of the subjects. */
function chosen(words) {
  if (words.length === 0) return STEPS;
  const meanings = words.map(meaning);
  const steps = STEPS.filter((step) => meanings.some(({ steps }) => steps.includes(step)));
  const tests = TESTS.filter((name) => meanings.some(({ tests }) => tests.includes(name)));
  if (tests.length === 0) return steps;
  const packages = STEPS.slice(0, 1);
  return [...new Set([...packages, ...steps]), [`tests: ${tests.length} files`, () => nodeTest(tests)]];
}

/** What a word stands for: a subject or a test file; else the steps that have it in their names. */
function meaning(word) {
  const tests = namesFor(word, TESTS);
  const steps = tests.length > 0 ? [] : STEPS.filter(([name]) => name.toLowerCase().includes(word.toLowerCase()));
  if (tests.length === 0 && steps.length === 0) throw new Stop(unknown(word));
  console.log(`${word}: ${tests.length > 0 ? tests.map(fileOf).join(", ") : steps.map(([name]) => name).join("; ")}`);
  return { tests, steps };
}

function unknown(word) {
  const steps = STEPS.map(([name]) => name).join("; ");
  return `nothing is called ${word}\nsubjects: ${subjects(TESTS).join(", ")}\nsteps: ${steps}`;
}

function gateTests() {
  return TESTS.filter((name) => !/^(supertokens|browser)\//.test(name));
}

async function report(name, step) {
  console.log(`\n━━ ${name}`);
  const started = Date.now();
  const { passed, failed } = await step().catch(whyNot);
  const line = { name, passed, failed, seconds: ((Date.now() - started) / 1000).toFixed(1) };
  console.log(`━━ ${text(line)}`);
  return line;
}

function summarise() {
  console.log(`\n${[...results.map(text), ...leftOut].join("\n")}\n`);
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  const failed = total("failed");
  process.exitCode = failed === 0 ? 0 : 1;
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

async function cargo(...args) {
  await ensureToolchain();
  await run("cargo", args);
}

// `npm run format` mends what can be mended without thought.
function biome(...args) {
  return run(join(ROOT, "node_modules", ".bin", "biome"), [...args, "--error-on-warnings"]);
}

// Tried once: what needs a build fails without one, rather than testing an older one.
function built() {
  attempt ??= build();
  return attempt;
}

/** Two worlds: what runs in Node, and what runs on the platform. */
async function checkTypes() {
  for (const project of [".", "src/edge"]) await run(join(ROOT, "node_modules", ".bin", "tsc"), ["-p", project]);
}

async function buildBefore() {
  const folder = await previousBuild();
  if (folder !== undefined) process.env.SESSION_GATE_PREVIOUS_BUILD = folder;
}

async function sizeChecked() {
  await built();
  const { checkSize } = await import("../bench/ratchet.mjs");
  const { wrong, table } = checkSize();
  console.log(table);
  if (wrong.length > 0) throw new Stop(wrong.join("\n"));
}

async function deployDryRun() {
  await built();
  await run("npx", ["wrangler", "deploy", "--dry-run", "--env", "", "--outdir", "target/deploy"]);
}

async function cargoTest() {
  await ensureToolchain();
  const { status, text } = await watch("cargo", ["test", "--workspace", "--locked", "--no-fail-fast"]);
  const counts = [...text.matchAll(/^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  const sum = (index) => counts.reduce((total, match) => total + Number(match[index]), 0);
  return tally({ status, passed: sum(1), failed: sum(2), skipped: sum(3) });
}

async function nodeTest(wanted) {
  await built();
  const names = await runnable(wanted);
  const { status, text } = await watch(process.execPath, [
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=2",
    `--test-timeout=${MAX_FILE_MS}`,
    ...names.map(fileOf),
  ]);
  const count = (what) => Number(text.match(new RegExp(`^ℹ ${what} (\\d+)$`, "m"))?.[1] ?? 0);
  return tally({
    status,
    passed: count("pass"),
    failed: count("fail") + count("cancelled"),
    skipped: count("skipped") + count("todo"),
  });
}

/** All but the tests of a provider that is neither installed nor to be had. */
async function runnable(names) {
  const without = names.filter((name) => !name.includes("glewlwyd"));
  if (without.length === names.length || (await ensureGlewlwyd()) !== undefined) return names;
  const others = names
    .filter((name) => !without.includes(name))
    .map((name) => `- ${name}: left out, no glewlwyd, no apt`);
  for (const line of others) leftOut.add(line);
  return without;
}

// A test that did not run shows nothing, so it counts as failed; and a runner that fails without a failed test
// (it did not compile, it was killed) is a failure too.
function tally({ status, passed, failed, skipped }) {
  if (skipped > 0) console.error(`error: ${skipped} tests did not run`);
  const known = failed + skipped;
  return { passed, failed: status !== 0 && known === 0 ? 1 : known };
}
