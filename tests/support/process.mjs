// Servers that are other programs: started for one test, and stopped with it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { PATIENCE_MS } from "./time.mjs";

/**
 * Starts a program and waits until its output matches `ready`.
 * Returns the match, so that a program which chose its own port can be asked for it.
 * `stop` ends it with `stopSignal` and returns its exit code.
 * @param {string} program
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions & { ready: RegExp, stopSignal?: NodeJS.Signals }} options
 */
export async function startProcess(program, args, { ready, stopSignal = "SIGKILL", ...options }) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  await once(child, "spawn");
  const exited = once(child, "exit");
  const stop = async () => {
    child.kill(stopSignal);
    const [code] = await exited;
    return code;
  };
  try {
    return { match: await outputMatching(child, ready), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function outputMatching(child, pattern) {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why) => {
      clearTimeout(limit);
      reject(new Error(`${child.spawnfile} ${why}\n${output}`));
    };
    const limit = setTimeout(() => fail("did not get ready in time"), PATIENCE_MS);
    const read = (chunk) => {
      output += chunk;
      const match = pattern.exec(output);
      if (!match) return;
      clearTimeout(limit);
      resolve(match);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => fail(`ended with code ${code}`));
  });
}
