// The site that `npm run docs` makes has every document, its menu leads to pages that there are, and the look at what was
// made finds what is wrong. The site itself is made in tests/long/site.test.mjs.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { wrongIn } from "../../scripts/docs.mjs";
import { sitePages } from "../../scripts/site-pages.mjs";
import config from "../../site/.vitepress/config.mjs";
import { documents } from "../support/documents.mjs";
import { textOf } from "../support/repository.mjs";

const pages = sitePages();
const places = pages.map(({ place }) => place);

test("every document is a page of it", async () => {
  const titles = pages.map(({ text }) => text.split("\n")[0]);
  const missing = [];
  for (const document of documents()) {
    if (!titles.includes((await textOf(document)).split("\n")[0])) missing.push(document);
  }
  assert.deepEqual(missing, []);
  assert.equal(new Set(places).size, places.length);
});

test("the menu has every page on how to start, and leads to pages that there are", () => {
  const links = config.themeConfig.sidebar.flatMap(({ items }) => items.map(({ link }) => link));
  const pageOf = (link) => `${link.slice(1)}${link.endsWith("/") ? "index" : ""}.md`;
  const led = links.map(pageOf);
  assert.deepEqual(
    led.filter((page) => !places.includes(page)),
    [],
  );
  assert.deepEqual(
    places.filter((place) => place.startsWith("start/") && !led.includes(place)),
    [],
  );
});

test("no page links out of the site but to other sites", () => {
  for (const { place, text } of pages) {
    const links = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
    const outside = links.filter((link) => !/^(https?:|mailto:|#|\/files\/)/.test(link) && !leads(place, link));
    assert.deepEqual(outside, [], place);
  }
});

const leads = (place, link) => places.includes(join(dirname(place), link.split("#")[0]));

describe("the look at what was made", () => {
  const GOOD = {
    "index.html": `<a href="/a.html#there">a</a><img src="./a.png">`,
    "a.html": `<h2 id="there">`,
    "a.png": "",
  };

  for (const [what, files, found] of /** @type {[string, Record<string, string>, RegExp | undefined][]} */ ([
    ["finds nothing where nothing is wrong", {}, undefined],
    ["finds a link to no page", { "index.html": `<a href="/b.html">` }, /index\.html links \/b\.html/],
    ["finds a link to no heading", { "index.html": `<a href="/a.html#gone">` }, /#gone/],
    ["finds a picture that is missing", { "a.html": `<img src="b.png">` }, /a\.html links b\.png/],
    [
      "finds a script of another host",
      { "a.html": `<script src="https://count.example/x.js">` },
      /loads https:\/\/count/,
    ],
    ["lets links to other sites be", { "a.html": `<a href="https://example.com" id="there">` }, undefined],
  ])) {
    test(what, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), "session-gate-site-"));
      t.after(() => rm(folder, { recursive: true, force: true }));
      for (const [name, text] of Object.entries({ ...GOOD, ...files })) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
      const wrong = wrongIn(folder);
      if (found === undefined) assert.deepEqual(wrong, []);
      else assert.match(wrong.join("\n"), found);
    });
  }
});
