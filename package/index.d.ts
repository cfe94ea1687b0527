// The Worker, and what it reads. With the types of the runtime: `wrangler types`, or @cloudflare/workers-types.

import type { DurableObject } from "cloudflare:workers";

/**
 * The gate. Where the application is in the same Worker, it is handed over as `ORIGIN`:
 * `gate.fetch(request, { ...env, ORIGIN: app }, ctx)`.
 */
declare const gate: {
  fetch(request: Request, env: Bindings, ctx: ExecutionContext): Promise<Response>;
};
export default gate;

/** The sessions of a user: the class of the binding `SESSIONS`. */
export class UserSessions extends DurableObject {}

/** From a provider's session to a user's object: the class of the binding `SID_INDEX`. */
export class SidIndex extends DurableObject {}

/** What the gate finds in its environment: settings, secrets, bindings. */
export interface Bindings extends Settings, Secrets {
  SESSIONS: DurableObjectNamespace<UserSessions>;
  SID_INDEX?: DurableObjectNamespace<SidIndex>;
  /** The application, where it is a Worker. */
  ORIGIN?: { fetch(request: Request): Response | Promise<Response> };
  /** How often one client may log in and renew. */
  RATE_LIMITER?: RateLimit;
}

/** What is never in `wrangler.toml`. */
export interface Secrets {
  /** At least 32 bytes: every key is derived from it. */
  GATE_SECRET: string;
  /** Accepted but not used for anything new, while the secret is being changed. */
  GATE_SECRET_PREVIOUS?: string;
  /** Keys for the core, of at least 20 characters, separated by commas. */
  API_KEYS?: string;
  /** Programs that need no session: `name:<hex SHA-256 of the token>`, separated by commas. */
  SERVICE_TOKENS?: string;
  [providerSecret: `PROVIDER_SECRET_${string}`]: string | undefined;
  [providerKey: `PROVIDER_PRIVATE_KEY_${string}`]: string | undefined;
}
