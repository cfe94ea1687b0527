// The build of the code before the last change to it, as its own scripts make it: what is out there while
// today's is being deployed. `tests/versions.test.mjs` puts the two side by side.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, output, run, say } from "./run.mjs";

const CODE = ["src", "templates", "Cargo.lock"];
const FOLDER = join(ROOT, "target", "previous");
const OF_COMMIT = join(FOLDER, "commit");
/** What a further build goes on from. */
const KEPT = new Set(["build", "node_modules", "target"]);

/** The folder of the build, or `undefined` where there is no history to take it from. */
export async function previousBuild() {
  const commit = previousCommit();
  if (commit === undefined) {
    say("no earlier code to build: this is no clone with its history");
    return undefined;
  }
  if (!existsSync(OF_COMMIT) || readFileSync(OF_COMMIT, "utf8") !== commit) await takeOut(commit);
  say(`building the code of ${commit.slice(0, 12)}`);
  await run(process.execPath, [join(FOLDER, "scripts", "build.mjs")]);
  return join(FOLDER, "build");
}

// What is not committed is today's code already, and the last commit the one before.
function previousCommit() {
  const commits = output("git", ["rev-list", "--max-count=2", "HEAD", "--", ...CODE])?.split("\n") ?? [];
  const isChanged = output("git", ["status", "--porcelain", "--", ...CODE]) !== "";
  return commits.filter((commit) => commit !== "").at(isChanged ? 0 : 1);
}

async function takeOut(commit) {
  mkdirSync(FOLDER, { recursive: true });
  for (const name of readdirSync(FOLDER)) if (!KEPT.has(name)) rmSync(join(FOLDER, name), { recursive: true });
  const archive = join(FOLDER, "source.tar");
  await run("git", ["archive", "--format=tar", `--output=${archive}`, commit]);
  await run("tar", ["-xf", archive, "-C", FOLDER]);
  rmSync(archive);
  writeFileSync(OF_COMMIT, commit);
}
