// `npm run docs`: the documents as a site, in target/site/html. What makes it (VitePress) is installed for it alone, in site/,
// so that nothing else has to wait for it. Afterwards every link in what was made is followed.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { main, ROOT, run, Stop, say } from "./run.mjs";
import { sitePages } from "./site-pages.mjs";

const SITE = join(ROOT, "site");
const PAGES = join(ROOT, "target", "site", "pages");
export const HTML = join(ROOT, "target", "site", "html");

/** Makes the site and looks at it. */
export async function makeSite() {
  await ensureGenerator();
  say("writing the pages");
  writePages();
  await run(process.execPath, [join(SITE, "node_modules", "vitepress", "bin", "vitepress.js"), "build", SITE]);
  const wrong = wrongIn(HTML);
  if (wrong.length > 0) throw new Stop(`the site has links that lead nowhere, or elsewhere:\n${wrong.join("\n")}`);
  return HTML;
}

async function ensureGenerator() {
  const list = join(SITE, "node_modules", ".package-lock.json");
  const isThere = existsSync(list) && versionsIn(list)["node_modules/vitepress"]?.version === wanted();
  if (isThere) return;
  say("installing what makes the site");
  await run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", `--prefix=${SITE}`]);
}

const versionsIn = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
const wanted = () => versionsIn(join(SITE, "package-lock.json"))["node_modules/vitepress"].version;

function writePages() {
  rmSync(PAGES, { recursive: true, force: true });
  for (const { place, text, files } of sitePages()) {
    write(join(PAGES, place), text);
    for (const [file, source] of Object.entries(files)) {
      mkdirSync(dirname(join(PAGES, "public", file)), { recursive: true });
      cpSync(join(ROOT, source), join(PAGES, "public", file));
    }
  }
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Links to what is not there, and whatever a page loads from elsewhere; one line each. */
export function wrongIn(folder) {
  const files = new Set(readdirSync(folder, { encoding: "utf8", recursive: true }));
  const pages = new Map(
    [...files].filter((file) => file.endsWith(".html")).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
  const anchors = new Map(
    [...pages].map(([file, html]) => [
      file,
      new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => decoded(id))),
    ]),
  );
  return [...pages].flatMap(([file, html]) => [
    ...[...html.matchAll(/<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(https?:[^"]+)"/g)].map(
      ([, url]) => `${file} loads ${url}`,
    ),
    ...[...html.matchAll(/\s(?:href|src)="([^"]+)"/g)]
      .map(([, link]) => decoded(link))
      .filter((link) => !/^(https?|mailto|data):/.test(link) && !leadsSomewhere(link, file, files, anchors))
      .map((link) => `${file} links ${link}`),
  ]);
}

function leadsSomewhere(link, file, files, anchors) {
  const [path, anchor] = link.split("#");
  const base = process.env.DOCS_BASE ?? "/";
  const absolute = path.startsWith(base) ? path.slice(base.length) : path && posix.join(posix.dirname(file), path);
  const found = [path === "" ? file : absolute, `${absolute}.html`, posix.join(absolute, "index.html")].find(
    (name) => files.has(name) && !isFolder(name, files),
  );
  if (found === undefined) return false;
  return !anchor || !anchors.has(found) || anchors.get(found).has(decodeURIComponent(anchor));
}

/** `readdir` names folders too; a folder is no page. */
const isFolder = (name, files) => files.has(posix.join(name, "index.html")) || !/\.\w+$/.test(name);

const decoded = (text) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => console.log(`${await makeSite()}/index.html`));
}
