// The order of the examination: first whether there is a gate at all, then everything else.

import { direct, forgedHeaders } from "./application.mjs";
import { caching, clock, cookies, hsts, login, unauthorised } from "./outside.mjs";
import { canary, deepHealth, gate, jwks, version } from "./routes.mjs";
import { settings } from "./settings.mjs";

/** @import { Check, Finding, Patient } from "./finding.mjs" */

/** @type {Record<string, Check>} */
const CHECKS = {
  version,
  unauthorised,
  login,
  cookies,
  hsts,
  caching,
  "forged-headers": forgedHeaders,
  clock,
  jwks,
  application: deepHealth,
  canary,
  direct,
  settings,
};

/**
 * Every check in turn; without a gate there is nothing more to examine from outside.
 * @param {Patient} patient
 * @returns {Promise<(Finding & { name: string })[]>}
 */
export async function examine(patient) {
  const first = await result("gate", gate, patient);
  if (first.status === "failed") {
    const others = [await result("direct", direct, patient), await result("settings", settings, patient)];
    return [first, ...others];
  }
  const results = [first];
  for (const [name, check] of Object.entries(CHECKS)) results.push(await result(name, check, patient));
  return results;
}

/** A check that fails itself has found that it cannot be done. */
async function result(name, check, patient) {
  try {
    return { name, ...(await check(patient)) };
  } catch (error) {
    const advice = "Look whether the gate is up, and ask again.";
    return { name, .../** @type {Finding} */ ({ status: "failed", found: `no answer: ${error.message}`, advice }) };
  }
}
