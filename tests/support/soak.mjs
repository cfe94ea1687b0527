// The gate under full load, in the proportions of a real site: it errs nowhere, takes no more memory at the end than at
// the beginning, and has kept its word to everyone.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { collectEvery } from "./collector.mjs";
import { Crowd, groups } from "./crowd.mjs";
import { memoryOf, runtimeProcess } from "./runtime-process.mjs";
import { gateFor } from "./session.mjs";
import { soon } from "./time.mjs";

const COLLECTION_MS = 5000;
const LANES = 32;
/** How many pages a person looks at before the next one comes. */
const STAY = 20;
/** Everybody's object is opened in turn, and rests for ten seconds: the local runtime's SQLite ends at some 3000 that are open. */
const NEWCOMERS_A_SECOND = 200;
/** Connections that the runtime cut off without an answer, of a thousand requests. */
const MOST_CUT = 5;
const MOST_GROWTH = 1.05;
const EXPECTED = new Set(["session_created", "session_renewed", "session_logout"]);

/**
 * The tests of so many people who use the site for so many seconds, and until somebody has logged out. With `measured`
 * what depends on the machine is judged too: how many connections were cut off and, after a warm-up of so many acts,
 * memory.
 * @param {{ seconds: number, people: number, measured?: { warmUp: number, judgesMemory: boolean } }} load
 */
export async function soak({ seconds, people, measured: measuring }) {
  const gate = await gateFor({ after }, { inspected: measuring !== undefined });
  const crowd = new Crowd(gate, people, LANES);
  after(() => crowd.dispose());
  const lanes = groups(crowd.people, LANES);
  // What the load is compared by: a minute of the full ten.
  const minute = seconds / 10;

  /** `work` for each of the crowd, on all lanes at once. */
  const everyone = (work) =>
    Promise.all(
      lanes.map(async (lane) => {
        for (const person of lane) await Promise.all([work(person), delay((LANES * 1000) / NEWCOMERS_A_SECOND)]);
      }),
    );

  const acts = () => Object.values(crowd.done).reduce((sum, count) => sum + count, 0);

  /** The same load, as long as it takes the runtime to settle; then its memory is measured until `stop` is called. */
  async function settledMemory() {
    const stopCollecting = await collectEvery(COLLECTION_MS, await gate.inspector());
    const stop = crowd.start(lanes, visits, STAY);
    while (acts() < measuring.warmUp) await delay(100);
    await stop();
    crowd.done = {};
    crowd.resent = 0;
    const memory = measured(runtimeProcess());
    return {
      samples: memory.samples,
      stop: async () => {
        memory.stop();
        await stopCollecting();
      },
    };
  }

  describe(`${people} people use the site for ${seconds} seconds`, () => {
    const memory = [];

    test("and everyone is always answered as they must be", async (t) => {
      await everyone((person) => crowd.act(person, "login"));
      const runtime = measuring && (await settledMemory());
      const began = performance.now();
      const stop = crowd.start(lanes, visits, STAY);
      await delay(seconds * 1000);
      assert.ok(await soon(() => crowd.done.logout > 0), "somebody logs out");
      await stop();
      await runtime?.stop();

      assert.deepEqual(crowd.surprises, []);
      const total = acts();
      const rate = total / ((performance.now() - began) / 1000);
      t.diagnostic(
        `${total} acts, ${rate.toFixed(0)} a second: ${JSON.stringify(crowd.done)}, ${crowd.resent} sent again`,
      );
      if (runtime === undefined) return;
      memory.push(...runtime.samples);
      t.diagnostic(`memory in each tenth of the time: ${tenths(memory, minute).map(megabytes).join(", ")}`);
      assert.ok(crowd.resent * 1000 <= total * MOST_CUT, `${crowd.resent} requests were cut off and sent again`);
    });

    if (measuring?.judgesMemory) {
      test("the memory of the runtime is in the last minute what it was in the second", (t) => {
        const early = mean(within(memory, minute, 2 * minute));
        const late = mean(within(memory, seconds - minute, seconds));
        const peak = Math.max(...memory.map(({ bytes }) => bytes));
        t.diagnostic(`second minute ${megabytes(early)}, last minute ${megabytes(late)}, peak ${megabytes(peak)}`);
        assert.ok(late <= early * MOST_GROWTH, `${megabytes(early)} became ${megabytes(late)}`);
      });
    }

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
}

/** A site's day: people look at pages, now and then a token is renewed, seldom somebody leaves and comes back. */
function visits() {
  const dice = Math.random();
  if (dice < 0.95) return "check";
  return dice < 0.99 ? "renewal" : "logout";
}

/** The memory of a process, measured every second until `stop` is called. */
function measured(pid) {
  const samples = [];
  const began = performance.now();
  const measure = () => samples.push({ second: (performance.now() - began) / 1000, bytes: memoryOf(pid) });
  const timer = setInterval(measure, 1000);
  return { samples, stop: () => clearInterval(timer) };
}

const within = (samples, from, to) => samples.filter(({ second }) => second >= from && second < to);
const mean = (samples) => samples.reduce((sum, { bytes }) => sum + bytes, 0) / samples.length;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** The mean memory of each tenth of the time in which it was measured. */
const tenths = (samples, length) =>
  Array.from({ length: 10 }, (_, at) => within(samples, at * length, (at + 1) * length))
    .filter((some) => some.length > 0)
    .map(mean);
