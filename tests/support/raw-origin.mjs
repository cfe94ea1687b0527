// An origin that speaks HTTP byte by byte, to say what no server library lets one say.

import { once } from "node:events";
import { createServer } from "node:net";
import { portOf } from "./http-client.mjs";

/** @import { Ending } from "./types.d.ts" */

/**
 * Serves on a free port until `t` ends. `reply(head, socket)` gets the request's head in
 * Latin-1; what it returns is sent in Latin-1 and ends the connection, and if it
 * returns nothing the connection is its own business.
 * @param {Ending} t
 * @param {(head: string, socket: import("node:net").Socket) => string | undefined | void} reply
 */
export async function rawOrigin(t, reply) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // The gate may hang up on an answer it does not take.
    socket.on("error", () => {});
    onHead(socket, (head) => {
      const bytes = reply(head, socket);
      if (typeof bytes === "string") socket.end(bytes, "latin1");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

/** The bytes of an answer with any status line and headers. */
export function response(status, headers = [], body = "") {
  return [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, "Connection: close", "", body].join(
    "\r\n",
  );
}

function onHead(socket, listener) {
  let head = "";
  const read = (chunk) => {
    head += chunk.toString("latin1");
    if (!head.includes("\r\n\r\n")) return;
    socket.off("data", read);
    socket.resume();
    listener(head);
  };
  socket.on("data", read);
}
