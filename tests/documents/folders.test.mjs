// The tests are where tests/README.md says, and import what they share from one place.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { inRepository, textOf } from "../support/repository.mjs";

const files = readdirSync(inRepository("tests"), { encoding: "utf8", recursive: true }).filter((path) =>
  path.endsWith(".test.mjs"),
);

test("every folder with tests has a row in tests/README.md, and every row its folder", async () => {
  const rows = (await textOf("tests/README.md")).split("\n").filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) => [...row.split("|")[1].matchAll(/`([\w/]+)\/`/g)].map(([, folder]) => folder));
  const folders = [...new Set(files.map((path) => dirname(path)))];
  assert.deepEqual(
    folders.filter((folder) => !named.includes(folder)),
    [],
  );
  const there = readdirSync(inRepository("tests"), { encoding: "utf8", recursive: true });
  assert.deepEqual(
    named.filter((folder) => !there.includes(folder)),
    [],
  );
});

test("every test lies in a folder of its subject", () => {
  assert.deepEqual(
    files.filter((path) => dirname(path) === "."),
    [],
  );
});

test("no test imports a file of tests/support that index.mjs or browser.mjs exports", async () => {
  const entries = await Promise.all(["index", "browser"].map((name) => textOf(`tests/support/${name}.mjs`)));
  const exported = entries.flatMap((text) => [...text.matchAll(/from "\.\/([\w-]+)\.mjs"/g)].map(([, name]) => name));
  const astray = [];
  for (const path of files) {
    const imports = (await textOf(join("tests", path))).matchAll(/from "(?:\.\.\/)+support\/([\w-]+)\.mjs"/g);
    const direct = [...imports]
      .map(([, name]) => name)
      .filter((name) => exported.includes(name) && name !== "repository");
    if (direct.length > 0) astray.push(`${path}: ${direct.join(", ")}`);
  }
  assert.deepEqual(astray, []);
});
