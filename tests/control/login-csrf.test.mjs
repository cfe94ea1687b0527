// No other site's page logs its visitor in: what an unsafe request from there brings the application to say of a new
// session is refused, cookie or not, unless the rule of the path says that other sites may.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCookiesUntouched,
  backendOf,
  gateFor,
  isSignedIn,
  login,
  presenting,
  tokensIn,
} from "../support/index.mjs";

const FRIEND = "https://friend.example";
const RULES = [
  { path: "/control/open", session: "none" },
  { path: "/control/idp", session: "optional", cross_site_login: true },
  { path: "/control*", session: "optional" },
  { path: "/login", session: "optional" },
];
/** Says on every path who has logged in. */
const origin = `
export default {
  fetch: ({ url }) => {
    const userId = new URL(url).searchParams.get("user");
    return new Response("control", { headers: { "Gate-Create-Session": JSON.stringify({ userId }) } });
  },
}`;
const gate = await gateFor({ after }, { origin, vars: { RULES, CORS_ORIGINS: [FRIEND] } });

let users = 0;

/** Lets the application log somebody in by a request with these headers; returns the answer and whether it did. */
async function loggedIn(through, { path = "/control", method = "POST", headers }) {
  const userId = `user-${(users += 1)}`;
  const response = await through.fetch(`${path}?user=${userId}`, { method, headers });
  return { response, handles: await backendOf(through).getAllSessionHandlesForUser(userId) };
}

const FOREIGN = {
  "of another site": { "sec-fetch-site": "cross-site" },
  "of a sibling": { "sec-fetch-site": "same-site" },
  "of another origin, by a browser without Fetch Metadata": { origin: "https://evil.example" },
  "of an opaque origin": { origin: "null" },
};
const OWN = {
  "of this origin": { "sec-fetch-site": "same-origin" },
  "of the address bar": { "sec-fetch-site": "none" },
  "of no browser": {},
  "of an origin that is let in": { "sec-fetch-site": "cross-site", origin: FRIEND },
};

for (const [what, headers] of Object.entries(FOREIGN)) {
  describe(`a login by a request ${what}`, () => {
    for (const path of ["/control", "/control/open"]) {
      test(`is refused at ${path}, and nothing else that the application says is done`, async () => {
        const { response, handles } = await loggedIn(gate, { path, headers });
        assert.equal(response.status, 403);
        assert.equal(response.headers.get("gate-reason"), "cross-site");
        assert.doesNotMatch(await response.text(), /control$/);
        assertCookiesUntouched(response);
        assert.deepEqual(handles, []);
      });
    }

    test("leaves the visitor's session alone", async () => {
      const session = await login(gate, "visitor");
      const { response, handles } = await loggedIn(gate, {
        path: "/control/open",
        headers: { ...presenting(session), ...headers },
      });
      assert.equal(response.status, 403);
      assertCookiesUntouched(response);
      assert.deepEqual(handles, []);
      assert.ok(await isSignedIn(gate, { access: session.access }));
    });

    test("is done where the rule says cross_site_login", async () => {
      const { response, handles } = await loggedIn(gate, { path: "/control/idp", headers });
      assert.equal(response.status, 200);
      assert.ok(tokensIn(response).refresh);
      assert.equal(handles.length, 1);
    });

    test("is done by a GET, which is how an identity provider sends its visitor back", async () => {
      const { response, handles } = await loggedIn(gate, { method: "GET", headers });
      assert.equal(response.status, 200);
      assert.equal(handles.length, 1);
    });
  });
}

for (const [what, headers] of Object.entries(OWN)) {
  test(`a login by a request ${what} is done`, async () => {
    const { response, handles } = await loggedIn(gate, { headers });
    assert.equal(response.status, 200);
    assert.equal(handles.length, 1);
  });
}

test("with ANTI_CSRF = none no request is of another site", async (t) => {
  const lenient = await gateFor(t, { origin, vars: { RULES, ANTI_CSRF: "none" } });
  const { response, handles } = await loggedIn(lenient, { headers: { "sec-fetch-site": "cross-site" } });
  assert.equal(response.status, 200);
  assert.equal(handles.length, 1);
});
