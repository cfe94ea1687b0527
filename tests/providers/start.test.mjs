// `npm start` has two ways in: the demo application's own form, and a provider beside it.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { newClient, startDemo } from "../support/index.mjs";
import { comeBack, open } from "../support/providers/gate-at.mjs";
import { Person } from "../support/providers/person.mjs";

const STATE = await mkdtemp(join(tmpdir(), "session-gate-start-"));
after(() => rm(STATE, { recursive: true, force: true }));

test("somebody signs in with the demo provider, signs out at both, and the provider ends with the demo", async () => {
  const demo = await startDemo({ PORT: "0", STATE });
  const client = newClient(demo);
  const person = new Person();

  const form = await (await open(client, "/login?return_to=%2Fme")).text();
  const [, link] = /href="([^"]*)"[^>]*>Sign in with the demo provider/.exec(form);
  const started = await open(client, link.replaceAll(/&(amp|#38);/g, "&"));
  const question = await person.walk(started.headers.get("location"), { name: "ada" });
  const returned = await comeBack(client, question);
  assert.equal(returned.headers.get("location"), "/me");
  assert.match(await (await open(client, "/me")).text(), /demo:ada/);

  const left = await open(client, "/logout");
  const { url } = await person.walk(left.headers.get("location"), { logout: "yes" });
  assert.equal((await comeBack(client, { url })).status, 200);
  assert.equal((await open(client, "/me")).status, 303);

  assert.equal(await demo.stop(), 0);
  const issuer = new URL(started.headers.get("location")).origin;
  await assert.rejects(fetch(issuer));
});
