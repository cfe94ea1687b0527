// Between gate and application: what a client claims that only the gate may say does not arrive, in
// whichever of the three ways the application is reached, and what concerns the connection to the
// gate alone stays there.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { gateFor, login, NAVIGATION, openSocket, portOf, presenting, rawOrigin, response } from "../support/index.mjs";

const RULES = [
  { path: "/open/*", session: "none" },
  { path: "/optional/*", session: "optional" },
];

/** Shows what reached it. */
const SHOWN = `
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login") {
      return new Response("", { headers: { "Gate-Create-Session": JSON.stringify({ userId: searchParams.get("user") }) } });
    }
    const body = await request.arrayBuffer();
    return Response.json({ headers: Object.fromEntries(request.headers), length: body.byteLength, cache: request.cache });
  },
};`;

const WAYS = {
  "a service binding": { origin: SHOWN },
  ORIGIN_URL: { originUrl: "https://origin.example", outbound: SHOWN },
  "the zone's own server": { outbound: SHOWN },
};

const CLAIMS = [
  ["Forwarded", "for=1.2.3.4;host=evil.example"],
  ["X-Original-URL", "/admin"],
  ["X-Rewrite-URL", "/admin"],
  ["X_Original_URL", "/admin"],
  ["X_Forwarded_Host", "evil.example"],
  ["X-Forwarded_Proto", "gopher"],
  ["X_Forwarded_For", "1.2.3.4"],
  ["X.Forwarded.Host", "evil.example"],
  ["X!Forwarded-Proto", "gopher"],
  ["X-Forwarded.Port", "1"],
  ["X.Original.URL", "/admin"],
  ["X-Rewrite~URL", "/admin"],
  ["X-Forwarded-Host", "evil.example"],
  ["X-Forwarded-Proto", "gopher"],
  ["Gate.User", "admin"],
  ["Gate!User", "admin"],
  ["Gate~User", "admin"],
  ["Gate'User", "admin"],
  ["Connection", "gate-user, x-own"],
  ["X-Own", "kept"],
  ["X-Forwarded-For", "5.6.7.8"],
];

for (const [way, options] of Object.entries(WAYS)) {
  test(`by ${way} the application gets no claim that is the gate's to make`, async (t) => {
    const gate = await gateFor(t, { ...options, vars: { RULES } });
    const alice = await login(gate, "alice");
    const host = new URL(gate.url).host;
    for (const path of ["/open/x", "/optional/x", "/required/x"]) {
      const shown = await gate.fetch(path, { headers: [...CLAIMS, ...Object.entries(presenting(alice))] });
      const { headers } = await shown.json();
      const names = Object.keys(headers);
      assert.deepEqual(
        names.filter((name) => /^gate[^a-z0-9]/.test(name) && !/^gate-(user|session|token)$/.test(name)),
        [],
      );
      assert.deepEqual(
        names.filter((name) => /[^a-z0-9-]|^(forwarded|x-original-url|x-rewrite-url)$/.test(name)),
        [],
      );
      assert.doesNotMatch(headers.connection ?? "", /gate-user/i);
      assert.equal(headers["x-forwarded-host"], host, path);
      assert.equal(headers["x-forwarded-proto"], "http", path);
      assert.equal(headers["x-own"], "kept");
      assert.equal(headers["x-forwarded-for"], "5.6.7.8");
      assert.equal(headers["gate-user"], path.startsWith("/open") ? undefined : "alice");
    }
  });

  test(`by ${way} the application is told the public address also where the client says nothing`, async (t) => {
    const gate = await gateFor(t, { ...options, vars: { RULES } });
    const { headers } = await (await gate.fetch("/open/x")).json();
    assert.equal(headers["x-forwarded-host"], new URL(gate.url).host);
    assert.equal(headers["x-forwarded-proto"], "http");
  });

  test(`by ${way} no cache on the way may answer a request with an identity`, async (t) => {
    const gate = await gateFor(t, { ...options, vars: { RULES } });
    const alice = await login(gate, "alice");
    for (const [path, headers, isPersonal] of /** @type {[string, Record<string, string>, boolean][]} */ ([
      ["/required/x", presenting(alice), true],
      ["/optional/x", presenting(alice), true],
      ["/optional/x", {}, false],
      ["/open/x", presenting(alice), false],
    ])) {
      const shown = await (await gate.fetch(path, { headers })).json();
      // What the runtime makes of `cache: "no-store"`.
      assert.equal(shown.headers["cache-control"], isPersonal ? "no-cache" : undefined, path);
    }
  });
}

test("an application on the wire gets no word of the client's about the connection to the gate", async (t) => {
  const heads = [];
  const originUrl = await rawOrigin(t, (head) => {
    heads.push(head);
    return response("200 OK");
  });
  const gate = await gateFor(t, { originUrl, vars: { RULES } });
  await gate.fetch("/open/x", { headers: { connection: "gate-user, close", expect: "x" } }).catch(() => {});
  await gate.fetch("/open/x", { headers: { connection: "gate-user, close" } });
  for (const head of heads) assert.doesNotMatch(head, /gate-user|^expect/im);
});

const REFUSING = `export default { fetch: ({ headers }) => Response.json(headers.get("connection"), { status: 403 }) };`;

for (const [way, options] of Object.entries({
  "a service binding": { origin: REFUSING },
  ORIGIN_URL: { originUrl: "https://origin.example", outbound: REFUSING },
})) {
  test(`by ${way} a WebSocket is asked for with \`Connection: Upgrade\` and no more, whatever the client named`, async (t) => {
    const gate = await gateFor(t, { ...options, vars: { RULES } });
    const { host, port } = new URL(gate.url);
    const socket = connect(Number(port), "127.0.0.1").setEncoding("latin1");
    t.after(() => socket.destroy());
    const handshake = [
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    const connection = "Connection: Upgrade, gate-user, x-forwarded-host";
    socket.write(["GET /open/x HTTP/1.1", `Host: ${host}`, connection, ...handshake, "", ""].join("\r\n"));
    let received = "";
    for await (const chunk of socket) if ((received += chunk).includes('"')) break;
    assert.match(received, /^HTTP\/1\.1 403 [\s\S]*"Upgrade"/);
  });
}

test("an upload of 3 MB that expects `100 Continue` arrives whole behind ORIGIN_URL", async (t) => {
  const seen = [];
  const origin = createServer(async (request, answer) => {
    let length = 0;
    for await (const chunk of request) length += chunk.length;
    seen.push([length, request.headers.expect]);
    answer.end("taken");
  });
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  t.after(() => origin.closeAllConnections() ?? origin.close());
  const gate = await gateFor(t, { originUrl: `http://127.0.0.1:${portOf(origin)}`, vars: { RULES } });
  const { host, port } = new URL(gate.url);
  const socket = connect(Number(port), "127.0.0.1").setEncoding("latin1");
  t.after(() => socket.destroy());
  const head = ["PUT /open/x HTTP/1.1", `Host: ${host}`, "Content-Length: 3000000", "Expect: 100-continue"];
  socket.write([...head, "", ""].join("\r\n"));
  socket.write("x".repeat(3_000_000));
  let received = "";
  for await (const chunk of socket) {
    received += chunk;
    if (/\r\n\r\n(?!HTTP)/.test(received)) break;
  }
  assert.match(received, /HTTP\/1\.1 200 OK/);
  assert.deepEqual(seen, [[3_000_000, undefined]]);
});

test("behind ORIGIN_URL a redirect to the application's own address leads to the public one", async (t) => {
  const outbound = `export default {
    fetch(request) {
      const { searchParams } = new URL(request.url);
      return new Response(null, { status: Number(searchParams.get("status")), headers: { location: searchParams.get("to") } });
    },
  };`;
  const gate = await gateFor(t, { originUrl: "https://app.internal", outbound, vars: { RULES } });
  const location = async (to, status = 303) => {
    const answered = await gate.fetch(`/open/x?status=${status}&to=${encodeURIComponent(to)}`, { headers: NAVIGATION });
    assert.equal(answered.status, status);
    return answered.headers.get("location");
  };
  for (const own of ["https://app.internal", "HTTPS://APP.internal:443", "//app.internal", "http://app.internal"]) {
    assert.equal(await location(`${own}/next?a=b#c`), `${gate.url}/next?a=b#c`, own);
  }
  for (const status of [201, 301, 302, 307, 308])
    assert.equal(await location("https://app.internal/n", status), `${gate.url}/n`);
  for (const other of [
    "/next",
    "next",
    "https://app.internal.evil.example/",
    "https://app.internal:8443/",
    "https://x.example/?https://app.internal",
  ]) {
    assert.equal(await location(other), other);
  }
  assert.equal(await location("https://app.internal/n", 200), "https://app.internal/n");
});

const SAYING = `
export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const headers = new Headers({ "Gate-Foo": "1", "Gate-Reason": "no-session", "Gate-User": "eve", "Gate-": "x", "X-Own": "1" });
    if (pathname === "/login") headers.set("Gate-Create-Session", JSON.stringify({ userId: searchParams.get("user") }));
    if (request.headers.get("upgrade") !== "websocket") return new Response("answer", { headers });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.send(JSON.stringify(Object.fromEntries(request.headers)));
    headers.set("Gate-Set-Payload", '{"role":"admin"}');
    return new Response(null, { status: 101, webSocket: client, headers });
  },
};`;

test("no Gate header of the application reaches a client, and the log names those that mean nothing", async (t) => {
  const gate = await gateFor(t, { origin: SAYING, vars: { RULES } });
  const alice = await login(gate, "alice");
  for (const path of ["/open/x", "/optional/x", "/required/x"]) {
    const answered = await gate.fetch(path, { headers: presenting(alice) });
    assert.deepEqual(
      [...answered.headers.keys()].filter((name) => name.startsWith("gate")),
      [],
      path,
    );
    assert.equal(answered.headers.get("x-own"), "1");
  }
  for (const name of ["gate-foo", "gate-reason", "gate-user"]) {
    const line = await gate.logged(
      (line) => String(line).startsWith("origin-headers:") && line.includes(`\`${name}\``),
    );
    assert.ok(line, `${name} is in the log`);
  }
});

test("no Gate header of the application reaches a client with a WebSocket either", async (t) => {
  const gate = await gateFor(t, { origin: SAYING, vars: { RULES } });
  const alice = await login(gate, "alice");
  for (const path of ["/open/x", "/required/x"]) {
    const { socket, response: opened } = await openSocket(gate, path, { headers: presenting(alice) });
    assert.deepEqual(
      Object.keys(opened.headers).filter((name) => name.startsWith("gate")),
      [],
      path,
    );
    assert.equal(opened.headers["x-own"], "1");
    socket.terminate();
  }
});
