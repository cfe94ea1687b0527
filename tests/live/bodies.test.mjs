// A body that is watched arrives as it was sent, however it comes: at once, in parts, long, or not to its end.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, test } from "node:test";
import { gateFor, login, presenting, rawOrigin, soon } from "../support/index.mjs";

const KIB = 1024;
/** The rest of an answer that waits until the test says so. */
let goOn = () => {};

const LOGIN =
  'HTTP/1.1 200 OK\r\nGate-Create-Session: {"userId":"alice"}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
let script = (_socket) => {};
const origin = await rawOrigin({ after }, (head, socket) => {
  if (head.startsWith("POST /login")) return LOGIN;
  script(socket);
});
const gate = await gateFor({ after }, { originUrl: origin });
const headers = presenting(await login(gate, "alice"));
const ask = () => gate.fetch("/body", { headers });

/** Sends a body of known length, or in chunks, part by part; all but the first when the test says so. */
function sending(parts, { chunked = false, length = parts.reduce((sum, part) => sum + part.length, 0) } = {}) {
  script = (socket) => {
    const framing = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
    socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\nConnection: close\r\n\r\n`);
    const write = (part) => {
      if (chunked) socket.write(`${part.length.toString(16)}\r\n`);
      socket.write(part);
      if (chunked) socket.write("\r\n");
    };
    write(parts[0]);
    goOn = () => {
      for (const part of parts.slice(1)) write(part);
      socket.end(chunked ? "0\r\n\r\n" : "");
    };
    if (parts.length === 1) goOn();
  };
}

const LENGTHS = [1, 100, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 300 * KIB];

for (const chunked of [false, true]) {
  describe(`in ${chunked ? "chunks" : "a body of known length"}`, () => {
    for (const length of LENGTHS) {
      test(`${length} bytes at once`, async () => {
        const body = randomBytes(length);
        sending([body], { chunked });
        const response = await ask();
        if (!chunked) assert.equal(response.headers.get("content-length"), String(length));
        assert.deepEqual(Buffer.from(await response.arrayBuffer()), body);
      });

      test(`${length} bytes, and more that comes later`, async () => {
        const [first, second] = [randomBytes(length), randomBytes(70 * KIB)];
        sending([first, second], { chunked });
        const response = await ask();
        const received = [];
        const reading = (async () => {
          for await (const chunk of /** @type {any} */ (response.body)) received.push(chunk);
        })();
        assert.ok(await soon(() => Buffer.concat(received).length === length), "the first part does not wait");
        goOn();
        await reading;
        assert.deepEqual(Buffer.concat(received), Buffer.concat([first, second]));
      });
    }
  });
}

test("a body that ends before its length is no whole one", async () => {
  for (const sent of [10, 100 * KIB]) {
    sending([randomBytes(sent)], { length: sent + 1 });
    await assert.rejects(async () => (await ask()).arrayBuffer());
  }
});
