// The pages about identity providers can be followed: their settings are settings, and their addresses fit each other.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import { gateFor, inRepository, textOf } from "../support/index.mjs";

const FOLDER = "docs/providers";
const pages = (await readdir(inRepository(FOLDER))).filter((name) => name.endsWith(".md"));
const scratch = await mkdtemp(join(tmpdir(), "session-gate-documents-"));
after(() => rm(scratch, { recursive: true, force: true }));

/** The variables of a block of TOML, as wrangler reads them. */
async function variablesIn(block, name) {
  const file = join(scratch, `${name}.toml`);
  await writeFile(file, `name = "gate"\nmain = "index.js"\ncompatibility_date = "2026-04-07"\n${block}`);
  await writeFile(join(scratch, "index.js"), "export default {}");
  return workerOptions(file).workerOptions.bindings;
}

const blocksIn = (text, language) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))].map(([, block]) => block);

for (const page of pages) {
  describe(`${FOLDER}/${page}`, async () => {
    const text = await textOf(`${FOLDER}/${page}`);
    const tables = [];
    for (const [at, block] of blocksIn(text, "toml").entries()) tables.push(await variablesIn(block, `${page}-${at}`));

    test("has settings that the gate takes", async (t) => {
      assert.ok(tables.length > 0);
      for (const vars of tables) {
        const secrets = vars.PROVIDERS.map(({ key }) => [`PROVIDER_SECRET_${key.toUpperCase()}`, "any-client-secret"]);
        const gate = await gateFor(t, { vars: { ...vars, ...Object.fromEntries(secrets) } });
        const health = await gate.fetch("/auth/health");
        assert.equal(health.status, 200, JSON.stringify(gate.logs));
      }
    });

    test("names the addresses and the secret of its key", () => {
      const [{ key }] = tables[0].PROVIDERS;
      const addresses = [...text.matchAll(/https:\/\/app\.example\.com\/auth\/\w+(?:-logout)?\/([\w-]+)/g)];
      assert.ok(addresses.length > 0);
      assert.deepEqual([...new Set(addresses.map(([, named]) => named))], [key]);
      assert.match(text, new RegExp(`secret put PROVIDER_SECRET_${key.toUpperCase()} `));
    });
  });
}

test("every page about a provider is linked by the table of all", async () => {
  const table = await textOf(`${FOLDER}/README.md`);
  assert.deepEqual(
    pages.filter((name) => name !== "README.md" && !table.includes(`](${name})`)),
    [],
  );
});
