// Whether what the isolate remembers is bounded: how much the gate's memory has grown when very many different access
// tokens have come through a `fresh` route. What it remembers is all in its Wasm memory, whose size is exact. The memory
// of the whole process follows the garbage collector, which lets an empty isolate grow as well: it is told, and no more.

import { closeConnections, load } from "./load.mjs";
import { tokenRequests } from "./paths.mjs";
import { memoryOf } from "./processor.mjs";
import { startContestants } from "./runtime.mjs";

export const TOKENS = 100_000;
const WARM_UP = 5000;

/** Returns the sizes in bytes, after warming up with one token and after all the others. */
export async function measureMemory() {
  const contestants = await startContestants({ watchMemory: true });
  try {
    const { url } = contestants.of("session-gate");
    const { same, different } = await tokenRequests(contestants);
    await load(url, counted(same, WARM_UP));
    const before = await sizes(contestants);
    await load(url, counted(different, TOKENS));
    return { before, after: await sizes(contestants) };
  } finally {
    await closeConnections();
    await contestants.dispose();
  }
}

async function sizes(contestants) {
  const { pid } = contestants.of("session-gate");
  const response = await fetch(await contestants.memory());
  return { wasm: await response.json(), process: memoryOf(pid) };
}

function counted(next, count) {
  let sent = 0;
  return () => (sent++ < count ? next() : undefined);
}
