// The origin speaks to the gate through the headers of its response.

import assert from "node:assert/strict";
import { presenting } from "./session.mjs";

/** @import { Answering, Tokens } from "./types.d.ts" */

const CONTROL_HEADERS = ["gate-create-session", "gate-revoke-session", "gate-set-payload", "gate-set-claims"];

/**
 * Lets the origin answer with raw values in its control headers: `create`, `revoke`, `payload`, `claims`.
 * @param {Answering} gate
 * @param {Record<string, string> | string[][]} values
 * @param {Tokens} [tokens]
 */
export function control(gate, values, tokens = {}) {
  return gate.fetch(`/control?${new URLSearchParams(values)}`, { headers: presenting(tokens) });
}

/** The browser gets to see none of it. */
export function assertStripped(response) {
  for (const name of CONTROL_HEADERS) assert.equal(response.headers.get(name), null, name);
}
