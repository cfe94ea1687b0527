// The gate under full load for ten minutes, in the proportions of a real site: it errs nowhere,
// takes no more memory at the end than at the beginning, and has kept its word to everyone.
//
// SOAK_SECONDS, SOAK_PEOPLE and SOAK_WARM_UP (in acts) make it shorter and smaller.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { collectEvery } from "../support/collector.mjs";
import { Crowd, groups } from "../support/crowd.mjs";
import { memoryOf, runtimeProcess } from "../support/runtime-process.mjs";
import { gateFor } from "../support/session.mjs";

const SECONDS = Number(process.env.SOAK_SECONDS ?? 600);
const PEOPLE = Number(process.env.SOAK_PEOPLE ?? 10_000);
// Until the caches are full and what is open at a time is open.
const SETTLED = 20_000;
const WARM_UP = Number(process.env.SOAK_WARM_UP ?? SETTLED);
const COLLECTION_MS = 5000;
// What the load is compared by: a minute of the full ten.
const MINUTE = SECONDS / 10;
const LANES = 32;
/** How many pages a person looks at before the next one comes. */
const STAY = 20;
/** Connections that the runtime cut off without an answer, of a thousand requests. */
const MOST_CUT = 5;
const MOST_GROWTH = 1.05;
const EXPECTED = new Set(["session_created", "session_renewed", "session_logout"]);

const gate = await gateFor({ after }, { inspected: true });
const runtime = runtimeProcess();
const crowd = new Crowd(gate, PEOPLE, LANES);
after(() => crowd.dispose());
const lanes = groups(crowd.people, LANES);

/** A site's day: people look at pages, now and then a token is renewed, seldom somebody leaves and comes back. */
function visits() {
  const dice = Math.random();
  if (dice < 0.95) return "check";
  return dice < 0.99 ? "renewal" : "logout";
}

/** `work` for each of the crowd, on all lanes at once. */
const everyone = (work) =>
  Promise.all(lanes.map(async (people) => {
    for (const person of people) await work(person);
  }));

const acts = () => Object.values(crowd.done).reduce((sum, count) => sum + count, 0);

/** The same load, as long as it takes the runtime to settle. */
async function warmUp() {
  const stop = crowd.start(lanes, visits, STAY);
  while (acts() < WARM_UP) await delay(100);
  await stop();
}

/** The runtime's memory, measured every second until `stop` is called. */
function measured() {
  const samples = [];
  const began = performance.now();
  const timer = setInterval(() => samples.push({ second: (performance.now() - began) / 1000, bytes: memoryOf(runtime) }), 1000);
  return { samples, stop: () => clearInterval(timer) };
}

const within = (samples, from, to) => samples.filter(({ second }) => second >= from && second < to);
const mean = (samples) => samples.reduce((sum, { bytes }) => sum + bytes, 0) / samples.length;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

describe(`${PEOPLE} people use the site for ${SECONDS} seconds`, () => {
  const memory = [];

  test("and everyone is always answered as they must be", async (t) => {
    await everyone((person) => crowd.act(person, "login"));
    const stopCollecting = await collectEvery(COLLECTION_MS, await gate.inspector());
    await warmUp();
    crowd.done = {};
    crowd.resent = 0;
    const { samples, stop: stopMeasuring } = measured();
    const began = performance.now();
    const stop = crowd.start(lanes, visits, STAY);
    await delay(SECONDS * 1000);
    await stop();
    stopMeasuring();
    await stopCollecting();
    memory.push(...samples);

    assert.deepEqual(crowd.surprises, []);
    const total = acts();
    assert.ok(crowd.resent * 1000 <= total * MOST_CUT, `${crowd.resent} requests were cut off and sent again`);
    const rate = total / ((performance.now() - began) / 1000);
    t.diagnostic(`${total} acts, ${rate.toFixed(0)} a second: ${JSON.stringify(crowd.done)}, ${crowd.resent} sent again`);
  });

  test("the memory of the runtime is in the last minute what it was in the second", (t) => {
    const early = mean(within(memory, MINUTE, 2 * MINUTE));
    const late = mean(within(memory, SECONDS - MINUTE, SECONDS));
    const peak = Math.max(...memory.map(({ bytes }) => bytes));
    t.diagnostic(`second minute ${megabytes(early)}, last minute ${megabytes(late)}, peak ${megabytes(peak)}`);
    t.diagnostic(`each minute: ${perMinute().map(megabytes).join(", ")}`);
    if (WARM_UP < SETTLED) return t.diagnostic("which a run with less warm-up cannot judge");
    assert.ok(late <= early * MOST_GROWTH, `${megabytes(early)} became ${megabytes(late)}`);
  });

  const perMinute = () =>
    Array.from({ length: 10 }, (_, minute) => mean(within(memory, minute * MINUTE, (minute + 1) * MINUTE)));

  test("everyone who did not log out is signed in", async (t) => {
    const lost = [];
    await everyone(async (person) => {
      if (!(await crowd.isServed(person.tokens))) lost.push(person.userId);
    });
    assert.deepEqual(lost, []);
    t.diagnostic(`${crowd.people.length} sessions live`);
  });

  test("no session that was logged out is", async (t) => {
    const back = [];
    await everyone(async (person) => {
      for (const tokens of person.ended) if (await crowd.isServed(tokens)) back.push(person.userId);
    });
    assert.deepEqual(back, []);
    const ended = crowd.people.flatMap((person) => person.ended).length;
    assert.ok(ended > 0);
    t.diagnostic(`${ended} sessions ended`);
  });

  test("and the log tells of logins, renewals and logouts, and of nothing else", () => {
    assert.deepEqual(gate.logs.filter((line) => !EXPECTED.has(line?.event)).slice(0, 20), []);
  });
});
