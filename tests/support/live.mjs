// Connections through the gate that last, and an application that has them.

import { once } from "node:events";
import http from "node:http";
import WebSocket, { WebSocketServer } from "ws";
import { backendOf } from "./backend.mjs";
import { portOf } from "./http-client.mjs";
import { login, logout, presenting, refreshSession, renewed } from "./session.mjs";
import { soon } from "./time.mjs";

/** @import { Answering, Ending, Tokens } from "./types.d.ts" */

const TICK_MS = 20;

/**
 * An application of Node's, with WebSockets, streams of events, long polls, downloads and uploads. What becomes of each
 * request is in `seen`, by the `id` in its query: what it said, and how it ended.
 * @param {Ending} t
 * @param {{ deflate?: boolean }} [options]
 */
export async function liveOrigin(t, { deflate = false } = {}) {
  const seen = new Map();
  const server = http.createServer((request, response) => {
    const { pathname, searchParams: query } = new URL(request.url, "http://origin");
    const state = noted(seen, query, request);
    response.on("close", () => (state.ended = response.writableFinished ? "finished" : "aborted"));
    response.on("error", () => {});
    const act = ACTS[pathname.split("/")[1]] ?? ACTS.answer;
    act({ request, response, query, state });
  });
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: deflate && { threshold: 0 },
    handleProtocols,
  });
  sockets.on("headers", (headers) => headers.push("x-own: 1", "set-cookie: own=1", "set-cookie: other=2"));
  server.on("upgrade", (request, socket, head) => {
    const { searchParams: query } = new URL(request.url, "http://origin");
    if (query.has("refuse")) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    sockets.handleUpgrade(request, socket, head, (end) => speak(end, noted(seen, query, request)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const end of sockets.clients) end.terminate();
    server.closeAllConnections();
    server.close();
  });
  /** What became of a request, once there is something to say of it. */
  const of = async (id, holds) => {
    await soon(() => seen.has(id) && holds(seen.get(id)));
    return seen.get(id);
  };
  return { url: `http://127.0.0.1:${portOf(server)}`, seen, of };
}

function handleProtocols(protocols) {
  return protocols.has("chat") ? "chat" : false;
}

function noted(seen, query, request) {
  const state = { headers: request.headers, messages: [], bytes: 0, ended: undefined, go: () => {} };
  if (query.has("id")) seen.set(query.get("id"), state);
  return state;
}

/** Echoes; closes as it is told. */
function speak(end, state) {
  state.socket = end;
  end.on("error", () => {});
  end.on("close", (code, reason) => (state.ended = [code, String(reason)]));
  end.on("message", (data, isBinary) => {
    state.messages.push(isBinary ? data : String(data));
    const [word, code, reason] = isBinary ? [] : String(data).split(" ");
    if (word === "close") end.close(code === undefined ? undefined : Number(code), reason);
    else if (word === "terminate") end.terminate();
    else end.send(data, { binary: isBinary });
  });
}

const ACTS = {
  login({ response, query }) {
    const session = { userId: query.get("user"), ...JSON.parse(query.get("session") ?? "{}") };
    response.setHeader("gate-create-session", JSON.stringify(session));
    response.end();
  },
  /** Answers at once with the headers that the query says. */
  answer({ response, query }) {
    for (const [name, value] of Object.entries(JSON.parse(query.get("headers") ?? "{}")))
      response.setHeader(name, value);
    response.end("answered");
  },
  /** Events without an end. */
  events({ response, state }) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const tick = () => response.write(`data: ${(state.bytes += 1)}\n\n`);
    tick();
    repeat(response, tick);
  },
  /** An answer that comes when `state.go` is called. */
  poll({ request, response, query, state }) {
    request.resume();
    request.on("end", () => (state.isWhole = true));
    state.go = () => ACTS.answer({ response, query });
  },
  /** A body without an end, of a length that it says or not. */
  download({ response, query, state }) {
    const length = query.get("length");
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      ...(length && { "content-length": length }),
    });
    const send = () => response.write("x") && (state.bytes += 1);
    send();
    repeat(response, send);
    state.go = () => response.end();
  },
  /** Reads a body, and answers at its end. */
  upload({ request, response, query, state }) {
    request.on("data", (chunk) => (state.bytes += chunk.length));
    request.on("end", () => ACTS.answer({ response, query }));
    request.on("error", () => (state.ended = "aborted"));
  },
};

function repeat(response, work) {
  const timer = setInterval(work, TICK_MS);
  response.on("close", () => clearInterval(timer));
}

/**
 * A person's WebSocket, open, with what it has heard, and how it ends.
 * @param {{ url: string }} gate
 * @param {Tokens} tokens
 * @param {{ path?: string, protocols?: string[], perMessageDeflate?: boolean, headers?: Record<string, string>, maxPayload?: number }} [options]
 */
export async function connected(gate, tokens, { path = "/socket", protocols = [], headers = {}, ...options } = {}) {
  const { host, port } = new URL(gate.url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, {
    perMessageDeflate: false,
    ...options,
    headers: { ...presenting(tokens), ...headers, host },
  });
  socket.on("error", () => {});
  const closed = once(socket, "close").then(([code, reason]) => [code, String(reason)]);
  const [[response]] = await Promise.all([once(socket, "upgrade"), once(socket, "open")]);
  /** @type {any[]} */
  const heard = [];
  socket.on("message", (data, isBinary) => heard.push(isBinary ? data : String(data)));
  /** Says something and waits for the echo. */
  const echo = async (text) => {
    const before = heard.length;
    socket.send(text);
    await soon(() => heard.length > before || socket.readyState !== WebSocket.OPEN);
    return heard[before];
  };
  return { socket, response, closed, heard, echo };
}

/** What a closed socket says whose session has ended, and one whose watch was lost. */
export const SESSION_ENDED = [4401, "session ended"];
export const SESSION_UNKNOWN = [1013, "session unknown"];

/**
 * A body that is read as it comes: how much of it came, and how it ended.
 * @param {Response} response
 */
export function reading(response) {
  const state = { text: "", ended: undefined };
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of /** @type {any} */ (response.body)) state.text += decoder.decode(chunk);
  };
  state.ended = read().then(
    () => "finished",
    () => "broken off",
  );
  return state;
}

/**
 * Every way in which a session can end: what each does to `session`, of `user`. The gate has `MAX_SESSIONS` of 4.
 * @type {Record<string, (gate: any, session: import("./types.d.ts").Session, user: string) => Promise<unknown>>}
 */
export const WAYS_TO_END = {
  "a logout here": (gate, session) => logout(gate, session),
  "a logout with the refresh token alone": (gate, { refresh }) => logout(gate, { refresh }),
  "a logout of all devices on another one": async (gate, _, user) =>
    logout(gate, await loginAs(gate, user), { path: "/logout/all" }),
  "a logout of the other devices on another one": async (gate, _, user) =>
    logout(gate, await loginAs(gate, user), { path: "/logout?scope=others" }),
  "its revocation on the page of devices": async (gate, { handle }, user) =>
    gate.fetch("/auth/sessions/revoke", {
      method: "POST",
      headers: { ...presenting(await loginAs(gate, user)), "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ handle }),
    }),
  "the application's word in an answer": (gate, session) => saying(gate, session, { "Gate-Revoke-Session": "current" }),
  "the application's word in an answer to somebody else": async (gate, { handle }) =>
    saying(gate, await loginAs(gate, "an-admin"), { "Gate-Revoke-Session": handle }),
  "a backend's word": (gate, { handle }) => backendOf(gate).revokeSession(handle),
  "a backend's word for all of the user's": (gate, _, user) => backendOf(gate).revokeAllSessionsForUser(user),
  "the reuse of a refresh token": async (gate, session) => {
    await renewed(gate, await renewed(gate, await renewed(gate, session)));
    await refreshSession(gate, { refresh: session.refresh });
  },
  "more logins than a user may have": async (gate, _, user) => {
    for (let count = 0; count < 4; count += 1) await loginAs(gate, user);
  },
  "the next login in this browser": (gate, session, user) => loginAs(gate, user, {}, presenting(session)),
  "another user's login in this browser": (gate, session) => loginAs(gate, "the-next", {}, presenting(session)),
};

/**
 * Logs somebody in at the application of this file; `session` is the rest of Gate-Create-Session.
 * @param {Answering} gate
 * @param {string} user
 * @param {Record<string, unknown>} [session]
 * @param {Record<string, string>} [headers]
 */
export function loginAs(gate, user, session = {}, headers = {}) {
  return login(gate, user, { session }, headers);
}

/** Lets the application answer with these headers. */
function saying(gate, session, headers) {
  return gate.fetch(`/answer?${new URLSearchParams({ headers: JSON.stringify(headers) })}`, {
    headers: presenting(session),
  });
}
