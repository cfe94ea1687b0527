// What the project is built from comes from where it should, under licences that fit, and is pinned. No network is
// asked: `npm run audit` looks for known weaknesses as well.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, textOf } from "../support/repository.mjs";

const run = promisify(execFile);
const CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index";
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

const json = async (path) => JSON.parse(await textOf(path));

/** An expression such as `(MIT OR Apache-2.0) AND Unicode-3.0`: each part of an AND needs one licence that is allowed. */
const isAllowed = (expression, allowed) =>
  expression
    .replace(/[()]/g, "")
    .split(" AND ")
    .every((part) => part.split(/ OR | ?\/ ?/).some((licence) => allowed.includes(licence)));

describe("the crates", async () => {
  const options = { cwd: ROOT, maxBuffer: 64 << 20 };
  const { stdout } = await run("cargo", ["metadata", "--locked", "--format-version", "1"], options);
  const { packages, workspace_members: own } = JSON.parse(stdout);
  const crates = packages.filter(({ id }) => !own.includes(id));
  const [, list] = /^allow = \[(.*)\]$/m.exec(await textOf("deny.toml"));
  const allowed = list.match(/[^", ]+/g);

  test("come from crates.io, none from a repository or a folder", () => {
    assert.ok(crates.length > 50);
    assert.deepEqual(
      crates.filter(({ source }) => source !== CRATES_IO).map(({ id }) => id),
      [],
    );
  });

  test("have licences of the list in deny.toml", () => {
    const others = crates.filter(({ license }) => !isAllowed(license ?? "", allowed));
    assert.deepEqual(
      others.map(({ name, license }) => `${name}: ${license}`),
      [],
    );
  });
});

describe("the npm packages", async () => {
  // What the site is made with is installed for it alone.
  const locks = await Promise.all(["package-lock.json", "site/package-lock.json"].map(json));
  const installed = locks.flatMap(({ packages }) => Object.entries(packages)).filter(([path]) => path !== "");

  test("are each pinned by a hash", () => {
    assert.ok(installed.length > 50);
    assert.deepEqual(
      installed.filter(([, { integrity }]) => !integrity?.startsWith("sha512-")).map(([path]) => path),
      [],
    );
  });

  test("come from the registry that npm is told, and from no other address", () => {
    const elsewhere = installed.filter(
      ([, { resolved }]) => resolved !== undefined && !resolved.startsWith("https://registry.npmjs.org/"),
    );
    assert.deepEqual(
      elsewhere.map(([path]) => path),
      [],
    );
  });

  test("are named with exact versions, and run no scripts when they are installed", async () => {
    for (const folder of [".", "site"]) {
      const { dependencies = {}, devDependencies } = await json(`${folder}/package.json`);
      const named = Object.entries({ ...dependencies, ...devDependencies });
      assert.deepEqual(
        named.filter(([, version]) => !EXACT.test(version)),
        [],
      );
      assert.match(await textOf(`${folder}/.npmrc`), /^ignore-scripts=true$/m);
    }
  });
});
