// A backend of the tests, whatever it is written with: reached by visitors over real HTTP.

import assert from "node:assert/strict";
import { newClient } from "../../support/browser-jar.mjs";
import { send } from "../../support/http-client.mjs";

export class App {
  constructor(url) {
    this.url = url;
  }

  fetch(path, init) {
    const { protocol, host, port } = new URL(this.url);
    return send({ protocol, host, address: "127.0.0.1", port, path }, init);
  }

  /** A browser that is signed in by cookies, and the session that it was told of. */
  async signedIn(userId, given = {}) {
    const browser = newClient(this);
    const response = await browser.fetch("/login", json("POST", { userId, ...given }, { "st-auth-mode": "cookie" }));
    assert.equal(response.status, 200);
    return { browser, response, session: await response.json() };
  }
}

/** A request with `content` as its JSON body. */
export function json(method, content, headers = {}) {
  return { method, body: JSON.stringify(content), headers: { "content-type": "application/json", ...headers } };
}

/** The route of the SDK by which a browser renews its session. */
export function refresh(browser, headers = {}) {
  return browser.fetch("/auth/session/refresh", { method: "POST", headers });
}
