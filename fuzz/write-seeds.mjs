// Puts seeds where scripts/fuzz.mjs looks for them.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Writes the seeds of each target, by name, in the place of those that it had. */
export async function writeSeeds(seeds) {
  for (const [target, files] of Object.entries(seeds)) {
    const folder = fileURLToPath(new URL(`./seeds/${target}/`, import.meta.url));
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    for (const [name, content] of Object.entries(files)) await writeFile(`${folder}${name}`, content);
  }
}
