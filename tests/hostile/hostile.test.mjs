// Thousands of hostile requests over bare sockets: none is a 500, none is felt by anybody else.
// `tests/long/hostile.test.mjs` sends a hundred thousand.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  API_KEY,
  coreOf,
  cries,
  exchange,
  isolateOf,
  isSignedIn,
  presenting,
  sendHostile,
  startHostileGate,
} from "../support/index.mjs";

const TOTAL = 5000;
// A new one each time would find more, and nobody could say what.
const SEED = 1;

const hostile = await startHostileGate({ after });
const tally = await sendHostile(hostile, SEED, TOTAL);

test("all of them were sent, and most got as far as the gate", (t) => {
  assert.ok(tally.sent >= TOTAL);
  const {
    200: ok = 0,
    400: bad = 0,
    401: stranger = 0,
    403: foreign = 0,
    404: nowhere = 0,
    405: method = 0,
  } = tally.statuses;
  assert.ok(Math.min(ok, bad, stranger, foreign, nowhere, method) >= 20, JSON.stringify(tally.statuses));
  assert.ok(tally.runtime500 + tally.unanswered < tally.sent / 5, JSON.stringify(tally));
  t.diagnostic(JSON.stringify({ ...tally, gate500: tally.gate500.length }));
});

test("the gate answered none with 500", () => {
  assert.deepEqual(tally.gate500, []);
});

test("a good request in between was served each time", () => {
  assert.deepEqual(tally.unserved, []);
  assert.ok(tally.good >= TOTAL / 50, String(tally.good));
});

test("nothing in the log says that the gate broke", () => {
  assert.deepEqual(cries(hostile.gate), []);
});

test("the isolate is the one of the beginning, and its Wasm instance too", async () => {
  assert.deepEqual(await isolateOf(hostile.gate), hostile.isolate);
  assert.equal(hostile.isolate.rebuilt, 0);
});

test("the session of somebody who had nothing to do with it is alive", async () => {
  assert.ok(await isSignedIn(hostile.gate, { access: hostile.steady.access }));
});

for (const [what, lines, body] of [
  ["breaks off", ["Content-Length: 100"], "scope=all"],
  ["breaks off in a chunk", ["Transfer-Encoding: chunked"], "9\r\nsco"],
  ["has no chunks where it says so", ["Transfer-Encoding: chunked"], "ZZ\r\nscope=all\r\n"],
]) {
  test(`a body that cannot be read is the client's fault, and nothing is done: one that ${what}`, async () => {
    const { gate, steady } = hostile;
    const cookie = `Cookie: ${presenting({ access: steady.access }).cookie}`;
    for (const path of [
      "/logout",
      "/auth/sessions/revoke?scope=all",
      "/auth/core/recipe/session",
      "/auth/core/recipe/session/remove",
    ]) {
      const head = [
        `POST ${path} HTTP/1.1`,
        `Host: ${new URL(gate.url).host}`,
        `api-key: ${API_KEY}`,
        "Content-Type: application/x-www-form-urlencoded",
        cookie,
        ...lines,
        "",
        "",
      ];
      assert.deepEqual(await exchange(Number(new URL(gate.url).port), head.join("\r\n") + body), [400], path);
      assert.ok(await isSignedIn(gate, { access: steady.access }), path);
    }
  });
}

test("JSON that is nested too deep to be kept is refused as such, by whichever way it comes", async () => {
  const { gate, steady } = hostile;
  const core = coreOf(gate);
  const nested = (depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  for (const depth of [120, 121, 122, 123, 124, 125, 126, 127, 128, 129]) {
    const bodies = {
      payload: `{"userId":"u","userDataInJWT":${nested(depth)},"userDataInDatabase":{},"enableAntiCsrf":false}`,
      data: `{"userId":"u","userDataInJWT":{},"userDataInDatabase":${nested(depth)},"enableAntiCsrf":false}`,
    };
    for (const [what, body] of Object.entries(bodies)) {
      const { status } = await core.request("POST", "/recipe/session", { body });
      assert.ok([200, 400].includes(status), `${what}, ${depth} levels: ${status}`);
    }
    const update = await core.request("PUT", "/recipe/jwt/data", {
      body: `{"sessionHandle":"${steady.handle}","userDataInJWT":${nested(depth)}}`,
    });
    assert.ok([200, 400].includes(update.status), `an update, ${depth} levels: ${update.status}`);
  }
});
