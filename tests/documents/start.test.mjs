// The first of the two commands: what a newcomer types and then sees in a browser.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newClient, PATIENCE_MS, portOf, START, startDemo } from "../support/index.mjs";

describe("npm start", () => {
  let state;
  before(async () => {
    state = await mkdtemp(join(tmpdir(), "session-gate-start-"));
  });
  after(() => rm(state, { recursive: true, force: true }));

  test("serves the demo application behind the gate and keeps its sessions from one run to the next", async () => {
    const first = await startDemo({ PORT: "0", STATE: state });
    const browser = newClient(first);
    const login = await browser.fetch("/login", { method: "POST", body: new URLSearchParams({ user: "ada" }) });
    assert.equal(login.status, 303);
    assert.equal(await first.stop(), 0);

    const second = await startDemo({ PORT: new URL(first.url).port, STATE: state });
    const page = await browser.fetch("/me");
    assert.equal(page.status, 200);
    assert.match(await page.text(), /ada/);
    assert.equal(await second.stop(), 0);
  });

  test("says in one line that its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const port = portOf(other);
    const { code, stderr } = await end({ PORT: String(port), STATE: state });
    other.close();
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^error: port ${port} cannot be used .*\\n$`));
  });
});

function end(environment) {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...environment }, timeout: PATIENCE_MS };
    execFile(process.execPath, [START], options, (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}
