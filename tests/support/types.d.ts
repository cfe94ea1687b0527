// The shapes that the tests' helpers share.

/** What a test holds of a session's tokens. A missing one is not presented. */
export interface Tokens {
  access?: string;
  refresh?: string;
  pending?: string;
}

/** What a login comes to. */
export interface Session extends Tokens {
  access: string;
  refresh: string;
  handle: string;
  response: Response;
}

/** Header fields in any form; pairs keep their order, case and duplicates. */
export type Fields = Headers | string[][] | Record<string, unknown>;

/** A request as the tests' own HTTP client takes it. */
export interface RequestOptions {
  method?: string;
  headers?: Fields;
  body?: BodyInit | null;
}

/** Whatever answers as a gate does: a gate, or a client with cookies in front of one. */
export interface Answering {
  fetch(path: string, init?: RequestOptions): Promise<Response>;
}

/** What ends with something: the context of a test, or `{ after }` of a whole file. */
export interface Ending {
  after(work: () => unknown): void;
}

/** Variables of the gate; those that are undefined are unset. */
export type Vars = Record<string, unknown>;

/** See `startGate`. */
export interface GateOptions {
  vars?: Vars;
  persist?: string;
  origin?: string;
  originUrl?: string;
  outbound?: string;
  sameWorker?: string;
  objectFault?: string;
  build?: string;
  objectBuild?: string;
  ratelimits?: Record<string, unknown>;
  measured?: boolean;
  withoutObjects?: boolean;
  withoutIndex?: boolean;
  inspected?: boolean;
  clock?: boolean;
  punctual?: boolean;
  https?: boolean;
}
