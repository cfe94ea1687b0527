// `npm run audit`: known weaknesses, licences and sources of everything that this project is built from.
//
// What a service does not answer to cannot be checked: that is said, and it is a failure with `--strict`, as CI runs it.

import { spawnSync } from "node:child_process";
import { ensureCargoTool } from "./cargo-tool.mjs";
import { main, ROOT, run, Stop } from "./run.mjs";

const CARGO_DENY = "0.20.2";
// How cargo-deny and npm say that the list of weaknesses could not be had, as opposed to one that has something in it.
const NO_ADVISORIES =
  /failed to (load|fetch) advisory database|unable to (fetch|clone)|failed to (acquire|open)|IO error/i;
const SEVERITY = "moderate";

const strict = process.argv.includes("--strict");

const CHECKS = {
  "crates: licences, bans, sources": (deny) => run(deny, ["--locked", "check", "licenses", "bans", "sources"]),
  "crates: advisories": crateAdvisories,
  "npm packages: advisories": npmAdvisories,
};

async function audit() {
  const deny = await ensureCargoTool({ program: "cargo-deny", version: CARGO_DENY, takes: "some minutes" });
  const results = [];
  for (const [name, check] of Object.entries(CHECKS)) results.push([name, await outcome(check, deny)]);
  console.log(`\n${results.map(([name, result]) => `${name}: ${result}`).join("\n")}`);
  if (results.some(([, result]) => result !== "fine" && (strict || result === "failed"))) process.exitCode = 1;
}

async function outcome(check, deny) {
  try {
    return (await check(deny)) ?? "fine";
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`error: ${error.message}`);
    return "failed";
  }
}

function crateAdvisories(deny) {
  const { status, text } = heard(deny, ["--locked", "check", "advisories"]);
  if (status === 0) return "fine";
  if (NO_ADVISORIES.test(text)) return "not checked: the advisory database cannot be reached";
  console.error(text);
  return "failed";
}

// The packages only build and test, but one of them is in the Worker, so all are asked about.
function npmAdvisories() {
  const { text } = heard("npm", ["audit", "--json", `--audit-level=${SEVERITY}`]);
  const report = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1) || "{}");
  const counts = report.metadata?.vulnerabilities;
  if (counts === undefined) return "not checked: the registry does not answer to it";
  const found = counts.moderate + counts.high + counts.critical;
  if (found === 0) return "fine";
  console.error(text);
  return "failed";
}

function heard(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" });
  return { status, text: `${stdout}${stderr}` };
}

await main(audit);
