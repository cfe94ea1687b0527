// How large the Worker is, and what for. The built Wasm has no names any more, so its parts are told from the file that
// the compiler made of the same sources: each part is compressed by itself, and all are scaled to the built size.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../scripts/run.mjs";

const BUILT = ["index.js", "index_bg.wasm"].map((name) => join(ROOT, "build", name));
const NAMED = join(ROOT, "target", "wasm32-unknown-unknown", "release", "session_gate.wasm");

const gzipped = (bytes) => gzipSync(bytes).length;

/** The gzipped size of the Worker, as it is uploaded and counted, and its parts, the largest first. */
export function measureSize() {
  const [script, wasm] = BUILT.map((file) => gzipped(readFileSync(file)));
  const parts = existsSync(NAMED) ? partsOf(readFileSync(NAMED)) : new Map();
  const all = [...parts.values()].reduce((sum, bytes) => sum + bytes, 0);
  const scaled = [...parts].map(([name, bytes]) => [name, (bytes * wasm) / all]);
  scaled.push(["JavaScript: bindings, and the names of devices", script]);
  return { total: script + wasm, parts: scaled.sort(([, a], [, b]) => b - a) };
}

function partsOf(wasm) {
  const { bodies, names, imports, data } = read(wasm);
  const groups = new Map([["static data: texts, pages, tables", [data]]]);
  bodies.forEach((body, at) => {
    const name = names.get(imports + at) ?? "";
    // Read by wasm-bindgen at build time, and gone after it.
    if (name.startsWith("__wbindgen_describe")) return;
    const part = partOf(name);
    groups.set(part, [...(groups.get(part) ?? []), body]);
  });
  return new Map([...groups].map(([part, pieces]) => [part, gzipped(Buffer.concat(pieces))]));
}

/** @type {[RegExp, string][]} */
const PARTS = [
  [/curve25519|ed25519|jwt_compact/, "Ed25519 and JWT (jwt-compact, curve25519-dalek)"],
  [
    /sha2|hmac|hkdf|digest|subtle|block_buffer|generic_array|typenum/,
    "hashes, HMAC, key derivation (sha2, hmac, hkdf)",
  ],
  [/serde|itoa|ryu|zmij/, "JSON (serde_json)"],
  [
    /wasm_bindgen|__wb|js_sys|web_sys|worker|futures|console_error|getrandom/,
    "bindings to the platform (worker, wasm-bindgen)",
  ],
  [/chrono/, "the calendar of the JWT library (chrono)"],
  [/hashbrown|lru|percent_encoding|base64ct|askama|memchr/, "maps, base64, percent-encoding, templates"],
  [/dlmalloc|alloc|core|std|rust_|compiler_builtins/, "Rust's standard library"],
];

// The gate's own code by its modules, everything else by what it is for.
function partOf(name) {
  if (/(^|[^a-z_])oidc(::|\.\.|\d)/.test(name)) return "OpenID Connect (crates/oidc)";
  const own = /session_gate(?:\.\.|::|\d+)([a-z]+)/.exec(name);
  if (own && MODULES.has(own[1])) return `the gate: ${own[1]}`;
  if (name.includes("session_gate")) return "the gate: the rest";
  return PARTS.find(([crates]) => crates.test(name))?.[1] ?? "other";
}

const MODULES = new Set(
  readdirSync(join(ROOT, "src"))
    .filter((name) => name !== "lib.rs")
    .map((name) => name.replace(".rs", "")),
);

// As much of the format as it takes: the bodies of the functions, their names, and the data.
function read(wasm) {
  const reader = { at: 8 };
  const found = { bodies: [], names: new Map(), imports: 0, data: Buffer.alloc(0) };
  while (reader.at < wasm.length) {
    const kind = wasm[reader.at++];
    const length = number(wasm, reader);
    const section = wasm.subarray(reader.at, reader.at + length);
    reader.at += length;
    if (kind === 0) readNames(section, found.names);
    if (kind === 2) found.imports = importedFunctions(section);
    if (kind === 10) found.bodies = vector(section, { at: 0 }, sized);
    if (kind === 11) found.data = section;
  }
  return found;
}

function readNames(section, names) {
  const reader = { at: 0 };
  if (sized(section, reader).toString() !== "name") return;
  while (reader.at < section.length) {
    const kind = section[reader.at++];
    const part = sized(section, reader);
    if (kind !== 1) continue;
    vector(part, { at: 0 }, (bytes, at) => names.set(number(bytes, at), sized(bytes, at).toString()));
  }
}

// Tables, memories, globals and tags are imported in other shapes than functions, which is all there is here.
function importedFunctions(section) {
  const imports = vector(section, { at: 0 }, (bytes, reader) => {
    sized(bytes, reader);
    sized(bytes, reader);
    const kind = bytes[reader.at++];
    if (kind !== 0) throw new Error(`the compiled Wasm imports something of kind ${kind}`);
    return number(bytes, reader);
  });
  return imports.length;
}

function vector(bytes, reader, item) {
  return Array.from({ length: number(bytes, reader) }, () => item(bytes, reader));
}

function sized(bytes, reader) {
  const length = number(bytes, reader);
  reader.at += length;
  return bytes.subarray(reader.at - length, reader.at);
}

// LEB128.
function number(bytes, reader) {
  let value = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[reader.at++];
    value += (byte & 127) * shift;
    if (byte < 128) return value;
  }
}
