// The contestants take turns: one short turn each, and that several rounds over, so that whatever else the machine
// does meets them all.

import { say } from "../scripts/run.mjs";
import { closeConnections, load } from "./load.mjs";
import { pathsOf } from "./paths.mjs";
import { processorTime } from "./processor.mjs";
import { proveThatTheyCheck } from "./proof.mjs";
import { startContestants } from "./runtime.mjs";
import { quantile } from "./statistics.mjs";

const WARM_UP_ROUNDS = 1;

/** For each path whose name is `wanted`, by its name, what each round measured. */
export async function measurePaths(wanted, rounds, milliseconds) {
  const contestants = await startContestants();
  try {
    const all = await pathsOf(contestants);
    await proveThatTheyCheck(contestants, all);
    const needed = new Set([...all].flatMap(([name, { needs }]) => (wanted(name) ? [name, needs] : [])));
    const chosen = [...all].filter(([name]) => needed.has(name));
    const results = new Map(chosen.map(([name]) => [name, []]));
    for (const apart of [false, true]) {
      const together = chosen.filter(([, path]) => (path.apart ?? false) === apart);
      if (together.length > 0) await takeTurns(contestants, together, rounds, milliseconds, results);
    }
    return results;
  } finally {
    await closeConnections();
    await contestants.dispose();
  }
}

async function takeTurns(contestants, paths, rounds, milliseconds, results) {
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
    say(round < WARM_UP_ROUNDS ? "warming up" : `round ${round - WARM_UP_ROUNDS + 1} of ${rounds}`);
    for (const [name, path] of paths) {
      const result = await turn(contestants, path, round, milliseconds);
      if (round >= WARM_UP_ROUNDS) results.get(name).push(result);
    }
  }
}

async function turn(contestants, path, round, milliseconds) {
  const { pid, url } = contestants.of(path.contestant);
  const next = await path.turn(round);
  const limit = path.complete ? Infinity : milliseconds;
  const before = processorTime(pid);
  const latencies = await load(url, next, { milliseconds: limit, seen: path.answered });
  const microseconds = (processorTime(pid) - before) / latencies.length;
  return { microseconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), requests: latencies.length };
}
