// Stands before the real object in the gate's own isolate: counts its calls and,
// when told so by a test, lets them fail in a way the platform knows.

import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

let calls = 0;
let fault = "none";
let times = 0;

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.real = new Real(ctx, env);
  }

  // The gate's way to the object.
  async run(command) {
    calls += 1;
    if (times > 0) await this.#fail();
    return this.real.run(command);
  }

  // The test's.
  async fetch(request) {
    return Response.json(obey(JSON.parse(request.headers.get("test-order"))));
  }

  alarm(info) {
    return this.real.alarm(info);
  }

  async #fail() {
    times -= 1;
    if (fault === "throw") throw new Error("storage is unavailable");
    if (fault === "abort") this.ctx.abort("the object was reset");
    // Longer than any request may take.
    if (fault === "hang") await scheduler.wait(30_000);
  }
}

function obey(order) {
  const before = calls;
  fault = order.fault ?? fault;
  times = order.times ?? times;
  calls = 0;
  return { calls: before };
}
