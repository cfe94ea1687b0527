// What the gate may cost, as ratios of processor time within one run.

export const BOUNDS = [
  { path: "gate: fresh", against: "hono-jose", most: 0.75 },
  { path: "gate: fresh", against: "forward", most: 1.45 },
  { path: "gate: strict", against: "hono-jose-do", most: 0.95 },
  { path: "gate: never seen", against: "hono-jose", most: 1.3 },
  { path: "gate: logout", against: "hono-jose-do: logout", most: 1.0 },
  { path: "gate: none", against: "forward", most: 1.35 },
  { path: "gate: strict, 100 sessions", against: "gate: strict, 1 session", most: 1.1 },
  { path: "gate: upload", against: "forward: upload", most: 1.1 },
  { path: "gate: download", against: "forward: download", most: 1.1 },
];
