// The documents, and the blocks of code in them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./repository.mjs";

const FOLDERS = [".", "docs", "docs/start", "docs/providers", "tests", "package", "crates/oidc"];
const EXAMPLES = ["examples/flask-app/README.md", "examples/radicale/README.md"];

/** Every document, by its path. */
export const documents = () => [...FOLDERS.flatMap(markdownIn), ...EXAMPLES];

const markdownIn = (folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));

/**
 * The blocks of a document: language, what else stands beside it (the name of a file, say), code, and the line that it
 * begins at.
 */
export function blocksIn(document) {
  const text = readFileSync(join(ROOT, document), "utf8");
  return [...text.matchAll(/^( *)```(\w*) ?([^\n]*)\n(.*?)^\1```$/gms)].map(
    ({ index, 1: indent, 2: language, 3: name, 4: code }) => ({
      document,
      language,
      name,
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      line: text.slice(0, index).split("\n").length,
    }),
  );
}

/** The code of the block that is called so. */
export function blockCalled(document, name) {
  const block = blocksIn(document).find((block) => block.name === name);
  if (block === undefined) throw new Error(`${document} has no block ${name}`);
  return block.code;
}
