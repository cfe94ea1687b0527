// What the Worker may weigh: a limit for all of it, one for each part that has to be switched on, and a ratchet. The
// record of the last change is bench/size.json; what grows by more than 2 % has to write it anew (`UPDATE_SIZE=1`),
// with a line in the changelog that says what for.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../scripts/run.mjs";
import { measureSize } from "./size.mjs";

/** At most so many bytes, gzipped. */
export const MAX_GZIP = 350_000;
const MAX_OPTIONAL = 30_000;
const MAX_GROWTH = 1.02;

/** The parts that do nothing unless they are switched on. */
const OPTIONAL = ["OpenID Connect (crates/oidc)"];

const RECORD = join(ROOT, "bench", "size.json");

/** Compares the build with limits and record; returns what is wrong, and a table of what each part takes. */
export function checkSize() {
  const size = measureSize();
  if (process.env.UPDATE_SIZE) writeFileSync(RECORD, `${JSON.stringify(rounded(size), null, 2)}\n`);
  const before = JSON.parse(readFileSync(RECORD, "utf8"));
  const wrong = [];
  if (size.total > MAX_GZIP) wrong.push(`the gzipped Worker has ${size.total} bytes, the limit is ${MAX_GZIP}`);
  if (size.total > before.total * MAX_GROWTH) {
    wrong.push(
      `the Worker grew from ${before.total} to ${size.total} bytes: UPDATE_SIZE=1, and a line in CHANGELOG.md`,
    );
  }
  for (const [part, bytes] of size.parts) {
    if (OPTIONAL.includes(part) && bytes > MAX_OPTIONAL)
      wrong.push(`${part} has ${Math.round(bytes)} bytes of ${MAX_OPTIONAL}`);
  }
  return { wrong, table: tableOf(size, before) };
}

const rounded = ({ total, parts }) => ({
  total,
  parts: Object.fromEntries(parts.map(([name, bytes]) => [name, Math.round(bytes / 100) * 100])),
});

function tableOf({ total, parts }, before) {
  const line = (name, bytes, then = 0) =>
    `${(bytes / 1000).toFixed(1).padStart(7)} kB ${((bytes - then) / 1000).toFixed(1).padStart(6)}  ${name}`;
  return [
    ...parts.map(([name, bytes]) => line(name, bytes, before.parts[name])),
    line("all", total, before.total),
  ].join("\n");
}
