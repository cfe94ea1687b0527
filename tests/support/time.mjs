// Waiting for what must come. A test that is about time has a clock of its own (`startGate({ clock: true })`); none
// depends on how fast the machine is.

import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 20;

/** After so long something that must come is given up: later than any machine needs that still gets anywhere. */
export const PATIENCE_MS = 180_000;

/** Lets so many seconds pass, for programs with clocks of their own. */
export const seconds = (count) => delay(count * 1000);

/**
 * Waits until `condition` comes true; whether it did before it was given up.
 * @param {() => unknown} condition
 */
export async function soon(condition) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await delay(LOOK_MS);
  }
  return true;
}
