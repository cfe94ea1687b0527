// One request waits for objects five seconds at most, however many calls and objects it needs.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  API_KEY,
  callsByObject,
  failObject,
  gateFor,
  HELD_ORIGIN,
  HELD_RULES,
  healObject,
  isSignedIn,
  login,
  logout,
  meanwhile,
  presenting,
  STAND_IN,
  tokensIn,
} from "../support/index.mjs";

const LIMIT = 5;

const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN });

let users = 0;
const someone = () => login(gate, `user-${(users += 1)}`);

/** Markers of logouts that are pending; the restart ends what the gate still had under way. */
async function pendingLogouts(count) {
  const sessions = await Promise.all(Array.from({ length: count }, someone));
  await failObject(gate, "throw");
  const responses = await Promise.all(sessions.map((session) => logout(gate, session)));
  await gate.restart();
  return responses.map((response) => tokensIn(response).pending);
}

let markers = [];
const withMarker = async () => ({ ...(await someone()), pending: markers.pop() });

const cookies = (tokens, path, init) => gate.fetch(path, { headers: presenting(tokens), ...init });

const TO_A_BACKEND = "removing the sessions of three users";

/**
 * Requests that need more than one call, and what they need for it.
 * @type {Record<string, [() => Promise<any>, (state: any) => Promise<Response>]>}
 */
const REQUESTS = {
  "the list of devices": [someone, (tokens) => cookies(tokens, "/auth/sessions")],
  "ending a device": [
    someone,
    (tokens) =>
      cookies(tokens, "/auth/sessions/revoke", { method: "POST", body: new URLSearchParams({ scope: "others" }) }),
  ],
  "a new payload": [someone, ({ access }) => cookies({ access }, '/control?payload={"a":1}')],
  "a login over another user's session": [
    someone,
    (tokens) => cookies(tokens, `/login?user=user-${(users += 1)}`, { method: "POST" }),
  ],
  "a logout where the cookies are of two users": [
    async () => ({ access: (await someone()).access, refresh: (await someone()).refresh }),
    (tokens) => logout(gate, tokens),
  ],
  "a page after a logout that is pending": [withMarker, (tokens) => cookies(tokens, "/echo")],
  "a logout after a logout that is pending": [withMarker, (tokens) => logout(gate, tokens)],
  "a renewal after a logout that is pending": [
    withMarker,
    (tokens) => cookies(tokens, "/auth/session/refresh", { method: "POST" }),
  ],
  [TO_A_BACKEND]: [
    async () => Promise.all([someone(), someone(), someone()]),
    (sessions) =>
      gate.fetch("/auth/core/recipe/session/remove", {
        method: "POST",
        headers: { "api-key": API_KEY, "cdi-version": "5.4", "content-type": "application/json" },
        body: JSON.stringify({ sessionHandles: sessions.map(({ handle }) => handle) }),
      }),
  ],
};

/** What each of them was answered, and how many calls it made, one after the other. */
async function answersWhile(fault, answered) {
  markers = await pendingLogouts(3);
  const answers = [];
  for (const [what, [prepare, request]] of Object.entries(REQUESTS)) {
    const state = await prepare();
    await failObject(gate, fault);
    const { status, headers } = await answered(request(state));
    const calls = Object.values(await callsByObject(gate)).flat().length;
    answers.push({ what, status, retryAfter: headers.get("retry-after"), calls });
    await healObject(gate);
  }
  return answers;
}

test("requests of several calls are refused for now when every call is in vain", async (t) => {
  for (const { what, status, retryAfter } of await answersWhile("hang", (answer) => gate.letTimePass(LIMIT, answer))) {
    await t.test(what, () => {
      assert.equal(status, 503);
      assert.match(retryAfter, /^[1-9][0-9]*$/);
    });
  }
});

// A call takes three seconds and a half, by the gate's clock.
test("requests of several calls are refused for now when the second slow call would take too long", async (t) => {
  for (const { what, status, retryAfter, calls } of await answersWhile("slow", (answer) => answer)) {
    await t.test(what, () => {
      assert.ok(calls >= 2);
      assert.equal(status, 503);
      assert.match(retryAfter, /^[1-9][0-9]*$/);
    });
  }
});

test("the time that the origin takes is not the objects': a login that took it twice as long is one", async (t) => {
  const slow = await gateFor(t, { clock: true, origin: HELD_ORIGIN, vars: { RULES: HELD_RULES } });
  const request = { path: "/held/optional", headers: { "Gate-Create-Session": '{"userId":"alice"}' }, late: false };
  const answer = await meanwhile(slow, request, () => slow.moveClock(2 * LIMIT));
  const { access } = tokensIn(answer);
  assert.ok(await isSignedIn(slow, { access }));
});
