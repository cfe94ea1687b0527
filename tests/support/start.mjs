// `npm start` as a process of its own, on any free port and with a folder of its own for its storage.

import { send } from "./http-client.mjs";
import { startProcess } from "./process.mjs";
import { inRepository } from "./repository.mjs";

export const START = inRepository("scripts/start.mjs");

export async function startDemo(environment) {
  const { match, stop } = await startProcess(process.execPath, [START], {
    ready: /The gate is at (http:\/\/localhost:(\d+))/,
    stopSignal: "SIGTERM",
    env: { ...process.env, PROVIDER_PORT: "0", ...environment },
  });
  const [, url, port] = match;
  const { protocol, host } = new URL(url);
  return { url, stop, fetch: (path, init) => send({ protocol, host, address: "127.0.0.1", port, path }, init) };
}
