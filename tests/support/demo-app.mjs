// The demo app of `npm start`, ready to be put behind a gate of the harness.

import { build } from "esbuild";
import { unstable_readConfig as readConfig } from "wrangler";
import { inRepository } from "./repository.mjs";

/** Its source text as one module, for the `origin` of `startGate`. */
export async function demoAppSource() {
  const { outputFiles } = await build({
    entryPoints: [inRepository("examples/demo-app/worker.mjs")],
    bundle: true,
    format: "esm",
    // The same files are text modules in its wrangler.toml.
    loader: { ".css": "text", ".svg": "text" },
    write: false,
  });
  return outputFiles[0].text;
}

/** The variables that the gate in front of it has in `npm start`. */
export function demoAppVars() {
  return readConfig({ config: inRepository("wrangler.toml"), env: "demo" }).vars;
}
