// The examples do what they show: applications without session code, behind the gate.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startDemoGate } from "../support/browser.mjs";
import { inRepository, NAVIGATION, newClient, pythonEnvironment, startGate, startProcess } from "../support/index.mjs";

/** A person who follows a link or sends a form of the page they are on. */
const ON_SITE = { ...NAVIGATION, "sec-fetch-site": "same-origin" };

const NAMES = [
  `O'Brien "the pen"`,
  "<script>alert(1)</script>",
  "Zoë 🦀 مرحبا",
  "two\nlines",
  "100% & more",
  '{"i":5}',
  " spaces around ",
];

const ELSEWHERE = [
  "https://elsewhere.example/",
  "//elsewhere.example/",
  "/\\elsewhere.example/",
  "/\t/elsewhere.example/",
  "/\\/elsewhere.example/",
  "javascript:alert(1)",
  // Harmless as it is, but another host once it has been resolved and is resolved again.
  "/.//elsewhere.example/",
];

describe("the demo app", () => {
  let gate;
  before(async () => {
    gate = await startDemoGate();
  });
  after(() => gate.dispose());

  test("a visitor who asks for a protected page logs in and comes back to it", async () => {
    const client = newClient(gate);
    const sentAway = await open(client, "/notes?page=2");
    assert.equal(sentAway.status, 303);

    const form = await (await open(client, sentAway.headers.get("location"))).text();
    assert.match(form, /name="return_to" value="\/notes\?page=2"/);

    const back = await logIn(client, "ada", "/notes?page=2");
    assert.equal(back.headers.get("location"), "/notes?page=2");
    assert.match(await (await open(client, "/notes?page=2")).text(), /Notes of .*ada/);
  });

  test("the account page shows the user, the session and the end of the token as the gate tells them", async () => {
    const client = newClient(gate);
    await logIn(client, "ada");
    const session = await (await client.fetch("/auth/session")).json();
    const me = await (await client.fetch("/api/me")).json();
    assert.equal(me.user, "ada");
    assert.equal(me.handle, session.handle);
    assert.ok(Date.parse(me.tokenExpiresAt) > Date.now());

    const page = await (await open(client, "/me")).text();
    assert.match(page, />ada</);
    assert.ok(page.includes(me.handle.slice(-6)));
    assert.ok(page.includes(me.tokenExpiresAt));
  });

  test("nobody becomes someone by sending the gate's headers", async () => {
    const page = await gate.fetch("/", { headers: { ...NAVIGATION, "Gate-User": "ada" } });
    assert.match(await page.text(), /Hello, visitor/);
  });

  test("the plain link logs out", async () => {
    const client = newClient(gate);
    await logIn(client, "ada");
    assert.match(await (await open(client, "/me")).text(), /<a [^>]*href="\/logout"/);

    await open(client, "/logout");
    assert.deepEqual(client.cookies(), {});
    await assertSentToLogin(client, "/me");
  });

  test("log out everywhere ends the second device too", async () => {
    const [here, there] = [newClient(gate), newClient(gate)];
    await logIn(here, "grace");
    await logIn(there, "grace");
    assert.equal((await open(there, "/me")).status, 200);

    await submit(here, "/logout", { scope: "all" });
    await assertSentToLogin(here, "/me");
    await assertSentToLogin(there, "/me");
  });

  test("public pages open for everyone, and the about page says nothing about the visitor", async () => {
    const [visitor, user] = [newClient(gate), newClient(gate)];
    await logIn(user, "ada");
    const pages = await Promise.all([visitor, user].map(async (client) => (await open(client, "/about")).text()));
    assert.equal(pages[0], pages[1]);
    assert.equal((await visitor.fetch("/assets/style.css")).status, 200);
    assert.match(await (await open(visitor, "/")).text(), /Hello, visitor/);
    assert.match(await (await open(user, "/")).text(), /Welcome back, .*ada/);
  });

  test("every page forbids scripts and frames", async () => {
    const client = newClient(gate);
    await logIn(client, "ada");
    for (const path of ["/", "/login", "/me", "/notes", "/about", "/missing"]) {
      const policy = (await open(client, path)).headers.get("content-security-policy");
      assert.match(policy, /default-src 'none'/, path);
      assert.match(policy, /frame-ancestors 'none'/, path);
      assert.doesNotMatch(policy, /script-src|unsafe-inline/, path);
    }
  });

  for (const name of NAMES) {
    test(`the name ${JSON.stringify(name)} comes back as it was typed and is shown escaped`, async () => {
      const client = newClient(gate);
      await logIn(client, name);
      assert.equal((await (await client.fetch("/api/me")).json()).user, name);
      await assertShownEscaped(client, "/me", name);
    });
  }

  for (const [what, name] of [
    ["no", ""],
    ["a blank", " \n"],
    ["a too long", "é".repeat(129)],
  ]) {
    test(`${what} name is refused with a message and makes no session`, async () => {
      const client = newClient(gate);
      const answer = await logIn(client, name);
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /role="alert"/);
      assert.deepEqual(client.cookies(), {});
    });
  }

  for (const target of ELSEWHERE) {
    test(`after logging in nobody is sent to ${JSON.stringify(target)}`, async () => {
      assertStaysHere(await logIn(newClient(gate), "ada", target), gate);
    });
  }
});

describe("the Flask app, reached by ORIGIN_URL", () => {
  const folder = inRepository("examples/flask-app");
  let app;
  let gate;
  before(async () => {
    const python = await pythonEnvironment(`${folder}/requirements.txt`);
    app = await startProcess(python, ["-m", "flask", "run", "--port", "0"], {
      cwd: folder,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
      ready: /Running on (http:\/\/127\.0\.0\.1:\d+)/,
    });
    gate = await startGate({ originUrl: app.match[1], vars: { LOGIN_URL: "/login" } });
  });
  after(async () => {
    await gate?.dispose();
    await app?.stop();
  });

  test("log in, see who you are, log out by the plain link", async () => {
    const client = newClient(gate);
    await assertSentToLogin(client, "/");
    assert.equal((await open(client, "/login?return_to=%2F")).status, 200);

    assert.equal((await logIn(client, "ada", "/")).status, 303);
    assert.match(await (await open(client, "/")).text(), /Hello ada/);

    await open(client, "/logout");
    assert.deepEqual(client.cookies(), {});
    await assertSentToLogin(client, "/");
  });

  test("log out everywhere ends the second device too", async () => {
    const [here, there] = [newClient(gate), newClient(gate)];
    await logIn(here, "grace");
    await logIn(there, "grace");

    await submit(here, "/logout", { scope: "all" });
    await assertSentToLogin(there, "/");
  });

  for (const name of NAMES) {
    test(`the name ${JSON.stringify(name)} is shown escaped`, async () => {
      const client = newClient(gate);
      await logIn(client, name);
      await assertShownEscaped(client, "/", name);
    });
  }

  for (const target of ELSEWHERE) {
    test(`after logging in nobody is sent to ${JSON.stringify(target)}`, async () => {
      assertStaysHere(await logIn(newClient(gate), "ada", target), gate);
    });
  }
});

function open(client, path) {
  return client.fetch(path, { headers: ON_SITE });
}

function submit(client, path, fields) {
  return client.fetch(path, { method: "POST", headers: ON_SITE, body: new URLSearchParams(fields) });
}

function logIn(client, user, returnTo) {
  return submit(client, "/login", { user, ...(returnTo !== undefined && { return_to: returnTo }) });
}

async function assertSentToLogin(client, path) {
  const answer = await open(client, path);
  assert.equal(answer.status, 303);
  const login = new URL(answer.headers.get("location"), "http://gate.invalid");
  assert.equal(login.pathname, "/login");
  assert.equal(login.searchParams.get("return_to"), path);
}

async function assertShownEscaped(client, path, name) {
  const page = await (await open(client, path)).text();
  assert.ok(unescaped(page).includes(name), "the name is on the page");
  assert.ok(!/[<>&"']/.test(name) || !page.includes(name), "and not as it was typed");
}

function unescaped(page) {
  const named = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
  return page.replace(/&#(\d+);|&\w+;/g, (all, code) => (code ? String.fromCharCode(code) : named[all]));
}

function assertStaysHere(answer, gate) {
  assert.equal(answer.status, 303);
  assert.equal(new URL(answer.headers.get("location"), gate.url).origin, gate.url);
}
