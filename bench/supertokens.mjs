// The process of the contestant that runs on Node.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const APP = fileURLToPath(new URL("./contestants/supertokens-node.mjs", import.meta.url));

/** Starts it with `gate` as its core. */
export async function startSuperTokens(gate, apiKey) {
  const env = { ...process.env, NODE_ENV: "production", CONNECTION_URI: `${gate}/auth/core`, API_KEY: apiKey };
  const child = fork(APP, { env });
  const ended = once(child, "exit");
  const [{ port }] = await Promise.race([
    once(child, "message"),
    ended.then(([code]) => Promise.reject(new Error(`supertokens-node ended with ${code}`))),
  ]);
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    async dispose() {
      child.kill();
      await ended;
    },
  };
}
