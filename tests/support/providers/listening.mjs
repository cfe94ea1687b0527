// Servers of the tests' own on the loopback address, which end with the test that started them.

import { once } from "node:events";
import { createServer } from "node:http";

// Another host than the gate's `localhost`, so that neither sees the other's cookies and browsers call them cross-site.
const LOOPBACK = "127.0.0.1";

/** Listens at any free port; returns the address, and what ends it. The handler may be set later, when the address is known. */
export async function listening(handler = undefined) {
  const server = createServer(handler);
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { server, url: `http://${LOOPBACK}:${port}`, stop };
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort() {
  const { url, stop } = await listening();
  await stop();
  return new URL(url).port;
}

/** The whole body of a request, as text. */
export async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
