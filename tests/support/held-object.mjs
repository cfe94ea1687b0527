// The test's side of held-object.js.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** For `startGate({ objectFault: HELD })`. */
export const HELD = await readFile(new URL("./held-object.js", import.meta.url), "utf8");

const PATIENCE_MS = 3000;

/**
 * Begins something whose first `command` waits before the object ("call") or behind it ("reply"), does
 * something else meanwhile, and lets it go on. Gives what was begun.
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
  const deadline = Date.now() + PATIENCE_MS;
  while ((await order(gate, {})).waiting === 0) {
    assert.ok(Date.now() < deadline, `${what} never came`);
    await delay(2);
  }
}

async function order(gate, content) {
  const objects = await gate.objects();
  const stub = objects.get(objects.newUniqueId());
  const response = await stub.fetch("http://object/", { headers: { "test-order": JSON.stringify(content) } });
  return response.json();
}
