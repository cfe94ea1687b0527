// One workerd with all contestants in it, from one configuration. Every contestant has a socket of its own, so that
// no request passes through Miniflare's entry, which would add the same to all and hide their differences.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import { ROOT } from "../scripts/run.mjs";
import { HELLO_RS } from "./hello-rs.mjs";
import { childRunning } from "./processor.mjs";
import { startSuperTokens } from "./supertokens.mjs";
import { JWKS, SECRET, SIGNING_JWK } from "./tokens.mjs";

export const API_KEY = "api-key-for-the-benchmark";

// In memory where there is such a place: a local disk's waiting is no part of the platform.
const STORAGE = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const BUILD = join(ROOT, "build");
const LOOPBACK = "127.0.0.1";
const COMPATIBILITY_DATE = "2026-04-01";
const CONTESTANTS = fileURLToPath(new URL("./contestants/", import.meta.url));

const RULES = [
  { path: "/none/*", session: "none" },
  { path: "/fresh/*", session: "required", fresh: 30 },
  { path: "/login", session: "none" },
];

/**
 * Starts all of them, or those named in `only`; `of(name)` tells where one answers and the process whose time it uses.
 * `before` is the folder of an earlier build, which is one more contestant. `watchMemory` lets the gate's memory be asked
 * for; `slow` puts its objects and its origin 50 ms away.
 * @param {{ only?: string[], before?: string, watchMemory?: boolean, slow?: boolean }} [mode]
 */
export async function startContestants(mode = {}) {
  const storage = await mkdtemp(join(STORAGE, "session-gate-bench-"));
  const miniflare = new Miniflare({
    host: LOOPBACK,
    port: 0,
    cf: false,
    log: new Log(LogLevel.ERROR),
    // Events are part of the gate's work, and nobody has to read them.
    handleStructuredLogs({ level, message }) {
      if (level === "error") console.error(message);
    },
    durableObjectsPersist: storage,
    d1Persist: storage,
    workers: await workers(mode),
  });
  await started(miniflare);
  const pid = childRunning("workerd");
  const places = new Map();
  for (const name of IN_WORKERD.filter(takesPart(mode))) {
    places.set(name, { pid, url: (await miniflare.unsafeGetDirectURL(name)).origin });
  }
  const superTokens = takesPart(mode)("supertokens-node")
    ? await startSuperTokens(places.get("session-gate").url, API_KEY)
    : undefined;
  places.set("supertokens-node", superTokens);
  return {
    of: (name) => places.get(name),
    /** Where the size of the gate's memory is told, if it is watched. */
    memory: () => miniflare.unsafeGetDirectURL("session-gate", "Memory"),
    /** The folder of a class's objects. */
    objects: (contestant, className) => join(storage, `${contestant}-${className}`),
    async dispose() {
      await superTokens?.dispose();
      await miniflare.dispose();
      await rm(storage, { recursive: true, force: true });
    },
  };
}

// What is left of one that did not start would keep this process from its end.
async function started(miniflare) {
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

/** The contestant that `before` is. */
export const BEFORE = "session-gate, before";

/** @param {{ only?: string[], before?: string }} mode */
const takesPart =
  ({ only, before }) =>
  (name) =>
    name === BEFORE ? before !== undefined : name.includes("origin") || (only?.includes(name) ?? true);

const IN_WORKERD = [
  BEFORE,
  "empty",
  "hello-rs",
  "forward",
  "hono-jose",
  "hono-jose-do",
  "hono-jose-do-thorough",
  "better-auth",
  "session-gate",
];

async function workers(mode) {
  const bound = { serviceBindings: { ORIGIN: "origin" } };
  const withObjects = {
    ...bound,
    bindings: { JWKS, SIGNING_JWK },
    durableObjects: { SESSIONS: { className: "Sessions", useSQLite: true } },
  };
  const all = [
    await script("empty"),
    compiled("hello-rs", HELLO_RS, {
      compatibilityDate: COMPATIBILITY_DATE,
    }),
    await script("forward", bound),
    await script("hono-jose", { ...bound, bindings: { JWKS } }),
    await script("hono-jose-do", withObjects),
    await script("hono-jose-do-thorough", withObjects),
    await script("better-auth", {
      ...bound,
      bindings: { BETTER_AUTH_SECRET: SECRET },
      compatibilityFlags: ["nodejs_compat"],
      d1Databases: { DB: "better-auth" },
    }),
    await gate(mode),
    ...(mode.before === undefined ? [] : [{ ...(await gate(mode, mode.before)), name: BEFORE }]),
    await script("origin"),
    await script("slow-origin"),
  ];
  return all.filter(({ name }) => takesPart(mode)(name));
}

async function script(name, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [join(CONTESTANTS, `${name}.js`)],
    bundle: true,
    write: false,
    format: "esm",
    minify: true,
    conditions: ["workerd", "worker", "import"],
    external: ["cloudflare:*", "node:*"],
  });
  return worker(name, {
    modules: [{ type: "ESModule", path: "index.js", contents: outputFiles[0].text }],
    compatibilityDate: COMPATIBILITY_DATE,
    ...options,
  });
}

function compiled(name, folder, options) {
  const modules = [
    { type: "ESModule", path: join(folder, "index.js") },
    { type: "CompiledWasm", path: join(folder, "index_bg.wasm") },
  ];
  return worker(name, { modulesRoot: folder, modules, ...options });
}

// Dates, flags and objects are those of wrangler.toml, so what is measured is what is deployed.
async function gate({ watchMemory = false, slow = false }, folder = BUILD) {
  const { compatibilityDate, compatibilityFlags, durableObjects } = workerOptions(
    join(ROOT, "wrangler.toml"),
  ).workerOptions;
  const rules = slow ? [{ path: "/overlap/*", overlap: true }, ...RULES] : RULES;
  const built = compiled("session-gate", folder, {
    compatibilityDate,
    compatibilityFlags,
    // The index of sessions at providers has no part in it, and earlier code has none.
    durableObjects: { SESSIONS: durableObjects.SESSIONS },
    bindings: { GATE_SECRET: SECRET, API_KEYS: API_KEY, RULES: rules },
    serviceBindings: { ORIGIN: slow ? "slow-origin" : "origin" },
  });
  if (slow) return behind(built, "slow-object.js", SLOW_ENTRY);
  if (!watchMemory) return built;
  const memory = { host: LOOPBACK, port: 0, entrypoint: "Memory" };
  const watched = await behind(built, "wasm-memory.js", WATCHED_ENTRY);
  return { ...watched, unsafeDirectSockets: [...built.unsafeDirectSockets, memory] };
}

const SLOW_ENTRY = `export { default } from "./index.js"; export { UserSessions } from "./slow-object.js";`;
// What watches has to be there first, to see the Wasm begin.
const WATCHED_ENTRY = `export { Memory } from "./wasm-memory.js"; export { default, UserSessions } from "./index.js";`;

async function behind(gate, name, entry) {
  const module = (name, contents) => ({ type: "ESModule", path: join(BUILD, name), contents });
  const contents = await readFile(join(CONTESTANTS, name), "utf8");
  return { ...gate, modules: [module("entry.js", entry), module(name, contents), ...gate.modules] };
}

const worker = (name, options) => ({ name, unsafeDirectSockets: [{ host: LOOPBACK, port: 0 }], ...options });
