// The documents lead where they say, and are as short as promised.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { anchorOf } from "../../site/anchor.mjs";
import { documents } from "../support/documents.mjs";
import { ROOT } from "../support/repository.mjs";

const DOCUMENTS = documents();
const text = (path) => readFileSync(join(ROOT, path), "utf8");
const withoutCode = (markdown) => markdown.replace(/```[\s\S]*?```/g, "");

const anchorsIn = (path) =>
  withoutCode(text(path))
    .split("\n")
    .filter((line) => /^#+ /.test(line))
    .map((line) => anchorOf(line.replace(/^#+ /, "")));

for (const document of DOCUMENTS) {
  test(`${document} links nothing that is not there`, () => {
    const links = [...withoutCode(text(document)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)];
    const own = links.map(([, link, image]) => link ?? image).filter((link) => !/^(https?|mailto):/.test(link));
    const broken = own.filter((link) => {
      const [path, anchor] = link.split("#");
      const target = path === "" ? document : join(dirname(document), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsIn(target).includes(anchor);
    });
    assert.deepEqual(broken, []);
  });
}

for (const [document, most] of Object.entries({ "README.md": 8192, "SECURITY.md": 3072 })) {
  test(`${document} has at most ${most} bytes`, () => {
    const { length } = Buffer.from(text(document));
    assert.ok(length <= most, `${length}`);
  });
}

test("every document is named in the README or beside one that is", () => {
  const named = DOCUMENTS.flatMap((document) => [
    ...text(document).matchAll(/\]\((?:\.\.\/)?(?:docs\/)?(?:providers\/)?([\w-]+\.md)/g),
  ]);
  const names = new Set(named.map(([, name]) => name));
  assert.deepEqual(
    DOCUMENTS.filter((path) => path !== "README.md" && !names.has(path.split("/").at(-1))),
    [],
  );
});

test("no document has the marks of a merge that was not finished", () => {
  assert.deepEqual(
    DOCUMENTS.filter((document) => /^(?:<{7}|>{7}) /m.test(text(document))),
    [],
  );
});
