// `npm run test:long`: what takes too long for every change, in full size, one file after the other. It ends with a
// summary that has the figures of each.
//
// `npm run test:long -- soak crash` runs only the files and steps whose names contain one of the words.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { main, ROOT, say, watch } from "./run.mjs";

const FOLDER = "tests/long";
const FUZZ = "scripts/fuzz.mjs";
const FUZZ_SECONDS = 600;
// Above what any of them takes, so that a hang is found in the end.
const MAX_FILE_MS = 90 * 60 * 1000;

const words = process.argv.slice(2);
const chosen = (name) => words.length === 0 || words.some((word) => name.includes(word));

async function long() {
  await build();
  const results = [];
  for (const file of files().filter(chosen)) results.push(await testFile(file));
  if (existsSync(join(ROOT, FUZZ)) && chosen("fuzz")) results.push(await fuzz());
  summarise(results);
}

const files = () => {
  const names = existsSync(join(ROOT, FOLDER)) ? readdirSync(join(ROOT, FOLDER)) : [];
  return names.filter((name) => name.endsWith(".test.mjs")).sort();
};

async function testFile(name) {
  say(name);
  const reporter = ["--test-reporter=spec", `--test-timeout=${MAX_FILE_MS}`];
  const { status, text } = await watch(process.execPath, ["--test", ...reporter, join(FOLDER, name)]);
  const count = (what) => Number(text.match(new RegExp(`^ℹ ${what} (\\d+)$`, "m"))?.[1] ?? 0);
  const failed = count("fail") + count("cancelled") + count("skipped") + count("todo");
  return { name, passed: count("pass"), failed: status !== 0 && failed === 0 ? 1 : failed, figures: figuresIn(text) };
}

async function fuzz() {
  say("fuzz");
  const { status } = await watch(process.execPath, [FUZZ, "--seconds", String(FUZZ_SECONDS)]);
  return { name: "fuzz", passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, figures: [] };
}

// What a test has to say beside its result; the lines of the runner's own totals are like it, but for the number.
function figuresIn(text) {
  const lines = [...text.matchAll(/^\s*ℹ (.+)$/gm)].map(([, line]) => line);
  return lines.filter((line) => !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(line));
}

function summarise(results) {
  for (const { name, passed, failed, figures } of results) {
    console.log(`\n${failed === 0 ? "✔" : "✖"} ${name}: ${passed} passed, ${failed} failed`);
    for (const figure of figures) console.log(`    ${figure}`);
  }
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  if (results.length === 0) console.error(`error: nothing has ${words.join(" or ")} in its name`);
  process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
  console.log(`\n${passed} passed, ${failed} failed`);
}

await main(long);
