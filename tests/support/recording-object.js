// Stands before the real object in the gate's own isolate and writes down what is asked and answered.

import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

let recorded = [];

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.real = new Real(ctx, env);
  }

  async fetch(request) {
    if (request.headers.has("test-order")) return Response.json(recorded);
    const ask = await request.text();
    const response = await this.real.fetch(new Request(request.url, { method: request.method, body: ask }));
    const reply = await response.text();
    recorded.push({ object: this.ctx.id.toString(), now: Date.now(), ask, reply });
    return new Response(reply, response);
  }

  alarm(info) {
    return this.real.alarm(info);
  }
}
