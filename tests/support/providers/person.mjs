// A person at a provider: a browser without scripts that keeps cookies, follows redirects and sends the forms it is shown,
// until it is sent to another site.

import { CookieJar } from "tough-cookie";
import { NAVIGATION } from "../gate.mjs";
import { send } from "../http-client.mjs";

/** More steps than any login here takes: what goes round in circles is found. */
const MOST_STEPS = 20;
const REDIRECTS = [301, 302, 303, 307, 308];

/** @typedef {{ url: string, fields?: Record<string, string>, page?: string }} Step */

export class Person {
  #jar = new CookieJar();

  /** One exchange with any address, with this person's cookies. */
  async open(url, { headers, ...init } = /** @type {Record<string, any>} */ ({})) {
    const target = new URL(url);
    const cookie = this.#jar.getCookieStringSync(url);
    const sent = { ...NAVIGATION, ...headers, ...(cookie !== "" && { cookie }) };
    const response = await send(toTarget(target), { ...init, headers: sent });
    for (const line of response.headers.getSetCookie()) this.#jar.setCookieSync(line, url, { ignoreError: true });
    return response;
  }

  /** The value of a cookie that would be sent to an address. */
  cookie(url, name) {
    return this.#jar.getCookiesSync(url).find(({ key }) => key === name)?.value;
  }

  /**
   * Opens an address and goes on from page to page at that site, with `fields` put into every form. Ends where another
   * site is named, `{ url, fields }`, the fields being those of a form that would be posted there; or at a page without
   * a form, `{ url, page }`.
   * @returns {Promise<Step>}
   */
  async walk(url, fields) {
    const { origin } = new URL(url);
    /** @type {Step} */
    let step = { url };
    for (let count = 0; count < MOST_STEPS; count += 1) {
      step = await this.#next(step, fields);
      if (step.page !== undefined || new URL(step.url).origin !== origin) return step;
    }
    throw new Error(`still at ${step.url} after ${MOST_STEPS} steps`);
  }

  /** Whether the provider lets this person in without a question. */
  async isKnown(authorizationUrl) {
    const { origin } = new URL(authorizationUrl);
    for (let url = authorizationUrl; ; ) {
      const response = await this.open(url);
      await response.arrayBuffer();
      if (!REDIRECTS.includes(response.status)) return false;
      url = new URL(response.headers.get("location"), url).href;
      if (new URL(url).origin !== origin) return new URL(url).searchParams.has("code");
    }
  }

  /** @param {Step} step @returns {Promise<Step>} */
  async #next({ url, fields: body }, answers) {
    const init = body && { method: "POST", body: new URLSearchParams(body) };
    const response = await this.open(url, init);
    const page = await response.text();
    if (REDIRECTS.includes(response.status)) return { url: new URL(response.headers.get("location"), url).href };
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${page}`);
    const form = formIn(page);
    if (form === undefined) return { url, page };
    return { url: new URL(form.action ?? url, url).href, fields: { ...form.fields, ...answers } };
  }
}

function toTarget({ protocol, host, hostname, port, pathname, search }) {
  return { protocol, host, address: hostname, port, path: `${pathname}${search}` };
}

/** The first form that is posted: where to, and what stands in it. */
function formIn(page) {
  const [tag, body] = /<form\b[^>]*>([\s\S]*?)<\/form>/i.exec(page) ?? [];
  if (tag === undefined) return undefined;
  const fields = [...body.matchAll(/<input\b[^>]*>/gi)]
    .map(([input]) => [attribute(input, "name"), attribute(input, "value") ?? ""])
    .filter(([name]) => name !== undefined);
  return { action: attribute(tag, "action"), fields: Object.fromEntries(fields) };
}

function attribute(tag, name) {
  const [, value] = new RegExp(`\\s${name}="([^"]*)"`, "i").exec(tag) ?? [];
  return value?.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
