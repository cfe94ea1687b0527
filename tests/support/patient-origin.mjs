// The test's side of origins/patient.js.

import { readFile } from "node:fs/promises";

/** For `startGate({ origin: PATIENT })`; `/seen` needs a rule that lets it be asked without a session. */
export const PATIENT = await readFile(new URL("./origins/patient.js", import.meta.url), "utf8");
export const SEEN_RULE = { path: "/seen", session: "none" };

/**
 * A path at which the origin answers after `wait` milliseconds, with these headers, or throws.
 * @param {string} path
 * @param {{ wait?: number, headers?: Record<string, unknown>, fails?: boolean }} [how]
 */
export function patiently(path, { wait, headers, fails = false } = {}) {
  const query = new URLSearchParams();
  if (wait !== undefined) query.set("wait", String(wait));
  if (headers !== undefined) query.set("headers", JSON.stringify(headers));
  if (fails) query.set("throw", "");
  return `${path}?${query}`;
}

/** What the origin was asked since the last time. */
export async function seenBy(gate) {
  return (await gate.fetch("/seen")).json();
}
