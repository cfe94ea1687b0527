// What docs/start/ shows works: its applications are run as they stand on the pages, behind the gate, and its commands
// and settings do what is said of them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import { Miniflare } from "miniflare";
import { parse } from "smol-toml";
import { blockCalled, blocksIn } from "../support/documents.mjs";
import {
  API_KEY,
  gateFor,
  inRepository,
  isSignedIn,
  login,
  NAVIGATION,
  newClient,
  pythonEnvironment,
  SECRET,
  startGate,
  startProcess,
  textOf,
} from "../support/index.mjs";
import { unpackedPackage } from "../support/package.mjs";

const ON_SITE = { ...NAVIGATION, "sec-fetch-site": "same-origin" };
const folder = await mkdtemp(join(tmpdir(), "session-gate-pages-"));
after(() => rm(folder, { recursive: true, force: true }));
const python = await pythonEnvironment(inRepository("tests/documents/start/requirements.txt"));

describe("express.md", () => {
  test("the application logs in, knows who is there, and is logged out of", async (t) => {
    const place = await placed("express", "docs/start/express.md", "app.mjs");
    await symlink(inRepository("node_modules"), join(place, "node_modules"));
    await formWorks(t, process.execPath, ["app.mjs"], place, /listening on (http:\/\/127\.0\.0\.1:\d+)/, { PORT: "0" });
  });
});

describe("flask.md", () => {
  test("the application logs in, knows who is there, and is logged out of", async (t) => {
    const place = await placed("flask", "docs/start/flask.md", "app.py");
    const ready = /Running on (http:\/\/127\.0\.0\.1:\d+)/;
    await formWorks(t, python, ["-m", "flask", "run", "--port", "0"], place, ready);
  });
});

describe("django.md", () => {
  // A form is read to its end, as servers for deployments do: this one would break off the connection of a refused one.
  const SERVER = `import io, os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from werkzeug.serving import make_server
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
def whole(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
    return application(environ, start_response)
server = make_server("127.0.0.1", 0, whole, threaded=True)
print(f"at http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()`;

  test("the application logs in past Django's own check of forms, and is logged out of", async (t) => {
    await formWorks(t, python, ["server.py"], await djangoPlace("django", (text) => text), /at (http:\S+)/);
  });

  for (const setting of ["USE_X_FORWARDED_HOST", "SECURE_PROXY_SSL_HEADER"]) {
    test(`without ${setting} its login is 403 on https, as the page says, and with it it is not`, async (t) => {
      const local = (text) => text.replace('"localhost"', '"localhost", "127.0.0.1"');
      const without = (text) => local(text.replace(new RegExp(`^${setting} = .*$`, "m"), ""));
      for (const [name, change, status] of /** @type {const} */ ([
        ["with", local, 303],
        ["without", without, 403],
      ])) {
        const place = await djangoPlace(`django-${name}-${setting}`, change);
        const client = await behindGate(t, python, ["server.py"], place, /at (http:\S+)/, {}, true);
        const answer = await submit(client, await tokenOf(client));
        assert.equal(answer.status, status, name);
      }
    });
  }

  async function djangoPlace(name, change) {
    const place = await placed(name, "docs/start/django.md", "gate.py", "urls.py");
    const settings = `SECRET_KEY = "of a test"\n${blockCalled("docs/start/django.md", "settings.py")}`;
    writeFileSync(join(place, "settings.py"), change(settings));
    writeFileSync(join(place, "server.py"), SERVER);
    return place;
  }
});

describe("single-page.md", () => {
  test("its scripts ask, are sent to the login, and log out", async (t) => {
    const [settings] = tomlIn("docs/start/single-page.md");
    const gate = await gateFor(t, { vars: settings.vars });
    const place = await placed("single-page", "docs/start/single-page.md", "api.mjs");
    const { api, logOut, whoAmI } = await import(pathToFileURL(join(place, "api.mjs")).href);
    const page = browserPage(t, gate);

    api("/api/notes");
    assert.equal(await page.left(), "/login?return_to=/notes");
    assert.equal(await whoAmI(), undefined);

    await page.client.fetch("/login?user=ada", { method: "POST" });
    assert.equal((await api("/api/notes")).status, 200);
    assert.equal(await whoAmI(), "ada");

    await logOut();
    assert.equal(await page.left(), "/");
    assert.equal(await whoAmI(), undefined);
  });

  test("its rules open the page and its files, and close the API", async (t) => {
    const [settings] = tomlIn("docs/start/single-page.md");
    const gate = await gateFor(t, { vars: settings.vars });
    const statuses = ["/assets/app.js", "/", "/any/view", "/api/notes"].map(
      async (path) => (await gate.fetch(path)).status,
    );
    assert.deepEqual(await Promise.all(statuses), [200, 200, 200, 401]);
  });
});

describe("same-worker.md", () => {
  test("hands the application over as `init` does", async () => {
    const template = await textOf("package/templates/same-worker.js");
    assert.ok(template.endsWith(blockCalled("docs/start/same-worker.md", "index.js")));
  });

  test("the application has its settings, and one request after the other", async (t) => {
    const place = await placed("same-worker", "docs/start/same-worker.md", "index.js", "app.js");
    const runtime = await inOneWorker(join(place, "index.js"), { GREETING: "Hi", LOGIN_URL: "/login" });
    t.after(() => runtime.dispose());
    for (const _ of [1, 2]) assert.equal(await (await runtime.dispatchFetch("http://localhost/login")).text(), "Hi ");
    assert.equal((await runtime.dispatchFetch("http://localhost/")).status, 401);
  });
});

describe("login-form.md", () => {
  test("is shorter after than before", () => {
    const [before, after, pythonBefore, pythonAfter] = blocksIn("docs/start/login-form.md").map(
      ({ code }) => code.length,
    );
    assert.ok(after < before && pythonAfter < pythonBefore);
  });
});

describe("terminal.md", () => {
  test("its commands list a user's sessions, show one, end one and end all", async (t) => {
    const gate = await gateFor(t);
    const sessions = [];
    for (const _ of [1, 2, 3]) sessions.push(await login(gate, "ada"));
    const commands = blocksIn("docs/start/terminal.md").filter(({ code }) => code.startsWith("curl"));
    assert.equal(commands.length, 4);
    const [list, show, endOne, endAll] = commands.map(({ code }) => code);
    const environment = { ...process.env, GATE: gate.url, KEY: API_KEY, HANDLE: sessions[0].handle };

    assert.deepEqual(new Set(ran(list, environment).sessionHandles), new Set(sessions.map(({ handle }) => handle)));
    assert.equal(ran(show, environment).userId, "ada");
    assert.deepEqual(ran(endOne, environment).sessionHandlesRevoked, [sessions[0].handle]);
    assert.deepEqual(await Promise.all(sessions.map((session) => isSignedIn(gate, session))), [false, true, true]);
    ran(endAll, environment);
    assert.deepEqual(await Promise.all(sessions.map((session) => isSignedIn(gate, session))), [false, false, false]);
  });
});

describe("wrangler.md and staging.md", () => {
  const dry = (place, ...args) => {
    const wrangler = inRepository("node_modules/wrangler/bin/wrangler.js");
    const { status, stdout, stderr } = spawnSync(process.execPath, [wrangler, "deploy", "--dry-run", ...args], {
      cwd: place,
      encoding: "utf8",
      env: { ...process.env, PATH: "/nowhere" },
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
    return stdout;
  };
  const project = async (name, toml) => {
    const { folder: unpacked } = await unpackedPackage({ after });
    const place = join(folder, name);
    await mkdir(join(place, "node_modules"), { recursive: true });
    await symlink(unpacked, join(place, "node_modules", "session-gate"));
    writeFileSync(join(place, "wrangler.toml"), toml);
    return place;
  };

  test("the whole wrangler.toml deploys dry without Rust, and the gate takes its settings", async (t) => {
    const toml = blockCalled("docs/start/wrangler.md", "wrangler.toml");
    assert.match(dry(await project("whole", toml)), /env\.SESSIONS[\s\S]*env\.RATE_LIMITER/);
    const gate = await gateFor(t, { vars: { ...settingsIn(toml), ORIGIN_URL: undefined } });
    assert.equal((await (await gate.fetch("/auth/health")).json()).status, "ok");
  });

  test("the staging environment has objects and settings of its own", async () => {
    const [{ code: toml }] = blocksIn("docs/start/staging.md").filter(({ language }) => language === "toml");
    const place = await project("staging", toml);
    assert.match(dry(place, "--env", ""), /origin\.example\.com/);
    assert.match(dry(place, "--env", "staging"), /env\.SESSIONS[\s\S]*origin\.staging\.example\.com/);
  });
});

describe("the settings on the pages", () => {
  for (const page of ["static-site.md", "header-auth.md", "single-page.md"]) {
    test(`${page}: the gate takes them`, async (t) => {
      for (const { vars } of tomlIn(`docs/start/${page}`)) {
        const gate = await gateFor(t, { vars: { LOGIN_URL: undefined, ...vars, ORIGIN_URL: undefined } });
        assert.equal((await (await gate.fetch("/auth/health")).json()).status, "ok");
      }
    });
  }
});

/** The gate and an application, put together as wrangler would. */
async function inOneWorker(entry, bindings) {
  const build = inRepository("build");
  const { outputFiles } = await bundle({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    alias: { "session-gate": join(build, "index.js") },
    external: ["cloudflare:workers", "./index_bg.wasm"],
    logLevel: "error",
  });
  return new Miniflare({
    cf: false,
    compatibilityDate: "2026-04-07",
    modulesRoot: build,
    modules: [
      { type: "ESModule", path: join(build, "together.js"), contents: outputFiles[0].text },
      { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
    ],
    durableObjects: { SESSIONS: { className: "UserSessions", useSQLite: true } },
    bindings: { GATE_SECRET: SECRET, ...bindings },
  });
}

/** Writes blocks of a page to a folder, under their names. */
async function placed(name, document, ...files) {
  const place = join(folder, name);
  await mkdir(place);
  for (const file of files) writeFileSync(join(place, file), blockCalled(document, file));
  return place;
}

const settingsIn = (toml) => /** @type {any} */ (parse(toml)).vars;
const tomlIn = (document) =>
  blocksIn(document)
    .filter(({ language }) => language === "toml")
    .map(({ code }) => /** @type {any} */ (parse(code)))
    .filter(({ vars }) => vars !== undefined);

/** A client of a gate in front of a program that serves. */
async function behindGate(t, program, args, cwd, ready, env = {}, https = false) {
  const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...env };
  const app = await startProcess(program, args, { cwd, ready, env: environment });
  t.after(app.stop);
  const gate = await startGate({ https, originUrl: app.match[1], vars: { LOGIN_URL: "/login" } });
  t.after(() => gate.dispose());
  return Object.assign(newClient(gate), { origin: gate.url });
}

async function formWorks(t, program, args, cwd, ready, env = {}) {
  const client = await behindGate(t, program, args, cwd, ready, env);
  const sentAway = await client.fetch("/", { headers: NAVIGATION });
  assert.equal(sentAway.headers.get("location"), "/login?return_to=/");
  const fields = await tokenOf(client);
  const refused = await submit(client, { ...fields, password: "wrong" });
  assert.equal(refused.status, 403);
  assert.equal((await client.fetch("/", { headers: ON_SITE })).status, 303);

  const answer = await submit(client, fields);
  assert.equal(answer.status, 303, await answer.text());
  assert.equal(answer.headers.get("location"), "/");
  assert.match(await (await client.fetch("/", { headers: ON_SITE })).text(), /Hello ada\..*href="\/logout"/);

  await client.fetch("/logout", { headers: ON_SITE });
  assert.equal((await client.fetch("/", { headers: ON_SITE })).status, 303);
  const elsewhere = await submit(client, { ...(await tokenOf(client)), return_to: "//elsewhere.example/" });
  assert.equal(elsewhere.headers.get("location"), "/");
}

/** What stands in the login form. */
async function tokenOf(client) {
  const form = await (await client.fetch("/login?return_to=/", { headers: ON_SITE })).text();
  assert.match(form, /name="return_to" value="(\/|&#47;)"/);
  const [, token] = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(form) ?? [];
  return {
    user: "ada",
    password: "lovelace",
    return_to: "/",
    ...(token !== undefined && { csrfmiddlewaretoken: token }),
  };
}

/** With the `Origin` that a browser sends with a form. */
function submit(client, fields) {
  const headers = { ...ON_SITE, origin: client.origin };
  return client.fetch("/login", { method: "POST", headers, body: new URLSearchParams(fields) });
}

/** What a page's scripts find in a browser, with the cookies of a client of the gate. */
function browserPage(t, gate) {
  const client = newClient(gate);
  const { fetch: plain } = globalThis;
  let leave;
  const next = () => new Promise((resolve) => (leave = resolve));
  let leaving = next();
  const headers = { "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin", referer: `${gate.url}/notes` };
  Object.assign(globalThis, {
    fetch: (path, init = {}) => client.fetch(path, { ...init, headers: { ...headers, ...init.headers } }),
    location: { assign: (address) => leave(address) },
  });
  t.after(() => Object.assign(globalThis, { fetch: plain, location: undefined }));
  return {
    client,
    async left() {
      const address = await leaving;
      leaving = next();
      return address;
    },
  };
}

function ran(command, env) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8", env });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
