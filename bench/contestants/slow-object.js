// The real object, 50 ms away.

import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.real = new Real(ctx, env);
  }

  async run(command) {
    await scheduler.wait(50);
    return this.real.run(command);
  }

  alarm(info) {
    return this.real.alarm(info);
  }
}
