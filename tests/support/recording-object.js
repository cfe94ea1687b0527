// Stands before the real object in the gate's own isolate and writes down what is asked and answered.

import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

const recorded = [];

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.real = new Real(ctx, env);
  }

  async run(ask) {
    const reply = await this.real.run(ask);
    recorded.push({ object: this.ctx.id.toString(), now: Date.now(), ask, reply });
    return reply;
  }

  async fetch() {
    return Response.json(recorded);
  }

  alarm(info) {
    return this.real.alarm(info);
  }
}
