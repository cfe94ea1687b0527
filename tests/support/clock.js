// Stands in the gate's own isolate, where the Worker and its objects read the clock: it stands
// still there, and moves when a test says so.

import { DurableObject } from "cloudflare:workers";

let now = Date.now();

// Both ways to ask for the time: alarms are set by the second.
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length > 0 ? given : [now]));
  }

  static now() {
    return now;
  }
};

/** An object, because that is what a test can reach past the gate. */
export class Clock extends DurableObject {
  async fetch(request) {
    now = Number(await request.text());
    return new Response();
  }
}
