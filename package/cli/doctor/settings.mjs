// What of a project's wrangler.toml is allowed, and seldom meant.

import { existsSync, readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { failed, ok, skipped, warning } from "./finding.mjs";

const DEFAULTS = ["wrangler.toml", "wrangler.jsonc", "wrangler.json"];
/** What to do where there is nothing to look at. */
const NAME_IT = "Name it with --config.";
const LIFETIMES = { SESSION_IDLE_TTL: 8_640_000, SESSION_ABSOLUTE_TTL: 31_536_000, ACCESS_TOKEN_TTL: 3600 };

/** @type {import("./finding.mjs").Check} */
export function settings({ config }) {
  const file = config ?? DEFAULTS.find((name) => existsSync(name));
  if (file === undefined) return skipped("there is no wrangler.toml here", NAME_IT);
  const read = readingOf(file);
  if (typeof read === "string") return failed(`${file} cannot be read: ${read}`, "Mend it, or name another.");
  const { vars = {}, ...worker } = read;
  if (config === undefined && !isGate(worker)) return skipped(`the ${file} here is no gate's`, NAME_IT);
  const found = [...lifetimes(vars), ...addresses(worker, vars)];
  if (found.length === 0) return ok(`nothing in ${file} stands out`);
  return warning(found.map(([what]) => what).join("; "), found.map(([, advice]) => advice).join(" "));
}

/** What stands in it, or why it cannot be read, in a line. */
function readingOf(file) {
  try {
    const text = readFileSync(file, "utf8");
    return /** @type {Record<string, any>} */ (/\.jsonc?$/.test(file) ? JSON.parse(plainJson(text)) : parse(text));
  } catch (error) {
    return String(error.message).split("\n")[0];
  }
}

/** JSON without comments and without commas before a bracket; texts stay as they are. */
const plainJson = (text) =>
  text
    .replaceAll(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string) => string ?? "")
    .replaceAll(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_, string) => string ?? "");

/** Whether it has the objects of a gate. */
const isGate = (/** @type {Record<string, any>} */ { durable_objects: objects }) =>
  (objects?.bindings ?? []).some(({ class_name: name }) => name === "UserSessions");

/** Of two limits the shorter one holds. */
function lifetimes(vars) {
  const [idle, absolute, access] = Object.entries(LIFETIMES).map(([name, otherwise]) =>
    Number(vars[name] || otherwise),
  );
  const found = [];
  if (idle > absolute) {
    found.push([
      "SESSION_IDLE_TTL is beyond SESSION_ABSOLUTE_TTL, which holds",
      "Leave the longer one out, or shorten it.",
    ]);
  }
  if (access > Math.min(idle, absolute)) {
    found.push(["ACCESS_TOKEN_TTL is beyond the session's own life, which holds", "Shorten ACCESS_TOKEN_TTL."]);
  }
  return found;
}

function addresses(worker, vars) {
  const found = [];
  const bindings = [...(worker.services ?? []), ...(worker.assets === undefined ? [] : [worker.assets])];
  if (vars.ORIGIN_URL && bindings.some(({ binding }) => binding === "ORIGIN")) {
    found.push(["ORIGIN is bound beside ORIGIN_URL, and wins", "Leave one of them out."]);
  }
  const hasRoute = worker.route !== undefined || (worker.routes ?? []).length > 0;
  if (hasRoute && worker.workers_dev !== false) {
    found.push([
      "the gate has its workers.dev address beside its route",
      "Set workers_dev = false: there the zone's own rules do not hold.",
    ]);
  }
  if (worker.preview_urls === true) {
    found.push([
      "earlier versions have addresses of their own",
      "Set preview_urls = false: there the rules of then hold.",
    ]);
  }
  if (worker.assets !== undefined && worker.assets.run_worker_first !== true) {
    found.push([
      "files of [assets] are answered before the gate",
      "Set run_worker_first = true: else nobody asks for a session.",
    ]);
  }
  return found;
}
