// `npm run bench -- --against <commit>`: an earlier build and today's in turn, in one runtime with nothing else that
// counts, so that a difference is theirs. What it can resolve is said: the range of a path against itself.

import { join } from "node:path";
import { buildOf } from "../scripts/previous.mjs";
import { output, ROOT, Stop, say } from "../scripts/run.mjs";
import { closeConnections, load } from "./load.mjs";
import { gatePaths } from "./paths.mjs";
import { processorTime } from "./processor.mjs";
import { BEFORE, startContestants } from "./runtime.mjs";
import { summary } from "./statistics.mjs";

const NOW = "session-gate";
// The same build once more: what comes out of it is the measurement's own noise.
const TWIN = "today's, again";
const WARM_UP_ROUNDS = 2;

/** For each path by its name, the ratios of today's build to that of `commit`, and of today's to itself. */
export async function measureAgainst(commit, wanted, rounds, milliseconds) {
  const id = output("git", ["rev-parse", "--verify", `${commit}^{commit}`]);
  if (id === undefined) throw new Stop(`${commit} is no commit here`);
  const before = await buildOf(id, join(ROOT, "target", "against"));
  const contestants = await startContestants({ only: [NOW], before });
  try {
    const sides = {
      [BEFORE]: await gatePaths(contestants, BEFORE),
      [NOW]: await gatePaths(contestants, NOW),
      [TWIN]: await gatePaths(contestants, NOW),
    };
    const chosen = [...sides[NOW].keys()].filter(wanted);
    const needed = new Set(chosen.flatMap((name) => [sides[NOW].get(name).needs, name]).filter(Boolean));
    const paths = [...sides[NOW].keys()].filter((name) => needed.has(name));
    const results = new Map(paths.map((name) => [name, { ratios: [], noise: [] }]));
    for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
      say(round < WARM_UP_ROUNDS ? "warming up" : `round ${round - WARM_UP_ROUNDS + 1} of ${rounds}`);
      const times = await oneRound(contestants, sides, paths, round, milliseconds);
      if (round < WARM_UP_ROUNDS) continue;
      for (const [name, time] of times) {
        results.get(name).ratios.push(time[NOW] / time[BEFORE]);
        results.get(name).noise.push(time[TWIN] / time[NOW]);
      }
    }
    return results;
  } finally {
    await closeConnections();
    await contestants.dispose();
  }
}

// Each path by all sides before the next path; every round in the reverse order of the one before.
async function oneRound(contestants, sides, paths, round, milliseconds) {
  const order = round % 2 === 0 ? Object.keys(sides) : Object.keys(sides).reverse();
  const times = new Map();
  for (const name of paths) {
    const time = {};
    for (const side of order)
      time[side] = await turn(
        contestants,
        sides[side].get(name),
        `${round}-${Object.keys(sides).indexOf(side)}`,
        milliseconds,
      );
    times.set(name, time);
  }
  return times;
}

async function turn(contestants, path, round, milliseconds) {
  const { pid, url } = contestants.of(path.contestant);
  const next = await path.turn(round);
  const before = processorTime(pid);
  const latencies = await load(url, next, { milliseconds, seen: path.answered });
  return (processorTime(pid) - before) / latencies.length;
}

/** The results as text. */
export function againstText(results, commit) {
  const rows = [...results].map(([name, { ratios, noise }]) => {
    const [of, own] = [summary(ratios), summary(noise)];
    const range = ({ certain: [low, high] }) => `${low.toFixed(2)}–${high.toFixed(2)}`;
    return `| ${name} | ${of.median.toFixed(2)} | ${range(of)} | ${own.median.toFixed(2)} | ${range(own)} |`;
  });
  return [
    `Processor time per request, today's build ÷ that of ${commit}; beside it today's ÷ itself, which is what cannot be resolved.`,
    "",
    "| path | ratio | 95 % certain | noise | 95 % certain |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}
