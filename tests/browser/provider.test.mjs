// Signing in at a provider as a person does it in Chromium, with `oidc-provider`'s own forms: there and back, out of both
// by a link, asked again, with several tabs, with strict cookies, and by a form under the gate's own policy.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import { launchChromium } from "../support/browser.mjs";
import { gateAt } from "../support/providers/gate-at.mjs";
import { panva } from "../support/providers/panva.mjs";

// An application with the links of one, that says who it was told of.
const APPLICATION = `export default { fetch(request) {
  const user = request.headers.get("gate-user") ?? "nobody";
  const page = \`<!doctype html><title>App</title><h1>\${user}</h1><a href="/logout">Log out</a>
    <form method="post" action="/logout"><button>Log out by form</button></form>\`;
  return new Response(page, { headers: { "content-type": "text/html" } });
} }`;

let browser;

before(async () => {
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
});

const setting = async (t, options = {}) => settingOf(t, await panva(t), options);

async function settingOf(t, idp, options) {
  const gate = await gateAt(t, idp, { origin: APPLICATION, ...options });
  const context = await browser.newContext();
  t.after(() => context.close());
  return { idp, gate, context, page: await context.newPage() };
}

/** Fills the provider's forms, as far as they are shown. */
async function atProvider(page, user = "alice") {
  const login = page.getByPlaceholder("Enter any login");
  await login.waitFor();
  await login.fill(user);
  await page.getByPlaceholder("and password").fill("secret");
  await page.getByRole("button", { name: "Sign-in" }).click();
  const consent = page.getByRole("button", { name: "Continue" });
  const heading = page.getByRole("heading", { name: `corp:${user}` });
  await consent.or(heading).first().waitFor();
  if (await consent.isVisible()) await consent.click();
  await heading.waitFor();
}

describe("a person in Chromium", () => {
  test("types a password, is signed in, logs out of both by the link, and is asked again", async (t) => {
    const { gate, page } = await setting(t);
    await page.goto(`${gate.url}/page`);
    await atProvider(page);
    assert.equal(new URL(page.url()).pathname, "/page");

    await page.getByRole("link", { name: "Log out" }).click();
    await page.getByRole("button", { name: /yes/i }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/auth/signed-out");

    await page.goto(`${gate.url}/page`);
    await page.getByPlaceholder("Enter any login").waitFor();
  });

  test("logs out of both by a form", async (t) => {
    const { gate, page } = await setting(t);
    await page.goto(`${gate.url}/page`);
    await atProvider(page);
    await page.getByRole("button", { name: "Log out by form" }).click();
    await page.getByRole("button", { name: /yes/i }).click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
  });

  test("finishes a login in each of three tabs", async (t) => {
    const { gate, context, page } = await setting(t);
    const tabs = [page, await context.newPage(), await context.newPage()];
    for (const tab of tabs) {
      await tab.goto(`${gate.url}/page`);
      await tab.getByPlaceholder("Enter any login").waitFor();
    }
    for (const tab of tabs.reverse()) {
      await tab.reload();
      const heading = tab.getByRole("heading", { name: "corp:alice" });
      const login = tab.getByPlaceholder("Enter any login");
      await heading.or(login).first().waitFor();
      if (await login.isVisible()) await atProvider(tab);
    }
    await page.goto(`${gate.url}/page`);
    await page.getByRole("heading", { name: "corp:alice" }).waitFor();
  });

  test("is signed in with strict cookies as well", async (t) => {
    const { gate, page } = await setting(t, { vars: { COOKIE_SAMESITE: "Strict" } });
    await page.goto(`${gate.url}/page`);
    await atProvider(page);
    assert.equal(new URL(page.url()).pathname, "/page");
  });
});

describe("a page on the way is without a fault", () => {
  const OTHER = { key: "other", name: "Another account", issuer: "http://127.0.0.1:9", client_id: "gate" };
  const PAGES = {
    "where to sign in": "/auth/login",
    "of a provider that does not answer": "/auth/login?provider=other",
    "of an answer that is not taken": "/auth/callback/other?state=x&code=y",
    "after a logout at a provider": "/auth/signed-out",
  };
  for (const [what, path] of Object.entries(PAGES)) {
    test(what, async (t) => {
      const idp = await panva(t);
      const corp = { key: "corp", name: "Corp account", issuer: idp.issuer, client_id: idp.clientId };
      const { gate, page } = await settingOf(t, idp, { vars: { PROVIDERS: [corp, OTHER] } });
      await page.goto(`${gate.url}${path}`);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => globalThis.axe.run({ preload: false }));
      assert.deepEqual(
        violations.map(({ id }) => id),
        [],
      );
      assert.ok((await page.getByRole("link").count()) > 0 || what.startsWith("after"), "there is a way on");
    });
  }
});
