// `session-gate doctor`: looks at a gate from outside, and says what an operator should do.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { examine } from "./doctor/examine.mjs";
import { send } from "./doctor/http.mjs";

const USAGE = `session-gate doctor <address> [options]

  --origin <address>     the application's own address, which must not answer anybody but the gate
  --path <path>          a path that needs a session (default: one that nobody has thought of)
  --base-path <path>     the gate's BASE_PATH (default: /auth)
  --config <file>        the wrangler.toml (default: the one in this folder, if there is one)
  --json                 the result as JSON

With one of API_KEYS in the environment variable SESSION_GATE_API_KEY it also looks at the canary.
The exit status is 0 if nothing has failed, 1 if something has, 2 if it was called wrongly. Warnings fail nothing.`;

const OPTIONS = /** @type {const} */ ({
  origin: { type: "string" },
  path: { type: "string" },
  "base-path": { type: "string" },
  config: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
});

const MARKS = { ok: "✔", warning: "!", failed: "✖", skipped: "–" };

/** @param {string[]} args */
export async function doctor(args) {
  const parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const { values, positionals } = /** @type {{ values: Record<string, any>, positionals: string[] }} */ (parsed);
  if (values.help) return console.log(USAGE);
  if (positionals.length !== 1) throw new Error(`one address, like https://app.example.com\n\n${USAGE}`);
  const url = addressOf(positionals[0]);
  const checks = await examine({
    url,
    basePath: (values["base-path"] ?? "/auth").replace(/\/+$/, ""),
    path: values.path ?? `/session-gate-doctor-${randomBytes(8).toString("hex")}`,
    origin: values.origin === undefined ? undefined : addressOf(values.origin),
    apiKey: process.env.SESSION_GATE_API_KEY || undefined,
    config: values.config,
    ownVersion: JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
    send,
  });
  const isWell = checks.every(({ status }) => status !== "failed");
  console.log(values.json ? JSON.stringify({ url: url.origin, ok: isWell, checks }, null, 2) : report(url, checks));
  process.exitCode = isWell ? 0 : 1;
}

function addressOf(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new Error(`${text} is no address like https://app.example.com`);
  return url;
}

function report(url, checks) {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, found, advice }) => [
    `${MARKS[status]} ${name.padEnd(width)}  ${found}`,
    ...(advice === undefined ? [] : [`${" ".repeat(width + 4)}→ ${advice}`]),
  ]);
  const count = (status) => checks.filter((check) => check.status === status).length;
  return `${url.origin}\n\n${lines.join("\n")}\n\n${count("failed")} failed, ${count("warning")} warnings, ${count("ok")} well`;
}
