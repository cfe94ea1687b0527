// Stands before the real object and makes it an object of another release: of commands and replies
// only what that release knew passes. `SHAPE`, put before this text, is what it knew.

import { DurableObject } from "cloudflare:workers";
import { UserSessions as Real } from "./index.js";

export class UserSessions extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.real = new Real(ctx, env);
  }

  async run(text) {
    const ask = JSON.parse(text);
    const [name] = Object.keys(ask.command);
    if (!(name in SHAPE.ask.command)) throw new Error("an unknown command");
    const reply = await this.real.run(JSON.stringify(known(ask, SHAPE.ask)));
    return JSON.stringify(known(JSON.parse(reply), SHAPE.reply));
  }

  alarm(info) {
    return this.real.alarm(info);
  }
}

function known(value, shape) {
  if (value === null || shape === true || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((element) => known(element, shape.element ?? true));
  const kept = Object.entries(value).filter(([name]) => name in shape);
  return Object.fromEntries(kept.map(([name, inner]) => [name, known(inner, shape[name])]));
}
