// The test's side of held-object.js.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { soon } from "./time.mjs";

/** For `startGate({ objectFault: HELD })`. */
export const HELD = await readFile(new URL("./held-object.js", import.meta.url), "utf8");

/**
 * Begins something whose first `command` waits before the object ("call") or behind it ("reply"), does
 * something else meanwhile, and lets it go on. Returns what was begun.
 */
export async function whileHeld(gate, at, command, begin, meanwhile) {
  await order(gate, { hold: { at, command, times: 1 } });
  const begun = begin();
  try {
    await somethingWaits(gate, `${at} of ${command}`);
    await meanwhile();
  } finally {
    await order(gate, { release: true });
  }
  return begun;
}

async function somethingWaits(gate, what) {
  assert.ok(await soon(async () => (await order(gate, {})).waiting > 0), `${what} never came`);
}

async function order(gate, content) {
  const stub = await gate.anObject();
  const response = await stub.fetch("http://object/", { headers: { "test-order": JSON.stringify(content) } });
  return response.json();
}
