import { BOUNDS } from "./bounds.mjs";
import { summary } from "./statistics.mjs";

export function table(results) {
  const rows = [...results].map(([name, rounds]) => {
    const of = (key) => summary(rounds.map((round) => round[key]));
    const { median, low, high } = of("microseconds");
    const cells = [median.toFixed(0), `${low.toFixed(0)}–${high.toFixed(0)}`, of("p50").median.toFixed(2), of("p99").median.toFixed(2), of("requests").median];
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  return ["| path | µs | middle half | p50 ms | p99 ms | requests |", "|---|---|---|---|---|---|", ...rows].join("\n");
}

/** The ratios, each of the two turns of one round, which stood next to each other. */
export function ratios(results) {
  const rows = BOUNDS.filter(({ path, against }) => results.has(path) && results.has(against)).map(({ path, against, most }) => {
    const other = results.get(against);
    const { median, certain: [low, high] } = summary(results.get(path).map((round, at) => round.microseconds / other[at].microseconds));
    const verdict = median <= most ? "yes" : low <= most ? "within noise" : "no";
    return `| ${path} / ${against} | ${median.toFixed(2)} | ${low.toFixed(2)}–${high.toFixed(2)} | ${most} | ${verdict} |`;
  });
  return ["| ratio | median | 95 % sure | at most | held |", "|---|---|---|---|---|", ...rows].join("\n");
}
