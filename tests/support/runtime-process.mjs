// The process of workerd that this test has started, as the system sees it. Linux alone has /proc.

import { readdirSync, readFileSync } from "node:fs";

const PAGE_BYTES = 4096;

/** The process id of the one workerd that runs below this process. */
export function runtimeProcess() {
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOurRuntime(name));
  if (found.length !== 1) throw new Error(`${found.length} workerd processes are ours, not one`);
  return Number(found[0]);
}

function isOurRuntime(pid) {
  try {
    const [, name, parent] = /\((.*)\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"));
    return name === "workerd" && Number(parent) === process.pid;
  } catch {
    // It ended while it was looked at.
    return false;
  }
}

/** The memory that a process really occupies, in bytes. */
export function memoryOf(pid) {
  const [, resident] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ");
  return Number(resident) * PAGE_BYTES;
}
