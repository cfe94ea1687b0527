// Requests as a doctor needs them: with any header (`fetch` sets some itself), without following a redirect, and within a
// time.

import http from "node:http";
import https from "node:https";
import { isLoopback } from "./finding.mjs";

const TIME_LIMIT = 10_000;
/** More of a body is not read. */
const MOST_BYTES = 1 << 20;

/**
 * @typedef {{
 *   status: number,
 *   headers: Record<string, string | undefined>,
 *   cookies: string[],
 *   body: string,
 *   sentAt: number,
 *   receivedAt: number,
 * }} Answer
 * @typedef {(
 *   url: URL,
 *   headers?: Record<string, string>,
 *   options?: { anyCertificate?: boolean },
 * ) => Promise<Answer>} Send
 */

/**
 * One GET. Fails with what the network says; with `anyCertificate` whoever answers is believed, as a thief would.
 * @type {Send}
 */
export function send(url, headers = {}, { anyCertificate = false } = {}) {
  const client = url.protocol === "https:" ? https : http;
  const sentAt = Date.now();
  return new Promise((resolve, reject) => {
    // On this machine a certificate is nobody's word.
    const rejectUnauthorized = !anyCertificate && !isLoopback(url);
    const options = { headers, agent: false, timeout: TIME_LIMIT, rejectUnauthorized };
    const request = client.get(url, options, (response) => {
      const receivedAt = Date.now();
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        body += chunk;
        if (body.length > MOST_BYTES) response.destroy();
      });
      response.once("error", reject);
      response.once("close", () => {
        const { "set-cookie": cookies = [], ...single } = response.headers;
        const fields = Object.entries(single).map(([name, value]) => [name, value?.toString()]);
        const answer = { status: response.statusCode ?? 0, headers: Object.fromEntries(fields), cookies, body };
        resolve({ ...answer, sentAt, receivedAt });
      });
    });
    request.once("timeout", () => request.destroy(new Error(`no answer within ${TIME_LIMIT / 1000} seconds`)));
    request.once("error", reject);
  });
}

/** What a browser sends that opens a page. */
export const NAVIGATION = {
  accept: "text/html",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "none",
};

/** What a script sends. */
export const SCRIPT = {
  accept: "application/json",
  "sec-fetch-dest": "empty",
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-origin",
};
