// Stands before the real object in the gate's own isolate and lets a test order events that
// race: a command on its way in, or its reply on its way out, waits here until it may go on.

import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

const PAUSE_MS = 2;

/** What waits, `{ command, at }`, and how much of it does. The same for all objects. */
let hold;
let waiting = 0;

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.real = new Real(ctx, env);
  }

  run(ask) {
    return this.#hold(ask, () => this.real.run(ask));
  }

  async fetch(request) {
    const order = request.headers.get("test-order");
    if (order !== null) return Response.json(obey(JSON.parse(order)));
    return this.#hold(request.headers.get("gate-command"), () => this.real.fetch(request));
  }

  async #hold(ask, work) {
    const [command] = Object.keys(JSON.parse(ask).command);
    await passed("call", command);
    const reply = await work();
    await passed("reply", command);
    return reply;
  }

  alarm(info) {
    return this.real.alarm(info);
  }
}

// Looked at again and again: a promise of one object must not be awaited in another.
async function passed(at, command) {
  const mine = hold;
  if (mine === undefined || mine.at !== at || mine.command !== command || mine.times === 0) return;
  mine.times -= 1;
  waiting += 1;
  while (hold === mine) await scheduler.wait(PAUSE_MS);
  waiting -= 1;
}

function obey(order) {
  if (order.hold) hold = order.hold;
  if (order.release) hold = undefined;
  return { waiting };
}
