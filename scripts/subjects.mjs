// The tests that run in Node, by subject. A subject is a folder below `tests/`; a folder in it is one as well.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./run.mjs";

const TESTS = "tests";
const ENDING = ".test.mjs";
/** What takes minutes belongs to `npm run test:long`. */
const LONG = "long";

/** The names of all test files but the long ones, below `tests/` and without their ending: `logout/final`. */
export function testNames() {
  return readdirSync(join(ROOT, TESTS), { encoding: "utf8", recursive: true })
    .filter((path) => path.endsWith(ENDING) && !path.startsWith(`${LONG}/`))
    .map((path) => path.slice(0, -ENDING.length))
    .sort();
}

/** The subjects, each part of a subject after it. */
export function subjects(names) {
  const folders = names.flatMap((name) =>
    name
      .split("/")
      .slice(0, -1)
      .map((_, at, parts) => parts.slice(0, at + 1).join("/")),
  );
  return [...new Set(folders)].sort();
}

/** The names of those tests that a word means: all of a subject, or one file. */
export const namesFor = (word, names) => names.filter((name) => name === word || name.startsWith(`${word}/`));

export const fileOf = (name) => join(TESTS, `${name}${ENDING}`);
