// What differs between the versions of the CDI, so that an older SDK reads what it expects.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { claimsOf, coreOf, gateFor, headerOf, newSession, renewal, verification } from "../../support/index.mjs";

const gate = await gateFor({ after }, { vars: { REFRESH_GRACE: 0 } });

const BEFORE_RECIPE_USERS = ["3.1"];
const WITH_RECIPE_USERS = ["4.0", "5.0", "5.1", "5.2", "5.3", "5.4"];

/** Everything that names a session in the answers of one version. */
async function sessionsAnswered(version) {
  const core = coreOf(gate, { version });
  const created = await core.post("/recipe/session", newSession(`u${version}`));
  const refreshed = await core.post("/recipe/session/refresh", renewal(created.refreshToken.token));
  const verified = await core.post("/recipe/session/verify", verification(refreshed.accessToken.token));
  const regenerated = await core.post("/recipe/session/regenerate", { accessToken: verified.accessToken.token });
  const known = await core.get("/recipe/session", { sessionHandle: created.session.handle });
  // The verification was the first use of the new tokens: the old one is a stolen one now.
  const theft = await core.post("/recipe/session/refresh", renewal(created.refreshToken.token));
  assert.equal(theft.status, "TOKEN_THEFT_DETECTED");
  return [created.session, refreshed.session, verified.session, regenerated.session, known, theft.session];
}

for (const version of BEFORE_RECIPE_USERS) {
  test(`CDI ${version} knows no recipe user`, async () => {
    for (const session of await sessionsAnswered(version)) {
      assert.equal(session.userId, `u${version}`);
      assert.equal("recipeUserId" in session, false);
    }
  });
}

for (const version of WITH_RECIPE_USERS) {
  test(`CDI ${version} names the recipe user, who is the user`, async () => {
    for (const session of await sessionsAnswered(version)) {
      assert.equal(session.recipeUserId, `u${version}`);
    }
  });
}

describe("an access token", () => {
  const issued = async (version) => {
    const core = coreOf(gate, { version });
    const { accessToken, refreshToken } = await core.post("/recipe/session", newSession("u1"));
    const next = await core.post("/recipe/session/refresh", renewal(refreshToken.token));
    return [accessToken.token, next.accessToken.token];
  };

  test("is of version 4 under CDI 3.1", async () => {
    for (const token of await issued("3.1")) assert.equal(headerOf(token).version, "4");
  });

  test("is of version 5 from CDI 4.0 on", async () => {
    for (const version of WITH_RECIPE_USERS) {
      for (const token of await issued(version)) {
        assert.equal(headerOf(token).version, "5");
        assert.equal(claimsOf(token).rsub, "u1");
      }
    }
  });

  test("is understood whichever version asked for it", async () => {
    for (const [asked, asking] of [
      ["3.1", "5.4"],
      ["5.4", "3.1"],
    ]) {
      const [token] = await issued(asked);
      const { status } = await coreOf(gate, { version: asking }).post("/recipe/session/verify", verification(token));
      assert.equal(status, "OK");
    }
  });

  test("of either version passes the gate", async () => {
    for (const version of ["3.1", "5.4"]) {
      const [authorization] = (await issued(version)).map((token) => `Bearer ${token}`);
      assert.equal((await gate.fetch("/echo", { headers: { authorization } })).status, 200);
    }
  });
});

describe("the kind of signing key of a renewal", () => {
  const refreshWithoutKind = async (version) => {
    const core = coreOf(gate, { version });
    const { refreshToken } = await core.post("/recipe/session", newSession("u1"));
    const body = renewal(refreshToken.token, { useDynamicSigningKey: undefined });
    return core.request("POST", "/recipe/session/refresh", { body });
  };

  test("need not be said before CDI 5.0", async () => {
    for (const version of ["3.1", "4.0"]) {
      const { status, accessToken } = await (await refreshWithoutKind(version)).json();
      assert.equal(status, "OK");
      assert.match(headerOf(accessToken.token).kid, /^d-/);
    }
  });

  test("must be said from CDI 5.0 on", async () => {
    const response = await refreshWithoutKind("5.0");
    assert.equal(response.status, 400);
    assert.equal(await response.text(), "Field name 'useDynamicSigningKey' is invalid in JSON input\n");
  });
});
