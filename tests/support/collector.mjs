// Has a runtime collect its garbage. On the platform an isolate has 128 MB and collects to stay below that; the local
// runtime has no such limit, and lets garbage lie for minutes.

import { once } from "node:events";
import { setInterval } from "node:timers/promises";
import { WebSocket } from "ws";
import { PATIENCE_MS } from "./time.mjs";

/** Collects the garbage of every isolate behind this inspector every `milliseconds`, until what it gives is called. */
export async function collectEvery(milliseconds, inspector) {
  const isolates = await Promise.all((await isolatesOf(inspector)).map(connected));
  const stopped = new AbortController();
  const collecting = collect(isolates, setInterval(milliseconds, undefined, { signal: stopped.signal }));
  return async () => {
    stopped.abort();
    await collecting;
    for (const isolate of isolates) isolate.terminate();
  };
}

async function collect(isolates, ticks) {
  try {
    for await (const _ of ticks)
      await Promise.all(isolates.map((isolate) => command(isolate, "HeapProfiler.collectGarbage")));
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

/** Those through which requests pass: our Workers, and Miniflare's entry before them. */
async function isolatesOf({ host }) {
  const targets = await (await fetch(`http://${host}/json`)).json();
  return targets.filter(({ id }) => id.startsWith("core:")).map(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl);
}

async function connected(url) {
  const isolate = new WebSocket(url);
  await once(isolate, "open");
  await command(isolate, "HeapProfiler.enable");
  return isolate;
}

let serial = 0;

/** The Chrome DevTools Protocol: a command has a number, and so has its answer. */
async function command(isolate, method) {
  const id = (serial += 1);
  /** @type {Promise<void>} */
  const answered = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), PATIENCE_MS);
    const hear = (message) => {
      const { id: of, error } = JSON.parse(message);
      if (of !== id) return;
      clearTimeout(timer);
      isolate.off("message", hear);
      if (error) reject(new Error(`${method}: ${error.message}`));
      else resolve();
    };
    isolate.on("message", hear);
  });
  isolate.send(JSON.stringify({ id, method }));
  await answered;
}
