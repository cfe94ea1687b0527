// Lifetimes are whole seconds, and only the server's clock decides them: tests of them let
// that clock run, with lifetimes as small as it allows.

import { setTimeout as delay } from "node:timers/promises";

/** Lets so many seconds pass. */
export const seconds = (count) => delay(count * 1000);

/**
 * Waits for the beginning of a second, so that what follows at once happens within it
 * and "n seconds later" cannot mean n + 1.
 */
export const beginningOfSecond = () => delay(1020 - (Date.now() % 1000));

/** Whether `condition` comes true while the gate works on by itself. */
export async function soon(condition) {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    if (await condition()) return true;
    await delay(200);
  }
  return false;
}
