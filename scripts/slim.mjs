// Makes the compiled Worker as small as it gets once it is compressed, which is how it is uploaded and counted.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import binaryen from "binaryen";
import { ROOT, run } from "./run.mjs";

const { Features } = binaryen;

// What rustc and wasm-bindgen use. Not `All`: that would let Binaryen write what runtimes cannot read yet.
const FEATURES =
  Features.BulkMemory |
  Features.BulkMemoryOpt |
  Features.ExceptionHandling |
  Features.MutableGlobals |
  Features.Multivalue |
  Features.NontrappingFPToInt |
  Features.ReferenceTypes |
  Features.SignExt;

// Inlining saves bytes before compression and costs more of them after it.
const OPTIONS = [
  "--enable-bulk-memory",
  "--enable-exception-handling",
  "--enable-mutable-globals",
  "--enable-multivalue",
  "--enable-nontrapping-float-to-int",
  "--enable-reference-types",
  "--enable-sign-ext",
  "-Oz",
  "--always-inline-max-function-size=0",
  "--flexible-inline-max-function-size=0",
  "--one-caller-inline-max-function-size=0",
  "--strip-debug",
  "--strip-producers",
];

// Classes that the SDK exports for bindings the gate does not have; as exports they keep their code alive.
const UNUSED =
  /^(__wbg_(get_|set_)?)?(containerstartupoptions|minifyconfig|r2range|intounderlying(byte)?(source|sink))_/;

/** Rewrites the module in `file` without what nothing calls, optimised for its compressed size. */
export async function slim(file) {
  writeFileSync(file, withoutUnusedExports(readFileSync(file)));
  await run(join(ROOT, "node_modules", ".bin", "wasm-opt"), [...OPTIONS, file, "-o", file]);
}

function withoutUnusedExports(wasm) {
  const module = binaryen.readBinary(wasm);
  try {
    module.setFeatures(FEATURES);
    for (const name of exportNames(module)) if (UNUSED.test(name)) module.removeExport(name);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function exportNames(module) {
  const indices = Array.from({ length: module.getNumExports() }, (_, index) => index);
  return indices.map((index) => binaryen.getExportInfo(module.getExportByIndex(index)).name);
}
