// The test's side of object-stand-in.js.

import { readFile } from "node:fs/promises";

/** For `startGate({ objectFault: STAND_IN })`. */
export const STAND_IN = await readFile(new URL("./object-stand-in.js", import.meta.url), "utf8");

/** Lets the next calls fail: "throw", "abort" (the object is reset) or "hang". */
export async function failObject(gate, fault, times = Number.MAX_SAFE_INTEGER) {
  await order(gate, { fault, times });
}

export async function healObject(gate) {
  await order(gate, { times: 0 });
}

/** How many calls the gate made to any object while `work` ran. */
export async function callsDuring(gate, work) {
  await order(gate, {});
  await work();
  const { calls } = await order(gate, {});
  return calls;
}

async function order(gate, content) {
  const objects = await gate.objects();
  const stub = objects.get(objects.newUniqueId());
  const response = await stub.fetch("http://object/", { headers: { "test-order": JSON.stringify(content) } });
  return response.json();
}
