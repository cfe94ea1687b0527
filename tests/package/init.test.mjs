// `session-gate init` asks what it is not told, writes nothing over anything, and says what is wrong. `secret` prints what
// is good for a secret.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { parse } from "smol-toml";
import { TEMPLATES } from "../../package/cli/project.mjs";
import { gateFor, isSignedIn, login } from "../support/index.mjs";
import { runCommand, unpackedPackage } from "../support/package.mjs";
import { wranglerSchema } from "../support/wrangler-schema.mjs";

const unpacked = await installed({ resolved: undefined });
const FILES = [".dev.vars", ".gitignore", "README.md", "package.json", "wrangler.toml"];

describe("session-gate init", () => {
  test("with --yes and nothing else writes a gate in front of a server on this machine", async (t) => {
    const { code, stdout, folder } = await init(t, ["--yes"]);
    assert.equal(code, 0);
    assert.match(stdout, /cd my-gate\n {2}npm start/);
    const { vars, main, workers_dev, preview_urls } = settingsOf(folder);
    assert.deepEqual([vars.ORIGIN_URL, vars.LOGIN_URL], ["http://127.0.0.1:8000", "/login"]);
    assert.equal(main, "node_modules/session-gate/index.js");
    assert.deepEqual([workers_dev, preview_urls], [true, false]);
  });

  test("asks for what it is not told, and asks again for what cannot be", async (t) => {
    const answers = ["shop", "2", "not an address", "http://127.0.0.1:3000/", "https://idp.example.com", "shop"];
    const { code, stdout, folder } = await init(t, [], {
      folder: "shop",
      named: false,
      input: `${answers.join("\n")}\n`,
    });
    assert.equal(code, 0);
    assert.match(stdout, /must be an origin/);
    const { name, vars } = settingsOf(folder);
    assert.equal(name, "shop");
    assert.equal(vars.ORIGIN_URL, "http://127.0.0.1:3000");
    assert.deepEqual(
      vars.PROVIDERS.map(({ issuer, client_id }) => [issuer, client_id]),
      [["https://idp.example.com", "shop"]],
    );
  });

  test("asks how people log in where it cannot be told from the template", async (t) => {
    for (const template of ["same-worker", "bound-worker"]) {
      const input = "2\nhttps://idp.example.com\nshop\n";
      const { code, stdout, folder } = await init(t, ["--template", template], { input });
      assert.equal(code, 0);
      assert.match(stdout, /How do people log in\?/);
      assert.equal(settingsOf(folder).vars.LOGIN_URL, undefined);
      assert.equal(settingsOf(folder).vars.PROVIDERS[0].client_id, "shop");
      assert.match(readFileSync(join(folder, "README.md"), "utf8"), /auth\/callback\/corp/);
    }
  });

  test("with an address offers only what has one", async (t) => {
    const { code, stdout, folder } = await init(t, ["--origin-url", "http://127.0.0.1:5232"], { input: "3\n\n\n" });
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /static site/);
    assert.match(stdout, /made up/);
    assert.equal(settingsOf(folder).vars.ORIGIN_CONTROL, "off");
  });

  test("asks nothing that the options say", async (t) => {
    const options = ["--origin-url", "http://127.0.0.1:8000", "--login-url", "/sign-in"];
    const { code, stdout, folder } = await init(t, options);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /\?/);
    assert.equal(settingsOf(folder).vars.LOGIN_URL, "/sign-in");
  });

  test("says so when the answers end, and writes nothing", async (t) => {
    const { code, stderr, folder } = await init(t, [], { input: "\n" });
    assert.equal(code, 2);
    assert.match(stderr, /--yes/);
    assert.ok(!existsSync(folder));
  });

  for (const file of [...FILES, "src/app.js"]) {
    test(`writes nothing where there is a ${file}`, async (t) => {
      const place = await emptyFolder(t);
      await mkdir(join(place, "my-gate", "src"), { recursive: true });
      writeFileSync(join(place, "my-gate", file), "mine");
      const { code, stderr, folder } = await init(t, ["--template", "same-worker", "--yes"], { place });
      assert.equal(code, 2);
      assert.ok(stderr.includes(file), stderr);
      assert.equal(readFileSync(join(folder, file), "utf8"), "mine");
      const files = readdirSync(folder, { encoding: "utf8", recursive: true }).filter((path) => path !== "src");
      assert.deepEqual(files, [file]);
    });
  }

  test("makes two secrets that no other project has, for their owner's eyes alone", async (t) => {
    const texts = [];
    for (const _ of [1, 2]) {
      const { folder } = await init(t, ["--yes"]);
      assert.equal(statSync(join(folder, ".dev.vars")).mode & 0o777, 0o600);
      texts.push(readFileSync(join(folder, ".dev.vars"), "utf8"));
      assert.match(readFileSync(join(folder, ".gitignore"), "utf8"), /^\.dev\.vars$/m);
    }
    const secrets = texts.flatMap((text) => [...text.matchAll(/"([\w-]{43})"/g)].map(([, secret]) => secret));
    assert.equal(new Set(secrets).size, 4);
  });

  for (const [what, options] of /** @type {[string, string[]][]} */ ([
    ["a template that there is not", ["--template", "wordpress"]],
    ["a part of a name that two templates have", ["--template", "worker"]],
    ["an application's address with a path", ["--origin-url", "http://127.0.0.1:8000/app"]],
    ["an address that is none", ["--origin-url", "localhost:8000"]],
    ["the log-out as the login page", ["--login-url", "/logout"]],
    ["a route of the gate as the login page", ["--login-url", "/auth/sessions"]],
    ["a login page of another scheme", ["--login-url", "javascript:alert(1)"]],
    ["a login page on another host without TLS", ["--login-url", "http://login.example.com/"]],
    ["a provider without TLS", ["--template", "static-site", "--provider", "http://idp.example.com"]],
    ["two ways to log in", ["--login-url", "/login", "--provider", "https://idp.example.com"]],
    ["an address where there is no server", ["--template", "static-site", "--origin-url", "http://127.0.0.1:8000"]],
    ["an option that there is not", ["--orgin-url", "http://127.0.0.1:8000"]],
    ["two folders", ["another"]],
  ])) {
    test(`refuses ${what} in one line, and writes nothing`, async (t) => {
      const { code, stderr, folder } = await init(t, [...options, "--yes"]);
      assert.equal(code, 2);
      assert.match(stderr, /^error: .+\n$/);
      assert.ok(!existsSync(folder));
    });
  }

  for (const template of Object.keys(TEMPLATES)) {
    test(`${template}: its wrangler.toml is right in an editor, and its README.md names no placeholder`, async (t) => {
      const { folder } = await init(t, ["--template", template, "--yes"]);
      const { wrongIn } = await wranglerSchema();
      const toml = readFileSync(join(folder, "wrangler.toml"), "utf8");
      assert.deepEqual(wrongIn(parse(toml)), []);
      assert.match(toml, /^#:schema \.\/node_modules\/session-gate\/wrangler\.schema\.json\n/);
      assert.doesNotMatch(readFileSync(join(folder, "README.md"), "utf8"), /\{\{|undefined/);
    });
  }

  for (const part of ["static", "site"]) {
    test(`takes ${part} as a part of a template's name that only one has`, async (t) => {
      const { folder } = await init(t, ["--template", part, "--yes"]);
      assert.equal(settingsOf(folder).assets.run_worker_first, true);
    });
  }
});

describe("package.json names session-gate", () => {
  const dependencyBy = async (t, place) => {
    const { folder } = await init(t, ["--yes"], { from: place });
    const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { folder, dependency: dependencies["session-gate"] };
  };
  const { version } = JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8"));

  for (const resolved of [undefined, "https://registry.npmjs.org/session-gate/-/session-gate-0.1.0.tgz"]) {
    test(`by its version, where it came from a registry (${resolved ?? "which npm was told not to write down"})`, async (t) => {
      assert.equal((await dependencyBy(t, await installed({ resolved }))).dependency, `~${version}`);
    });
  }

  for (const [what, entry] of Object.entries({
    "a file": { resolved: "file:../session-gate-0.1.0.tgz" },
    "a folder": { resolved: "../session-gate", link: true },
  })) {
    test(`by a copy in the project, where it came from ${what}`, async (t) => {
      const { folder, dependency } = await dependencyBy(t, await installed(entry));
      assert.match(dependency, /^file:session-gate-.*\.tgz$/);
      assert.ok(existsSync(join(folder, dependency.slice("file:".length))));
    });
  }
});

describe("session-gate secret", () => {
  test("prints one line, another one each time, that the gate takes for GATE_SECRET and for a key", async (t) => {
    const printed = await Promise.all([1, 2].map(async () => (await runCommand(unpacked, ["secret"])).stdout));
    assert.notEqual(printed[0], printed[1]);
    assert.match(printed[0], /^[\w-]{43}\n$/);
    const [GATE_SECRET, API_KEYS] = printed.map((text) => text.trim());
    const gate = await gateFor(t, { vars: { GATE_SECRET, API_KEYS } });
    assert.ok(await isSignedIn(gate, await login(gate, "ada")));
  });
});

test("what is no command is named, with those that are", async () => {
  const { code, stderr } = await runCommand(unpacked, ["instal"]);
  assert.equal(code, 2);
  assert.match(stderr, /instal[\s\S]*init[\s\S]*secret[\s\S]*doctor/);
});

/** The package as npm installs it: in node_modules/, and on npm's list with where it came from. */
async function installed(entry) {
  const { folder } = await unpackedPackage({ after });
  const modules = join(dirname(folder), "node_modules");
  await mkdir(modules);
  await rename(folder, join(modules, "session-gate"));
  const packages = { "node_modules/session-gate": { version: "0.1.0", ...entry } };
  writeFileSync(join(modules, ".package-lock.json"), JSON.stringify({ packages }));
  return join(modules, "session-gate");
}

async function init(
  t,
  options,
  { folder = "my-gate", named = true, input = "", place = undefined, from = unpacked } = {},
) {
  const cwd = place ?? (await emptyFolder(t));
  const result = await runCommand(from, ["init", ...(named ? [folder] : []), ...options], { cwd, input });
  return { ...result, folder: join(cwd, folder) };
}

async function emptyFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "session-gate-init-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const settingsOf = (folder) => /** @type {any} */ (parse(readFileSync(join(folder, "wrangler.toml"), "utf8")));
