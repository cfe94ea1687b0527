// A newcomer with an application, and without Rust: three commands from nothing to a gate in front of it, in a browser, and
// a dry deployment.

import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, leaving } from "../support/browser.mjs";
import { blockCalled } from "../support/documents.mjs";
import { inRepository, startProcess } from "../support/index.mjs";
import { machineWithoutRust } from "../support/package.mjs";

const machine = await machineWithoutRust({ after });
let app, browser;

before(async () => {
  const folder = join(machine.folder, "app");
  await mkdir(folder);
  await symlink(inRepository("node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "app.mjs"), blockCalled("docs/start/express.md", "app.mjs"));
  app = await startProcess(process.execPath, ["app.mjs"], {
    cwd: folder,
    env: { ...process.env, PORT: "0" },
    ready: /listening on (http:\S+)/,
  });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await app?.stop();
});

test("init, npm start: somebody logs in and out, and npm run deploy is ready", async (t) => {
  const options = ["--origin-url", app.match[1], "--login-url", "/login"];
  assert.equal((await machine.command(["init", "my-gate", ...options])).code, 0);
  const folder = join(machine.folder, "my-gate");
  const gate = await machine.start(folder);
  t.after(gate.stop);

  const page = await (await browser.newContext()).newPage();
  await page.goto(`${gate.url}/`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await page.locator("[name=user]").fill("ada");
  await page.locator("[name=password]").fill("lovelace");
  await leaving(page, () => page.getByRole("button", { name: "Log in" }).click());
  assert.equal(page.url(), `${gate.url}/`);
  assert.match(await page.locator("body").innerText(), /Hello ada/);

  await page.goto(`${gate.url}/auth/sessions`);
  assert.equal(await page.getByRole("listitem").filter({ hasText: /Chrom/ }).count(), 1);
  await page.goto(`${gate.url}/`);
  await leaving(page, () => page.getByRole("link", { name: "Log out" }).click());
  assert.deepEqual(await page.context().cookies(), []);
  await page.goto(`${gate.url}/`);
  assert.equal(new URL(page.url()).pathname, "/login");

  const { code, stdout, stderr } = await machine.run("npm", ["run", "deploy", "--", "--dry-run"], { cwd: folder });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /--dry-run: exiting now/);
});
