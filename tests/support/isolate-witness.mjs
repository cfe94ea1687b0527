// The test's side of isolate-witness.js.

import { readFile } from "node:fs/promises";

/** For `startGate({ objectFault: WITNESS })`. */
export const WITNESS = await readFile(new URL("./isolate-witness.js", import.meta.url), "utf8");

/** Which isolate it is (`life`), and how often its Wasm instance was made anew (`rebuilt`). */
export async function isolateOf(gate) {
  const objects = await gate.objects();
  const stub = objects.get(objects.newUniqueId());
  return (await stub.fetch("http://object/", { headers: { "test-witness": "1" } })).json();
}
