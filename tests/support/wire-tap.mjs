// Stands between a browser and the gate, so that a test sees what was really sent and answered.

import { EventEmitter, once } from "node:events";
import https from "node:https";
import { buffer } from "node:stream/consumers";
import { portOf } from "./http-client.mjs";

/**
 * Listens twice on this machine: on the port that is the gate to the browser, and
 * on one that is somebody else's. `pages(request, response)` may answer on both and
 * says whether it did; what it leaves on the first port goes on to the gate.
 */
export async function startWireTap({ gate, certificate, pages }) {
  const tap = new WireTap();
  await tap.listen(certificate, pages, gate);
  return tap;
}

class WireTap {
  #servers = [];
  #exchanges = [];
  #arrivals = new EventEmitter().setMaxListeners(0);

  async listen(certificate, pages, gate) {
    const toGate = (request, response) => pages(request, response) || this.#pass(gate, request, response);
    const toNobody = (request, response) => pages(request, response) || response.writeHead(404).end();
    this.port = await this.#serve(certificate, toGate);
    this.strangerPort = await this.#serve(certificate, toNobody);
  }

  /** The first exchange that matches, as soon as the browser has its answer. */
  async exchange(matches) {
    for (;;) {
      const found = this.#exchanges.find(matches);
      if (found !== undefined) return found;
      await once(this.#arrivals, "exchange");
    }
  }

  close() {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #serve(certificate, answer) {
    const server = https.createServer(certificate, answer).listen(0, "127.0.0.1");
    this.#servers.push(server);
    await once(server, "listening");
    return portOf(server);
  }

  #pass(gate, request, response) {
    const { method, url: path, headers } = request;
    // The certificate of the local runtime is self-signed; the Host header stays the browser's.
    const options = {
      host: "127.0.0.1",
      port: new URL(gate.url).port,
      method,
      path,
      // What comes back is read here as well.
      headers: { ...headers, "accept-encoding": "identity" },
      rejectUnauthorized: false,
    };
    // A gate that is restarted cuts off what is on its way; the browser sees that too.
    const cutOff = () => response.destroy();
    const onward = https.request(options, (answer) => {
      this.#answer({ method, path, headers }, answer, response).catch(cutOff);
    });
    onward.on("error", cutOff);
    request.pipe(onward);
  }

  async #answer(request, answer, response) {
    const body = await buffer(answer);
    const exchange = { ...request, answer: { status: answer.statusCode, body: body.toString() } };
    response.writeHead(answer.statusCode, answer.headers).end(body, () => this.#record(exchange));
  }

  #record(exchange) {
    this.#exchanges.push(exchange);
    this.#arrivals.emit("exchange");
  }
}
