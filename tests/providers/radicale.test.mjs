// An application that cannot be changed: Radicale takes the name in a header for the user, and the gate signs people in at
// a provider for it.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import { inRepository, isSignedIn, newClient, pythonEnvironment, startProcess, tokensIn } from "../support/index.mjs";
import { begin, comeBack, gateAt, open } from "../support/providers/gate-at.mjs";
import { freePort } from "../support/providers/listening.mjs";
import { panva } from "../support/providers/panva.mjs";

const EXAMPLE = inRepository("examples/radicale");
const EVENT = [
  "BEGIN:VCALENDAR",
  "VERSION:2.0",
  "PRODID:-//session-gate//tests//EN",
  "BEGIN:VEVENT",
  "UID:1@example.com",
  "DTSTAMP:20261128T100000Z",
  "DTSTART:20261129T100000Z",
  "SUMMARY:Lunch",
  "END:VEVENT",
  "END:VCALENDAR",
  "",
].join("\r\n");
/** Makes a collection a calendar, as Radicale's own page does it. The runtime knows no method MKCALENDAR. */
const CALENDAR = `<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>
  <resourcetype><collection/><C:calendar/></resourcetype></prop></set></mkcol>`;

const radicale = await startRadicale();
const provider = await panva({ after });
// As the example has them, but for where things are.
const { CLAIM_HEADERS, ORIGIN_CONTROL } = workerOptions(join(EXAMPLE, "wrangler.toml")).workerOptions.bindings;
const gate = await gateAt({ after }, provider, {
  originUrl: radicale.url,
  vars: { CLAIM_HEADERS, ORIGIN_CONTROL, RULES: [] },
});

async function startRadicale() {
  const folder = await mkdtemp(join(tmpdir(), "session-gate-radicale-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const python = await pythonEnvironment(join(EXAMPLE, "requirements.txt"));
  const settings = ["--config", join(EXAMPLE, "radicale.conf"), "--hosts", `127.0.0.1:${await freePort()}`];
  const program = await startProcess(python, ["-m", "radicale", ...settings, "--storage-filesystem-folder", folder], {
    ready: /Listening on '(?:127\.0\.0\.1|localhost):(\d+)/,
  });
  after(() => program.stop());
  return { url: `http://127.0.0.1:${program.match[1]}` };
}

async function signedIn(user) {
  const client = newClient(gate);
  const response = await comeBack(client, await provider.person().signIn(await begin(client, "/auth/login"), user));
  return { client, tokens: tokensIn(response) };
}

/** As a script of Radicale's own page asks. */
function ask(client, method, path, body) {
  const headers = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "content-type": "text/plain" };
  return client.fetch(path, { method, headers, body });
}

/** Radicale compresses what it says. */
async function textIn(response) {
  const bytes = Buffer.from(await response.arrayBuffer());
  return (response.headers.get("content-encoding") === "gzip" ? gunzipSync(bytes) : bytes).toString();
}

test("a visitor is sent to the provider, and never seen by Radicale", async () => {
  const sent = await open(newClient(gate), "/.web/");
  assert.equal(sent.status, 303);
  assert.match(sent.headers.get("location"), /^\/auth\/login\?/);
});

test("Radicale knows who is signed in, and keeps what is theirs for them", async () => {
  const { client } = await signedIn("ada");
  const home = "/ada@example.com/";
  const principal = await ask(client, "PROPFIND", "/", undefined);
  assert.equal(principal.status, 207);
  assert.match(await textIn(principal), /ada/);

  assert.equal((await ask(client, "MKCOL", `${home}work/`, CALENDAR)).status, 201);
  assert.equal((await ask(client, "PUT", `${home}work/1.ics`, EVENT)).status, 201);
  assert.match(await textIn(await ask(client, "GET", `${home}work/1.ics`)), /SUMMARY:Lunch/);

  const { client: eve } = await signedIn("eve");
  assert.notEqual((await ask(eve, "GET", `${home}work/1.ics`)).status, 200);
});

test("nobody becomes another by sending the header", async () => {
  const { client } = await signedIn("mallory");
  for (const name of ["X-Remote-User", "x-remote-user", "X_Remote_User"]) {
    const response = await client.fetch("/ada@example.com/work/1.ics", { headers: { [name]: "ada@example.com" } });
    assert.notEqual(response.status, 200, name);
  }
  const stranger = await gate.fetch("/ada@example.com/work/1.ics", { headers: { "X-Remote-User": "ada@example.com" } });
  assert.equal(stranger.status, 401);
});

test("the log-out ends the session here and at the provider", async () => {
  const { client, tokens } = await signedIn("grace");
  const left = await open(client, "/logout");
  assert.equal(new URL(left.headers.get("location")).origin, provider.issuer);
  assert.equal(await isSignedIn(gate, tokens), false);
});
