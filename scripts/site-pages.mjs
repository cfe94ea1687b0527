// The documents of the repository as pages of a site: where each goes, and where its links lead there. What a page names
// and is no page, a source or a picture, goes with it.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, posix } from "node:path";
import { ROOT } from "./run.mjs";

const FOLDERS = ["docs", "docs/start", "docs/providers"];
const OTHERS = {
  "README.md": "index.md",
  "ARCHITECTURE.md": "architecture.md",
  "CHANGELOG.md": "changelog.md",
  "CONTRIBUTING.md": "contributing.md",
  "SECURITY.md": "security.md",
  "package/README.md": "package.md",
  "tests/README.md": "tests.md",
  "crates/oidc/README.md": "oidc.md",
  "examples/flask-app/README.md": "examples/flask-app.md",
  "examples/radicale/README.md": "examples/radicale.md",
  "bench/results.md": "bench.md",
};
/** What a browser shows by itself; anything else is shown as text. */
const PICTURES = [".png", ".svg"];
const FILES = "files";

/** The pages by their paths in the site: each with its text, and the files that it needs. */
export function sitePages() {
  /** @type {Record<string, string>} */
  const places = { ...Object.fromEntries(FOLDERS.flatMap(placesIn)), ...OTHERS };
  return Object.entries(places).map(([document, place]) => ({ place, ...translated(document, place, places) }));
}

const placesIn = (folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => [`${folder}/${name}`, `${folder}/${name}`.slice("docs/".length).replace("README.md", "index.md")]);

function translated(document, place, places) {
  /** @type {Record<string, string>} */
  const files = {};
  const text = outsideOfCode(readFileSync(join(ROOT, document), "utf8"), (part) =>
    part.replace(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (whole, mark, words, link) => {
      if (/^(https?:|mailto:|#)/.test(link)) return whole;
      const [path, anchor] = link.split("#");
      const target = posix.join(posix.dirname(document), path).replace(/\/$/, "");
      const inSite = places[target] ?? places[`${target}/README.md`];
      if (inSite !== undefined)
        return `[${words}](${relative(place, inSite)}${anchor === undefined ? "" : `#${anchor}`})`;
      if (!existsSync(join(ROOT, target))) throw new Error(`${document} links ${link}, which is not there`);
      if (statSync(join(ROOT, target)).isDirectory()) return words;
      const file = `${FILES}/${target}${PICTURES.includes(extname(target)) ? "" : ".txt"}`;
      files[file] = target;
      return `${mark}[${words}](/${file})`;
    }),
  );
  return { files, text };
}

function outsideOfCode(text, change) {
  return text
    .split(/(^ *```[\s\S]*?^ *```$)/m)
    .map((part, at) => (at % 2 === 1 ? part : change(part)))
    .join("");
}

const relative = (from, to) => {
  const path = posix.relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
};
