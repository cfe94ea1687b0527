// One view of the two backends, so that a test can ask the same of either.

import { json } from "./app.mjs";
import { djangoFor } from "./django.mjs";
import { expressFor } from "./express.mjs";

/** Both backends, with the gate as their core, ended with the test `t`. */
export async function backendsFor(t, gate) {
  const at = { connectionURI: `${gate.url}/auth/core` };
  const [express, django] = await Promise.all([expressFor(t, at), djangoFor(t, at)]);
  return {
    "supertokens-node": new Backend(express, ofExpress(express)),
    "supertokens-python": new Backend(django, ofDjango(django)),
  };
}

const ofExpress = (app) => ({
  knows: async (handle) => (await app.call("getSessionInformation", handle)) !== undefined,
  handlesOf: (user) => app.call("getAllSessionHandlesForUser", user),
  revoke: (handle) => app.call("revokeSession", handle),
  revokeAll: (user) => app.call("revokeAllSessionsForUser", user),
});

const ofDjango = (app) => {
  const query = (path, fields) => app.ask(`${path}?${new URLSearchParams(fields)}`);
  const form = (path, fields) => app.ask(path, { method: "POST", body: new URLSearchParams(fields) });
  return {
    knows: async (handle) => "userId" in (await query("/session", { session_handle: handle })),
    handlesOf: async (user) => (await query("/sessions", { user_id: user })).sessionHandles,
    revoke: async (handle) => (await form("/logout/handle", { session_handle: handle })).success,
    revokeAll: async (user) => (await form("/logout/user", { user_id: user })).revoked,
  };
};

/**
 * What a backend does by its SDK's functions, without a request of a client.
 * @typedef {{
 *   knows: (handle: string) => Promise<boolean>,
 *   handlesOf: (user: string) => Promise<string[]>,
 *   revoke: (handle: string) => Promise<boolean>,
 *   revokeAll: (user: string) => Promise<string[]>,
 * }} Functions
 */

class Backend {
  #app;
  #functions;

  /**
   * @param {any} app
   * @param {Functions} functions
   */
  constructor(app, functions) {
    this.#app = app;
    this.#functions = functions;
  }

  knows(handle) {
    return this.#functions.knows(handle);
  }

  handlesOf(user) {
    return this.#functions.handlesOf(user);
  }

  revoke(handle) {
    return this.#functions.revoke(handle);
  }

  revokeAll(user) {
    return this.#functions.revokeAll(user);
  }

  /** Logs `user` in as a client does that keeps its tokens itself. */
  async login(user, payload) {
    const content = { userId: user, payload };
    const response = await this.#app.fetch("/login", json("POST", content, { "st-auth-mode": "header" }));
    const { handle } = await response.json();
    return { handle, ...tokensOf(response) };
  }

  async renew(refreshToken) {
    return tokensOf(await this.#send("POST", "/auth/session/refresh", refreshToken));
  }

  /** What `verifySession` lets the application see, or the status of its refusal. */
  async session(accessToken, { live = false } = {}) {
    const response = await this.#send("GET", live ? "/me/now" : "/me", accessToken);
    return response.status === 200 ? response.json() : response.status;
  }

  async changePayload(accessToken, payload) {
    return (await this.#app.fetch("/payload", json("PUT", payload, bearer(accessToken)))).status;
  }

  #send(method, path, token) {
    return this.#app.fetch(path, { method, headers: bearer(token) });
  }
}

const bearer = (token) => ({ authorization: `Bearer ${token}` });

function tokensOf({ headers }) {
  return { accessToken: headers.get("st-access-token"), refreshToken: headers.get("st-refresh-token") };
}
