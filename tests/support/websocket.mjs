// WebSockets through the gate, from the handshake on.

import { once } from "node:events";
import WebSocket from "ws";

/** Greets with the headers that it saw, echoes, and closes with the code it is told. */
export const WEBSOCKET_ORIGIN = `
export default {
  fetch(request) {
    const { searchParams } = new URL(request.url);
    if (searchParams.has("user")) {
      return new Response("", { headers: { "Gate-Create-Session": JSON.stringify({ userId: searchParams.get("user") }) } });
    }
    if (request.headers.get("upgrade") !== "websocket") return new Response("no socket", { status: 426 });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.binaryType = "arraybuffer";
    server.send(JSON.stringify(Object.fromEntries(request.headers)));
    server.addEventListener("message", ({ data }) => {
      const close = typeof data === "string" && data.match(/^close ([0-9]+)$/);
      if (close) server.close(Number(close[1]));
      else server.send(data);
    });
    server.addEventListener("close", ({ code, reason }) => server.close(code, reason));
    const headers = { "x-own": "1" };
    if (request.headers.has("sec-websocket-protocol")) headers["sec-websocket-protocol"] = "chat";
    return new Response(null, { status: 101, webSocket: client, headers });
  },
};`;

/** An open socket, the response that opened it, and what the origin saw of the request. */
export async function openSocket(gate, path, options) {
  const socket = connect(gate, path, options);
  const [[response], [greeting]] = await Promise.all([once(socket, "upgrade"), once(socket, "message")]);
  return { socket, response, greeting: JSON.parse(greeting) };
}

/** The response to a handshake that must not succeed. */
export async function refusedSocket(gate, path, options) {
  const socket = connect(gate, path, options);
  const opened = once(socket, "upgrade").then(() => {
    socket.terminate();
    throw new Error(`a socket was opened at ${path}`);
  });
  const [, incoming] = await Promise.race([once(socket, "unexpected-response"), opened]);
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  socket.on("error", () => {});
  socket.terminate();
  return new Response(null, { status: incoming.statusCode, headers });
}

function connect(gate, path, { headers = {}, protocols = [] } = {}) {
  const { host, port } = new URL(gate.url);
  return new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers: { ...headers, host } });
}
