// `npm run bench`: what a request costs, in the gate and in what a user would pick instead.

import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { main } from "../scripts/run.mjs";
import { buildHelloRs } from "./hello-rs.mjs";

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "40" },
    seconds: { type: "string", default: "0.15" },
    "as-built": { type: "boolean", default: false },
  },
});

await main(async () => {
  if (!options["as-built"]) await build();
  await buildHelloRs();
  // The packages may just have been installed.
  const { measure } = await import("./measure.mjs");
  const { ratios, table } = await import("./report.mjs");
  const rounds = await measure(words, Number(options.rounds), Number(options.seconds) * 1000);
  console.log(`${table(rounds)}\n\n${ratios(rounds)}`);
});
