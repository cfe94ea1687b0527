// `session-gate secret`: what is good for GATE_SECRET, API_KEYS and WEBHOOK_SECRET alike.

import { randomBytes } from "node:crypto";

/** 43 characters of base64url: 256 bits from the system's generator. */
export const freshSecret = () => randomBytes(32).toString("base64url");

const USAGE = "session-gate secret: prints 256 random bits, for GATE_SECRET, or as one of API_KEYS";

/** @param {string[]} args */
export function secret(args) {
  if (args[0] === "--help" || args[0] === "-h") return console.log(USAGE);
  if (args.length > 0) throw new Error("`session-gate secret` takes no arguments");
  console.log(freshSecret());
}
