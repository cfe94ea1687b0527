// What an application writes without thinking of it: numbers as user ids, and JSON that is no ASCII.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  assertCookiesUntouched,
  claimsOf,
  control,
  gateFor,
  rawOrigin,
  response,
  tokensIn,
} from "../support/index.mjs";

const gate = await gateFor({ after });
const user = (answer) => claimsOf(tokensIn(answer).access).sub;

/** The gate in front of an application that sends these bytes. */
async function sent(t, json) {
  const bytes = Buffer.from(json).toString("latin1");
  const originUrl = await rawOrigin(t, () => response("200 OK", [`Gate-Create-Session: ${bytes}`]));
  return gateFor(t, { originUrl, vars: { RULES: [{ path: "/control", session: "optional" }] } });
}

for (const id of ["7", "0", "-3", "9007199254740991", "18446744073709551615"]) {
  test(`the number ${id} is a user id`, async () => {
    assert.equal(user(await control(gate, { create: `{"userId":${id}}` })), id);
  });
}

for (const id of ["1.5", "1e21", "true", "null", '["7"]', '""']) {
  test(`${id} is no user id, and the log says what is`, async () => {
    gate.logs.length = 0;
    const answer = await control(gate, { create: `{"userId":${id}}` });
    assert.equal(answer.status, 502);
    assertCookiesUntouched(answer);
    assert.ok(await gate.logged((line) => /^gate-create-session: userId must be/.test(line.cause)));
  });
}

for (const name of ["zoë", "日本", "\u{1f600}", "ÿ"]) {
  test(`${name} from an application over the network, in UTF-8`, async (t) => {
    const remote = await sent(t, JSON.stringify({ userId: name, payload: { name }, claims: { name } }));
    const answer = await remote.fetch("/control");
    assert.equal(user(answer), name);
    assert.equal(claimsOf(tokensIn(answer).access).name, name);
  });

  test(`${name} from a Worker, as JSON.stringify writes it`, async () => {
    assert.equal(user(await control(gate, { create: JSON.stringify({ userId: name }) })), name);
  });
}

test("Latin-1 from the network is refused: nobody knows which characters are meant", async (t) => {
  const remote = await sent(t, Buffer.from('{"userId":"zo\xeb"}', "latin1"));
  const answer = await remote.fetch("/control");
  assert.equal(answer.status, 502);
  assertCookiesUntouched(answer);
});

test("what stands for an unknown character is refused, and taken where it is meant", async () => {
  const answer = await control(gate, { create: JSON.stringify({ userId: "zo\ufffd" }) });
  assert.equal(answer.status, 502);
  assert.match((await answer.json()).message, /UTF-8, or ASCII with \\u escapes/);
  assert.equal(user(await control(gate, { create: '{"userId":"\\ufffd"}' })), "\ufffd");
});
