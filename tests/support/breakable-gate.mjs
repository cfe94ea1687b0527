// The test's side of breakable-gate.js.

import { readFile } from "node:fs/promises";
import { WITNESS } from "./isolate-witness.mjs";
import { objectOf } from "./object-stand-in.mjs";
import { presenting } from "./session.mjs";

/** For `startGate({ objectFault: BREAKABLE })`: also a witness of its isolate. */
export const BREAKABLE = `${WITNESS}\n${await readFile(new URL("./breakable-gate.js", import.meta.url), "utf8")}`;

/** Asks for a page with a session, and lets the instance break as breakable-gate.js names it. */
export function breakBy(gate, how, session) {
  // A text beyond ASCII: any other is copied without asking how long it is in UTF-8.
  return gate.fetch("/echo", { headers: { ...presenting(session), "test-break": how, "test-text": "\xe9" } });
}

/** Logs somebody in, and lets the instance break while it does so. */
export function breakInLogin(gate) {
  return gate.fetch('/control?create={"userId":"nobody"}', { headers: { "test-break": "later" } });
}

/** Returns a session's object a command of more bytes than there can be. */
export async function breakInObject(gate, { handle }) {
  const objects = await gate.objects();
  await objects.get(objects.idFromString(objectOf(handle))).run({ length: 2 ** 31 });
}
