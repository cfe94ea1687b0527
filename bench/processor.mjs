// How much processor time a process has used, in microseconds, all its threads together.

import { readdirSync, readFileSync } from "node:fs";

/** The child of this process that runs `program`. */
export function childRunning(program) {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const pid = pids.find((pid) => parentOf(pid) === process.pid && nameOf(pid) === program);
  if (pid === undefined) throw new Error(`no child of this process runs ${program}`);
  return Number(pid);
}

/**
 * The threads' own clocks, in nanoseconds, are finer than the process's ticks of 10 ms. A thread that has ended
 * takes its clock with it, so a measurement must not be negative; the ticks would tell the same over a long time.
 */
export function processorTime(pid) {
  const folder = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const thread of readdirSync(folder)) nanoseconds += clockOf(`${folder}/${thread}/schedstat`);
  return nanoseconds / 1000;
}

/** Memory that is in the process's hands and not its files', in bytes. */
export function memoryOf(pid) {
  const [, kilobytes] = readFileSync(`/proc/${pid}/status`, "utf8").match(/^RssAnon:\s+(\d+) kB$/m);
  return Number(kilobytes) * 1024;
}

function clockOf(file) {
  try {
    return Number(readFileSync(file, "utf8").split(" ", 1)[0]);
  } catch (error) {
    // The thread ended while the folder was read.
    if (error.code === "ENOENT" || error.code === "ESRCH") return 0;
    throw error;
  }
}

// The program's name stands in parentheses and may contain anything, so the fields are counted from the last one.
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}

const parentOf = (pid) =>
  Number(
    statusOf(pid)
      .slice(statusOf(pid).lastIndexOf(")") + 2)
      .split(" ")[1],
  );
const nameOf = (pid) => /\((.*)\)/s.exec(statusOf(pid))?.[1];
