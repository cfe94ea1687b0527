// What a check is given, and what it finds.

/**
 * What a check has found. `advice` says what to do, where something is to be done.
 * @typedef {{ status: "ok" | "warning" | "failed" | "skipped", found: string, advice?: string }} Finding
 *
 * What there is to examine.
 * @typedef {{
 *   url: URL,
 *   basePath: string,
 *   path: string,
 *   origin?: URL,
 *   apiKey?: string,
 *   config?: string,
 *   ownVersion: string,
 *   send: import("./http.mjs").Send,
 * }} Patient
 *
 * @typedef {(patient: Patient) => Promise<Finding> | Finding} Check
 */

/** @returns {Finding} */
export const ok = (/** @type {string} */ found) => ({ status: "ok", found });
/** @returns {Finding} */
export const skipped = (/** @type {string} */ found, /** @type {string | undefined} */ advice = undefined) => ({
  status: "skipped",
  found,
  ...(advice !== undefined && { advice }),
});
/** @returns {Finding} */
export const warning = (/** @type {string} */ found, /** @type {string} */ advice) => ({
  status: "warning",
  found,
  advice,
});
/** @returns {Finding} */
export const failed = (/** @type {string} */ found, /** @type {string} */ advice) => ({
  status: "failed",
  found,
  advice,
});

/** Whether an address is on this machine, where there is neither a public name nor another clock. */
export const isLoopback = ({ hostname }) => /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
