// The gate is transparent: what a client sends reaches the origin, and what the origin
// answers reaches the client, on open paths and with a session alike.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { ACCESS, answer, gateFor, login, presenting, REFRESH, setCookies } from "../support/index.mjs";

const RULES = [
  { path: "/echo/open/*", session: "none" },
  { path: "/answer/open", session: "none" },
  { path: "/answer/optional", session: "optional" },
];

const METHODS = "POST PUT PATCH DELETE OPTIONS PROPFIND PROPPATCH MKCOL COPY LOCK REPORT SEARCH PURGE".split(" ");
/** What may follow a path, none of which a URL parser would change. */
const RESTS = [
  "a%20b/%C3%A9/%zz/;p=1/@:&=+$,!*'()~",
  "/double//slash/",
  "x?",
  "x?q=a%2Fb&q=&=x&&y=%&z=+%20|",
  "%25%2e?%00%2f\\",
];
const HEADERS = {
  "x-text": 'a  b;c="d"',
  accept: "text/x-odd",
  "content-type": "application/x-odd; a=b",
  "if-none-match": 'W/"1"',
  range: "bytes=0-1",
  referer: "http://elsewhere.example/",
  rid: "anti-csrf",
};

const gate = await gateFor({ after }, { vars: { RULES } });
const alice = presenting(await login(gate, "alice"));
const WAYS = {
  "without a session": { echo: "/echo/open/", at: "/answer/open", headers: {} },
  "with a session": { echo: "/echo/", at: "/answer", headers: alice },
};

for (const [how, { echo, at, headers }] of Object.entries(WAYS)) {
  const ask = (path, init = {}) => gate.fetch(path, { ...init, headers: { ...headers, ...init.headers } });
  const told = (dictated, init) => ask(answer({ at, ...dictated }), init);

  for (const method of METHODS) {
    test(`${method} reaches the origin as it is, ${how}`, async () => {
      const seen = await (await ask(echo, { method, body: `body of ${method}` })).json();
      assert.equal(seen.method, method);
      assert.equal(seen.body, `body of ${method}`);
    });
  }

  test(`path and query reach the origin as they are, ${how}`, async () => {
    for (const rest of RESTS) {
      const { url } = await (await ask(echo + rest)).json();
      assert.equal(url, gate.url + echo + rest);
    }
  });

  test(`request headers reach the origin as they are, ${how}`, async () => {
    const seen = (await (await ask(echo, { method: "POST", headers: HEADERS, body: "1" })).json()).headers;
    for (const [name, value] of Object.entries(HEADERS)) assert.equal(seen[name], value, name);
  });

  for (const status of [200, 201, 204, 206, 301, 304, 400, 401, 403, 404, 418, 451, 500, 503, 599]) {
    test(`status ${status} of the origin reaches the client as it is, ${how}`, async () => {
      const response = await told({
        status,
        headers: ["X-Own: 1", 'ETag: "v1"', "Location: https://elsewhere.example/a?b"],
      });
      assert.equal(response.status, status);
      assert.equal(response.headers.get("x-own"), "1");
      assert.equal(response.headers.get("etag"), '"v1"');
      assert.equal(response.headers.get("location"), "https://elsewhere.example/a?b");
    });
  }

  test(`redirects are the client's to follow, ${how}`, async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const response = await told({ status, headers: ["Location: /echo/open/elsewhere"] });
      assert.equal(response.status, status);
      assert.equal(response.headers.get("location"), "/echo/open/elsewhere");
    }
  });

  test(`several Set-Cookie stay several, in their order, ${how}`, async () => {
    const cookies = ["a=1; Path=/; Expires=Wed, 21 Oct 2037 07:28:00 GMT", "b=2; HttpOnly", "a=3; Path=/x"];
    const response = await told({ headers: cookies.map((cookie) => `Set-Cookie: ${cookie}`) });
    assert.deepEqual(response.headers.getSetCookie(), cookies);
  });

  test(`a compressed body stays byte for byte what it was, ${how}`, async () => {
    const compressed = gzipSync("compressed once, by the origin ".repeat(50));
    const dictated = {
      base64: compressed.toString("base64"),
      headers: ["Content-Encoding: gzip", "Content-Type: text/plain"],
    };
    const response = await told(dictated, { headers: { "accept-encoding": "gzip" } });
    assert.equal(response.headers.get("content-encoding"), "gzip");
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), compressed);
  });
}

test("an answer that the gate adds cookies to keeps its status, headers and compressed body", async () => {
  const compressed = gzipSync("welcome ".repeat(100));
  const dictated = {
    at: "/answer/optional",
    status: 203,
    base64: compressed.toString("base64"),
    headers: ["Content-Encoding: gzip", "Set-Cookie: theme=dark", "X-Own: 1", 'Gate-Create-Session: {"userId":"bob"}'],
  };
  const response = await gate.fetch(answer(dictated), { headers: { "accept-encoding": "gzip" } });
  assert.equal(response.status, 203);
  assert.equal(response.headers.get("x-own"), "1");
  assert.equal(response.headers.get("content-encoding"), "gzip");
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), compressed);
  const names = setCookies(response).map(({ name }) => name);
  for (const name of ["theme", ACCESS, REFRESH]) assert.ok(names.includes(name), name);
});

test("a redirect that signs someone in keeps its status and target", async () => {
  const headers = ["Location: /welcome", 'Gate-Create-Session: {"userId":"bob"}'];
  const response = await gate.fetch(answer({ at: "/answer/optional", status: 303, headers }));
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "/welcome");
  assert.ok(setCookies(response).some(({ name }) => name === ACCESS));
});
