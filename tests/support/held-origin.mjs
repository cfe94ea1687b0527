// The test's side of origins/held.js.

import { readFile } from "node:fs/promises";
import { presenting } from "./session.mjs";

/** @import { Answering, Tokens } from "./types.d.ts" */

/** For `startGate({ origin: HELD_ORIGIN })`, with these rules. */
export const HELD_ORIGIN = await readFile(new URL("./origins/held.js", import.meta.url), "utf8");
export const HELD_RULES = [
  { path: "/reached", session: "none" },
  { path: "/release", session: "none" },
  { path: "/held/optional", session: "optional" },
];

let held = 0;

/**
 * Asks for a page, does something while the application works on it, and returns the answer. With `late` the
 * application takes more than the second for which the gate takes the browser to hold what it sent: the gate must have
 * a clock that can be moved.
 */
export async function meanwhile(gate, { tokens = {}, path = "/held", headers = {}, late = true }, work) {
  const id = String((held += 1));
  const query = new URLSearchParams({ id, headers: JSON.stringify(headers) });
  const answer = gate.fetch(`${path}?${query}`, { headers: presenting(tokens) });
  await gate.fetch(`/reached?id=${id}`);
  await work();
  if (late) await gate.moveClock(1.5);
  await gate.fetch(`/release?id=${id}`);
  return answer;
}
