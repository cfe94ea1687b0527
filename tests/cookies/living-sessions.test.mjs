// No answer takes cookies from a browser whose sessions it has not ended: not one about another session that the same
// request shows, and not one that comes so late that the browser may hold newer cookies.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  gateFor,
  HELD,
  isSignedIn,
  login,
  logout,
  presenting,
  renewed,
  whileHeld,
} from "../support/index.mjs";

const gate = await gateFor({ after }, { clock: true, objectFault: HELD });

const REVOKED = {
  "its handle": ({ handle }) => `handle=${handle}`,
  "scope=all": () => "scope=all",
};

function revoke(headers, form) {
  const type = { "content-type": "application/x-www-form-urlencoded" };
  return gate.fetch("/auth/sessions/revoke", { method: "POST", headers: { ...headers, ...type }, body: form });
}

describe("a bearer token revokes its own session beside the cookies of another", () => {
  for (const [how, form] of Object.entries(REVOKED)) {
    for (const other of ["bob", "alice"]) {
      test(`by ${how}: the cookies of ${other} stay as long as their session lives`, async () => {
        const [mine, cookies] = [await login(gate, "alice"), await login(gate, other)];
        const headers = { ...presenting(cookies), authorization: `Bearer ${mine.access}` };
        const response = await revoke(headers, form(mine));
        assert.equal(response.status, 200);
        assert.equal(response.headers.get("front-token"), "remove");
        assert.equal(await isSignedIn(gate, mine), false);
        if (await isSignedIn(gate, cookies)) assertCookiesUntouched(response);
        else assertCleared(response);
      });
    }
  }

  test("a session that ends takes its own cookies along", async () => {
    const mine = await login(gate, "alice");
    assertCleared(await revoke(presenting(mine), `handle=${mine.handle}`));
  });
});

describe("an answer of the gate's own that comes late says nothing of cookies, though the session is over", () => {
  const asked = {
    "GET /auth/session": (tokens) => gate.fetch("/auth/session", { headers: presenting(tokens) }),
    "GET /auth/sessions": (tokens) => gate.fetch("/auth/sessions", { headers: presenting(tokens) }),
    "POST /auth/sessions/revoke": (tokens) => revoke(presenting(tokens), "scope=others"),
    "a required path": (tokens) => gate.fetch("/echo", { headers: presenting(tokens) }),
    "a navigation to a required path": (tokens) =>
      gate.fetch("/echo", { headers: { ...presenting(tokens), "sec-fetch-mode": "navigate" } }),
    "POST /auth/session/refresh": (tokens) =>
      gate.fetch("/auth/session/refresh", { method: "POST", headers: presenting(tokens) }),
  };
  for (const [what, ask] of Object.entries(asked)) {
    for (const late of [true, false]) {
      test(`${what}, answered ${late ? "late" : "at once"}`, async () => {
        const session = await login(gate, "alice");
        const isRefresh = what.endsWith("refresh");
        // A refresh token that was replaced long ago: its first use as such ends the session.
        const tokens = isRefresh ? { refresh: session.refresh } : session;
        if (isRefresh) await renewed(gate, await renewed(gate, await renewed(gate, session)));
        else await endUnheard(session);
        const command = isRefresh ? "renew" : "check";
        const response = await whileHeld(
          gate,
          "reply",
          command,
          () => ask(tokens),
          async () => {
            if (late) await gate.moveClock(2);
          },
        );
        assert.ok([401, 303].includes(response.status), `${response.status}`);
        if (late) assertCookiesUntouched(response);
        else assertCleared(response);
      });
    }
  }

  test("a logout clears what it ended, however late", async () => {
    const session = await login(gate, "alice");
    const response = await whileHeld(
      gate,
      "reply",
      "revoke",
      () => logout(gate, session),
      () => gate.moveClock(2),
    );
    assert.equal(response.status, 200);
    assertCleared(response);
  });
});

/** Ends a session without this isolate's hearing of it. */
async function endUnheard({ handle }) {
  const [object, id] = [
    Buffer.from(handle, "base64url").subarray(0, 32),
    Buffer.from(handle, "base64url").subarray(32),
  ];
  const objects = await gate.objects();
  const stub = objects.get(objects.idFromString(object.toString("hex")));
  await stub.run(JSON.stringify({ app_id: "public", command: { remove: { ids: [id.toString("base64url")] } } }));
}
