// Requests that no HTTP library would send.

import { once } from "node:events";
import { connect } from "node:net";

/** Sends bytes, given in Latin-1, as one request; returns the status of the answer. */
export async function sendRaw(gate, lines, body = "") {
  const { host, port } = new URL(gate.url);
  const socket = connect(Number(port), "127.0.0.1").setEncoding("latin1");
  const [request, ...headers] = lines;
  socket.write([request, `Host: ${host}`, ...headers, "", body].join("\r\n"), "latin1");
  const [received] = await once(socket, "data");
  socket.destroy();
  return Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(received)[1]);
}
