// Python with its venv module, for the tests that put a Python server behind the gate.

import { aptInstall } from "./debian.mjs";
import { output, Stop } from "./run.mjs";

export async function ensurePython() {
  if (usable() || ((await aptInstall(["python3", "python3-venv"])) && usable())) return;
  throw new Stop("no Python 3 with venv: install it (Debian: apt-get install -y python3 python3-venv)");
}

const usable = () => output("python3", ["-c", "import ensurepip, venv"]) !== undefined;
