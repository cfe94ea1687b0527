// An origin that fails, in whatever way, costs its own request a clear answer; it costs no session,
// and no other request that is under way in the same isolate.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  claimsOf,
  expiredIn,
  gateFor,
  isSignedIn,
  login,
  presenting,
  rawOrigin,
  renewed,
  response,
  soon,
  tokensIn,
  visit,
} from "../support/index.mjs";

const chunked = (head, ...rest) => ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", ...head, "", ...rest].join("\r\n");
const many = (count, name) => Array.from({ length: count }, (_, at) => `${name(at)}: ${at}`);

/** Answers of which nothing can be made. */
const NONSENSE = {
  "/nothing": "",
  "/half-a-head": "HTTP/1.1 200 OK\r\nContent-Ty",
  "/no-colon": "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
  "/space-in-name": "HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 0\r\n\r\n",
  "/nul": "HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 0\r\n\r\n",
  "/another-protocol": "RTSP/1.0 200 OK\r\n\r\n",
  "/negative-length": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
  "/length-that-is-none": "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
  "/megabyte-header": response("200 OK", [`A: ${"a".repeat(1024 * 1024)}`]),
  // The runtime takes whatever comes first for the answer.
  "/continue-first": `HTTP/1.1 100 Continue\r\n\r\n${response("200 OK", [], "all of it")}`,
  "/endless-head": `HTTP/1.1 200 OK\r\n${"A: a\r\n".repeat(200_000)}`,
};

const HALF = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";

/**
 * Answers that break off in a body that does not say its length. Their head has been passed on by then,
 * and the runtime of these tests ends them as if they were whole, as it does for any Worker.
 */
const CUT = {
  "/cut-between-chunks": chunked([], "4", "half", ""),
  "/cut-in-a-chunk": chunked([], "64", "half"),
  "/chunk-that-is-none": chunked([], "4", "half", "zz", "more", ""),
};

/** Control headers that say nothing that the gate could do. */
const MALFORMED = {
  "/malformed-create": response("200 OK", ['Gate-Create-Session: {"userId":"nobody"']),
  "/malformed-create-bytes": response("200 OK", ['Gate-Create-Session: {"userId":"caf\xe9"}']),
  "/malformed-revoke": response("200 OK", ["Gate-Revoke-Session: everything"]),
  "/malformed-set": response("200 OK", ["Gate-Set-Payload: 7"]),
  "/malformed-beside-a-good-one": response("200 OK", ["Gate-Revoke-Session: current", "Gate-Set-Payload: ["]),
};

const CONTROL = {
  "/created-and-cut": HALF.replace("Content", 'Gate-Create-Session: {"userId":"created"}\r\nContent'),
  "/revoked-and-cut": HALF.replace("Content", "Gate-Revoke-Session: current\r\nContent"),
};

/** The requests that the origin has and has not answered, by path. */
const held = new Map();

/** What listens for the gate; a connection knows it. */
let listener;

const originUrl = await rawOrigin({ after }, (head, socket) => {
  listener = /** @type {any} */ (socket).server;
  const path = head.split(" ")[1].split("?")[0];
  const query = new URLSearchParams(head.split(" ")[1].split("?")[1]);
  if (path === "/login") return response("200 OK", [`Gate-Create-Session: {"userId":"${query.get("user")}"}`]);
  if (path.startsWith("/held")) {
    held.set(path, socket);
    if (path.startsWith("/held-body")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf", "latin1");
    return undefined;
  }
  const bytes = { ...NONSENSE, ...CUT, ...MALFORMED, ...CONTROL, ...UNUSUAL, "/half": HALF }[path];
  return query.has("reset") ? reset(socket, bytes) : (bytes ?? response("200 OK", [], head));
});

/** The connection whose end has to wait until what was sent over it has arrived. */
let unended;

/** Ends a connection as a machine does that has lost its memory of it, once the answer has begun to arrive. */
function reset(socket, bytes) {
  unended = socket;
  socket.write(bytes, "latin1");
  return undefined;
}

/** The answer of an origin that breaks off in its midst, `how` being how. */
async function brokenOff(path, how) {
  const answer = await ask(`${path}${how}`);
  // One that is being shut down already, because the other side gave it up, can no longer be reset: Node would wait for
  // its end for ever when the tests are over.
  if (how === "?reset") unended.writableEnded ? unended.destroy() : unended.resetAndDestroy();
  return answer;
}

const COOKIES = Array.from({ length: 200 }, (_, at) => (at === 100 ? "__Host-sAccessToken=planted" : `c${at}=${at}`));

const UNUSUAL = {
  "/200-headers": response(
    "200 OK",
    many(200, (at) => `X-${at}`),
    "all of it",
  ),
  "/200-cookies": response(
    "200 OK",
    COOKIES.map((cookie) => `Set-Cookie: ${cookie}`),
    "all of it",
  ),
  "/large-header": response("200 OK", [`A: ${"a".repeat(10_000)}`], "all of it"),
  "/without-length": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it",
  "/http-1.0": "HTTP/1.0 200 OK\r\n\r\nall of it",
  "/no-gzip": response("200 OK", ["Content-Encoding: gzip"], "all of it"),
  "/latin-1": response("200 OK", ["A: caf\xe9"], "all of it"),
};

const RULES = [{ path: "/login", session: "optional" }];
const gate = await gateFor({ after }, { originUrl, vars: { RULES } });
const alice = await login(gate, "alice");
const ask = (path, init) => gate.fetch(path, { headers: presenting(alice), ...init });

let neighbours = 0;

/** While `work` runs another request waits for its answer, and another for the rest of its body. */
async function besideOthers(work) {
  const [waiting, reading] = [`/held-${(neighbours += 1)}`, `/held-body-${neighbours}`];
  const others = [ask(waiting), ask(reading)];
  assert.ok(await soon(() => held.has(waiting) && held.has(reading)), "the others have reached the origin");
  await work();
  // Were the isolate in need of a new start, this would be it.
  assert.equal((await visit(gate, alice)).status, 200);
  held.get(waiting).end(response("200 OK", [], "unharmed"), "latin1");
  held.get(reading).end("half", "latin1");
  const texts = await Promise.all(others.map(async (other) => (await other).text()));
  assert.deepEqual(texts, ["unharmed", "halfhalf"]);
}

describe("an answer of which nothing can be made is a 502, and others go on:", () => {
  for (const path of Object.keys(NONSENSE)) {
    test(path, () =>
      besideOthers(async () => {
        const answer = await ask(path);
        assert.equal(answer.status, 502);
        assert.equal(typeof (await answer.json()).message, "string");
        assertCookiesUntouched(answer);
      }),
    );
  }
});

describe("a control header of which nothing can be made is a 502 that names it, and others go on:", () => {
  for (const path of Object.keys(MALFORMED)) {
    test(path, () =>
      besideOthers(async () => {
        const answer = await ask(path);
        assert.equal(answer.status, 502);
        assert.match((await answer.json()).message, /Gate-(Create-Session|Revoke-Session|Set-Payload)/i);
        assertCookiesUntouched(answer);
      }),
    );
  }
});

/** While `work` runs no new connection reaches the origin; those that it has stay. */
async function unreachable(work) {
  listener.close();
  await work();
  listener.listen(new URL(originUrl).port, "127.0.0.1");
  await once(listener, "listening");
}

test("an origin that refuses the connection is a 502, others go on, and it is found again", () =>
  besideOthers(async () => {
    await unreachable(async () => {
      const answer = await ask("/refused");
      assert.equal(answer.status, 502);
      assert.equal(typeof (await answer.json()).message, "string");
      assertCookiesUntouched(answer);
    });
    assert.equal((await ask("/again")).status, 200);
  }));

describe("an answer that breaks off costs no more than itself:", () => {
  for (const how of ["", "?reset"]) {
    test(`/half${how}: the client sees that it did`, () =>
      besideOthers(async () => {
        const answer = await brokenOff("/half", how);
        assert.equal(answer.status, 200);
        await assert.rejects(answer.text());
      }));

    for (const path of Object.keys(CUT)) {
      test(`${path}${how}: what came until then arrives, and the client is not left waiting`, () =>
        besideOthers(async () => {
          const answer = await brokenOff(path, how);
          assert.equal(answer.status, 200);
          assert.equal(await answer.text(), "half");
        }));
    }
  }
});

describe("an answer that is only unusual passes:", () => {
  for (const path of Object.keys(UNUSUAL)) {
    test(path, () =>
      besideOthers(async () => {
        const answer = await ask(path);
        assert.equal(answer.status, 200);
        assert.equal(await answer.text(), "all of it");
      }),
    );
  }

  test("200 headers are all there", async () => {
    const answer = await ask("/200-headers");
    for (let at = 0; at < 200; at += 1) assert.equal(answer.headers.get(`x-${at}`), String(at));
  });

  test("of 200 cookies all pass but the one that is the gate's", async () => {
    const expected = COOKIES.toSpliced(100, 1);
    assert.deepEqual((await ask("/200-cookies")).headers.getSetCookie().sort(), expected.sort());
  });

  test("200 headers leave room for new tokens", async () => {
    const { refresh } = await login(gate, "many-headers");
    const answer = await gate.fetch("/200-cookies", { headers: presenting({ refresh }) });
    assert.ok(tokensIn(answer).access && tokensIn(answer).refresh);
    assert.equal(answer.headers.getSetCookie().length, 201);
  });
});

describe("a session survives an origin that fails:", () => {
  for (const path of ["/nothing", "/nul", "/half"]) {
    test(`a renewal on the way to ${path}`, async () => {
      const { refresh } = await login(gate, "renewed");
      const answer = await gate.fetch(path, { headers: presenting({ refresh }) });
      await answer.text().catch(() => {});
      assert.deepEqual(expiredIn(answer), []);
      const again = await renewed(gate, { refresh });
      assert.ok(await isSignedIn(gate, again));
    });

    test(`the first use of renewed tokens on the way to ${path}`, async () => {
      const child = await renewed(gate, await login(gate, "first-used"));
      const answer = await gate.fetch(path, { headers: presenting(child) });
      await answer.text().catch(() => {});
      assert.ok(await isSignedIn(gate, { access: child.access }));
      assert.ok(await isSignedIn(gate, { refresh: child.refresh }));
    });
  }

  test("what the head of an answer says of sessions holds, also when its body breaks off", async () => {
    const created = await gate.fetch("/created-and-cut", { headers: presenting(await login(gate, "before")) });
    await assert.rejects(created.text());
    const tokens = tokensIn(created);
    assert.equal(claimsOf(tokens.access).sub, "created");
    assert.ok(await isSignedIn(gate, tokens));

    const revoked = await gate.fetch("/revoked-and-cut", { headers: presenting(tokens) });
    await assert.rejects(revoked.text());
    assertCleared(revoked);
    assert.equal(await isSignedIn(gate, { refresh: tokens.refresh }), false);
  });
});

describe("an origin that hangs", () => {
  /** A client that sends one request, and can hang up. */
  function client(path, tokens) {
    const socket = connect(Number(new URL(gate.url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${presenting(tokens).cookie}\r\n\r\n`);
    return socket;
  }

  // When the runtime tells the origin is its own business; here it does so late, for any Worker.
  test("and answers after its client has hung up harms nobody", async () => {
    const bob = await login(gate, "bob");
    for (const [path, late] of [
      ["/held-forever", response("200 OK", [], "late")],
      ["/held-body-forever", "late"],
    ]) {
      await besideOthers(async () => {
        const socket = client(path, bob);
        assert.ok(await soon(() => held.has(path)), "the origin has the request");
        socket.destroy();
        await once(socket, "close");
        assert.equal((await visit(gate, bob)).status, 200);
        held.get(path).end(late, "latin1");
        assert.equal((await visit(gate, bob)).status, 200);
      });
    }
  });

  test("does not keep anybody from anything: fifty requests wait, and one more is served", async () => {
    const bob = await login(gate, "bob");
    const clients = Array.from({ length: 50 }, (_, at) => client(`/held-crowd-${at}`, bob));
    assert.ok(await soon(() => held.has("/held-crowd-49")));
    assert.equal((await visit(gate, bob)).status, 200);
    assert.equal((await gate.fetch("/logout", { method: "POST", headers: presenting(bob) })).status, 200);
    for (const socket of clients) socket.destroy();
    assert.equal((await visit(gate, bob)).status, 401);
  });
});

test("nothing above made the gate panic, or log what it should not", () => {
  const lines = gate.logs.map((line) => JSON.stringify(line));
  assert.deepEqual(
    lines.filter((line) => /panic|unreachable|critical|reinitializing/i.test(line)),
    [],
  );
  assert.ok(!lines.some((line) => line.includes(alice.access)));
});
