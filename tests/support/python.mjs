// Virtual environments for the tests that talk to Python programs: one per set of
// requirements, kept outside the repository so that a clean clone finds it again.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The path of a Python that has everything in `requirementsFile` installed. */
export async function pythonEnvironment(requirementsFile) {
  const requirements = await readFile(requirementsFile, "utf8");
  // An environment dies with the interpreter it was made from, so that is part of its name.
  const interpreter = await python("python3", ["-c", "import sys; print(sys.executable, sys.version)"]);
  const key = createHash("sha256").update(requirements).update(interpreter).digest("hex").slice(0, 16);

  const environment = join(cacheFolder(), `venv-${key}`);
  if (!existsSync(environment)) await create(environment, requirementsFile);
  return join(environment, "bin", "python");
}

/** Made aside and renamed, so that an interrupted or a parallel run leaves no half environment. */
async function create(environment, requirementsFile) {
  await mkdir(cacheFolder(), { recursive: true });
  const draft = await mkdtemp(`${environment}.`);
  try {
    await python("python3", ["-m", "venv", draft]);
    await python(join(draft, "bin", "python"), [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--no-input",
      "--disable-pip-version-check",
      "-r",
      requirementsFile,
    ]);
    await rename(draft, environment);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const anotherRunWasFaster = existsSync(environment);
    if (!anotherRunWasFaster) throw error;
  }
}

async function python(program, args) {
  try {
    const { stdout } = await run(program, args);
    return stdout;
  } catch (error) {
    throw new Error(advice(error), { cause: error });
  }
}

function advice(error) {
  if (error.code === "ENOENT") {
    return "python3 is missing: install Python 3.10 or newer with its venv module (Debian: apt-get install -y python3-venv)";
  }
  const output = `${error.stdout ?? ""}${error.stderr ?? ""}`.trim();
  if (/ensurepip|No module named venv/.test(output)) {
    return "python3 has no venv module: install it (Debian: apt-get install -y python3-venv)";
  }
  return `${error.cmd}: ${output.split("\n").at(-1)}`;
}

function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "session-gate");
}
