// The gate's events, for the log and, where the binding `METRICS` is there, as data points of Workers Analytics Engine.

/** @type {AnalyticsEngineDataset | undefined} */
let dataset;

/** @param {AnalyticsEngineDataset} bound */
export function measureIn(bound) {
  dataset = bound;
}

/**
 * Writes an event.
 * @param {string} line
 */
export function report(line) {
  console.log(line);
  countEvent(line);
}

/**
 * Writes an event that is a fault.
 * @param {string} line
 */
export function reportFault(line) {
  console.error(line);
  countEvent(line);
}

/** @param {string} line */
function countEvent(line) {
  if (dataset) count(JSON.parse(line).event, "", "", "", 0);
}

/**
 * Counts an answer of the gate's own.
 * @param {Request<unknown, IncomingRequestCfProperties>} request
 * @param {string} reason
 * @param {string} route
 * @param {string} rule
 * @param {number} waited
 */
export function countAnswer(request, reason, route, rule, waited) {
  count(reason, route, rule, request.cf?.colo ?? "", waited);
}

/**
 * @param {string} what
 * @param {string} route
 * @param {string} rule
 * @param {string} colo
 * @param {number} waited
 */
function count(what, route, rule, colo, waited) {
  dataset?.writeDataPoint({ indexes: [what], blobs: [what, route, rule, colo], doubles: [1, waited] });
}
