// Stands before the real object in the gate's own isolate: counts its calls and,
// when told so by a test, lets them fail in a way the platform knows.

import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

const HEALTHY = { fault: "none", marks: {}, committed: false, skip: 0, times: 0, ahead: 0 };

let plan = HEALTHY;
/** When each object was called since the last order. */
let calls = new Map();
/** How many beats came to objects that are deaf. */
let beats = 0;

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    console.log("an object was made");
    this.real = new Real(ctx, env);
  }

  async fetch(request) {
    const order = request.headers.get("test-order");
    if (order !== null) return Response.json(await this.#obey(JSON.parse(order)));
    return this.#call(() => atTime(plan.ahead, () => this.real.fetch(request)));
  }

  run(command) {
    return this.#call(() => atTime(plan.ahead, () => this.real.run(command)));
  }

  /** A beat that the platform does not answer, where a test has made the object deaf. */
  webSocketMessage() {
    beats += 1;
  }

  alarm(info) {
    return this.real.alarm(info);
  }

  async #call(work) {
    const id = this.ctx.id.toString();
    const times = calls.get(id) ?? [];
    const before = times.length;
    // By the machine's clock, where the gate has one of its own.
    calls.set(id, [...times, performance.now()]);
    const fails = before >= plan.skip && before < plan.skip + plan.times && (plan.only ?? id) === id;
    if (!fails) return work();
    const { fault, marks, committed } = plan;
    if (committed) await work();
    if (committed && fault !== "cut") await this.ctx.storage.sync();
    await this.#fail(fault, marks);
    return work();
  }

  async #fail(fault, marks) {
    if (fault === "throw") throw Object.assign(new Error("storage is unavailable"), marks);
    if (fault === "abort" || fault === "cut") this.ctx.abort("the object was reset");
    // Longer than any test takes.
    if (fault === "hang") await scheduler.wait(3_600_000);
    if (fault === "slow") await beSlow();
  }

  async #obey(order) {
    const counted = Object.fromEntries(calls);
    if (order.plan) plan = { ...HEALTHY, ...order.plan };
    if (order.count) calls = new Map();
    // As the platform would, at the time that the alarm was set for.
    if (order.break) breakNextInstance(this.ctx.id);
    if (order.alarm) await this.real.alarm();
    if (order.lose) for (const watch of this.ctx.getWebSockets()) watch.close(1001);
    if (order.deaf) this.ctx.setWebSocketAutoResponse();
    if (order.reset) this.ctx.abort("the object was reset");
    // Past the real object, which has to be put away before it reads again what it knows.
    const rows = order.sql ? [...this.ctx.storage.sql.exec(...order.sql).raw()] : [];
    const watches = this.ctx.getWebSockets();
    const beat = watches.length > 0 ? this.ctx.getWebSocketAutoResponseTimestamp(watches[0]) : null;
    return { rows, calls: counted, watches: watches.length, beat, beats, alarm: await this.ctx.storage.getAlarm() };
  }
}

/** Lets the Wasm instance trap when it next asks for this id, which has more bytes than it can ever have room for. */
function breakNextInstance(id) {
  const prototype = Object.getPrototypeOf(id);
  const truth = prototype.toString;
  prototype.toString = () => {
    prototype.toString = truth;
    return { length: 2 ** 31 };
  };
}

// Twice that is longer than any request may take. Where the gate has given up by then it gets to know it first.
async function beSlow() {
  Date.pass(3_500);
  await scheduler.wait(200);
}

/** Does something while the clock shows so many seconds more: the object is on a machine of its own. It must not wait. */
function atTime(ahead, work) {
  const { now } = Date;
  Date.now = () => now() + ahead * 1000;
  try {
    return work();
  } finally {
    Date.now = now;
  }
}
