// The build of earlier code, as its own scripts make it. That of the code before the last change is what is out there
// while today's is being deployed: `tests/object/versions.test.mjs` puts the two side by side.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output, ROOT, run, say } from "./run.mjs";

const CODE = ["crates", "src", "templates", "Cargo.lock"];
const FOLDER = join(ROOT, "target", "previous");
/** What a further build goes on from. */
const KEPT = new Set(["build", "node_modules", "target"]);

/** The folder of the build, or `undefined` where there is no history to take it from. */
export async function previousBuild() {
  const commit = previousCommit();
  if (commit === undefined) {
    say("no earlier code to build: this is no clone with its history");
    return undefined;
  }
  return buildOf(commit, FOLDER);
}

/** The folder of the build of a commit, made below `folder`. */
export async function buildOf(commit, folder) {
  const mark = join(folder, "commit");
  if (!existsSync(mark) || readFileSync(mark, "utf8") !== commit) await takeOut(commit, folder, mark);
  say(`building the code of ${commit.slice(0, 12)}`);
  await run(process.execPath, [join(folder, "scripts", "build.mjs")]);
  return join(folder, "build");
}

// What is not committed is today's code already, and the last commit the one before.
function previousCommit() {
  const commits = output("git", ["rev-list", "--max-count=2", "HEAD", "--", ...CODE])?.split("\n") ?? [];
  const isChanged = output("git", ["status", "--porcelain", "--", ...CODE]) !== "";
  return commits.filter((commit) => commit !== "").at(isChanged ? 0 : 1);
}

async function takeOut(commit, folder, mark) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!KEPT.has(name)) rmSync(join(folder, name), { recursive: true });
  const archive = join(folder, "source.tar");
  await run("git", ["archive", "--format=tar", `--output=${archive}`, commit]);
  // As new as they are here: with the time of their commit, cargo would take what it built of a later one for theirs.
  await run("tar", ["-xmf", archive, "-C", folder]);
  rmSync(archive);
  writeFileSync(mark, commit);
}
