// What the gate may cost, and whether a run shows that it costs no more.

import { MAX_GZIP } from "./ratchet.mjs";
import { summary } from "./statistics.mjs";

/** Ratios of processor time per request between two paths of one run. */
const RATIOS = [
  ["gate: fresh", "hono-jose", 0.75],
  ["gate: fresh", "forward", 1.45],
  ["gate: strict", "hono-jose-do", 0.95],
  ["gate: never seen", "hono-jose", 1.3],
  ["gate: logout", "hono-jose-do: logout", 1],
  ["gate: logout", "hono-jose-do, thorough: logout", 1],
  ["gate: none", "forward", 1.35],
  ["gate: strict, 100 sessions", "gate: strict, 1 session", 1.1],
  ["gate: strict, 100 000 users", "gate: strict, 10 users", 1.1],
  ["gate: upload", "forward: upload", 1.1],
  ["gate: download", "forward: download", 1.1],
];

const MOST_AT_START = 2;
const MAX_GROWTH = 16 * 1024 * 1024;

/** Every bound that the results have something to say about: what was measured, and the verdict. */
export function verdicts({ paths, size, memory, first }) {
  const known = RATIOS.filter(([path, against]) => paths.has(path) && paths.has(against));
  const list = known.map(([path, against, most]) =>
    ratioVerdict(`${path} ÷ ${against}`, ratio(paths, path, against), most),
  );
  if (first) list.push(ratioVerdict("gate: cold start ÷ hello-rs", firstRatio(first), MOST_AT_START));
  if (size) list.push(plainVerdict("the Worker, gzipped, bytes", size.total, MAX_GZIP));
  if (memory) {
    const growth = memory.after.wasm - memory.before.wasm;
    list.push(plainVerdict("the isolate's memory after 100 000 tokens, bytes more", growth, MAX_GROWTH - 1));
  }
  return list;
}

/** The ratio of two paths, taken in each round between the turns that stood near each other. */
export function ratio(paths, path, against) {
  const others = paths.get(against);
  return summary(paths.get(path).map(({ microseconds }, round) => microseconds / others[round].microseconds));
}

function firstRatio(first) {
  const others = first.get("hello-rs").first;
  return summary(first.get("gate: a public page").first.map((time, round) => time / others[round]));
}

function ratioVerdict(name, { median, certain: [low, high] }, most) {
  const verdict = median <= most ? "held" : low <= most ? "within noise" : "missed";
  return { name, measured: median.toFixed(2), range: `${low.toFixed(2)}–${high.toFixed(2)}`, most, verdict };
}

const plainVerdict = (name, value, most) => ({
  name,
  measured: value.toLocaleString("en"),
  range: "exact",
  most: most.toLocaleString("en"),
  verdict: value <= most ? "held" : "missed",
});
