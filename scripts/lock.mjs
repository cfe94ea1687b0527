// One process at a time, between processes: a file with the owner's process id in it.

import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { say } from "./run.mjs";

/** Runs `body` while holding the lock `file`; a lock whose owner is gone is taken over. */
export async function locked(file, body) {
  mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !take(file); told = true) {
    if (!told) say(`waiting for another process (${file})`);
    await wait(500);
  }
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await body();
  } finally {
    process.off("exit", release);
    release();
  }
}

// Written aside and linked, so that a lock is never seen without its owner.
function take(file) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (abandoned(file)) rmSync(file, { force: true });
    return false;
  } finally {
    rmSync(draft);
  }
}

function abandoned(file) {
  try {
    return !alive(Number(readFileSync(file, "utf8")));
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

function alive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
