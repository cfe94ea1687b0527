// `npm start`: the gate in front of the demo application, with real local Durable Objects, on http://localhost:8787.

import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative } from "node:path";
import { build } from "./build.mjs";
import { main, ROOT, Stop, say } from "./run.mjs";

const PORT = Number(process.env.PORT ?? 8787);
const HOST = "127.0.0.1";
const STATE = process.env.STATE ?? join(ROOT, ".wrangler", "start");
const SECRETS = join(ROOT, ".dev.vars");

await main(async () => {
  await expectFreePort();
  await build();
  if (!existsSync(SECRETS)) makeSecrets();
  await serve();
});

function expectFreePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (/** @type {NodeJS.ErrnoException} */ { code }) => {
      reject(new Stop(`port ${PORT} cannot be used (${code}): free it, or set PORT to another one`));
    });
    probe.listen(PORT, HOST, () => probe.close(resolve));
  });
}

function makeSecrets() {
  say("making a random GATE_SECRET and an API key in .dev.vars");
  const random = () => randomBytes(32).toString("base64url");
  writeFileSync(SECRETS, `GATE_SECRET = "${random()}"\nAPI_KEYS = "${random()}"\n`, { mode: 0o600 });
}

async function serve() {
  say("starting the gate and the demo application");
  const { Log, LogLevel, Miniflare } = await import("miniflare");
  const gate = await worker("wrangler.toml", "demo");
  const runtime = new Miniflare({
    host: HOST,
    port: PORT,
    cf: false,
    log: new Log(LogLevel.WARN),
    durableObjectsPersist: STATE,
    workers: [
      { name: "session-gate", ...gate },
      { name: "session-gate-demo-app", ...(await worker("examples/demo-app/wrangler.toml")) },
    ],
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => runtime.dispose());
  const port = await started(runtime);
  console.log(welcome(`http://localhost:${port}`, firstKey(gate.bindings)));
}

// A runtime that failed to start still holds the process open.
async function started(runtime) {
  try {
    const { port } = await runtime.ready;
    return port;
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

// What wrangler itself would run, from the configuration that it deploys.
/** @returns {Promise<any>} */
async function worker(file, environment) {
  const { unstable_getMiniflareWorkerOptions: optionsOf } = await import("wrangler");
  const { workerOptions, main: script } = optionsOf(join(ROOT, file), environment);
  const modulesRules = [...workerOptions.modulesRules, { type: "ESModule", include: ["**/*.js", "**/*.mjs"] }];
  return { ...workerOptions, modules: true, modulesRoot: dirname(script), scriptPath: script, modulesRules };
}

function firstKey({ API_KEYS = "<one of API_KEYS>" }) {
  return API_KEYS.split(",")[0].trim();
}

function welcome(address, apiKey) {
  return `
The gate is at ${address}

  Log in (any name)   ${address}/login
  Your devices        ${address}/auth/sessions
  Log out             ${address}/logout
  As a backend        curl -H 'api-key: ${apiKey}' '${address}/auth/core/recipe/session/user?userId=ada'

Sessions are kept in ${relative(ROOT, STATE)} between runs. Ctrl-C stops.`;
}
