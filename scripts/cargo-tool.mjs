// Programs from crates.io, each built once per user and version into a cache folder that only ever holds whole ones.

import { existsSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { locked } from "./lock.mjs";
import { run, say } from "./run.mjs";

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "session-gate");

/**
 * The path of a program, which is built if it is missing. `crate` is where it comes from, `options` are those of
 * `cargo install`, `before` gets ready what the build needs, and `takes` says how long it lasts.
 * @param {{
 *   program: string,
 *   version: string,
 *   crate?: string,
 *   options?: string[],
 *   before?: () => Promise<void>,
 *   takes: string,
 * }} tool
 */
export async function ensureCargoTool({ program, version, crate = program, options = ["--locked"], before, takes }) {
  const home = join(CACHE, `${program}-${version}`);
  if (!existsSync(home)) {
    await locked(`${home}.lock`, async () => {
      if (existsSync(home)) return;
      await before?.();
      say(`building ${program} (once, ${takes})`);
      await install(home, ["--version", version, ...options, crate]);
    });
  }
  return join(home, "bin", program);
}

// Built beside the final place and renamed at the end: an interrupted build leaves no half of it behind, and the next
// one goes on where it stopped. Unoptimised: such a program runs for a second, an optimised build of it takes minutes more.
async function install(home, what) {
  const partial = `${home}.partial`;
  const target = join(partial, "target");
  await run("cargo", ["install", "--debug", "--root", partial, ...what], {
    CARGO_TARGET_DIR: target,
    CARGO_PROFILE_DEV_DEBUG: "0",
    // Cargo advises to add a folder to PATH when it is not there.
    PATH: `${join(partial, "bin")}:${process.env.PATH}`,
  });
  rmSync(target, { recursive: true });
  renameSync(partial, home);
}
