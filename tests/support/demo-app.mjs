// The demo app of `npm start`, ready to be put behind a gate of the harness.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { unstable_readConfig as readConfig } from "wrangler";

const ROOT = new URL("../../", import.meta.url);

/** Its source text as one module, for the `origin` of `startGate`. */
export async function demoAppSource() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("examples/demo-app/worker.mjs", ROOT))],
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
  return readConfig({ config: fileURLToPath(new URL("wrangler.toml", ROOT)), env: "demo" }).vars;
}
