// What the gate says of itself, on routes of its own.

import { createPublicKey } from "node:crypto";
import { failed, ok, skipped, warning } from "./finding.mjs";

const DAY = 86_400_000;
/** What the measurement of the canary may be off by. */
const SLACK = 1000;

/** @type {import("./finding.mjs").Check} */
export async function gate(patient) {
  const answer = await asked(patient, "/health");
  const body = jsonOf(answer);
  const reason = answer.headers["gate-reason"];
  if (reason === "misconfigured" || (reason !== undefined && body?.status === "misconfigured")) {
    return failed(
      "the gate is not configured correctly, and lets nobody in",
      "Its log names each wrong setting: `npx wrangler tail`, or the Worker's logs in the dashboard.",
    );
  }
  if (answer.headers.location !== undefined && reason === undefined) {
    return failed(
      `${patient.url.origin} leads on to ${answer.headers.location}`,
      "Give the address that people end at.",
    );
  }
  if (reason === undefined || body?.status === undefined) {
    return failed(
      `there is no gate at ${patient.url.origin}: ${patient.basePath}/health answers ${answer.status}`,
      "Look whether the route or the custom domain leads to the gate's Worker; with another BASE_PATH give --base-path.",
    );
  }
  if (answer.status !== 200) {
    return failed(`the gate's health is ${answer.status}`, "Look into the Worker's log: `npx wrangler tail`.");
  }
  return ok(`a gate answers at ${patient.url.origin}`);
}

/** @type {import("./finding.mjs").Check} */
export async function version(patient) {
  const found = jsonOf(await asked(patient, "/health"))?.version;
  if (typeof found !== "string") {
    return failed(
      "the gate does not say which version it is",
      "Something before it changes its answers: take that away.",
    );
  }
  if (found === patient.ownVersion) return ok(`version ${found}, which is this doctor's too`);
  return warning(
    `the gate is version ${found}, this doctor ${patient.ownVersion}`,
    "Upgrade the older of the two: `npm update session-gate` and `npm run deploy`; CHANGELOG.md says what is new.",
  );
}

/** @type {import("./finding.mjs").Check} */
export async function jwks(patient) {
  const answer = await asked(patient, "/jwt/jwks.json");
  const advice = "Applications that verify Gate-Token need this address as the gate answers it: let nothing change it.";
  const keys = jsonOf(answer)?.keys;
  if (answer.status !== 200 || !Array.isArray(keys) || keys.length === 0) {
    return failed(`the public keys cannot be read (${answer.status})`, advice);
  }
  const wrong = keys.filter((key) => !isPublicKey(key));
  if (wrong.length > 0) return failed(`${wrong.length} of ${keys.length} public keys cannot be used`, advice);
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) return failed("two public keys have one id", advice);
  if (!/\bmax-age=\d/.test(answer.headers["cache-control"] ?? "")) {
    return warning("the public keys do not say how long they may be kept", advice);
  }
  return ok(`${keys.length} public keys, each of which can be used`);
}

function isPublicKey(key) {
  if (key === null || typeof key !== "object" || "d" in key || typeof key.kid !== "string") return false;
  try {
    return createPublicKey({ key, format: "jwk" }).asymmetricKeyType === "ed25519";
  } catch {
    return false;
  }
}

/** @type {import("./finding.mjs").Check} */
export async function deepHealth(patient) {
  const answer = await asked(patient, "/health?deep");
  const { store, application } = jsonOf(answer) ?? {};
  if (store === undefined && application === undefined) return skipped("this gate does not say how its parts are");
  if (answer.status === 200) return ok("objects and application answer");
  return failed(
    `the gate's parts do not all answer: objects ${store}, application ${application}`,
    "Where it is the application: look whether ORIGIN_URL or the binding ORIGIN leads to it. Where it is the objects: look at the platform's status page.",
  );
}

/** @type {import("./finding.mjs").Check} */
export async function canary(patient) {
  if (patient.apiKey === undefined) {
    return skipped("not asked for", "With one of API_KEYS in SESSION_GATE_API_KEY the canary's last run is looked at.");
  }
  const answer = await asked(patient, "/health?canary", { "api-key": patient.apiKey });
  const runs = jsonOf(answer)?.canary;
  if (!Array.isArray(runs)) {
    return skipped("this gate shows no canary to this key", "Look whether the key is one of API_KEYS.");
  }
  const [last] = runs;
  if (last === undefined) {
    return warning("the canary has never run", "Give the gate a cron (`[triggers]`) and PUBLIC_URL.");
  }
  const late = lateIn(last.fresh);
  if (late === undefined) {
    return failed(`the canary's last run came to nothing: ${JSON.stringify(last)}`, "Look at PUBLIC_URL and the log.");
  }
  if (late.length > 0) {
    return failed(
      `a session that was logged out was accepted for ${late.map(([fresh, time]) => `${time} ms where fresh is ${fresh}`).join(", ")}`,
      "Look for a cache before the gate, or another Worker on the same route.",
    );
  }
  if (Date.now() - last.at > DAY) {
    return warning("the canary has not run for a day", "Look at the cron of the Worker, and at its log.");
  }
  return ok("a session that the canary logged out was refused in time");
}

/** What was accepted for longer than `fresh` allows. */
function lateIn(fresh) {
  if (fresh === null || typeof fresh !== "object" || Object.keys(fresh).length === 0) return undefined;
  return Object.entries(fresh).filter(
    ([seconds, time]) => !(Number(time) <= Number(seconds) * 1000 + (seconds === "0" ? 0 : SLACK)),
  );
}

const asked = ({ url, basePath, send }, route, headers = {}) =>
  send(new URL(`${basePath}${route}`, url), { accept: "application/json", ...headers });

function jsonOf({ body }) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
