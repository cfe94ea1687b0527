// What is in the tarball, and what it promises: the built Worker and its command, no Rust, and one build only.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { Log, LogLevel, Miniflare } from "miniflare";
import { parse } from "smol-toml";
import { buildIn } from "../../package/cli/provenance.mjs";
import { thirdPartyNotices } from "../../scripts/notices.mjs";
import { output } from "../../scripts/run.mjs";
import { inRepository, SECRET, textOf } from "../support/index.mjs";
import { unpackedPackage } from "../support/package.mjs";
import { wranglerSchema } from "../support/wrangler-schema.mjs";

const { tarball, folder } = await unpackedPackage({ after });
const inPackage = (path) => join(folder, path);

describe("the tarball", () => {
  test("has at most 1.5 MB", () => {
    assert.ok(statSync(tarball).size <= 1_500_000, `${statSync(tarball).size}`);
  });

  test("has what an npm package has, and no source of Rust", () => {
    const files = readdirSync(inPackage("."), { encoding: "utf8", recursive: true });
    const expected = ["index.js", "index_bg.wasm", "index.d.ts", "wrangler.schema.json", "cli/session-gate.mjs"];
    const papers = ["README.md", "CHANGELOG.md", "LICENSE", "THIRD-PARTY-NOTICES.txt", "provenance.json"];
    assert.deepEqual(
      [...expected, ...papers].filter((file) => !files.includes(file)),
      [],
    );
    assert.deepEqual(
      files.filter((file) => /\.rs$|^Cargo|\.dev\.vars$|\.test\.mjs$/.test(file)),
      [],
    );
  });

  test("is the same, byte for byte, when it is made again of the same build", async () => {
    const again = await unpackedPackage({ after });
    assert.ok(readFileSync(again.tarball).equals(readFileSync(tarball)));
  });

  test("depends on nothing, and runs nothing when it is installed", () => {
    const { dependencies, scripts, bin } = JSON.parse(readFileSync(inPackage("package.json"), "utf8"));
    assert.deepEqual([dependencies, scripts], [undefined, undefined]);
    assert.ok(existsSync(inPackage(bin["session-gate"])));
  });

  test("has no path of the machine that built it", () => {
    const home = Buffer.from(inRepository("."));
    const files = readdirSync(inPackage("."), { encoding: "utf8", recursive: true });
    const telling = files.filter(
      (file) => statSync(inPackage(file)).isFile() && readFileSync(inPackage(file)).includes(home),
    );
    assert.deepEqual(telling, []);
  });

  test("names every crate and npm package that is in the Worker, with its licence", () => {
    const notices = readFileSync(inPackage("THIRD-PARTY-NOTICES.txt"), "utf8");
    assert.equal(notices, thirdPartyNotices());
    for (const name of ["worker", "wasm-bindgen", "serde_json", "jwt-compact", "url", "detect-browser"]) {
      assert.match(notices, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: `, "m"), name);
    }
    assert.doesNotMatch(
      notices,
      /^(proptest|syn|miniflare|askama_derive) \d/m,
      "what only builds and tests is not in it",
    );
    assert.match(notices, /Permission is hereby granted, free of charge/);
    assert.match(notices, /Apache License\s+Version 2\.0/);
    assert.match(notices, /UNICODE LICENSE V3/);
  });
});

describe("JavaScript and Wasm are of one build", () => {
  test("and their id, which stands in both, is in provenance.json", () => {
    const { build, version, sha256 } = JSON.parse(readFileSync(inPackage("provenance.json"), "utf8"));
    assert.equal(buildIn(inPackage(".")), build);
    assert.equal(version, JSON.parse(readFileSync(inPackage("package.json"), "utf8")).version);
    assert.deepEqual(Object.keys(sha256), ["index.js", "index_bg.wasm"]);
  });

  for (const [what, change] of /** @type {[string, (file: (name: string) => string) => void][]} */ ([
    ["another script", (file) => writeFileSync(file("index.js"), `${readFileSync(file("index.js"), "utf8")}\n;`)],
    [
      "another Wasm",
      (file) => writeFileSync(file("index_bg.wasm"), withByteChanged(readFileSync(file("index_bg.wasm")))),
    ],
    ["a Wasm without an id", (file) => copyFileSync(inRepository("build/index_bg.wasm"), file("index_bg.wasm"))],
    ["a script without an id", (file) => copyFileSync(inRepository("build/index.js"), file("index.js"))],
  ])) {
    test(`${what} is noticed`, async () => {
      const copy = await copied();
      change((name) => join(copy, name));
      assert.throws(() => buildIn(copy), /not of one build|which build/);
    });
  }

  test("a Worker of two builds does not start", async () => {
    const copy = await copied();
    assert.equal((await health(copy)).status, 200);
    copyFileSync(inRepository("build/index_bg.wasm"), join(copy, "index_bg.wasm"));
    await assert.rejects(health(copy));
  });
});

describe("the schema for editors", async () => {
  const { wrongIn, wrongInSettings, definitions } = await wranglerSchema();

  test("takes the wrangler.toml of this repository and of the examples", async () => {
    for (const file of ["wrangler.toml", "examples/demo-app/wrangler.toml", "examples/radicale/wrangler.toml"]) {
      assert.deepEqual(wrongIn(parse(await textOf(file))), [], file);
    }
  });

  for (const [what, settings] of Object.entries({
    "a misspelt setting": { SESSION_TTL: 3600 },
    "a misspelt key of a rule": { RULES: [{ path: "/", sesion: "none" }] },
    "a path without its slash": { RULES: [{ path: "assets/*" }] },
    "a switch that is neither": { ORIGIN_CONTROL: "maybe" },
    "a provider without an issuer": { PROVIDERS: [{ key: "corp", client_id: "gate" }] },
    "a number that is none": { MAX_SESSIONS: "many" },
  })) {
    test(`refuses ${what}`, () => assert.notDeepEqual(wrongInSettings(settings), []));
  }

  test("leaves the variables of an application in the same Worker alone", () => {
    assert.deepEqual(wrongInSettings({ GREETING: "hello", LIMIT: 3 }), []);
  });

  test("describes every setting of docs/configuration.md, with its default, and no other", async () => {
    const documented = settingsIn(await textOf("docs/configuration.md"));
    const described = Object.entries(definitions.Settings.properties);
    assert.deepEqual(described.map(([name]) => name).sort(), Object.keys(documented).sort());
    for (const [name, { default: value }] of described) {
      const text = documented[name] === "–" ? undefined : documented[name];
      assert.equal(typeof value === "object" ? JSON.stringify(value) : value?.toString(), text, name);
    }
  });
});

test("the schema describes every key of a rule and of a provider that docs/configuration.md names, and no other", async () => {
  const { definitions } = await wranglerSchema();
  const text = await textOf("docs/configuration.md");
  const [, rule] = /^\| `RULES` \| `\[\]` \| array of `\{ ([^}]+) \}`/m.exec(text);
  assert.deepEqual(Object.keys(definitions.Rule.properties).sort(), rule.split(", ").sort());
  const [, fields] = /\| field \| default \| meaning \|\n(.*?)\n\n/s.exec(text);
  const names = [...fields.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
    cell.replaceAll("`", "").split(", "),
  );
  assert.deepEqual(Object.keys(definitions.Provider.properties).sort(), names.sort());
});

test("the types have every secret that docs/configuration.md names", async () => {
  const [, table] = /\| secret \(`npx[^\n]+\n\|[-|]+\n(.*?)\n\n/s.exec(await textOf("docs/configuration.md"));
  const named = [...table.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
  const [, secrets] = /interface Secrets \{(.*?)\n\}/s.exec(readFileSync(inPackage("index.d.ts"), "utf8"));
  const typed = [...secrets.matchAll(/^ {2}([A-Z_]+)\??: string;/gm)].map(([, name]) => name);
  assert.deepEqual(typed.sort(), named.sort());
});

test("the types fit a Worker that hands its application to the gate", async () => {
  const project = await mkdtemp(join(tmpdir(), "session-gate-types-"));
  after(() => rm(project, { recursive: true, force: true }));
  const modules = join(project, "node_modules");
  await mkdir(modules);
  output("ln", ["-s", inPackage("."), join(modules, "session-gate")]);
  output("ln", ["-s", inRepository("node_modules/@cloudflare"), join(modules, "@cloudflare")]);
  writeFileSync(join(project, "good.ts"), TYPED);
  writeFileSync(join(project, "bad.ts"), TYPED.replace(`session: "optional"`, `sesion: "optional"`));
  assert.equal(compiled(project, "good.ts"), "");
  assert.match(compiled(project, "bad.ts"), /sesion/);
});

const TYPED = `import gate, { type Bindings, type Settings, SidIndex, UserSessions } from "session-gate";
export { SidIndex, UserSessions };
const app = { fetch: (request: Request) => new Response(request.headers.get("Gate-User")) };
export const settings: Settings = { RULES: [{ path: "/", session: "optional" }], MAX_SESSIONS: "5" };
export default {
  fetch: (request, env, ctx) => gate.fetch(request, { ...env, ORIGIN: app }, ctx),
} satisfies ExportedHandler<Bindings>;
`;

function compiled(project, file) {
  const options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022"];
  const types = ["--lib", "es2022", "--types", "@cloudflare/workers-types"];
  const args = [
    inRepository("node_modules/typescript/bin/tsc"),
    ...options,
    ...types,
    "--ignoreConfig",
    join(project, file),
  ];
  return heard(process.execPath, args, project);
}

function heard(command, args, cwd) {
  const { stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  return `${stdout}${stderr}`;
}

async function copied() {
  const copy = await mkdtemp(join(dirname(folder), "copy-"));
  for (const name of ["index.js", "index_bg.wasm"]) copyFileSync(inPackage(name), join(copy, name));
  return copy;
}

function withByteChanged(bytes) {
  bytes[bytes.length >> 1] ^= 1;
  return bytes;
}

async function health(build) {
  const runtime = new Miniflare({
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: (...streams) => {
      for (const stream of streams) stream.resume();
    },
    compatibilityDate: "2026-04-07",
    modulesRoot: build,
    modules: [
      { type: "ESModule", path: join(build, "index.js") },
      { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
    ],
    durableObjects: { SESSIONS: { className: "UserSessions", useSQLite: true } },
    bindings: { GATE_SECRET: SECRET, ORIGIN_URL: "http://127.0.0.1:1" },
  });
  try {
    return await runtime.dispatchFetch("http://localhost/auth/health");
  } finally {
    await runtime.dispose();
  }
}

/** The rows of the first table: name and default. */
function settingsIn(markdown) {
  const [table] = markdown.split("| secret (");
  const rows = table.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm);
  return Object.fromEntries([...rows].map(([, name, value]) => [name, value.trim().replaceAll("`", "")]));
}
