// What the gate does with the platform's objects, in one crossing from Wasm each: a crossing costs more than most of
// what is done on this side of it. No decision is made here.

/**
 * The namespace of the users' objects; each answers a command by its one method.
 * @typedef {DurableObjectNamespace<import("../entry.js").UserSessions>} Objects
 */

/** @typedef {SqlStorageValue | undefined} Binding */

/**
 * Method, URL and headers of a request, a line each; the headers as `name,value`.
 * @param {Request} request
 */
export function headOf(request) {
  let head = `${request.method}\n${request.url}`;
  // A quarter faster than to iterate: no pair has to be made for each.
  request.headers.forEach((value, name) => {
    head += `\n${name},${value}`;
  });
  return head;
}

/**
 * The names of the variables in an environment, a line each: texts, numbers, tables. Bindings are objects of the
 * platform's own kinds.
 * @param {Record<string, unknown>} env
 */
export function variablesOf(env) {
  const isPlain = (/** @type {unknown} */ value) =>
    Object(value) !== value || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return Object.keys(env)
    .filter((name) => isPlain(env[name]))
    .join("\n");
}

/**
 * Whether an application is a service of the platform's: another Worker, or static files. Every other object, of the
 * platform's (`ctx.exports`) as well, is in this Worker.
 * @param {object} origin
 */
export function isService(origin) {
  return origin.constructor?.name === "Fetcher";
}

/**
 * Headers as `name,value` lines, each with the line break before it.
 * @param {Headers} headers
 */
export function linesOf(headers) {
  let lines = "";
  headers.forEach((value, name) => {
    if (name !== "set-cookie") lines += `\n${name},${value}`;
  });
  // The order of these counts, and the platform's iteration does not keep it.
  for (const cookie of headers.getSetCookie()) lines += `\nset-cookie,${cookie}`;
  return lines;
}

/**
 * What of a response's headers concerns the gate, as `name,value` lines: `Gate-…`, `Clear-Site-Data` and `Set-Cookie`.
 * @param {Response} response
 */
export function concernsOf({ headers }) {
  let lines = "";
  headers.forEach((value, name) => {
    if (name.startsWith("gate-") || name === "clear-site-data") lines += `\n${name},${value}`;
  });
  if (headers.has("set-cookie")) for (const cookie of headers.getSetCookie()) lines += `\nset-cookie,${cookie}`;
  return lines;
}

/**
 * What a response made for an identity says of its storage, as bits: 1 if it has Cache-Control, 2 if it has Expires,
 * 4 if it is HTML. The last two only if the first does not settle it.
 * @param {Response} response
 */
export function cachingOf({ headers }) {
  if (headers.has("cache-control")) return 1;
  const isHtml = /^\s*text\/html/i.test(headers.get("content-type") ?? "");
  return (headers.has("expires") ? 2 : 0) | (isHtml ? 4 : 0);
}

/** @type {RequestInit} */
export const NO_STORE = { cache: "no-store" };

/**
 * A copy of a request, body stream and all, with other headers and perhaps another address. No cache on the way may
 * answer a personal one: it would know it by its address alone.
 * @param {Request} request
 * @param {string | undefined} url
 * @param {boolean} isPersonal
 * @param {import("./live.js").Live | undefined} live
 * @param {string} changes
 */
export function changedRequest(request, url, isPersonal, live, changes) {
  // Keeps the method, the signal and manual redirects, which an init of its own would lose.
  let copy = url === undefined ? request : new Request(url, request);
  if (isPersonal) copy = new Request(copy, live?.init(copy) ?? NO_STORE);
  else if (copy === request) copy = new Request(request);
  change(copy.headers, changes);
  return copy;
}

/** How long what was seen is told again, and how long an answer is waited for, in milliseconds. */
const LOOK = 5000;

/** A command that only reads, in an app that nobody can have: no name of one begins so (`session/protocol`). */
const LIST = '{"app_id":"~health","command":{"list":{"tenant_id":null}}}';

/** @type {{ at: number, seen: Promise<string> } | undefined} */
let lastLook;

/**
 * Which of the objects and the application answer, as words; the same for everybody who asks within {@link LOOK}.
 * What comes back to this gate, with 508, is no answer of the application's.
 * @param {Objects} objects
 * @param {Fetcher | undefined} origin
 * @param {string} address
 * @param {string} changes
 */
export function look(objects, origin, address, changes) {
  const at = Date.now();
  // A clock may be set back.
  if (lastLook === undefined || Math.abs(at - lastLook.at) >= LOOK) {
    const request = new Request(`${address}/`, { method: "HEAD", redirect: "manual" });
    change(request.headers, changes);
    const seen = Promise.all([
      answers("store", async () => objects.get(objects.idFromName("~health/nobody")).run(LIST)),
      answers("application", async () => {
        const { status } = await (origin === undefined ? fetch(request) : origin.fetch(request));
        if (status === 508) throw new Error("the way there leads back to the gate");
      }),
    ]);
    lastLook = { at, seen: seen.then((words) => words.join(" ")) };
  }
  return lastLook.seen;
}

/**
 * The word, if the work is done in time; else nothing, and the log says why.
 * @param {string} word
 * @param {() => Promise<unknown>} work
 */
async function answers(word, work) {
  try {
    await within(work(), LOOK, (_, reject) => reject(new Error("no answer in time")));
    return word;
  } catch (error) {
    console.error(`health: ${word}: ${/** @type {any} */ (error)?.message ?? error}`);
    return "";
  }
}

/**
 * A copy of a response, body stream, WebSocket and all, with other headers.
 * @param {Response} response
 * @param {string} changes
 */
export function changedResponse(response, changes) {
  const copy = new Response(response.body, response);
  change(copy.headers, changes);
  return copy;
}

/**
 * A response whose head comes within so many milliseconds; `undefined` if it does not, and it is given up.
 * @param {Promise<Response>} response
 * @param {number} time
 * @returns {Promise<Response | undefined>}
 */
export function responseWithin(response, time) {
  return within(response, time, (resolve) => {
    dropUnread(response);
    resolve(undefined);
  });
}

/**
 * Whether a promise is settled within so many milliseconds. One that is not goes on.
 * @param {Promise<unknown>} promise
 * @param {number} time
 * @returns {Promise<boolean>}
 */
export function isSettledWithin(promise, time) {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return within(settled, time, (resolve) => resolve(false));
}

/**
 * Gives up a response that is on its way.
 * @param {Promise<Response>} response
 */
export function dropUnread(response) {
  response.then(({ body }) => body?.cancel()).catch(() => {});
}

/**
 * The bytes of a body; `"large"` if there are more than `limit`, `"slow"` if they take more than so many milliseconds.
 * A client that sends too much or too slowly is not waited for, and at most `limit` bytes are kept.
 * @param {ReadableStream<Uint8Array>} body
 * @param {number} limit
 * @param {number} time
 * @returns {Promise<Uint8Array | "large" | "slow">}
 */
export function bytesOf(body, limit, time) {
  const reader = body.getReader();
  const giveUp = (/** @type {"large" | "slow"} */ why) => {
    reader.cancel().catch(() => {});
    return why;
  };
  return within(readUpTo(reader, limit, giveUp), time, (resolve) => resolve(giveUp("slow")));
}

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {number} limit
 * @param {(why: "large" | "slow") => "large" | "slow"} giveUp
 * @returns {Promise<Uint8Array | "large" | "slow">}
 */
async function readUpTo(reader, limit, giveUp) {
  let bytes = new Uint8Array(Math.min(limit, 4096));
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return bytes.subarray(0, length);
    if (length + value.length > limit) return giveUp("large");
    if (length + value.length > bytes.length) {
      const longer = new Uint8Array(Math.min(limit, 2 * (length + value.length)));
      longer.set(bytes);
      bytes = longer;
    }
    bytes.set(value, length);
    length += value.length;
  }
}

/**
 * Whether a client may go on, by the platform's rate limiter.
 * @param {RateLimit} limiter
 * @param {string} key
 */
export async function isWithinLimit(limiter, key) {
  const { success } = await limiter.limit({ key });
  return success;
}

/**
 * A response of the gate's own.
 * @param {number} status
 * @param {string | null | undefined} body
 * @param {string} changes
 */
export function newResponse(status, body, changes) {
  const response = new Response(body, { status });
  // Not what `Response` makes of a text: the type is named with the other headers, if there is one.
  response.headers.delete("content-type");
  change(response.headers, changes);
  return response;
}

/**
 * Lines of changes: `-name` takes a header away, `=name,value` sets one, `+name,value` adds one.
 * @param {Headers} headers
 * @param {string} changes
 */
export function change(headers, changes) {
  for (const line of changes.split("\n")) {
    const comma = line.indexOf(",");
    if (line.startsWith("-")) headers.delete(line.slice(1));
    else if (line.startsWith("=")) headers.set(line.slice(1, comma), line.slice(comma + 1));
    else if (line.startsWith("+")) headers.append(line.slice(1, comma), line.slice(comma + 1));
  }
}

/**
 * Asks an object, by a stub of this call's own: one is broken once a call by it failed. Returns `undefined` if there is
 * no such object, because the platform did not make this id.
 * @param {Objects} namespace
 * @param {string} hex
 * @param {string} command
 * @param {number} time
 * @param {import("./live.js").Live | undefined} live is watched, if the session lives
 * @returns {Promise<string | undefined>}
 */
export function ask(namespace, hex, command, time, live) {
  let id;
  try {
    id = namespace.idFromString(hex);
  } catch {
    return Promise.resolve(undefined);
  }
  const object = namespace.get(id);
  const reply = live ? live.open(object, command) : object.run(command);
  // The error is made only on timeout: capturing a stack costs more than the timer.
  return within(reply, time, (_, reject) => reject(new Error("no answer in time")));
}

/**
 * What a promise comes to, unless it takes more than so many milliseconds: then `late` settles it.
 * @template T, U
 * @param {Promise<T>} promise
 * @param {number} time
 * @param {(resolve: (value: T | U) => void, reject: (error: Error) => void) => void} late
 * @returns {Promise<T | U>}
 */
export function within(promise, time, late) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(late, time, resolve, reject);
    /** @param {(value: any) => void} settle */
    const inTime = (settle) => (/** @type {any} */ value) => {
      clearTimeout(timer);
      settle(value);
    };
    promise.then(inTime(resolve), inTime(reject));
  });
}

/**
 * The id of the object of this name, in hex.
 * @param {Objects} namespace
 * @param {string} name
 */
export function objectId(namespace, name) {
  return namespace.idFromName(name).toString();
}

/**
 * Closes the watches of sessions, one a line; `isKnown` says that they have ended.
 * @param {DurableObjectState} context
 * @param {string} ids
 * @param {boolean} isKnown
 */
export function endWatches(context, ids, isKnown) {
  for (const id of ids.split("\n")) {
    for (const watch of context.getWebSockets(id)) watch.close(isKnown ? 4401 : 1011);
  }
}

/**
 * Runs a statement that reads; returns the first column of its rows, a line each.
 * @param {SqlStorage} sql
 * @param {string} statement
 * @param {Binding[]} bindings
 */
export function query(sql, statement, ...bindings) {
  let lines = "";
  for (const [text] of executed(sql, statement, bindings).raw()) lines += `${text}\n`;
  return lines;
}

/**
 * Runs a statement that writes.
 * @param {SqlStorage} sql
 * @param {string} statement
 * @param {Binding[]} bindings
 */
export function execute(sql, statement, ...bindings) {
  // A statement that was not taken to its end is compiled anew the next time.
  executed(sql, statement, bindings).next();
}

/**
 * @param {SqlStorage} sql
 * @param {string} statement
 * @param {Binding[]} bindings
 */
const executed = (sql, statement, bindings) =>
  sql.exec(statement, ...bindings.filter((binding) => binding !== undefined));
