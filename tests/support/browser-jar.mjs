// A client that keeps cookies by the rules of RFC 6265bis, prefixes included,
// so that a `Set-Cookie` which a browser would ignore is ignored here as well.

import { CookieJar } from "tough-cookie";
import { pairs } from "./http-client.mjs";

/**
 * @import { Answering, RequestOptions } from "./types.d.ts"
 * @param {Answering & { url: string }} gate
 */
export function newClient(gate) {
  return new Client(gate);
}

class Client {
  #gate;
  // As in browsers, http://localhost is a secure context.
  #jar = new CookieJar(undefined, { prefixSecurity: "strict", allowSecureOnLocal: true });

  constructor(gate) {
    this.#gate = gate;
  }

  /**
   * Like `gate.fetch`, with the jar's cookies sent and the answer's kept.
   * @param {string} path
   * @param {RequestOptions} [init]
   */
  async fetch(path, init = {}) {
    const url = new URL(path, this.#gate.url).href;
    const cookie = this.#jar.getCookieStringSync(url);
    const response = await this.#gate.fetch(path, {
      ...init,
      headers: [...pairs(init.headers), ...(cookie === "" ? [] : [["Cookie", cookie]])],
    });
    for (const line of response.headers.getSetCookie()) {
      this.#jar.setCookieSync(line, url, { ignoreError: true });
    }
    return response;
  }

  /** What the browser holds, by name. */
  cookies() {
    const held = this.#jar.getCookiesSync(this.#gate.url, { allPaths: true });
    return Object.fromEntries(held.map(({ key, value }) => [key, value]));
  }

  /** Puts a cookie of the test's own into the jar. */
  setCookie(line, path = "/") {
    this.#jar.setCookieSync(line, new URL(path, this.#gate.url).href);
  }

  /** Signs in through the echo origin; `query` may name a payload, data or tenant. */
  async login(user, query = {}) {
    const response = await this.fetch(`/login?${new URLSearchParams({ user, ...query })}`, { method: "POST" });
    if (response.status !== 200) throw new Error(`login answered ${response.status}`);
    return response;
  }
}
