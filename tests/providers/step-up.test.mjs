// A rule may ask for a recent or another proof of who somebody is; the provider is asked, and its answer is checked. The
// numbers are those of tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isSignedIn, tokensIn } from "../support/index.mjs";
import { comeBack, open, pair, signedIn } from "../support/providers/gate-at.mjs";

const { idp, gate } = await pair(
  { after },
  {
    vars: {
      RULES: [
        { path: "/vault/*", acr: ["mfa"] },
        { path: "/recent/*", max_age: 600 },
      ],
    },
  },
);

/** Opens a path that asks for more, and comes back from the provider with what the script says. */
async function stepUp(session, path, script) {
  const sent = await open(session.client, path);
  assert.equal(sent.status, 303, await sent.text());
  let location = sent.headers.get("location");
  if (!location.startsWith(idp.issuer)) location = (await open(session.client, location)).headers.get("location");
  idp.next(script);
  const callback = await idp.authorize(location);
  return { asked: new URL(location).searchParams, response: await comeBack(session.client, callback) };
}

describe("case S1: a navigation", () => {
  test("with the right acr comes back with a new session of the same person", async () => {
    const session = await signedIn(gate, idp);
    const { asked, response } = await stepUp(session, "/vault/x", { idToken: { claims: { acr: "mfa" } } });
    assert.equal(asked.get("acr_values"), "mfa");
    assert.equal(response.headers.get("location"), "/vault/x");
    assert.notEqual(tokensIn(response).access, undefined);
    assert.equal(await isSignedIn(gate, session), false, "the earlier handle is over");
    assert.equal((await open(session.client, "/vault/x")).status, 200);
  });

  for (const [what, acr] of Object.entries({ missing: undefined, lower: "pwd" })) {
    test(`with an acr that is ${what} is a page, and never a loop`, async () => {
      const session = await signedIn(gate, idp);
      const { response } = await stepUp(session, "/vault/x", { idToken: { claims: { acr } } });
      assert.ok([400, 403].includes(response.status), `${response.status}`);
      assert.match(await response.text(), /<a [^>]*href=/);
      assert.ok(await isSignedIn(gate, session));
    });
  }

  test("of which another user returns is refused, and the session is kept", async () => {
    const session = await signedIn(gate, idp);
    const { response } = await stepUp(session, "/vault/x", { user: "eve", idToken: { claims: { acr: "mfa" } } });
    assert.equal(response.status, 400);
    assert.equal(tokensIn(response).access, undefined);
    assert.ok(await isSignedIn(gate, session));
  });

  test("to a path that asks for a recent proof is asked again when it is old", async () => {
    const session = await signedIn(gate, idp);
    assert.equal((await open(session.client, "/recent/x")).status, 200);
    await gate.moveClock(700);
    const { asked, response } = await stepUp(session, "/recent/x", {});
    assert.equal(asked.get("max_age"), "600");
    assert.equal(response.headers.get("location"), "/recent/x");
    assert.equal((await open(session.client, "/recent/x")).status, 200);
  });

  test("whose auth_time is older than was asked, or 0, or missing, is refused", async () => {
    for (const auth_time of [idp.time() - 3600, 0, undefined]) {
      const session = await signedIn(gate, idp);
      await gate.moveClock(700);
      const { response } = await stepUp(session, "/recent/x", { idToken: { claims: { auth_time } } });
      assert.ok([400, 403].includes(response.status), `${auth_time}: ${response.status}`);
    }
  });
});

test("case S1: a script gets a challenge", async () => {
  const session = await signedIn(gate, idp);
  const headers = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" };
  const response = await session.client.fetch("/vault/x", { headers });
  assert.equal(response.status, 401);
  assert.match(
    response.headers.get("www-authenticate"),
    /Bearer error="insufficient_user_authentication".*acr_values="mfa"/,
  );
});
