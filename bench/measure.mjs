// The contestants take turns: one short turn each, and that several rounds over, so that whatever else the machine
// does meets them all.

import { closeConnections, load } from "./load.mjs";
import { pathsOf } from "./paths.mjs";
import { processorTime } from "./processor.mjs";
import { startContestants } from "./runtime.mjs";
import { quantile } from "./statistics.mjs";

const WARM_UP_ROUNDS = 1;

/** For each path, by its name, what each round measured. */
export async function measure(words, rounds, milliseconds) {
  const contestants = await startContestants();
  try {
    const all = await pathsOf(contestants);
    const chosen = [...all].filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)));
    const results = new Map(chosen.map(([name]) => [name, []]));
    for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
      for (const [name, path] of chosen) {
        const result = await turn(contestants, path, round, milliseconds);
        if (round >= WARM_UP_ROUNDS) results.get(name).push(result);
      }
    }
    return results;
  } finally {
    await closeConnections();
    await contestants.dispose();
  }
}

async function turn(contestants, { contestant, turn, answered, status }, round, milliseconds) {
  const next = turn(round);
  const { pid, url } = contestants.of(contestant);
  const before = processorTime(pid);
  const latencies = await load(url, next, { milliseconds, status, seen: answered });
  const microseconds = (processorTime(pid) - before) / latencies.length;
  return { microseconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), requests: latencies.length };
}
