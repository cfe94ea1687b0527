// A provider's log-out page may load an address of the gate in a frame. It ends the session of its `sid`, without cookies,
// and nothing else. The numbers are those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isSignedIn } from "../support/index.mjs";
import { KEY, pair, signedIn } from "../support/providers/gate-at.mjs";

const { idp, gate } = await pair({ after }, { provider: { sid_index: true } });
const FRAME = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" };
const IMAGE = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" };

const load = (query, headers = FRAME, at = gate) =>
  at.fetch(`/auth/frontchannel-logout/${KEY}?${new URLSearchParams(query)}`, { headers });

async function assertTaken(response) {
  assert.equal(response.status, 200, await response.text());
  assert.match(response.headers.get("cache-control"), /no-store/);
  assert.deepEqual(response.headers.getSetCookie(), []);
}

test("case F1: a good sid in a frame ends its session, and no other of the user", async () => {
  const [one, other] = [await signedIn(gate, idp), await signedIn(gate, idp)];
  const response = await load({ iss: idp.issuer, sid: one.login.sid });
  assert.match(response.headers.get("content-security-policy"), new RegExp(`frame-ancestors ${idp.issuer}`));
  assert.equal(response.headers.get("x-frame-options"), null);
  await assertTaken(response);
  assert.deepEqual([await isSignedIn(gate, one), await isSignedIn(gate, other)], [false, true]);
});

test("case F1: without iss it does the same", async () => {
  const session = await signedIn(gate, idp);
  await assertTaken(await load({ sid: session.login.sid }));
  assert.equal(await isSignedIn(gate, session), false);
});

test("case F1: as an image it ends only that sid", async () => {
  const [one, other] = [await signedIn(gate, idp), await signedIn(gate, idp)];
  await assertTaken(await load({ sid: one.login.sid }, IMAGE));
  assert.deepEqual([await isSignedIn(gate, one), await isSignedIn(gate, other)], [false, true]);
});

describe("case F1: nothing ends by", () => {
  const QUERIES = {
    "an unknown sid": () => ({ sid: "unknown-unknown-unknown" }),
    "no sid": () => ({}),
    "another issuer": ({ sid }) => ({ iss: "https://elsewhere.example", sid }),
  };
  for (const [what, query] of Object.entries(QUERIES)) {
    test(what, async () => {
      const session = await signedIn(gate, idp);
      await assertTaken(await load(query(session.login)));
      assert.ok(await isSignedIn(gate, session));
    });
  }

  test("a sid that is short enough to guess, though an ID token brought it", async () => {
    const session = await signedIn(gate, idp, { sid: "ada" });
    await assertTaken(await load({ sid: "ada" }));
    assert.ok(await isSignedIn(gate, session));
  });
});

test("case F1: without sid_index there is no such path", async (t) => {
  const without = await pair(t);
  assert.equal((await load({ sid: "any" }, FRAME, without.gate)).status, 404);
});
