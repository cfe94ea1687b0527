// The drill for a change of GATE_SECRET, while people use the site: the steps that docs/operating.md
// gives to operators, each a deployment, and not one of them logs anybody out.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Crowd, gateFor, groups, NEW_SECRET, SECRET, soon } from "../support/index.mjs";

const PEOPLE = 60;
// These log in before the change, and come back when it is over.
const AWAY = 10;
const LANES = 6;
const CHECKS_A_STEP = 200;

/** Each step, as the variables that a deployment changes. */
const STEPS = {
  "1. the new secret is accepted": { GATE_SECRET_PREVIOUS: NEW_SECRET },
  "3. the two are swapped": { GATE_SECRET: NEW_SECRET, GATE_SECRET_PREVIOUS: SECRET },
  "back to before the swap": { GATE_SECRET: SECRET, GATE_SECRET_PREVIOUS: NEW_SECRET },
  "3. again": { GATE_SECRET: NEW_SECRET, GATE_SECRET_PREVIOUS: SECRET },
};
const LAST = { GATE_SECRET_PREVIOUS: undefined };

const gate = await gateFor({ after });
const crowd = new Crowd(gate, PEOPLE, LANES);
after(() => crowd.dispose());
const away = crowd.people.slice(0, AWAY);
const present = crowd.people.slice(AWAY);

const visits = () => {
  const dice = Math.random();
  if (dice < 0.7) return "check";
  return dice < 0.9 ? "renewal" : "logout";
};

/** Deploys `vars` in the midst of the load, and lets the load go on until it has met the new deployment. */
async function deploy(vars) {
  await gate.restart(vars);
  const { check } = crowd.done;
  assert.ok(await soon(() => crowd.done.check >= check + CHECKS_A_STEP), "the load goes on");
}

const thefts = () => gate.logs.filter((line) => line?.event === "token_reuse");

describe("GATE_SECRET is changed under load", () => {
  test("and no step of it, nor a step back, logs anybody out", async (t) => {
    for (const person of crowd.people) await crowd.act(person, "login");
    const stop = crowd.start(groups(present, LANES), visits);
    for (const [step, vars] of Object.entries(STEPS)) {
      await deploy(vars);
      assert.deepEqual(crowd.surprises, [], step);
    }
    await stop();

    for (const person of crowd.people) assert.ok(await crowd.isServed(person.tokens), `${person.userId} is signed in`);
    assert.deepEqual(thefts(), []);
    t.diagnostic(`${JSON.stringify(crowd.done)}, ${resent()}`);
  });

  test("nor does it bring back any session that was logged out before, between or after", async () => {
    const ended = crowd.people.flatMap((person) => person.ended);
    assert.ok(ended.length > 0);
    for (const tokens of ended) assert.equal(await crowd.isServed(tokens), false);
  });

  test("and when the old secret goes, who came back since is signed in, who did not logs in again", async (t) => {
    for (const person of present) await crowd.act(person, "renewal");
    const before = away.map(({ tokens }) => tokens);
    const stop = crowd.start(groups(present, LANES), visits);
    await deploy(LAST);
    await stop();

    assert.deepEqual(crowd.surprises, []);
    for (const tokens of before) {
      const response = await crowd.send("GET", "/echo", tokens);
      assert.equal(response.status, 401, "no token of the old secret is accepted");
      assert.equal((await crowd.send("POST", "/auth/session/refresh", tokens)).status, 401, "nor renewed");
    }
    assert.deepEqual(thefts(), [], "an old token is no theft");
    for (const person of away) await crowd.act(person, "login");
    for (const person of crowd.people) assert.ok(await crowd.isServed(person.tokens), `${person.userId} is signed in`);
    t.diagnostic(`${JSON.stringify(crowd.done)}, ${resent()}`);
  });
});

const resent = () => `${crowd.resent} requests met no gate and were sent again`;
