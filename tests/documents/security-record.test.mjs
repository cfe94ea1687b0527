// The documents say which test shows what. A name that no test bears would be a promise that nobody keeps.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { textOf } from "../support/repository.mjs";

const DOCUMENTS = ["docs/requirements.md", "docs/threat-model.md", "docs/reliability.md", "docs/supply-chain.md"];
const LINK = /\]\((?:\.\.\/)?((?:tests|src)\/[^)#]+\.(?:mjs|rs))\)([^|[]*)/g;
const CITED = /“([^”]+)”/g;
const oneLine = (name) => name.replace(/\s+/g, " ");

/** Each test that a document cites: the file that it links, and the name that it quotes behind the link. */
async function citations(document) {
  const links = [...(await textOf(document)).matchAll(LINK)];
  return links.flatMap(([, file, rest]) =>
    [...rest.matchAll(CITED)].map(([, name]) => ({ file, name: oneLine(name) })),
  );
}

/** The names of the tests of a file as its source has them, `…` for what is filled in when it runs. */
async function namesIn(file) {
  const source = await textOf(file);
  return file.endsWith(".rs") ? rustNames(source) : scriptNames(source);
}

// Only what is marked as a test: `proptest!` wants the mark as well.
const rustNames = (source) => [...source.matchAll(/#\[test\]\s*fn (\w+)/g)].map(([, name]) => name);

function scriptNames(source) {
  const calls = source.matchAll(/\b(?:test|describe)\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)/g);
  return [...calls].map(([, quoted]) => nameIn(quoted));
}

function nameIn(quoted) {
  const text = quoted.slice(1, -1);
  if (quoted.startsWith('"')) return JSON.parse(quoted);
  return quoted.startsWith("'") ? text.replaceAll("\\'", "'") : withGaps(text);
}

const withGaps = (template) => template.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…").replaceAll("\\`", "`");

describe("every test that is cited exists:", async () => {
  for (const document of DOCUMENTS) {
    test(document, async () => {
      const unknown = [];
      for (const { file, name } of await citations(document)) {
        const names = await namesIn(file).catch(() => []);
        if (!names.includes(name)) unknown.push(`${file}: ${name}`);
      }
      assert.deepEqual(unknown, []);
    });
  }

  test("and the requirements cite more than a hundred", async () => {
    assert.ok((await citations("docs/requirements.md")).length > 100);
  });
});

test("every requirement has a test, a document or a reason", async () => {
  const rows = (await textOf("docs/requirements.md"))
    .split("\n")
    .filter((line) => /^\| .*(ASVS|RFC|SM|CSRF|LV|CT|OIDC)/.test(line));
  assert.ok(rows.length > 60, `${rows.length} rows`);
  const bare = rows.filter(
    (row) => !/“|Does not apply|Not held|By construction|\]\((\.\.\/(ARCHITECTURE|README)|[a-z-]+\.md)/.test(row),
  );
  assert.deepEqual(bare, []);
});
