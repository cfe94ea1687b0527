// What a visitor waits for on a cold start: the first request of a new isolate, in processor time. Each measurement has a
// runtime of its own with one Worker in it, and takes all that the runtime does until it rests again: code is compiled
// when it is first run, partly beside the request.

import { setTimeout as wait } from "node:timers/promises";
import { closeConnections, load } from "./load.mjs";
import { browserRequest } from "./paths.mjs";
import { processorTime } from "./processor.mjs";
import { startContestants } from "./runtime.mjs";

/** Who is measured, and by which request. The first is what the others are compared with. */
const MEASURED = [
  ["hello-rs", "hello-rs", () => browserRequest("GET", "/")],
  ["hono-jose", "hono-jose", () => browserRequest("GET", "/fresh/page"), 401],
  ["gate: a public page", "session-gate", () => browserRequest("GET", "/none/page")],
  ["gate: no session", "session-gate", () => browserRequest("GET", "/fresh/page"), 401],
  ["gate: login", "session-gate", () => browserRequest("POST", "/login?user=ada")],
];

const RESTS_MS = 40;
const RESTING_US = 400;
const MAX_WAIT_MS = 60_000;

/** For each of them by its name, the milliseconds of its first request and of its second, in each round. */
export async function measureFirstRequests(rounds) {
  const results = new Map(MEASURED.map(([name]) => [name, { first: [], second: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, contestant, request, status] of round % 2 === 0 ? MEASURED : [...MEASURED].reverse()) {
      const [first, second] = await firstTwo(contestant, request, status);
      results.get(name).first.push(first);
      results.get(name).second.push(second);
    }
  }
  return results;
}

async function firstTwo(contestant, request, status) {
  const contestants = await startContestants({ only: [contestant] });
  try {
    const { pid, url } = contestants.of(contestant);
    const one = async () => {
      const before = await rest(pid);
      const requests = [request()];
      await load(url, () => requests.pop(), { status });
      return ((await rest(pid)) - before) / 1000;
    };
    return [await one(), await one()];
  } finally {
    await closeConnections();
    await contestants.dispose();
  }
}

/** The processor time that has been used once the process rests. */
async function rest(pid) {
  const deadline = Date.now() + MAX_WAIT_MS;
  let before = processorTime(pid);
  for (;;) {
    await wait(RESTS_MS);
    const now = processorTime(pid);
    if (now - before < RESTING_US || Date.now() > deadline) return now;
    before = now;
  }
}
