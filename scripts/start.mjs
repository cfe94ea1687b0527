// `npm start`: the gate in front of the demo application, with real local Durable Objects, on http://localhost:8787, and an
// identity provider for it beside them.

import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative } from "node:path";
import { build } from "./build.mjs";
import { startDemoProvider } from "./demo-provider.mjs";
import { main, ROOT, Stop, say } from "./run.mjs";

const PORT = Number(process.env.PORT ?? 8787);
// Always the same one, because sessions remember the provider's address.
const PROVIDER_PORT = Number(process.env.PROVIDER_PORT ?? (PORT === 0 ? 0 : PORT + 1));
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
  say("starting the gate, the demo application and its provider");
  const { Log, LogLevel, Miniflare } = await import("miniflare");
  const provider = await startDemoProvider(PROVIDER_PORT, join(STATE, "provider.json"));
  const gate = await worker("wrangler.toml", "demo");
  const app = await worker("examples/demo-app/wrangler.toml");
  const runtime = new Miniflare({
    host: HOST,
    port: PORT,
    cf: false,
    log: new Log(LogLevel.WARN),
    durableObjectsPersist: STATE,
    workers: [
      { name: "session-gate", ...gate, bindings: { ...gate.bindings, ...provider.bindings } },
      {
        name: "session-gate-demo-app",
        ...app,
        bindings: { ...app.bindings, PROVIDER: provider.bindings.PROVIDERS[0].key },
      },
    ],
  });
  const end = () => Promise.all([runtime.dispose(), provider.stop()]);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);
  const address = `http://localhost:${await started(runtime, end)}`;
  provider.register(address);
  console.log(welcome(address, provider.issuer, firstKey(gate.bindings)));
}

// What failed to start still holds the process open.
async function started(runtime, end) {
  try {
    const { port } = await runtime.ready;
    return port;
  } catch (error) {
    await end();
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

function welcome(address, provider, apiKey) {
  return `
The gate is at ${address}

  Log in (any name)   ${address}/login
  … at a provider     ${address}/auth/login, which is at ${provider}
  Your devices        ${address}/auth/sessions
  Log out             ${address}/logout
  As a backend        curl -H 'api-key: ${apiKey}' '${address}/auth/core/recipe/session/user?userId=ada'

Sessions are kept in ${relative(ROOT, STATE)} between runs. Ctrl-C stops.`;
}
