// Runs the built gate in workerd, as it is deployed: the real Wasm, the real
// Durable Object with SQLite, reached over real HTTP.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import { send } from "./http-client.mjs";
import { inRepository } from "./repository.mjs";
import { soon } from "./time.mjs";

/** @import { GateOptions, RequestOptions, Vars } from "./types.d.ts" */

export const SECRET = "gate-secret-for-tests-0123456789-abcdefgh";
export const API_KEY = "api-key-for-tests-0123456789";
/** The configured value: one key of a list, the way operators rotate them. */
export const API_KEYS = `another-api-key-for-tests,${API_KEY}`;

const BUILD = inRepository("build");
const OBJECTS = "session-objects";
const DATASET = "dataset";
const READABLE_DATASET = `export default () => ({ writeDataPoint: (point) => console.log(JSON.stringify({ point })) });`;
const LOOPBACK = "127.0.0.1";
const ECHO = new URL("./origins/echo.js", import.meta.url);
const CLOCK = new URL("./clock.js", import.meta.url);
const LATE_LIMITS = new URL("./late-limits.js", import.meta.url);

/** Headers of a person who opens an address. */
export const NAVIGATION = {
  "sec-fetch-site": "none",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  accept: "text/html",
};

/**
 * Starts a gate. `origin` is the source of the Worker bound as `ORIGIN`;
 * `originUrl` and `outbound` are the two other ways to an origin, `outbound`
 * being the source of a Worker that answers what the gate fetches from outside.
 * `sameWorker` is the source of a Worker's module that has the gate in it, as `gate` from "./index.js".
 * `objectFault` is the source of a module whose class `UserSessions` takes the
 * place of the real object; it may import the real one from "./index.js". So it is with `SidIndex`, if it has one.
 * `build` and `objectBuild` name folders of other builds: the first is the gate's, the second that of
 * the objects, which are then in a script of their own.
 * `ratelimits` are bindings of the platform's rate limiter, in miniflare's shape.
 * With `measured` the binding `METRICS` is there: what is written to it, which nobody can read from the platform, is on the log.
 * With `withoutObjects` the binding `SESSIONS` is missing, with `withoutIndex` the binding `SID_INDEX`.
 * With `inspected` the runtime's inspector listens at `inspector()`.
 * With `clock` the gate's clock stands still, also over a restart, until `moveClock` moves it, and the gate's time limits
 * go by it. Without it they come a minute late, whatever the machine is busy with; where they are the question and the
 * clock has to be the real one, `punctual` leaves them as they are. The platform's alarms go by the real clock.
 * @param {GateOptions} [options]
 */
export async function startGate(options = {}) {
  const temporary = options.persist === undefined;
  const storage = options.persist ?? (await mkdtemp(join(tmpdir(), "session-gate-")));
  const gate = new Gate(options, storage, temporary);
  await gate.start();
  return gate;
}

class Gate {
  /**
   * What the Worker logged, read as JSON where it is.
   * @type {any[]}
   */
  logs = [];
  /** @type {GateOptions} */
  #options;
  #storage;
  #temporary;
  /** @type {Vars} */
  #vars;
  // Any free one at first.
  #port = 0;
  /** @type {Miniflare} */
  #runtime;
  /** @type {Map<string, any>} */
  #anyObjects = new Map();
  /** What a stopped clock shows: the beginning of a second. */
  now = Math.floor(Date.now() / 1000) * 1000;

  constructor(options, storage, temporary) {
    this.#options = options;
    this.#storage = storage;
    this.#temporary = temporary;
    this.#vars = { GATE_SECRET: SECRET, API_KEYS, ...options.vars };
  }

  async start() {
    const { https = false, inspected = false } = this.#options;
    this.#runtime = new Miniflare({
      host: LOOPBACK,
      port: this.#port,
      https,
      cf: false,
      ...(inspected && { inspectorPort: 0 }),
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ message }) => {
        this.logs.push(parsed(message));
      },
      durableObjectsPersist: this.#storage,
      workers: await workers(this.#options, this.#vars),
    });
    this.#anyObjects.clear();
    const address = await this.#runtime.ready;
    // A restarted gate keeps its address, as a deployment does.
    this.#port = Number(address.port);
    this.url = `${https ? "https" : "http"}://localhost:${this.#port}`;
    if (this.#options.clock) await this.#setClock({ at: this.now });
  }

  /**
   * One real HTTP exchange: no cookie jar, no redirect followed.
   * @param {string} path
   * @param {RequestOptions} [init]
   */
  fetch(path, init) {
    const { host, protocol } = new URL(this.url);
    return send({ protocol, host, address: LOOPBACK, port: this.#port, path }, init);
  }

  /** Lets so many seconds pass for the gate and its objects. */
  async moveClock(seconds) {
    await this.#setClock({ by: seconds * 1000 });
  }

  async #setClock(order) {
    const clock = await this.anObject("CLOCK");
    const response = await clock.fetch("http://clock/", { method: "POST", body: JSON.stringify(order) });
    this.now = await response.json();
  }

  /**
   * Lets so many seconds pass again and again until a promise is settled, and returns what it comes to: a time limit that
   * has not begun yet knows nothing of the seconds before.
   * @template T
   * @param {number} seconds
   * @param {Promise<T>} promise
   */
  async letTimePass(seconds, promise) {
    let isSettled = false;
    const settled = () => (isSettled = true);
    promise.then(settled, settled);
    await soon(async () => {
      if (!isSettled) await this.moveClock(seconds);
      return isSettled;
    });
    return promise;
  }

  /** Where the runtime's inspector listens. */
  inspector() {
    return this.#runtime.getInspectorURL();
  }

  /**
   * The namespace of the objects, to speak to a stand-in from the test.
   * @returns {Promise<any>}
   */
  objects() {
    return this.#runtime.getDurableObjectNamespace("SESSIONS", "session-gate");
  }

  /** An object that is nobody's, to speak to what all of them share; the same one each time, which is quicker. */
  async anObject(binding = "SESSIONS") {
    if (!this.#anyObjects.has(binding)) {
      const namespace = await this.#runtime.getDurableObjectNamespace(binding, "session-gate");
      this.#anyObjects.set(binding, namespace.get(namespace.newUniqueId()));
    }
    return this.#anyObjects.get(binding);
  }

  /**
   * The first log line that matches, also one still on its way from the runtime; `undefined` if none comes.
   * @param {(line: any) => unknown} matches
   */
  async logged(matches) {
    await soon(() => this.logs.some(matches));
    return this.logs.find(matches);
  }

  /**
   * A fresh runtime over the same storage; variables set to undefined go.
   * @param {Vars} [vars]
   */
  async restart(vars = {}) {
    await this.#runtime.dispose();
    Object.assign(this.#vars, vars);
    await this.start();
  }

  async dispose() {
    await this.#runtime.dispose();
    if (this.#temporary) await rm(this.#storage, { recursive: true, force: true });
  }
}

function parsed(message) {
  try {
    return JSON.parse(message);
  } catch {
    return message;
  }
}

/**
 * @param {GateOptions} options
 * @param {Vars} vars
 * @returns {Promise<any[]>}
 */
async function workers(options, vars) {
  const { origin, originUrl, outbound, sameWorker } = options;
  const bound = originUrl === undefined && outbound === undefined && sameWorker === undefined;
  /** @type {object[]} */
  const list = [await gateWorker(options, vars, bound)];
  if (options.objectBuild !== undefined) {
    const objects = { build: options.objectBuild, originUrl };
    list.push({ ...(await gateWorker(objects, vars, bound)), name: OBJECTS });
  }
  if (bound) list.push(plainWorker("origin", origin ?? (await readFile(ECHO, "utf8"))));
  if (outbound !== undefined) list.push(plainWorker("outbound", outbound));
  if (options.measured) list.push({ name: DATASET, modules: true, script: READABLE_DATASET });
  return list;
}

// Dates, flags and objects come from wrangler.toml, so that the tests cannot
// pass with a configuration that is not the deployed one. Variables do not: a
// developer's .dev.vars must not change a result.
/**
 * @param {GateOptions} options
 * @param {Vars} vars
 * @param {boolean} bound
 */
async function gateWorker(options, vars, bound) {
  const {
    originUrl,
    outbound,
    objectBuild,
    build = BUILD,
    clock = false,
    ratelimits,
    measured = false,
    withoutObjects = false,
    withoutIndex = false,
  } = options;
  const { compatibilityDate, compatibilityFlags, durableObjects } = workerOptions(
    inRepository("wrangler.toml"),
  ).workerOptions;
  const objects = await ofBuild(durableObjects, objectBuild ?? build);
  if (withoutIndex) delete objects.SID_INDEX;
  const bindings = { ...vars, ...(originUrl !== undefined && { ORIGIN_URL: originUrl }) };
  return {
    name: "session-gate",
    compatibilityDate,
    compatibilityFlags,
    durableObjects: withoutObjects
      ? {}
      : {
          ...(objectBuild === undefined ? objects : elsewhere(objects)),
          ...(clock && { CLOCK: "Clock" }),
        },
    modulesRoot: build,
    modules: await modules(build, options),
    bindings: Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== undefined)),
    ...(ratelimits !== undefined && { ratelimits }),
    ...(measured && { wrappedBindings: { METRICS: { scriptName: DATASET } } }),
    ...(bound && { serviceBindings: { ORIGIN: "origin" } }),
    ...(outbound !== undefined && { outboundService: "outbound" }),
  };
}

/** The classes that a build has: an earlier one has fewer. */
async function ofBuild(durableObjects, build) {
  const code = await readFile(join(build, "index.js"), "utf8");
  const isThere = ([, design]) => code.includes(design.className ?? design);
  return Object.fromEntries(Object.entries(durableObjects).filter(isThere));
}

/** The same classes, of the other script. */
function elsewhere(durableObjects) {
  const moved = ([binding, design]) => [binding, { ...design, scriptName: OBJECTS }];
  return Object.fromEntries(Object.entries(durableObjects).map(moved));
}

/**
 * @param {string} build
 * @param {GateOptions} options
 * @returns {Promise<{ type: string, path: string, contents?: string }[]>}
 */
async function modules(build, { objectFault, sameWorker, clock = false, punctual = false }) {
  const built = [
    { type: "ESModule", path: join(build, "index.js") },
    { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
  ];
  if (objectFault === undefined && sameWorker === undefined && !clock && punctual) return built;
  const added = [{ name: "object.js", contents: objectFault ?? `export { UserSessions } from "./index.js";` }];
  if (sameWorker !== undefined) added.push({ name: "application.js", contents: sameWorker });
  if (clock) added.push({ name: "clock.js", contents: await readFile(CLOCK, "utf8") });
  else if (!punctual) added.push({ name: "late-limits.js", contents: await readFile(LATE_LIMITS, "utf8") });
  // What stands in for the platform comes before what uses it.
  const entry = [
    clock ? `export { Clock } from "./clock.js";` : punctual ? "" : `import "./late-limits.js";`,
    `export * from "./index.js"; export { default } from "./${sameWorker === undefined ? "index" : "application"}.js";`,
    `export { UserSessions } from "./object.js";`,
    objectFault?.includes("class SidIndex") ? `export { SidIndex } from "./object.js";` : "",
  ].join("\n");
  const made = [{ name: "entry.js", contents: entry }, ...added].map(({ name, contents }) => {
    return { type: "ESModule", path: join(build, name), contents };
  });
  return [...made, ...built];
}

function plainWorker(name, script) {
  return { name, modules: true, script, compatibilityDate: "2026-04-01" };
}
