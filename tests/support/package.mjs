// The npm package as its users have it: the tarball, and projects that `init` makes from it, on a machine without Rust.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { makePackage } from "../../scripts/package.mjs";
import { output } from "../../scripts/run.mjs";
import { send } from "./http-client.mjs";
import { PATIENCE_MS } from "./time.mjs";

/** What such a machine has. npm runs scripts with `sh`. */
const PROGRAMS = ["node", "npm", "npx", "sh"];

/**
 * A machine: a folder for projects, the tarball in it, and a PATH on which there is no Rust.
 * @param {import("./types.d.ts").Ending} t
 */
export async function machineWithoutRust(t) {
  const folder = await mkdtemp(join(tmpdir(), "session-gate-package-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const program of PROGRAMS) await symlink(found(program), join(bin, program));
  return new Machine(folder, await makePackage(folder), { ...process.env, PATH: bin });
}

/**
 * What is in the tarball, unpacked; returns the folder.
 * @param {import("./types.d.ts").Ending} t
 */
export async function unpackedPackage(t) {
  const folder = await mkdtemp(join(tmpdir(), "session-gate-package-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const tarball = await makePackage(folder);
  if (output("tar", ["-xzf", tarball, "-C", folder]) === undefined) throw new Error("the tarball cannot be unpacked");
  return { tarball, folder: join(folder, "package") };
}

/**
 * Runs the command of an unpacked package to its end.
 * @param {string} folder
 * @param {string[]} args
 * @param {{ cwd?: string, input?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export function runCommand(folder, args, options = {}) {
  return ended(process.execPath, [join(folder, "cli", "session-gate.mjs"), ...args], options);
}

/** @returns {Promise<{ code: number, stdout: string, stderr: string }>} */
async function ended(command, args, { input = "", ...options }) {
  const child = spawn(command, args, options);
  child.stdin.end(input);
  const output = { stdout: "", stderr: "" };
  for (const stream of Object.keys(output)) child[stream].on("data", (chunk) => (output[stream] += chunk));
  const [code] = await once(child, "close");
  return { code, ...output };
}

class Machine {
  #env;

  constructor(folder, tarball, env) {
    this.folder = folder;
    this.tarball = tarball;
    this.#env = env;
  }

  /** Whether a program can be started here. */
  has(program) {
    return existsSync(join(this.#env.PATH, program));
  }

  /** Runs a program to its end. */
  run(command, args, { cwd = this.folder, env = {}, input = "" } = {}) {
    return ended(command, args, { cwd, env: { ...this.#env, ...env }, input });
  }

  /** `npx session-gate …`, as it is typed before anything is installed. */
  command(args, options) {
    return this.run("npx", ["--yes", `--package=${this.tarball}`, "session-gate", ...args], options);
  }

  /**
   * Starts `npm start` in a project, and waits until it serves. Like Ctrl-C, `stop` goes to all that it started.
   * @param {string} folder
   * @param {Record<string, string>} [env]
   */
  async start(folder, env = {}) {
    const child = spawn("npm", ["start"], {
      cwd: folder,
      env: { ...this.#env, PORT: "0", ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "close");
    const stop = async () => {
      try {
        process.kill(-child.pid, "SIGINT");
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
      await ended;
    };
    try {
      const port = await portIn(child);
      const url = `http://localhost:${port}`;
      const target = { protocol: "http:", host: `localhost:${port}`, address: "127.0.0.1", port };
      return { url, stop, fetch: (path, init) => send({ ...target, path }, init) };
    } catch (error) {
      await stop();
      throw error;
    }
  }
}

function portIn(child) {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why) => {
      clearTimeout(limit);
      reject(new Error(`npm start ${why}\n${output}`));
    };
    const limit = setTimeout(() => fail("did not get ready in time"), PATIENCE_MS);
    const read = (chunk) => {
      output += chunk;
      const [, port] = /Ready on http:\/\/127\.0\.0\.1:(\d+)/.exec(output) ?? [];
      if (port === undefined) return;
      clearTimeout(limit);
      resolve(port);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("close", (code) => fail(`ended with code ${code}`));
  });
}

function found(program) {
  const places = [dirname(process.execPath), ...process.env.PATH.split(delimiter)];
  const place = places.find((folder) => existsSync(join(folder, program)));
  if (place === undefined) throw new Error(`${program} is missing`);
  return join(place, program);
}
