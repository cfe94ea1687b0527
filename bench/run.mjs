// `npm run bench`: what a request costs, in the gate and in what a user would pick instead.
//
// `npm run bench -- fresh forward` measures only what has one of the words in its name, and writes nothing.
// `--against <commit>` measures today's build and that commit's in turn, and nothing else. `--as-built` takes build/ as it
// is. The exit status is 1 if a bound was missed.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { main, ROOT, say } from "../scripts/run.mjs";
import { buildHelloRs } from "./hello-rs.mjs";

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "40" },
    seconds: { type: "string", default: "0.15" },
    against: { type: "string" },
    "as-built": { type: "boolean", default: false },
  },
});

// A runtime is started for each of them.
const FIRST_REQUESTS = 11;

const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));

await main(async () => {
  if (!options["as-built"]) await build();
  if (options.against !== undefined) {
    const { againstText, measureAgainst } = await import("./against.mjs");
    const results = await measureAgainst(
      options.against,
      wanted,
      Number(options.rounds),
      Number(options.seconds) * 1000,
    );
    console.log(againstText(results, options.against));
    return;
  }
  await buildHelloRs();
  const results = await measured();
  const { boundsTable, markdown } = await import("./report.mjs");
  const { verdicts } = await import("./bounds.mjs");
  const text = markdown(results, `${options.rounds} rounds on ${new Date().toISOString().slice(0, 10)}`);
  console.log(text.slice(text.indexOf("## ")));
  if (words.length === 0) await write(text, results);
  console.log(boundsTable(results));
  if (verdicts(results).some(({ verdict }) => verdict === "missed")) process.exitCode = 1;
});

// Loaded late: the packages may just have been installed.
async function measured() {
  const { measurePaths } = await import("./measure.mjs");
  const { measureMemory } = await import("./memory.mjs");
  const { measureSize } = await import("./size.mjs");
  const { measureOverlap } = await import("./overlap.mjs");
  const { measureFirstRequests } = await import("./first-request.mjs");
  const paths = await measurePaths(wanted, Number(options.rounds), Number(options.seconds) * 1000);
  return {
    paths,
    size: wanted("size") ? measureSize() : undefined,
    first: wanted("cold start") ? await step("cold start", () => measureFirstRequests(FIRST_REQUESTS)) : undefined,
    overlap: wanted("overlap") ? await step("overlap", measureOverlap) : undefined,
    memory: wanted("memory") ? await step("memory", measureMemory) : undefined,
  };
}

function step(name, body) {
  say(name);
  return body();
}

async function write(text, { paths }) {
  const { chart } = await import("./chart.mjs");
  writeFileSync(join(ROOT, "bench", "results.md"), text);
  writeFileSync(join(ROOT, "bench", "results.svg"), chart(paths));
}
