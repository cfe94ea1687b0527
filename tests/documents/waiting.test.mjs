// No test depends on how fast the machine is: none measures, none waits for a time, and what waits for an event gives
// up late. `tests/long` may: what it measures is its point.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { inRepository } from "../support/repository.mjs";

const TESTS = inRepository("tests");

/** What gives a test away, and where it stands all the same because there it decides nothing. */
const FORBIDDEN = {
  "measures the time that something takes": {
    pattern: /performance\.now\(|Date\.now\(\) *-|- *Date\.now\(\)/,
    except: ["support/time.mjs", "support/soak.mjs", "support/object-stand-in.js", "support/core.mjs"],
  },
  "gives up after a time of its own": {
    pattern: /\btimeout: *\d|_MS = \d[\d_]{3,}/,
    except: ["support/time.mjs", "support/soak.mjs"],
  },
  "lets a time pass": {
    pattern: /(setTimeout|delay|wait)\(.*\d{3,}\)|\bseconds\(/,
    except: [
      "support/time.mjs",
      "support/core.mjs",
      "support/crowd.mjs",
      "support/soak.mjs",
      "support/object-stand-in.js",
    ],
  },
  // The platform's alarms go by the real clock: what ends in an hour has none that goes off while a test runs.
  "ends a session within seconds of a clock that stands still": {
    pattern: /clock: true.*SESSION_(IDLE|ABSOLUTE)_TTL: \d\b(?! \*)/,
    except: [],
  },
};
const STAND_INS_FOR_TIME = ["support/clock.js", "support/late-limits.js"];

const files = readdirSync(TESTS, { encoding: "utf8", recursive: true })
  .filter((name) => /\.m?js$/.test(name) && !/^(long|fixtures)\/|^documents\/waiting\.test/.test(name))
  .filter((name) => !STAND_INS_FOR_TIME.includes(name));

for (const [what, { pattern, except }] of Object.entries(FORBIDDEN)) {
  test(`no test ${what}`, () => {
    const lines = files.filter((name) => !except.includes(name)).flatMap((name) => found(name, pattern));
    assert.deepEqual(lines, []);
  });
}

function found(name, pattern) {
  const lines = readFileSync(join(TESTS, name), "utf8").split("\n");
  return lines.map((line, at) => `${name}:${at + 1}: ${line.trim()}`).filter((_, at) => pattern.test(lines[at]));
}
