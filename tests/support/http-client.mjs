// HTTP as it is on the wire. The global `fetch` overwrites `Sec-Fetch-Mode`,
// decodes compressed bodies and refuses some methods and headers, all of which
// a gate must be tested with.

import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** @import { Fields, RequestOptions } from "./types.d.ts" */

const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * Sends one request and never follows a redirect. `headers` may be an object,
 * a `Headers`, or pairs, which keep their order, case and duplicates.
 * @param {{ protocol: string, host: string, address: string, port: number | string, path: string }} target
 * @param {RequestOptions} [request]
 * @returns {Promise<Response>}
 */
export async function send(target, { method = "GET", headers, body } = {}) {
  const encoded = new Response(body);
  const fields = [["Host", target.host], ...pairs(headers)];
  const type = encoded.headers.get("content-type");
  if (type !== null && !has(fields, "content-type")) fields.push(["Content-Type", type]);
  const content = body instanceof ReadableStream ? body : Buffer.from(await encoded.arrayBuffer());
  fields.push(...framing(content, body));
  return exchange(target, { method, headers: fields.flat() }, content);
}

/**
 * Header fields as pairs, from any form a request may give them in.
 * @param {Fields} [headers]
 * @returns {string[][]}
 */
export function pairs(headers = {}) {
  if (Array.isArray(headers)) return headers;
  return headers instanceof Headers
    ? [...headers]
    : Object.entries(headers).map(([name, value]) => [name, String(value)]);
}

function has(fields, name) {
  return fields.some(([key]) => key.toLowerCase() === name);
}

function framing(content, body) {
  if (content instanceof ReadableStream) return [["Transfer-Encoding", "chunked"]];
  return body === undefined || body === null ? [] : [["Content-Length", String(content.length)]];
}

function exchange(target, options, content) {
  const client = target.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request({
      ...options,
      // The certificate of the local runtime is self-signed.
      rejectUnauthorized: false,
      hostname: target.address,
      port: target.port,
      path: target.path,
      agent: false,
    });
    request.on("error", reject);
    request.on("response", (incoming) => resolve(toResponse(incoming)));
    if (content instanceof ReadableStream)
      pipeline(Readable.fromWeb(/** @type {import("node:stream/web").ReadableStream} */ (content)), request).catch(
        reject,
      );
    else request.end(content);
  });
}

function toResponse(incoming) {
  const headers = new Headers();
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at], incoming.rawHeaders[at + 1]);
  }
  const empty = WITHOUT_BODY.has(incoming.statusCode);
  if (empty) incoming.resume();
  return new Response(empty ? null : Readable.toWeb(incoming), { status: incoming.statusCode, headers });
}

/**
 * The port that a server listens at.
 * @param {import("node:net").Server} server
 */
export const portOf = (server) => /** @type {import("node:net").AddressInfo} */ (server.address()).port;
