// `current`, `all` and `others`: each ends exactly the sessions it says, and what decides
// the scope is the path, then the query, then the form.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  claimsOf,
  gateFor,
  isSignedIn,
  login,
  logout,
  presenting,
  renewed,
} from "../support/index.mjs";

const gate = await gateFor({ after });

const FORM = { "content-type": "application/x-www-form-urlencoded" };
let users = 0;

/** A user of one test with three devices, and another user. */
async function devices(through = gate) {
  const user = `user-${(users += 1)}`;
  const [here, phone, tablet] = [await login(through, user), await login(through, user), await login(through, user)];
  const stranger = await login(through, "stranger");
  return { here, phone, tablet, stranger };
}

/** Which of the devices are still signed in, by their refresh tokens. */
async function alive(owned, through = gate) {
  const entries = Object.entries(owned);
  const states = await Promise.all(entries.map(([, { refresh }]) => isSignedIn(through, { refresh })));
  return entries.filter((_, index) => states[index]).map(([name]) => name);
}

const AFTERWARDS = {
  current: ["phone", "tablet", "stranger"],
  all: ["stranger"],
  others: ["here", "stranger"],
};
const REVOKED = { current: 1, all: 3, others: 2 };

describe("the scope", () => {
  const asked = [
    ["current", "the default", "/logout"],
    ["current", "named in the query", "/logout?scope=current"],
    ["current", "the default, also with a slash at the end", "/logout/"],
    ["all", "named in the path", "/logout/all"],
    ["all", "named in the path, also with a slash at the end", "/logout/all/"],
    ["all", "named in the query", "/logout?scope=all"],
    ["all", "named in the form", "/logout", "scope=all"],
    ["others", "named in the query", "/logout?scope=others"],
    ["others", "named in the form", "/logout", "scope=others"],
    ["all", "of the path goes before the query's", "/logout/all?scope=current"],
    ["all", "of the path goes before the form's", "/logout/all", "scope=others"],
    ["others", "of the query goes before the form's", "/logout?scope=others", "scope=all"],
    ["others", "that comes first in the query counts", "/logout?scope=others&scope=all"],
    ["current", "that comes first in the query counts", "/logout?scope=current&scope=all"],
    ["others", "that comes first in the form counts", "/logout", "scope=others&scope=all"],
    ["all", "may be written with percent signs", "/logout?scop%65=%61ll"],
    ["current", "is not guessed from other parameters", "/logout?Scope=all&scopes=all&x=scope%3Dall"],
  ];
  for (const [scope, why, path, body] of asked) {
    test(`${scope}, ${why}: POST ${path}${body ? ` with ${body}` : ""}`, async () => {
      const owned = await devices();
      const headers = body ? FORM : {};

      const response = await logout(gate, owned.here, { path, headers, body });

      assert.deepEqual(await response.json(), { status: "OK", revoked: REVOKED[scope] });
      assert.deepEqual(await alive(owned), AFTERWARDS[scope]);
    });
  }

  test("all serves a GET link too", async () => {
    const owned = await devices();
    await logout(gate, owned.here, { method: "GET", path: "/logout/all" });
    assert.deepEqual(await alive(owned), AFTERWARDS.all);
  });

  for (const path of ["/logout?scope=everything", "/logout?scope=", "/logout?scope=ALL"]) {
    test(`that is none of the three is a 400 and changes nothing: ${path}`, async () => {
      const owned = await devices();
      const response = await logout(gate, owned.here, { path });
      assert.equal(response.status, 400);
      assertCookiesUntouched(response);
      assert.deepEqual(await alive(owned), Object.keys(owned));
    });
  }

  for (const path of ["/logout//", "/logout/everything", "/logout/others", "/logouts"]) {
    test(`is not read from other paths, which are the origin's: ${path}`, async () => {
      const owned = await devices();
      const response = await logout(gate, owned.here, { path });
      assert.equal(await response.text(), "origin");
      assert.deepEqual(await alive(owned), Object.keys(owned));
    });
  }
});

describe("others", () => {
  test("leaves this device alone: no cookie, no Clear-Site-Data, no front-token", async () => {
    const { here } = await devices();
    const response = await logout(gate, here, { path: "/logout?scope=others" });
    assertCookiesUntouched(response);
    assert.equal(response.headers.get("clear-site-data"), null);
    assert.equal(response.headers.get("front-token"), null);
    assert.ok(await isSignedIn(gate, { access: here.access }));
  });

  test("is a success when there are none", async () => {
    const here = await login(gate, "alone");
    const response = await logout(gate, here, { path: "/logout?scope=others" });
    assert.deepEqual(await response.json(), { status: "OK", revoked: 0 });
  });
});

describe("all and others are for a living session, proved by", () => {
  const proofs = {
    "a good access token": async ({ here }) => ({ access: here.access }),
    "a good access token beside a refresh token that has long been replaced": async ({ here }) => {
      await renewed(gate, await renewed(gate, await renewed(gate, here)));
      return { access: here.access, refresh: here.refresh };
    },
    "the current refresh token": async ({ here }) => ({ refresh: here.refresh }),
    "the child of the current refresh token": async ({ here }) => ({ refresh: (await renewed(gate, here)).refresh }),
    "a late refresh token": async ({ here }) => {
      await renewed(gate, await renewed(gate, here));
      return { refresh: here.refresh };
    },
  };
  for (const [proof, tokensOf] of Object.entries(proofs)) {
    test(proof, async () => {
      const owned = await devices();
      await logout(gate, await tokensOf(owned), { path: "/logout/all" });
      assert.deepEqual(
        await alive({ phone: owned.phone, tablet: owned.tablet, stranger: owned.stranger }),
        AFTERWARDS.all,
      );
    });
  }
});

describe("without such a proof all and others do what current does:", () => {
  for (const scope of ["all", "others"]) {
    test(`${scope} with an access token that has expired`, async (t) => {
      const shortLived = await gateFor(t, { clock: true, vars: { ACCESS_TOKEN_TTL: 1 } });
      const owned = await devices(shortLived);
      await shortLived.moveClock(1);

      const response = await logout(shortLived, { access: owned.here.access }, { path: `/logout?scope=${scope}` });

      assertCleared(response);
      assert.deepEqual(await alive(owned, shortLived), AFTERWARDS.current);
    });

    test(`${scope} with an access token whose session is gone`, async () => {
      const owned = await devices();
      await logout(gate, owned.here);
      const response = await logout(gate, owned.here, { path: `/logout?scope=${scope}` });
      assertCleared(response);
      assert.deepEqual(await alive(owned), AFTERWARDS.current);
    });

    test(`${scope} with a refresh token that has long been replaced`, async () => {
      const owned = await devices();
      await renewed(gate, await renewed(gate, await renewed(gate, owned.here)));
      await logout(gate, { refresh: owned.here.refresh }, { path: `/logout?scope=${scope}` });
      assert.deepEqual(await alive(owned), AFTERWARDS.current);
    });

    test(`${scope} with forged tokens ends nothing`, async () => {
      const owned = await devices();
      assertCleared(
        await logout(gate, { access: "not.a.token", refresh: "not-a-token" }, { path: `/logout?scope=${scope}` }),
      );
      assert.deepEqual(await alive(owned), Object.keys(owned));
    });
  }
});

test("an expired access token beside the current refresh token proves a living session", async (t) => {
  const shortLived = await gateFor(t, { clock: true, vars: { ACCESS_TOKEN_TTL: 1 } });
  const owned = await devices(shortLived);
  await shortLived.moveClock(1);

  const response = await shortLived.fetch("/logout/all", { method: "POST", headers: presenting(owned.here) });

  assert.equal((await response.json()).revoked, 3);
  assert.deepEqual(await alive(owned, shortLived), AFTERWARDS.all);
  assert.ok(claimsOf(owned.here.access).exp * 1000 <= shortLived.now);
});
