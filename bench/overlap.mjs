// What `overlap = true` on a rule is for: the check and the origin are waited for at once. Both take 50 ms here.

import { closeConnections, load } from "./load.mjs";
import { pageRequest } from "./paths.mjs";
import { startContestants } from "./runtime.mjs";
import { quantile } from "./statistics.mjs";

const MILLISECONDS = 4000;

/** The latency with the rule's `overlap` and without; `undefined` if the gate refuses such a rule. */
export async function measureOverlap() {
  const contestants = await startContestants({ slow: true });
  try {
    const { url } = contestants.of("session-gate");
    if (!(await fetch(`${url}/auth/health`)).ok) return undefined;
    const rows = [];
    for (const [rule, path] of [
      ["strict", "/page"],
      ["strict, with `overlap = true`", "/overlap/page"],
    ]) {
      const request = await pageRequest(contestants, path);
      const latencies = await load(url, () => request, { milliseconds: MILLISECONDS });
      rows.push({ rule, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) });
    }
    return rows;
  } finally {
    await closeConnections();
    await contestants.dispose();
  }
}
