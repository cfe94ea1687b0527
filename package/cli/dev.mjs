// `session-gate dev`, which is `npm start` of a project: wrangler's own server, with the Worker of each configuration
// in the folder, on the port that PORT says.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildIn } from "./provenance.mjs";

const PORT = process.env.PORT || "8787";
const HOST = "127.0.0.1";
/** That of the gate, under any of its names, and that of an application which is a Worker of its own. */
const CONFIGURATIONS = ["", "app/"].map((folder) => ["toml", "jsonc", "json"].map((end) => `${folder}wrangler.${end}`));

/** @param {string[]} args of wrangler, after those that are always there */
export async function dev(args) {
  if (args.includes("--help")) return console.log("session-gate dev [options of `wrangler dev`]: PORT is the port");
  const [gate, application] = CONFIGURATIONS.map((names) => names.find((name) => existsSync(name)));
  if (gate === undefined) throw new Error("there is no wrangler.toml here: `session-gate init` makes one");
  buildIn(dirname(dirname(fileURLToPath(import.meta.url))));
  await expectFreePort();
  const configurations = [gate, application].filter((file) => file !== undefined).flatMap((file) => ["-c", file]);
  const options = ["--port", PORT, "--ip", HOST, ...configurations, ...args];
  process.exitCode = await run([wrangler(), "dev", ...options]);
}

/** The runtime would say it in forty lines. */
function expectFreePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (/** @type {NodeJS.ErrnoException} */ { code }) => {
      reject(new Error(`port ${PORT} cannot be used (${code}): free it, or set PORT to another one`));
    });
    probe.listen(Number(PORT), HOST, () => probe.close(resolve));
  });
}

/** That of the project. */
function wrangler() {
  try {
    const require = createRequire(join(process.cwd(), "package.json"));
    return join(dirname(require.resolve("wrangler/package.json")), "bin", "wrangler.js");
  } catch {
    throw new Error("wrangler is not installed here: `npm install`");
  }
}

/** What wrangler would ask the internet for, a place on the map for local requests, is made up instead. */
const OFFLINE = { CLOUDFLARE_CF_FETCH_ENABLED: "false" };

/** Ends when it does; a signal to this process is one to wrangler. */
function run(args) {
  const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...OFFLINE, ...process.env } });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}
