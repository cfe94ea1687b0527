// The single-page application of spa/, behind a gate and on sites of its own, and a browser's
// tabs in which it runs.

import { once } from "node:events";
import { createServer } from "node:http";
import { build } from "esbuild";
import { portOf } from "../../support/http-client.mjs";
import { inRepository } from "../../support/repository.mjs";

const PAGE = await page();

/** The source of the Worker behind the gate; its API may be called from `allowedOrigins`, too. */
export function originSource(allowedOrigins = []) {
  const define = { PAGE: JSON.stringify(PAGE), ALLOWED_ORIGINS: JSON.stringify(allowedOrigins) };
  // The demo app's files are text modules in its wrangler.toml.
  return bundle("spa/origin.mjs", { format: "esm", define, loader: { ".css": "text", ".svg": "text" } });
}

/** Serves the page away from its API, ended with the test `t`: the origins it can be opened under. */
export async function siteFor(t) {
  const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end(PAGE));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close() && server.closeAllConnections());
  const port = portOf(server);
  return { sameSite: `http://localhost:${port}`, crossSite: `http://127.0.0.1:${port}` };
}

/** Opens the page of `site` in a new tab; its API is at `api`. */
export async function openTab(context, { site, api, mode }) {
  const tab = new Tab(await context.newPage(), api);
  await tab.page.goto(`${site}/app?${new URLSearchParams({ api, mode })}`);
  return tab;
}

class Tab {
  /** Every request to the API so far, as "METHOD /path". */
  calls = [];
  #api;

  constructor(page, api) {
    this.page = page;
    this.#api = api;
    page.on("request", (request) => {
      const { origin, pathname } = new URL(request.url());
      if (origin === api && request.method() !== "OPTIONS") this.calls.push(`${request.method()} ${pathname}`);
    });
  }

  /** A call of the page's own script, which the SDK accompanies. */
  fetch(path, init) {
    return this.page.evaluate(
      async ([url, init]) => {
        const response = await fetch(url, init);
        return { status: response.status, body: await response.json() };
      },
      [this.#api + path, init],
    );
  }

  login(user) {
    const headers = { "content-type": "application/json" };
    return this.fetch("/api/login", { method: "POST", headers, body: JSON.stringify({ user }) });
  }

  async whoami(method = "GET") {
    const { status, body } = await this.fetch("/api/me", { method });
    return status === 200 ? body.user : status;
  }

  doesSessionExist() {
    return this.page.evaluate(() => globalThis.Session.doesSessionExist());
  }

  userId() {
    return this.page.evaluate(() => globalThis.Session.getUserId());
  }

  payload() {
    return this.page.evaluate(() => globalThis.Session.getAccessTokenPayloadSecurely());
  }

  signOut() {
    return this.page.evaluate(() => globalThis.Session.signOut());
  }

  /** What the SDK has told the application, in order. */
  events() {
    return this.page.evaluate(() => globalThis.events);
  }

  /** The calls that `work` causes, without order. */
  async callsDuring(work) {
    const before = this.calls.length;
    await work();
    return this.calls.slice(before).sort();
  }
}

async function page() {
  const script = await bundle("spa/page.mjs", { format: "iife" });
  return `<!doctype html><title>Application</title><script>${script.replaceAll("</script", "<\\/script")}</script>`;
}

async function bundle(file, options) {
  const entry = inRepository(`tests/supertokens/${file}`);
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, ...options });
  return outputFiles[0].text;
}
