// Sends hostile requests to a running gate over bare sockets, with good ones in between.

import { connect } from "node:net";
import { Miniflare } from "miniflare";
import { API_KEY } from "./gate.mjs";
import { hostileRequests } from "./hostile-requests.mjs";
import { isolateOf, WITNESS } from "./isolate-witness.mjs";
import { eachOf, keepAlive } from "./keep-alive.mjs";
import { gateFor, login, presenting } from "./session.mjs";
import { PATIENCE_MS } from "./time.mjs";

const RULES = [
  { path: "/open/*", session: "none" },
  { path: "/maybe/*", session: "optional" },
];
/** An application that reads what it is sent and is otherwise of no interest. */
const ORIGIN = `export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login" && searchParams.has("user")) {
      return new Response("", { headers: { "Gate-Create-Session": JSON.stringify({ userId: searchParams.get("user") }) } });
    }
    await request.text().catch(() => "");
    return new Response("origin");
  },
};`;
/** A Worker that looks at nothing: what it fails on, the runtime fails on before any Worker. */
const INDIFFERENT = `export default { fetch: () => new Response("indifferent") };`;

const AT_ONCE = 8;
const GOOD_EVERY = 20;

export async function startHostileGate(t) {
  const gate = await gateFor(t, {
    origin: ORIGIN,
    objectFault: WITNESS,
    vars: { RULES, CORS_ORIGINS: ["https://app.example"] },
  });
  const runtime = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    modules: true,
    script: INDIFFERENT,
    compatibilityDate: "2026-04-01",
    handleStructuredLogs: () => {},
  });
  t.after(() => runtime.dispose());
  const runtimePort = Number((await runtime.ready).port);
  return { gate, runtimePort, steady: await login(gate, "steady"), isolate: await isolateOf(gate) };
}

/** Sends `total` requests; returns how many were answered with which status, and by whom a 500 was. */
export async function sendHostile({ gate, runtimePort, steady }, seed, total) {
  const { host, port } = new URL(gate.url);
  const sessions = [await login(gate, "mallory"), await login(gate, "eve")];
  const generator = hostileRequests(seed, { host, apiKey: API_KEY, sessions });
  const client = keepAlive(gate, 2);
  const tally = { sent: 0, good: 0, unserved: [], statuses: {}, unanswered: 0, runtime500: 0, gate500: [] };

  const send = async ({ requests, number }) => {
    const statuses = await exchange(Number(port), requests.join(""));
    if (statuses.length === 0) tally.unanswered += 1;
    for (const status of statuses) tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
    if (statuses.includes(500)) await blame(tally, Number(port), runtimePort, requests);
    if (number % GOOD_EVERY === 0) await askInBetween(client, steady, tally);
  };
  await eachOf(upTo(total, generator, tally), send, AT_ONCE);

  client.close();
  return tally;
}

function* upTo(total, generator, tally) {
  for (let number = 0; tally.sent < total; number += 1) {
    const requests = generator.next();
    tally.sent += requests.length;
    yield { requests, number };
  }
}

/** A 500 is the gate's, unless a Worker that does nothing gives it as well, asked the same. */
async function blame(tally, gatePort, runtimePort, requests) {
  const failsAt = async (port, bytes) => (await exchange(port, bytes)).includes(500);
  const failing = [];
  for (const bytes of requests) if (await failsAt(gatePort, bytes)) failing.push(bytes);
  for (const bytes of failing) {
    if (await failsAt(runtimePort, bytes)) tally.runtime500 += 1;
    else tally.gate500.push(bytes.slice(0, 2000));
  }
  if (failing.length === 0) tally.gate500.push(`only together: ${requests.join("").slice(0, 2000)}`);
}

async function askInBetween(client, steady, tally) {
  const { status, text } = await client.ask("GET", "/auth/session", presenting({ access: steady.access }));
  if (status === 200 && JSON.parse(text).userId === "steady") tally.good += 1;
  else tally.unserved.push(text.slice(0, 500));
}

/** The statuses of all answers that come for these bytes. */
export function exchange(port, bytes) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    let received = "";
    const done = () => {
      clearTimeout(limit);
      // No connection is left waiting for its end.
      socket.resetAndDestroy();
      resolve([...received.matchAll(/HTTP\/1\.1 ([0-9]{3}) /g)].map(([, status]) => Number(status)));
    };
    const limit = setTimeout(done, PATIENCE_MS);
    socket.on("data", (chunk) => (received += chunk));
    socket.on("error", done);
    socket.on("close", done);
    socket.on("end", done);
    socket.end(bytes, "latin1");
  });
}

/** Nothing in the log of a gate that has been through it says that it broke. */
export function cries(gate) {
  return gate.logs.filter((line) => /panic|unreachable|RuntimeError|hung|critical|wasm/i.test(JSON.stringify(line)));
}
