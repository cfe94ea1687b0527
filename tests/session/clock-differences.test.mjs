// The clocks of two machines may differ by 10 s: the gate's and an object's, or those of two gates. No token that the
// gate makes says that it was issued later than the gate's own clock, for verifiers refuse one that does.

import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";
import {
  backendOf,
  claimsOf,
  gateFor,
  healObject,
  isSignedIn,
  login,
  presenting,
  putObjectsAhead,
  refreshSession,
  renewed,
  STAND_IN,
  tokensIn,
  visit,
} from "../support/index.mjs";

/** @import { Tokens } from "../support/types.d.ts" */

const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN });
const backend = backendOf(gate);
let users = 0;
const somebody = () => `user-${(users += 1)}`;

afterEach(() => healObject(gate));

/** Every way to an access token. Each gives the last one, and the session that it is of. */
const WAYS = {
  "a login": async () => login(gate, somebody()),
  "a renewal": async () => renewed(gate, await login(gate, somebody())),
  "a renewal in passing": async () => {
    const { refresh } = await login(gate, somebody());
    return { refresh, ...tokensIn(await visit(gate, { refresh })) };
  },
  "the first use of a renewed token": async () => {
    const child = await renewed(gate, await login(gate, somebody()));
    return { ...child, access: tokensIn(await visit(gate, child)).access };
  },
  "another payload": async () => {
    const session = await login(gate, somebody());
    const response = await gate.fetch('/control?payload={"a":1}', { headers: presenting(session) });
    return { ...session, access: tokensIn(response).access };
  },
  "a backend that makes a session": async () => tokensOf(await backend.createNewSession(somebody())),
  "a backend that renews one": async () => {
    const { refreshToken } = await backend.createNewSession(somebody());
    return tokensOf(await backend.refreshSession(refreshToken.token));
  },
  "a backend that regenerates a token": async () => regenerated(await backend.createNewSession(somebody())),
};

const tokensOf = ({ accessToken, refreshToken }) => ({ access: accessToken.token, refresh: refreshToken?.token });

async function regenerated({ accessToken }) {
  const body = { accessToken: accessToken.token, userDataInJWT: { a: 1 } };
  return tokensOf(await backend.core.post("/recipe/session/regenerate", body));
}

for (const ahead of [10, -10]) {
  describe(`with objects whose clocks are ${Math.abs(ahead)} s ${ahead > 0 ? "ahead" : "behind"}`, () => {
    for (const [way, go] of Object.entries(WAYS)) {
      test(`no token is issued ahead of the gate's clock: ${way}`, async () => {
        await putObjectsAhead(gate, ahead);
        const { access } = await go();
        const { iat, exp } = claimsOf(access);
        assert.ok(iat <= gate.now / 1000, `${iat - gate.now / 1000} s ahead`);
        assert.ok(iat >= gate.now / 1000 - 10 && exp - iat === 3600);
        assert.ok(await isSignedIn(gate, { access }));
      });
    }

    test("nobody is logged out by it, and no token taken for stolen", async () => {
      await putObjectsAhead(gate, ahead);
      /** @type {Tokens} */
      let pair = await login(gate, somebody());
      for (let count = 0; count < 5; count += 1) {
        pair = await renewed(gate, pair);
        assert.equal((await visit(gate, pair)).status, 200);
        assert.equal((await refreshSession(gate, pair)).status, 200);
      }
    });
  });
}

test("a token that another gate issued 10 s ahead is not ahead when it is made anew", async () => {
  await gate.moveClock(10);
  const made = await backend.createNewSession(somebody());
  await gate.moveClock(-10);
  const { iat, exp } = claimsOf((await regenerated(made)).access);
  assert.equal(iat, gate.now / 1000);
  assert.equal(exp, claimsOf(made.accessToken.token).exp);
});
