// Real applications, each with a secret at /admin/secret.txt and an open page at /pub/style.css, that
// read paths in the ways of their servers and frameworks.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startProcess } from "./process.mjs";

const at = (name) => fileURLToPath(new URL(`./readers/${name}`, import.meta.url));

const READERS = {
  "a WSGI application": () => ["python3", [at("wsgi_app.py")]],
  "a WSGI application that reads paths in every usual way": () => ["python3", [at("wsgi_app.py"), "thorough"]],
  "python3 -m http.server": (folder) => [
    "python3",
    ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder],
  ],
  "an Express application": (folder) => [process.execPath, [at("express_app.mjs"), folder]],
};

/** Their names. */
export const NAMES = Object.keys(READERS);

/** Starts one; it ends with `t`. Returns its address. */
export async function startReader(t, name) {
  const folder = await mkdtemp(join(tmpdir(), "session-gate-"));
  for (const [path, page] of [
    ["admin/secret.txt", "the secret"],
    ["pub/style.css", "a style"],
  ]) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), page);
  }
  const [program, args] = READERS[name](folder);
  const { match, stop } = await startProcess(program, args, { ready: /(?:listening on|port) ([0-9]+)/ });
  t.after(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });
  return `http://127.0.0.1:${match[1]}`;
}
