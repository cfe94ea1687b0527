// Whether the JavaScript and the Wasm of the Worker are of one build.
//
// Both carry the same id, which is a hash over the two as they were before: whoever changes or swaps one of them would
// have to change both and the id. The Worker compares the ids when it starts, this file computes them.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const SCRIPT = "index.js";
export const WASM = "index_bg.wasm";

/** The custom section of the Wasm that holds the id. */
const SECTION = "session-gate";
const ID_LENGTH = 32;

/**
 * Puts the id into both.
 * @param {string} script
 * @param {Buffer} wasm
 */
export function stamped(script, wasm) {
  const id = idOf(script, wasm);
  return { id, script: `${guard(id)}${script}`, wasm: Buffer.concat([wasm, section(id)]) };
}

/**
 * The id of the build in a folder.
 * @param {string} folder
 * @throws {Error} if the two files are not of one build
 */
export function buildIn(folder) {
  const script = readFileSync(join(folder, SCRIPT), "utf8");
  const wasm = readFileSync(join(folder, WASM));
  const id = /^\/\* session-gate ([0-9a-f]+) \*\//.exec(script)?.[1];
  if (id?.length !== ID_LENGTH) throw new Error(`${SCRIPT} does not say which build it is of`);
  const plain = { script: script.slice(guard(id).length), wasm: wasm.subarray(0, wasm.length - section(id).length) };
  const isWhole = script.startsWith(guard(id)) && wasm.subarray(plain.wasm.length).equals(section(id));
  if (!isWhole || idOf(plain.script, plain.wasm) !== id) {
    throw new Error(`${SCRIPT} and ${WASM} are not of one build: install session-gate again`);
  }
  return id;
}

function idOf(script, wasm) {
  return createHash("sha256").update(script).update("\0").update(wasm).digest("hex").slice(0, ID_LENGTH);
}

/** Runs once for each isolate, before anything is served. */
function guard(id) {
  return `/* session-gate ${id} */
import gateWasm from "./${WASM}";
if (new TextDecoder().decode(WebAssembly.Module.customSections(gateWasm, "${SECTION}")[0]) !== "${id}")
  throw new Error("session-gate: ${SCRIPT} and ${WASM} are not of one build: install the package again");
`;
}

/** A custom section: its number 0, its length, the length of its name, its name, its content. All lengths are below 128. */
function section(id) {
  const content = Buffer.concat([Buffer.from([SECTION.length]), Buffer.from(SECTION), Buffer.from(id)]);
  return Buffer.concat([Buffer.from([0, content.length]), content]);
}
