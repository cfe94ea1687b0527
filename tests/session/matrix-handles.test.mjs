// A session handle is a name and no right: whoever shows another user's, another app's, or one put together
// from two, learns nothing and ends nothing, on every route that takes one.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  ACCESS,
  claimsOf,
  control,
  coreOf,
  gateFor,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  newSession,
  presenting,
} from "../support/index.mjs";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

const gate = await gateFor({ after });
const core = coreOf(gate);
const shop = coreOf(gate, { app: "/appid-shop" });

const given = { userDataInJWT: { role: "reader" }, userDataInDatabase: { basket: [1] } };
const [alice, bob] = [await login(gate, "alice", { payload: given.userDataInJWT }), await login(gate, "bob")];
const shops = await shop.post("/recipe/session", newSession("alice", given));
const tenants = await core.post("/t2/recipe/session", newSession("bob", given));
const ended = await login(gate, "alice");
await logout(gate, ended);

/** Every session that there is, and how to see whether it is as it was. */
const standing = [
  [core, alice.handle],
  [core, bob.handle],
  [core, tenants.session.handle],
  [shop, shops.session.handle],
];
const recordsNow = () =>
  Promise.all(standing.map(([app, sessionHandle]) => app.get("/recipe/session", { sessionHandle })));
const records = await recordsNow();

async function assertAllUnchanged(what) {
  assert.deepEqual(await recordsNow(), records, what);
}

/** The object of one session with the id of another. */
function spliced(objectOf, idOf) {
  const [object, id] = [objectOf, idOf].map((handle) => Buffer.from(handle, "base64url"));
  return Buffer.concat([object.subarray(0, 32), id.subarray(32)]).toString("base64url");
}

/** None of these is a session of alice in this app. */
const NOT_ALICES = {
  "another user's": bob.handle,
  "another tenant's of another user": tenants.session.handle,
  "of another app, of a user with her id": shops.session.handle,
  "her object, another user's session": spliced(alice.handle, bob.handle),
  "another user's object, her session": spliced(bob.handle, alice.handle),
  "her object, a session of another app": spliced(alice.handle, shops.session.handle),
  "the object of another app, her session": spliced(shops.session.handle, alice.handle),
  "one that has ended": ended.handle,
  "one that nobody has": spliced(alice.handle, "A".repeat(64)),
  "her own in another spelling": `${alice.handle}=`,
  "her own cut short": alice.handle.slice(0, -1),
  "her own and another one": `${alice.handle},${bob.handle}`,
  "no handle at all": "' OR 1=1 --",
};

describe("the user's own page ends nothing", () => {
  /** @type {Record<string, (handle: string) => [string, Record<string, string>, string]>} */
  const ways = {
    "by form": (handle) => ["/auth/sessions/revoke", presenting(alice), `handle=${encodeURIComponent(handle)}`],
    "by query": (handle) => [`/auth/sessions/revoke?handle=${encodeURIComponent(handle)}`, presenting(alice), ""],
    "as bearer": (handle) => [
      "/auth/sessions/revoke",
      { authorization: `Bearer ${alice.access}` },
      `handle=${encodeURIComponent(handle)}`,
    ],
    "as a person": (handle) => [
      "/auth/sessions/revoke",
      { ...presenting(alice), ...NAVIGATION, "sec-fetch-site": "same-origin" },
      `handle=${encodeURIComponent(handle)}`,
    ],
  };
  for (const [way, request] of Object.entries(ways)) {
    test(way, async () => {
      const answers = new Set();
      for (const [what, handle] of Object.entries(NOT_ALICES)) {
        const [path, headers, body] = request(handle);
        const response = await gate.fetch(path, { method: "POST", headers: { ...FORM, ...headers }, body });
        assert.equal(response.status, 404, what);
        assert.deepEqual(response.headers.getSetCookie(), [], what);
        answers.add(await response.text());
        await assertAllUnchanged(what);
      }
      assert.equal(answers.size, 1, "one answer for all of them");
    });
  }
});

test("a log-out takes no handle from anywhere", async () => {
  for (const name of ["handle", "sessionHandle", "session", "id"]) {
    for (const handle of [bob.handle, tenants.session.handle]) {
      for (const scope of ["current", "others", "all"]) {
        const carol = await login(gate, "carol");
        await logout(gate, carol, {
          path: `/logout?${name}=${handle}&scope=${scope}`,
          headers: FORM,
          body: `${name}=${handle}`,
        });
        await assertAllUnchanged(`${name} ${scope}`);
      }
    }
  }
});

test("no page of a user lists or shows what is not the user's", async () => {
  for (const path of [
    "/auth/sessions",
    "/auth/session",
    `/auth/session?handle=${bob.handle}`,
    `/auth/sessions?userId=bob`,
  ]) {
    for (const headers of [{}, { ...NAVIGATION, "sec-fetch-site": "same-origin" }]) {
      const text = await (await gate.fetch(path, { headers: { ...presenting(alice), ...headers } })).text();
      assert.ok(text.includes(alice.handle) || path.startsWith("/auth/sessions"), path);
      for (const foreign of [bob.handle, tenants.session.handle, shops.session.handle]) {
        assert.ok(!text.includes(foreign), path);
      }
    }
  }
});

describe("the core of one app knows nothing of", () => {
  const foreign = {
    "a session of another": [shop, alice.handle],
    "a session of another, the other way": [core, shops.session.handle],
    "the object of another with a session of its own": [shop, spliced(alice.handle, shops.session.handle)],
    "an own object with a session of another": [shop, spliced(shops.session.handle, alice.handle)],
    "a session of another app's tenant": [shop, tenants.session.handle],
    "two sessions of different users put together": [core, spliced(alice.handle, bob.handle)],
  };
  for (const [what, [app, sessionHandle]] of Object.entries(foreign)) {
    test(what, async () => {
      for (const tenant of ["", "/public", "/t2"]) {
        for (const path of ["/recipe/session", "/recipe/session/data", "/recipe/jwt/data"]) {
          assert.equal((await app.get(tenant + path, { sessionHandle })).status, "UNAUTHORISED", tenant + path);
        }
        const changes = { "/recipe/session/data": "userDataInDatabase", "/recipe/jwt/data": "userDataInJWT" };
        for (const [path, field] of Object.entries(changes)) {
          assert.equal(
            (await app.put(tenant + path, { sessionHandle, [field]: { stolen: 1 } })).status,
            "UNAUTHORISED",
          );
        }
        const removal = { sessionHandles: [sessionHandle, sessionHandle.toLowerCase(), ` ${sessionHandle}`] };
        assert.deepEqual((await app.post(`${tenant}/recipe/session/remove`, removal)).sessionHandlesRevoked, []);
      }
      await assertAllUnchanged(what);
    });
  }

  test("the users of another, also those with a name that looks like a path", async () => {
    for (const userId of ["public/alice", "../public/alice", "shop/alice", "alice/", "/alice", "bob\u0000"]) {
      for (const app of [core, shop]) {
        assert.deepEqual((await app.get("/recipe/session/user", { userId })).sessionHandles, [], userId);
        assert.deepEqual((await app.post("/recipe/session/remove", { userId })).sessionHandlesRevoked, [], userId);
      }
    }
    await assertAllUnchanged("users");
  });
});

describe("the origin's word", () => {
  const foreign = {
    "another app's": shops.session.handle,
    "two put together": spliced(alice.handle, bob.handle),
    "another app's object": spliced(shops.session.handle, alice.handle),
  };
  for (const [what, handle] of Object.entries(foreign)) {
    test(`about a handle that is ${what} ends nothing`, async () => {
      for (const tokens of [{}, alice]) {
        const response = await control(gate, { revoke: handle }, tokens);
        assert.equal(response.status, 200);
        assert.deepEqual(response.headers.getSetCookie(), []);
        await assertAllUnchanged(what);
      }
    });
  }
});

test("users whose ids look alike are different users", async () => {
  const ids = [
    "dora",
    "Dora",
    " dora",
    "dora ",
    "dora\u0000",
    "d\u043era",
    "dor\u00e1",
    "dora\u0301",
    "dora%20",
    "dora/",
    "public/dora",
    "ｄora",
  ];
  const sessions = await Promise.all(ids.map((id) => login(gate, id)));
  for (const [at, session] of sessions.entries()) {
    const { userId, handle } = await (await gate.fetch("/auth/session", { headers: presenting(session) })).json();
    assert.deepEqual([userId, handle], [ids[at], session.handle]);
  }
  assert.equal(new Set(sessions.map(({ handle }) => handle.slice(0, 42))).size, ids.length, "an object for each");
  await logout(gate, sessions[0], { path: "/logout/all" });
  const alive = await Promise.all(sessions.map((session) => isSignedIn(gate, { access: session.access })));
  assert.deepEqual(
    alive,
    ids.map((_, at) => at > 0),
  );
});

test("an access token beside a refresh token of somebody else signs nobody in, and neither session ends", async () => {
  const [erin, frank] = [await login(gate, "erin"), await login(gate, "frank")];
  const mixed = { access: erin.access, refresh: frank.refresh };
  assert.equal((await gate.fetch("/echo", { headers: presenting(mixed) })).status, 401);
  assert.equal(
    (await gate.fetch("/echo", { headers: { cookie: `${ACCESS}=${erin.access}; ${ACCESS}=${frank.access}` } })).status,
    401,
  );
  assert.equal(claimsOf(erin.access).sub, "erin");
  for (const { access } of [erin, frank]) assert.ok(await isSignedIn(gate, { access }));
});
