// What of a project's wrangler.toml is allowed, and seldom meant.

import { existsSync, readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { failed, ok, skipped, warning } from "./finding.mjs";

const DEFAULT = "wrangler.toml";
const LIFETIMES = { SESSION_IDLE_TTL: 8_640_000, SESSION_ABSOLUTE_TTL: 31_536_000, ACCESS_TOKEN_TTL: 3600 };

/** @type {import("./finding.mjs").Check} */
export function settings({ config }) {
  const file = config ?? DEFAULT;
  if (config === undefined && !existsSync(file))
    return skipped("there is no wrangler.toml here", "Name it with --config.");
  const read = readingOf(file);
  if (typeof read === "string")
    return failed(`${file} cannot be read: ${read}`, "Mend it, or name another with --config.");
  const { vars = {}, ...worker } = read;
  if (config === undefined && !isGate(worker))
    return skipped("the wrangler.toml here is no gate's", "Name it with --config.");
  const found = [...lifetimes(vars), ...addresses(worker, vars)];
  if (found.length === 0) return ok(`nothing in ${file} stands out`);
  return warning(found.map(([what]) => what).join("; "), found.map(([, advice]) => advice).join(" "));
}

/** What stands in it, or why it cannot be read, in a line. */
function readingOf(file) {
  try {
    return /** @type {Record<string, any>} */ (parse(readFileSync(file, "utf8")));
  } catch (error) {
    return String(error.message).split("\n")[0];
  }
}

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
