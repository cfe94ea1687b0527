// Stands in the gate's own isolate, where the Worker and its objects read the clock: it stands still there, and moves
// when a test says so. Time limits go by it too, and pauses of a second or more, such as those between the tries of a
// logout that goes on by itself; shorter ones, those between the tries of a call, pass by themselves.

import { DurableObject } from "cloudflare:workers";

const SHORT_MS = 1000;
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 500;

let now = Date.now();

// Both ways to ask for the time: alarms are set by the second.
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length > 0 ? given : [now]));
  }

  static now() {
    return now;
  }

  /** Lets so many milliseconds pass: for an object that takes its time. */
  static pass(milliseconds) {
    now += milliseconds;
  }
};

// Looked at again and again, ever less often: what one request waits for must not be settled by another.
const longer = (pause) => Math.min(2 * pause, LAST_LOOK_MS);

// All timers that src/edge/platform/*.js sets are limits.
const { setTimeout: start, clearTimeout: stop } = globalThis;
globalThis.setTimeout = (callback, milliseconds, ...given) => {
  const end = now + milliseconds;
  const timer = {};
  const look = (pause) => {
    if (now >= end) callback(...given);
    else timer.running = start(look, pause, longer(pause));
  };
  timer.running = start(look, FIRST_LOOK_MS, FIRST_LOOK_MS);
  return timer;
};
globalThis.clearTimeout = (timer) => stop(timer?.running);

const wait = scheduler.wait.bind(scheduler);
scheduler.wait = async (milliseconds, ...given) => {
  if (milliseconds < SHORT_MS) return wait(milliseconds, ...given);
  const end = now + milliseconds;
  for (let pause = FIRST_LOOK_MS; now < end; pause = longer(pause)) await wait(pause);
};

/** An object, because that is what a test can reach past the gate. */
export class Clock extends DurableObject {
  async fetch(request) {
    const { at = now, by = 0 } = await request.json();
    now = at + by;
    return Response.json(now);
  }
}
