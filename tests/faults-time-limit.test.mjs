// One request waits for objects five seconds at most, however many calls and objects it needs.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { API_KEY } from "./support/gate.mjs";
import { failObject, healObject, STAND_IN } from "./support/object-stand-in.mjs";
import { gateFor, isSignedIn, login, logout, presenting, tokensIn } from "./support/session.mjs";

const LIMIT = 5_000;
const PATIENCE = LIMIT + 1_000;

const gate = await gateFor({ after }, { objectFault: STAND_IN, vars: { SERVER_TIMING: "on" } });

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

/** Requests that need more than one call, and what they need for it. */
const REQUESTS = {
  "the list of devices": [someone, (tokens) => cookies(tokens, "/auth/sessions")],
  "ending a device": [
    someone,
    (tokens) => cookies(tokens, "/auth/sessions/revoke", { method: "POST", body: new URLSearchParams({ scope: "others" }) }),
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

/** All of them at once; what was answered, and after how many milliseconds. */
async function answersWhile(fault) {
  markers = await pendingLogouts(3);
  const requests = Object.entries(REQUESTS);
  const states = await Promise.all(requests.map(([, [prepare]]) => prepare()));
  await failObject(gate, fault);
  const began = performance.now();
  const answers = requests.map(async ([what, [, request]], at) => {
    const { status, headers } = await request(states[at]);
    const took = Math.round(performance.now() - began);
    return { what, status, retryAfter: headers.get("retry-after"), took, waited: waitedFor(headers) };
  });
  const all = await Promise.all(answers);
  await healObject(gate);
  return all;
}

/** For how many milliseconds the objects were waited for, as the gate says it; it says nothing to backends. */
function waitedFor(headers) {
  const [, milliseconds] = /check;dur=([0-9]+)/.exec(headers.get("server-timing")) ?? [];
  return milliseconds && Number(milliseconds);
}

for (const fault of ["slow", "hang"]) {
  test(`requests of several calls are answered in time when every call is ${fault === "slow" ? "slow" : "in vain"}`, async (t) => {
    for (const { what, status, retryAfter, took, waited } of await answersWhile(fault)) {
      await t.test(what, () => {
        assert.ok(took < PATIENCE, `it took ${took} ms`);
        // Without what a busy machine adds to it.
        if (what !== TO_A_BACKEND) assert.ok(waited <= LIMIT, `the objects were waited for ${waited} ms`);
        if (status === 503) assert.match(retryAfter, /^[1-9][0-9]*$/);
        // Slow calls can be made at once.
        else assert.deepEqual([fault, status], ["slow", 200]);
      });
    }
  });
}

test("the time that the origin takes is not the objects': a login that took it five seconds is one", async (t) => {
  const slow = await gateFor(t, {
    origin: `export default {
      async fetch() {
        await scheduler.wait(5_000);
        return new Response("", { headers: { "Gate-Create-Session": '{"userId":"alice"}' } });
      },
    }`,
  });
  const { access } = await login(slow, "alice");
  assert.ok(await isSignedIn(slow, { access }));
});
