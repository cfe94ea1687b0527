// Debian packages, where apt is at hand and may be used without asking for a password.

import { output, run, say } from "./run.mjs";

// The timeout is for another installation that may be going on.
const APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=1800"];

/** Installs the packages if it can; tells whether it did. */
export async function aptInstall(packages) {
  if (output("apt-get", ["--version"]) === undefined) return false;
  const root = process.getuid() === 0;
  if (!root && output("sudo", ["-n", "true"]) === undefined) return false;
  say(`installing the Debian packages ${packages.join(", ")}`);
  const [command, ...args] = root ? APT : ["sudo", "-n", ...APT];
  await run(command, [...args, "update"]);
  await run(command, [...args, "install", "-y", "--no-install-recommends", ...packages]);
  return true;
}
