// Each template of `session-gate init` is a gate as it comes: on a machine without Rust, from the tarball, somebody logs in
// and out, and a dry deployment works.

import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { TEMPLATES } from "../../package/cli/project.mjs";
import { newClient, portOf } from "../support/index.mjs";
import { machineWithoutRust } from "../support/package.mjs";
import { comeBack, open, registrationOf } from "../support/providers/gate-at.mjs";
import { freePort } from "../support/providers/listening.mjs";
import { panva } from "../support/providers/panva.mjs";

const CLIENT_SECRET = /^PROVIDER_SECRET_CORP = ""$/m;
const machine = await machineWithoutRust({ after });
/** The first project's packages serve the others as well. */
let packages;

describe("on a machine without Rust", () => {
  test("there is no Rust", () => {
    assert.deepEqual(
      ["cargo", "rustc", "rustup"].filter((program) => machine.has(program)),
      [],
    );
  });

  test("origin-url: a server with a login page of its own", async (t) => {
    const { url } = await application(t);
    const project = await initialised("origin-url", ["--origin-url", url, "--login-url", "/login"]);
    const port = await freePort();
    const gate = await started(t, project, { PORT: port });
    assert.equal(new URL(gate.url).port, port, "`npm start` obeys PORT");
    const second = await machine.run("npm", ["start"], { cwd: project, env: { PORT: port } });
    assert.equal(second.code, 2);
    assert.match(second.stderr, new RegExp(`^error: port ${port} cannot be used .*set PORT`, "m"));
    await formWorks(gate);
    await deploysDry(project);
  });

  test("bound-worker: the gate and another Worker, side by side", async (t) => {
    const project = await initialised("bound-worker", []);
    await formWorks(await started(t, project));
    await deploysDry(project);
    await deploysDry(project, "app/wrangler.toml");
  });

  test("same-worker: the application is handed to the gate", async (t) => {
    const project = await initialised("same-worker", []);
    await formWorks(await started(t, project));
    await deploysDry(project);
  });

  test("identity-provider: a server behind a provider", async (t) => {
    const { url } = await application(t);
    const idp = await panva(t);
    const project = await initialised("identity-provider", ["--origin-url", url, ...provider(idp)]);
    const page = await providerWorks(await started(t, giveSecret(project, idp)), idp);
    assert.match(page, /Hello corp:ada/);
    await deploysDry(project);
  });

  test("header-auth: a server that believes a header", async (t) => {
    const { url } = await application(t);
    const idp = await panva(t, { people: { ada: { email: "ada@example.com", email_verified: true } } });
    const project = await initialised("header-auth", ["--origin-url", url, ...provider(idp)]);
    const page = await providerWorks(await started(t, giveSecret(project, idp)), idp);
    assert.match(page, /Remote user ada@example\.com/);
    await deploysDry(project);
  });

  test("static-site: files in the gate's own Worker", async (t) => {
    const idp = await panva(t);
    const project = await initialised("static-site", provider(idp));
    const page = await providerWorks(await started(t, giveSecret(project, idp)), idp);
    assert.match(page, /Whoever reads this is logged in/);
    await deploysDry(project);
  });

  test("no template is left out here", () => {
    const tested = readFileSync(import.meta.filename, "utf8");
    assert.deepEqual(
      Object.keys(TEMPLATES).filter((name) => !tested.includes(`initialised("${name}"`)),
      [],
    );
  });
});

async function initialised(template, options) {
  const folder = join(machine.folder, template);
  const { code, stderr } = await machine.command(["init", template, "--template", template, "--yes", ...options]);
  assert.equal(code, 0, stderr);
  assert.equal(statSync(join(folder, ".dev.vars")).mode & 0o777, 0o600);
  if (packages !== undefined) await symlink(packages, join(folder, "node_modules"));
  return folder;
}

async function started(t, folder, env = {}) {
  const gate = await machine.start(folder, env);
  t.after(gate.stop);
  packages ??= join(folder, "node_modules");
  assert.ok(existsSync(packages), "`npm start` has installed what was missing");
  return gate;
}

const provider = ({ issuer, clientId }) => ["--provider", issuer, "--client-id", clientId];

function giveSecret(folder, { clientSecret }) {
  const file = join(folder, ".dev.vars");
  const text = readFileSync(file, "utf8");
  assert.match(text, CLIENT_SECRET);
  writeFileSync(file, text.replace(CLIENT_SECRET, `PROVIDER_SECRET_CORP = "${clientSecret}"`));
  return folder;
}

/** A visitor is sent to the login page, logs in, comes back, and logs out by the link. */
async function formWorks(gate) {
  const client = newClient(gate);
  const sentAway = await open(client, "/");
  assert.equal(sentAway.status, 303, await sentAway.text());
  assert.equal(sentAway.headers.get("location"), "/login?return_to=/");
  assert.match(await (await open(client, "/login?return_to=/")).text(), /name="user"/);

  const body = new URLSearchParams({ user: "Zoë", return_to: "/" });
  const headers = { "sec-fetch-site": "same-origin" };
  const login = await client.fetch("/login", { method: "POST", headers, body });
  assert.equal(login.status, 303, await login.text());
  assert.match(await (await open(client, "/")).text(), /Hello Zoë/);
  await logsOut(client);
}

/** The same at a provider; returns the page that is behind the login. */
async function providerWorks(gate, idp) {
  await idp.register(registrationOf(gate));
  const client = newClient(gate);
  const sentAway = await open(client, "/");
  assert.equal(sentAway.headers.get("location"), "/auth/login?return_to=/");
  const started = await open(client, "/auth/login?return_to=/");
  assert.equal(started.status, 303, await started.text());
  const person = idp.person();
  const returned = await comeBack(client, await person.signIn(started.headers.get("location"), "ada"));
  assert.equal(returned.status, 303, await returned.text());
  const page = await (await open(client, "/")).text();
  await logsOut(client);
  return page;
}

async function logsOut(client) {
  const headers = { "sec-fetch-site": "same-origin" };
  const answer = await open(client, "/logout", headers);
  assert.ok([200, 303].includes(answer.status), await answer.text());
  assert.equal((await open(client, "/")).status, 303, "nobody is logged in afterwards");
}

async function deploysDry(folder, configuration = "wrangler.toml") {
  const args = ["run", "deploy", "--", "--dry-run", "-c", configuration, "--outdir", join(folder, "dry")];
  const { code, stdout, stderr } = await machine.run("npm", args, { cwd: folder });
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, /--dry-run: exiting now/);
}

/** A server that knows no sessions: it says who logged in, and reads who is there. */
async function application(t) {
  const server = createServer((request, response) => {
    const { "gate-user": user = "visitor", "x-remote-user": remote } = request.headers;
    if (request.url === "/login" && request.method === "POST") return logIn(request, response);
    if (request.url.startsWith("/login")) return response.end(`<form method="post"><input name="user"></form>`);
    response.end(`Hello ${decodeURIComponent(String(user))}. Remote user ${remote}`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${portOf(server)}` };
}

async function logIn(request, response) {
  let body = "";
  for await (const chunk of request) body += chunk;
  const userId = new URLSearchParams(body)
    .get("user")
    .replace(/[^ -~]/g, (unit) => `\\u00${unit.charCodeAt(0).toString(16)}`);
  response.writeHead(303, { location: "/", "Gate-Create-Session": `{"userId":"${userId}"}` });
  response.end();
}
