// The load: eight connections that are kept open, each with one request at a time. Every path is loaded by this
// one generator, whose own processor time is not workerd's.

import { Pool } from "undici";

const CONNECTIONS = 8;

// Less than the five seconds after which servers close a connection that rests, between two turns for one.
const MAX_REST_MS = 3000;

const pools = new Map();

/**
 * Sends what `next` gives to `origin`, until it gives `undefined` or the time is up; every answer must have `status`.
 * Returns how long each took, in milliseconds. `seen` is called with each request and the raw header fields of its
 * answer.
 * @param {string} origin
 * @param {() => any} next
 * @param {{ milliseconds?: number, status?: number, seen?: (request: any, fields: any) => void }} [limits]
 * @returns {Promise<number[]>}
 */
export async function load(origin, next, { milliseconds = Infinity, status = 200, seen } = {}) {
  const pool = poolOf(origin);
  const end = performance.now() + milliseconds;
  const latencies = [];
  let failure;

  async function connection() {
    while (failure === undefined && performance.now() < end) {
      const request = next();
      if (request === undefined) return;
      const started = performance.now();
      const answer = await exchange(pool, request);
      latencies.push(performance.now() - started);
      if (answer.status !== status) failure = new Error(unexpected(origin, request, answer, status));
      seen?.(request, answer.fields);
    }
  }

  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  if (failure) throw failure;
  return latencies;
}

/** Ends all connections. */
export async function closeConnections() {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  pools.clear();
}

function poolOf(origin) {
  if (!pools.has(origin)) {
    const resting = { keepAliveTimeout: MAX_REST_MS, keepAliveMaxTimeout: MAX_REST_MS };
    pools.set(origin, new Pool(origin, { connections: CONNECTIONS, pipelining: 1, ...resting }));
  }
  return pools.get(origin);
}

function unexpected(origin, { method, path }, answer, status) {
  return `${method} ${path} at ${origin} was answered ${answer.status} instead of ${status}: ${answer.text}`;
}

// The lowest of the client's interfaces: what the generator costs is not measured, but it sets the pace.
function exchange(pool, request) {
  return new Promise((resolve, reject) => {
    const answer = { text: "" };
    pool.dispatch(request, {
      onConnect() {},
      onHeaders(status, fields) {
        answer.status = status;
        answer.fields = fields;
        return true;
      },
      onData(chunk) {
        if (answer.text === "") answer.text = chunk.toString("latin1", 0, 300);
        return true;
      },
      onComplete() {
        resolve(answer);
      },
      onError: reject,
    });
  });
}

/** The `Set-Cookie` lines among raw header fields. */
export function setCookiesOf(fields) {
  const lines = [];
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at].toString().toLowerCase() === "set-cookie") lines.push(fields[at + 1].toString());
  }
  return lines;
}
