// The gate asked the way a SuperTokens backend SDK asks its core: the CDI under /auth/core.

import assert from "node:assert/strict";
import { API_KEY } from "./gate.mjs";
import { claimsOf } from "./session.mjs";
import { seconds } from "./time.mjs";

/** @import { Answering, Fields } from "./types.d.ts" */

/**
 * A backend of `gate`. `app` is the path segment of an app (`/appid-shop`); a `key` or `version`
 * of `null` leaves that header away.
 * @param {Answering} gate
 * @param {{ app?: string, key?: string | null, version?: string | null }} [options]
 */
export function coreOf(gate, { app = "", key = API_KEY, version = "5.4" } = {}) {
  const standing = {
    ...(key !== null && { "api-key": key }),
    ...(version !== null && { "cdi-version": version }),
  };

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ query?: Record<string, any> | string[][], body?: any, headers?: Fields }} [options]
   */
  function request(method, path, { query, body, headers } = {}) {
    const search = query ? `?${new URLSearchParams(query)}` : "";
    const content = body === undefined ? {} : { "content-type": "application/json; charset=utf-8" };
    return gate.fetch(`/auth/core${app}${path}${search}`, {
      method,
      headers: { ...standing, ...content, ...headers },
      body: typeof body === "object" ? JSON.stringify(body) : body,
    });
  }

  // Every expected outcome is a 200 whose `status` tells it; anything else ends the test here.
  /** @returns {Promise<any>} */
  async function answer(method, path, options) {
    const response = await request(method, path, options);
    const text = await response.text();
    assert.equal(response.status, 200, `${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  return {
    request,
    get: (path, query) => answer("GET", path, { query }),
    post: (path, body) => answer("POST", path, { body }),
    put: (path, body) => answer("PUT", path, { body }),
  };
}

/** The body that creates a session: every mandatory field, with `given` laid over. */
export function newSession(userId, given = {}) {
  return {
    userId,
    userDataInJWT: {},
    userDataInDatabase: {},
    enableAntiCsrf: false,
    useDynamicSigningKey: true,
    ...given,
  };
}

/** The body that asks about an access token. */
export function verification(accessToken, given = {}) {
  return { accessToken, doAntiCsrfCheck: false, enableAntiCsrf: false, checkDatabase: false, ...given };
}

/** The body that renews a session. */
export function renewal(refreshToken, given = {}) {
  return { refreshToken, enableAntiCsrf: false, useDynamicSigningKey: true, ...given };
}

/** Resolves in the first second in which an access token is expired by this machine's clock, which an SDK goes by. */
export function expiryOf(accessToken) {
  return seconds(claimsOf(accessToken).exp + 1 - Date.now() / 1000);
}
