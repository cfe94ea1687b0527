// Every block of code in the documents is what it says it is: JavaScript, Python and shell that parse, settings that an
// editor and the gate take, commands that there are.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { transformSync } from "esbuild";
import { parse } from "smol-toml";
import { blocksIn, documents } from "../support/documents.mjs";
import { runCommand, unpackedPackage } from "../support/package.mjs";
import { textOf } from "../support/repository.mjs";
import { wranglerSchema } from "../support/wrangler-schema.mjs";

/** Pictures made of letters, and words for steps. */
const NO_CODE = ["ARCHITECTURE.md", "docs/threat-model.md", "crates/oidc/README.md"];
const WRANGLER = ["deploy", "dev", "tail", "secret put", "secret bulk", "secret delete", "versions deploy", "rollback"];

const { folder: unpacked } = await unpackedPackage({ after });
const { wrongIn, wrongInSettings } = await wranglerSchema();
const blocks = documents().flatMap(blocksIn);
const of = (...languages) => blocks.filter(({ language }) => languages.includes(language));
const title = ({ document, line, language }) => `${document}:${line} is ${language}`;

test("every block says what it is", () => {
  const known = ["sh", "toml", "js", "python", "json", "jsonc", "http", "sql"];
  const others = blocks.filter(({ language, document }) => !known.includes(language) && !NO_CODE.includes(document));
  assert.deepEqual(others.map(title), []);
  assert.ok(blocks.length > 60);
});

describe("JavaScript", () => {
  for (const block of of("js")) test(title(block), () => assertParses(block.code));
});

/** Some blocks are the inside of a function. */
function assertParses(code) {
  try {
    transformSync(code, { loader: "js", logLevel: "silent" });
  } catch {
    transformSync(`async function inside() {${code}\n}`, { loader: "js", logLevel: "silent" });
  }
}

describe("Python", () => {
  for (const block of of("python")) test(title(block), () => assertIsPython(block.code));
});

const READ_PYTHON = `import ast, sys, textwrap
code = sys.stdin.read()
try:
    ast.parse(code)
except SyntaxError:
    ast.parse("async def inside():\\n" + textwrap.indent(code, "    "))`;

function assertIsPython(code) {
  const { status, stderr } = spawnSync("python3", ["-c", READ_PYTHON], { input: code, encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

describe("JSON", () => {
  for (const block of of("json", "jsonc")) {
    test(title(block), () => {
      const value = JSON.parse(block.code.replaceAll(/^\s*\/\/.*$/gm, ""));
      if ("main" in value) assert.deepEqual(wrongIn(value), []);
    });
  }
});

describe("TOML", () => {
  for (const block of of("toml")) {
    test(title(block), () => {
      const value = parse(block.code);
      const isSettings = Object.keys(value).every((name) => /^[A-Z_]+$/.test(name));
      assert.deepEqual(isSettings ? wrongInSettings(value) : wrongIn(value), []);
    });
  }
});

describe("HTTP", () => {
  for (const block of of("http")) {
    test(title(block), () => {
      for (const line of block.code.trim().split("\n")) {
        const [, name, value] = /^([\w-]+): ([ -~]+)$/.exec(line) ?? assert.fail(line);
        new Headers().set(name, value);
        if (value.startsWith("{")) JSON.parse(value);
      }
    });
  }
});

describe("shell", async () => {
  const { scripts } = JSON.parse(await textOf("package.json"));
  const projects = ["start", "run deploy", "run doctor"];
  const npm = [
    ...Object.keys(scripts).flatMap((name) => [name, `run ${name}`]),
    ...projects,
    "install",
    "update",
    "ci",
  ];
  const help = await helpOf("init", "secret", "doctor", "dev");

  for (const block of of("sh")) {
    test(title(block), () => {
      const { status, stderr } = spawnSync("bash", ["-n"], { input: block.code, encoding: "utf8" });
      assert.equal(status, 0, stderr);
      for (const command of commandsIn(block.code)) {
        assert.deepEqual(unknownIn(command), [], command);
      }
    });
  }

  /** What of a command there is not. */
  function unknownIn(command) {
    const [, program, rest] =
      /^(?:[A-Z_]+=\S+ )*(npx session-gate|npx wrangler|npm|cargo|node) ?(.*)$/.exec(command) ?? [];
    const starts = (names) => names.some((name) => rest === name || rest.startsWith(`${name} `));
    if (program === "npm") return starts(npm) ? [] : [rest];
    if (program === "npx wrangler") return starts(WRANGLER) ? [] : [rest];
    if (program !== "npx session-gate") return [];
    const [name, ...words] = rest.split(" ");
    if (help[name] === undefined) return [name];
    return words.filter((word) => word.startsWith("--") && !help[name].includes(`${word} `));
  }
});

/** One line each, without comments; what a line ends with a backslash goes on. */
function commandsIn(code) {
  return code
    .replaceAll("\\\n", " ")
    .split("\n")
    .flatMap((line) => line.replace(/(^|\s)#.*$/, "").split(/&&|\||;/))
    .map((command) => command.trim().replaceAll(/\s+/g, " "))
    .filter((command) => command !== "");
}

async function helpOf(...commands) {
  const entries = commands.map(async (name) => {
    const { code, stdout } = await runCommand(unpacked, [name, "--help"]);
    assert.equal(code, 0);
    return [name, stdout];
  });
  return Object.fromEntries(await Promise.all(entries));
}
