// Objects that take their time.

/** For `startGate({ clock: true, objectFault })`: the real object, each answer of which takes so many milliseconds. */
export const slowObject = (milliseconds) => `
import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.real = new Real(ctx, env);
  }

  async run(command) {
    Date.pass(${milliseconds});
    return this.real.run(command);
  }

  fetch(request) {
    Date.pass(${milliseconds});
    return this.real.fetch(request);
  }

  alarm(info) {
    return this.real.alarm(info);
  }
}`;
