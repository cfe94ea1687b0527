// Everything is built and checked with one Rust, that of `rust-version` in Cargo.toml, on every machine.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { rustVersion } from "../../scripts/tools.mjs";
import { inRepository } from "../support/repository.mjs";

const PINNED = rustVersion();
const OTHER = "1.2.3";
const SCRIPT = `
import { ensureToolchain } from ${JSON.stringify(inRepository("scripts/tools.mjs"))};
await ensureToolchain();
console.log("with", process.env.RUSTUP_TOOLCHAIN ?? "what is there");`;

/** What the scripts do on a machine where these programs are all there is; each is the body of a shell script. */
async function onMachine(t, programs) {
  const folder = await mkdtemp(join(tmpdir(), "session-gate-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, body] of Object.entries({ cargo: "exit 0", ...programs })) {
    await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  }
  const env = { PATH: folder };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", SCRIPT], { env });
  return stdout;
}

const rustc = (version) => `[ "$1" = --version ] && echo "rustc ${version} (0123456 2026-01-01)" || echo /`;
const rustup = (...toolchains) => `[ "$2" = list ] && echo "${toolchains.join("\n")}" || echo "rustup $*"`;

test("a toolchain of the pinned version is taken under any name, and nothing is asked of rustup", async (t) => {
  const said = await onMachine(t, { rustc: rustc(PINNED), rustup: "echo asked; exit 1" });
  assert.equal(said, "with what is there\n");
});

test("one that is installed beside another is taken by its name", async (t) => {
  const said = await onMachine(t, { rustc: rustc(OTHER), rustup: rustup("stable-any", `${PINNED}-any`) });
  assert.equal(said, `with ${PINNED}\n`);
});

test("one that is missing is installed, with what the checks need", async (t) => {
  const said = await onMachine(t, { rustc: rustc(OTHER), rustup: rustup("stable-any") });
  assert.match(said, new RegExp(`^rustup toolchain install ${PINNED} .*clippy,rustfmt .*wasm32`, "m"));
  assert.match(said, new RegExp(`^with ${PINNED}$`, "m"));
});

test("without rustup another version is refused, and the pinned one named", async (t) => {
  await assert.rejects(onMachine(t, { rustc: rustc(OTHER) }), ({ stderr }) => {
    return stderr.includes(`Rust ${PINNED} is needed, and this is rustc ${OTHER}`);
  });
});

/** A clone of the repository's sources, and a machine that has Node and an npm which leaves a mark. */
async function withoutRust(t, ...files) {
  const clone = await mkdtemp(join(tmpdir(), "session-gate-"));
  t.after(() => rm(clone, { recursive: true }));
  for (const file of [...SOURCES, ...files]) await cp(inRepository(file), join(clone, file), { recursive: true });
  await symlink(process.execPath, join(clone, "node"));
  await writeFile(join(clone, "npm"), `#!/bin/sh\n: > "${join(clone, "installed")}"\n`, { mode: 0o755 });
  const run = (script) =>
    promisify(execFile)(process.execPath, [join(clone, "scripts", script)], { env: { PATH: clone, PORT: "0" } });
  return { run, hasInstalled: () => existsSync(join(clone, "installed")) };
}

const SOURCES = ["Cargo.toml", "Cargo.lock", "package.json", "package-lock.json", "rust-toolchain.toml", "scripts"];

test("without Rust `npm start` says so in one line before it installs anything, and names the npm package", async (t) => {
  const { run, hasInstalled } = await withoutRust(t);
  await assert.rejects(run("start.mjs"), ({ stderr }) => {
    assert.match(stderr, new RegExp(`^error: Rust ${PINNED} is needed.*npm package.*\\n$`));
    return true;
  });
  assert.equal(hasInstalled(), false);
});

test("a finished build is good without Rust, but not for other sources", async (t) => {
  const { run } = await withoutRust(t, "crates", "src", "templates", "build");
  assert.equal((await run("build.mjs")).stdout, "");
  const changed = await withoutRust(t, "crates", "src", "build");
  await assert.rejects(changed.run("build.mjs"), ({ stderr }) => stderr.includes("is needed"));
});
