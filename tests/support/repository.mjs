// The files of the repository. A test names them from its root, wherever the test itself lies.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Where a file of the repository is. */
export const inRepository = (path) => join(ROOT, path);

/** What a file of the repository says. */
export const textOf = (path) => readFile(inRepository(path), "utf8");
