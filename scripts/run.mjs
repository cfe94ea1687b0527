// Running other programs: one place that knows the working folder, the offline switches and what a failure looks like.

import { spawn, spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

// Nothing that starts here may call home: builds and tests have to work where only package registries answer.
Object.assign(process.env, {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  DO_NOT_TRACK: "1",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_SEND_METRICS: "false",
});

/** A failure whose message is all the reader needs: printed as one line, without a stack. */
export class Stop extends Error {}

/** Says what is being done, so that a long step is not mistaken for a hang. */
export const say = (text) => console.log(`→ ${text}`);

export const failure = (error) => (error instanceof Stop ? `error: ${error.message}` : error);

/** Runs a program with its output on the terminal, and fails unless it succeeds. */
export async function run(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const status = await ended(child, command);
  if (status !== 0) throw new Stop(`\`${[command, ...args].join(" ")}\` failed (${status})`);
}

/** Runs a program with its output on the terminal; returns what it wrote to its standard output, and its exit status. */
export async function watch(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    process.stdout.write(chunk);
    text += chunk;
  });
  return { status: await ended(child, command), text };
}

/** What a quick program prints, or `undefined` when it is missing or fails. */
export function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Runs a script's body and turns a failure into one line and a non-zero exit. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(failure(error));
    process.exitCode = 1;
  }
}

function ended(child, command) {
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(error.code === "ENOENT" ? new Stop(`\`${command}\` is not installed`) : error),
    );
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
}
