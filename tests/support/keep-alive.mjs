// Thousands of requests in little time: over connections that stay open, with the answer read whole.

import http from "node:http";

/** @import { Answering } from "./types.d.ts" */

/**
 * A client of `gate` with at most `connections` open at once.
 * @param {{ url: string }} gate
 * @param {number} [connections]
 */
export function keepAlive(gate, connections = 8) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const { host, port } = new URL(gate.url);
  return {
    /** Returns status, headers by lower-case name, the `Set-Cookie` lines and the body as text. */
    ask(method, path, headers = {}, body = undefined) {
      const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
      const options = { agent, host: "127.0.0.1", port, method, path, headers: { host, ...headers, ...length } };
      return answered(options, body);
    },
    close: () => agent.destroy(),
  };
}

function answered(options, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, cookies: headers["set-cookie"] ?? [], text: Buffer.concat(chunks).toString() });
      });
    });
    // An open connection may be closed for having been idle at the very moment when it is used again.
    request.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (request.reusedSocket && error.code === "ECONNRESET") resolve(answered(options, body));
      else reject(error);
    });
    request.end(body);
  });
}

/** Runs `work` for every one of `items`, so many at once. */
export async function eachOf(items, work, atOnce = 8) {
  const queue = items[Symbol.iterator]();
  const runner = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
}
