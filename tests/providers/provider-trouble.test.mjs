// A provider that is down, slow, lying or huge: a page with a way on, nothing half done, and the sessions that exist do not
// notice. The numbers are those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isSignedIn, newClient, refreshSession, soon, tokensIn } from "../support/index.mjs";
import { attempt, begin, comeBack, open, pair, signedIn } from "../support/providers/gate-at.mjs";

/** Longer than the gate waits for any provider, in seconds. */
const LONG = 13;

/** For the tests that leave both as they were. */
const { idp, gate } = await pair({ after });

/** A page that says that the provider cannot be used now, with a way to try again. */
async function assertTrouble(response) {
  const page = await response.text();
  assert.ok([502, 503].includes(response.status), `${response.status}: ${page}`);
  assert.match(page, /<a [^>]*href="\/auth\/login/);
  assert.equal(tokensIn(response).access, undefined);
}

describe("case 28: the token endpoint", () => {
  const ANSWERS = {
    fails: { status: 500 },
    "says that there are too many requests": { status: 429 },
    "answers with HTML": { body: "<!doctype html><p>Sorry" },
    "answers with half of its JSON": { body: (json) => JSON.stringify(json).slice(0, 40) },
    "answers with another kind of JSON": { body: "[]" },
    "breaks off": { drop: true },
    "answers with 50 MB": { bytes: 50 << 20 },
    "does not know the client": { status: 401, body: '{"error":"invalid_client"}' },
  };
  for (const [what, script] of Object.entries(ANSWERS)) {
    test(`that ${what} is a page to try again`, async () => {
      const { response } = await attempt(gate, idp, { token: script });
      await assertTrouble(response);
      await signedIn(gate, idp);
    });
  }

  const REFUSALS = {
    "says 200 and an error": { body: '{"error":"invalid_grant"}' },
    "sends no ID token": { json: { id_token: undefined } },
    "sends a token of another type": { json: { token_type: "DPoP" } },
  };
  for (const [what, script] of Object.entries(REFUSALS)) {
    test(`that ${what} signs nobody in`, async () => {
      const { response } = await attempt(gate, idp, { token: script });
      assert.ok([400, 502, 503].includes(response.status), `${response.status}`);
      assert.match(await response.text(), /<a [^>]*href=/);
      assert.equal(tokensIn(response).access, undefined);
    });
  }

  test("that redirects is not followed", async (t) => {
    const { idp: elsewhere } = await pair(t);
    const { response } = await attempt(gate, idp, { token: { redirect: `${elsewhere.issuer}/token` } });
    await assertTrouble(response);
    assert.equal(elsewhere.count("token"), 0);
  });

  test("that does not answer is given up", async () => {
    const { until, release } = gateway();
    const client = newClient(gate);
    idp.next({ token: { until } });
    const callback = await idp.authorize(await begin(client));
    const answer = comeBack(client, callback);
    await assertTrouble(await gate.letTimePass(LONG, answer));
    release();
  });
});

/** A promise, and what keeps it. */
function gateway() {
  let release;
  const until = new Promise((resolve) => (release = resolve));
  return { until, release };
}

describe("case 29: metadata", () => {
  const BAD = {
    "of another issuer": { json: { issuer: "https://elsewhere.example" } },
    "with an http endpoint of another host": { json: { token_endpoint: "http://elsewhere.example/token" } },
    "without a token endpoint": { json: { token_endpoint: undefined } },
    "whose endpoints are lists": { json: { token_endpoint: ["x"] } },
    "that redirect": { redirect: "/.well-known/openid-configuration" },
    "of 10 MB": { bytes: 10 << 20 },
    "that fail": { status: 500 },
    "that are HTML": { body: "<!doctype html>" },
    "that break off": { drop: true },
  };
  for (const [what, script] of Object.entries(BAD)) {
    test(`${what} are a page to try again, and later the login works`, async (t) => {
      const { idp, gate } = await pair(t);
      idp.set({ metadata: script });
      await assertTrouble(await open(newClient(gate), "/auth/login"));
      idp.reset();
      await gate.moveClock(61);
      await signedIn(gate, idp);
    });

    test(`${what} do not take the place of those that were there before`, async (t) => {
      const { idp, gate } = await pair(t);
      await signedIn(gate, idp);
      idp.set({ metadata: script });
      await gate.moveClock(86_400);
      await signedIn(gate, idp);
    });
  }

  test("that are too old are used by nobody, also not by who waits for another's request", async (t) => {
    const { idp, gate } = await pair(t);
    await signedIn(gate, idp);
    await gate.moveClock(8 * 86_400);
    const { until, release } = gateway();
    idp.set({ metadata: { until, status: 500 } });
    const asked = idp.count("metadata");
    const logins = [1, 2, 3].map(() => open(newClient(gate), "/auth/login"));
    assert.ok(await soon(() => idp.count("metadata") > asked));
    // The gate has taken all of them once it has answered one that came later.
    await gate.fetch("/auth/health");
    release();
    for (const login of logins) await assertTrouble(await login);
  });

  test("that do not come are given up", async (t) => {
    const { idp, gate } = await pair(t);
    const { until, release } = gateway();
    idp.set({ metadata: { until } });
    await assertTrouble(await gate.letTimePass(LONG, open(newClient(gate), "/auth/login")));
    release();
  });
});

describe("case 30: keys", () => {
  test("beyond a bound are refused", async (t) => {
    const { idp, gate } = await pair(t);
    const [{ jwk }] = idp.keys;
    const many = Array.from({ length: 300 }, (_, at) => ({ ...jwk, kid: `junk-${at}` }));
    idp.set({ jwks: { json: { keys: [...many, jwk] } } });
    const { response } = await attempt(gate, idp);
    assert.ok([400, 503].includes(response.status), `${response.status}`);
    assert.equal(tokensIn(response).access, undefined);
  });

  test("that are junk do not hide the good one", async (t) => {
    const { idp, gate } = await pair(t);
    const [{ jwk }] = idp.keys;
    const junk = [null, 7, {}, { kty: "oct", k: "AAAA" }, { kty: "RSA" }, { kty: "EC", crv: "P-999", x: "A", y: "B" }];
    idp.set({ jwks: { json: { keys: [...junk, jwk] } } });
    await signedIn(gate, idp);
  });

  test("of which there are none are a page to try again", async (t) => {
    const { idp, gate } = await pair(t);
    idp.set({ jwks: { json: { keys: [] } } });
    const { response } = await attempt(gate, idp);
    assert.ok([400, 503].includes(response.status), `${response.status}`);
    assert.equal(tokensIn(response).access, undefined);
  });

  for (const overlap of [true, false]) {
    test(`that are changed ${overlap ? "with" : "without"} an overlap are found`, async (t) => {
      const { idp, gate } = await pair(t);
      await signedIn(gate, idp);
      idp.rotate({ overlap });
      await gate.moveClock(61);
      await signedIn(gate, idp);
    });
  }

  test("that cannot be had for a while are remembered", async (t) => {
    const { idp, gate } = await pair(t);
    await signedIn(gate, idp);
    idp.set({ jwks: { status: 500 } });
    await gate.moveClock(20 * 3600);
    await signedIn(gate, idp);
  });
});

describe("case 31: while the provider is down", () => {
  test("sessions and their renewals go on, and the local log-out is done", async (t) => {
    const { idp, gate } = await pair(t);
    const session = await signedIn(gate, idp);
    await idp.stop();
    assert.ok(await isSignedIn(gate, session));
    await gate.moveClock(4000);
    const renewal = await refreshSession(gate, session);
    assert.equal(renewal.status, 200);
    const pairOfTokens = tokensIn(renewal);
    const answer = await gate.letTimePass(LONG, open(session.client, "/logout"));
    assert.ok([200, 303].includes(answer.status), `${answer.status}`);
    assert.equal(await isSignedIn(gate, pairOfTokens), false);
  });

  test("a login is a page to try again", async (t) => {
    const { idp, gate } = await pair(t);
    await idp.stop();
    await assertTrouble(await open(newClient(gate), "/auth/login"));
  });
});
