// Connections that end with their session.
//
// What holds a connection to its session is a *watch*: a WebSocket of the gate to the user's object, which accepts it in
// the same step in which it finds the session living, and closes it in the one that ends the session. Frames and bodies
// pass here and never enter Wasm. It fails closed: what has lost its watch and gets no other one is broken off.

import { report } from "./metrics.js";
import { change, NO_STORE, within } from "./platform.js";

/**
 * The namespace of the users' objects.
 * @typedef {DurableObjectNamespace<import("../entry.js").UserSessions>} Objects
 */

/** @typedef {"ended" | "lost"} Why */

/** For how many milliseconds a request goes unwatched whose session was found living when it came. */
const UNWATCHED = 2000;

/** The time between two beats, and the longest silence: a watch that is half open is found by them. */
const BEAT = 30_000;
const SILENCE = 75_000;

/** How soon the object is asked again that says of a session that is over by this clock that it lives. */
const SOONEST = 1000;

/** For how long a lost watch is asked for, how long one try may take, and the middle of the pauses before a try. */
const LEASE = 5000;
const TRY = 1500;
const PAUSE = 200;

/** Code and reason of a WebSocket that is closed. With the first code the object closes a watch, too. */
const ENDED = 4401;
const CLOSINGS = /** @type {const} */ ({ ended: [ENDED, "session ended"], lost: [1013, "session unknown"] });

/** Codes that are seen and cannot be sent (RFC 6455 §7.4.1): a close frame had none, or there was no frame. */
const NO_CODE = 1005;
const UNSENDABLE = new Set([1004, 1006, 1015]);
const BROKEN = 1011;

/** What an isolate needs to watch. */
export class Lives {
  /** @type {Objects} */
  objects;
  /** @type {string} */
  appId;
  /** @type {(handle: string) => void} */
  heard;

  /**
   * @param {Objects} objects
   * @param {string} appId
   * @param {(handle: string) => void} heard is told which session has ended
   */
  constructor(objects, appId, heard) {
    this.objects = objects;
    this.appId = appId;
    this.heard = heard;
  }

  /**
   * A request that ends with its session.
   * @param {boolean} isUnsafe
   */
  begin(isUnsafe) {
    return new Live(this, isUnsafe);
  }
}

/** One request and its answer, for as long as they take. */
export class Live {
  /** @type {Lives} */
  #lives;
  /** Whether it changes something, so that it may be the very one that ends its session. */
  #isUnsafe;
  /** @type {"request" | "response" | "event_stream" | "websocket"} */
  #what = "request";
  /**
   * The request to the application, which names the session.
   * @type {Request | undefined}
   */
  #request;
  /** Breaks off the request to the application, and bodies. */
  #controller = new AbortController();
  /** Whether the application has all of the request. */
  #isSent = true;
  /** Whether the session has been known to live since there is an answer. */
  #hasLived = false;
  /** @type {number | undefined} */
  #timer;
  /** @type {WebSocket | undefined} */
  #watch;
  /** How often a watch was asked for: what an earlier try comes to is of no use. */
  #tries = 0;
  #isAsking = false;
  /** When the object was last heard. */
  #heardAt = 0;
  /** When the session ends if it is not used; the object says so before, unless its alarm is late. */
  #until = 0;
  /** @type {Why | undefined} */
  #why;
  /** Whether nothing is left to be ended. */
  #isOver = false;
  #isPassed = false;
  /** Whether it is to be watched as soon as it is passed. */
  #isDue = false;
  /** @type {(why: Why) => void} */
  #cut = () => {};

  /**
   * @param {Lives} lives
   * @param {boolean} isUnsafe
   */
  constructor(lives, isUnsafe) {
    this.#lives = lives;
    this.#isUnsafe = isUnsafe;
  }

  /**
   * Carries out an object's command about a session, and has a watch if the session lives; returns the reply.
   * @param {Fetcher} object
   * @param {string} command
   */
  async open(object, command) {
    this.#tries += 1;
    const mine = this.#tries;
    const headers = { upgrade: "websocket", "gate-command": command };
    const response = await object.fetch("https://object/", { headers });
    const watch = response.webSocket;
    if (!watch) return response.text();
    const message = await this.#accept(watch);
    if (this.#isOver || mine !== this.#tries) {
      close(watch);
      throw new Error("the watch comes too late");
    }
    const [until, reply = ""] = message.split("\n");
    this.#watch = watch;
    this.#until = Number(until);
    this.#hasLived = true;
    this.#beat();
    return reply;
  }

  /**
   * The first message of a watch.
   * @param {WebSocket} watch
   * @returns {Promise<string>}
   */
  #accept(watch) {
    return new Promise((resolve, reject) => {
      watch.addEventListener("message", ({ data }) => {
        this.#heardAt = Date.now();
        resolve(/** @type {string} */ (data));
      });
      const closed = (/** @type {number} */ code) => {
        reject(new Error("the watch was lost"));
        if (watch !== this.#watch) return;
        if (code === ENDED) this.#end("ended");
        else this.#lose();
      };
      watch.addEventListener("close", ({ code }) => closed(code));
      watch.addEventListener("error", () => closed(0));
      watch.accept();
    });
  }

  #beat() {
    this.#after(Math.min(BEAT, Math.max(SOONEST, this.#until - Date.now())), () => {
      const now = Date.now();
      if (now - this.#heardAt > SILENCE) return this.#lose();
      if (now >= this.#until) return this.#ask(0);
      this.#watch?.send("?");
      this.#beat();
    });
  }

  #lose() {
    this.#report("watch_lost", {});
    this.#ask(PAUSE);
  }

  /**
   * Asks for a watch until there is one, or for too long.
   * @param {number} pause
   */
  async #ask(pause) {
    this.#letGo();
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#after(LEASE, () => this.#end("lost"));
    while (!this.#isOver && !(await this.#tried(pause))) pause = PAUSE;
    this.#isAsking = false;
  }

  /**
   * One try; whether it is known by now what became of the session.
   * @param {number} pause
   */
  async #tried(pause) {
    // All that lost their watch at the same time must not come back at the same time.
    if (pause > 0) await scheduler.wait(pause * (0.5 + 2 * Math.random()));
    const { objects, appId } = this.#lives;
    const [object, id] = placeOf(this.#handle);
    const command = JSON.stringify({ app_id: appId, command: { check: { id, first_use: null } } });
    try {
      const stub = objects.get(objects.idFromString(object));
      await within(this.open(stub, command), TRY, (_, reject) => reject(new Error("no answer in time")));
    } catch {
      return false;
    }
    if (!this.#watch) this.#end("ended");
    return true;
  }

  /**
   * What the request to the application is copied with: a body of which it is known when all of it has been sent.
   * @param {Request} request
   * @returns {RequestInit}
   */
  init({ method, headers, body }) {
    if (body === null || method === "GET" || method === "HEAD") return NO_STORE;
    const { readable, writable } = pipeFor(headers);
    this.#isSent = false;
    const sent = () => {
      this.#isSent = true;
    };
    body.pipeTo(writable, { signal: this.#controller.signal }).then(sent, () => {});
    return { ...NO_STORE, body: readable };
  }

  /**
   * Sends the request to the application.
   * @param {Fetcher | undefined} origin
   * @param {Request} request
   */
  send(origin, request) {
    this.#request = request;
    if (!this.#watch && this.#timer === undefined) this.#after(UNWATCHED, () => this.#fallDue());
    const { signal } = this.#controller;
    // Otherwise a compressed body would be unpacked to be piped, packed again, and lose its length.
    /** @type {RequestInit} */
    const init = { signal, encodeResponseBody: "manual" };
    // An application in this Worker may answer at once.
    return origin ? Promise.resolve(origin.fetch(request, init)) : fetch(request, init);
  }

  #fallDue() {
    // What the application says of sessions is carried out first.
    if (this.#what === "response" && !this.#isPassed) this.#isDue = true;
    else this.#ask(0);
  }

  /**
   * The application's response, or why it is waited for no longer.
   * @param {Promise<Response | undefined>} response
   * @returns {Promise<Response | Why | undefined>}
   */
  head(response) {
    return new Promise((resolve, reject) => {
      this.#cut = (why) => {
        resolve(why);
        this.#controller.abort();
      };
      if (this.#why) this.#cut(this.#why);
      const come = (/** @type {Response | undefined} */ head) => {
        this.#cut = () => this.#controller.abort();
        this.#what = "response";
        this.#hasLived = this.#watch !== undefined;
        resolve(head);
      };
      response.then(come, reject);
    });
  }

  /**
   * The response as it goes to the browser, with other headers; it ends with the session.
   * @param {Response} response
   * @param {string} changes
   */
  pass(response, changes) {
    this.#isPassed = true;
    const passed = response.webSocket ? this.#coupled(response, response.webSocket) : this.#piped(response);
    change(passed.headers, changes);
    return passed;
  }

  /**
   * @param {Response} response
   * @param {WebSocket} origin
   */
  #coupled(response, origin) {
    const { 0: outer, 1: client } = new WebSocketPair();
    this.#what = "websocket";
    this.#cut = (why) => {
      const [code, reason] = CLOSINGS[why];
      close(client, code, reason);
      close(origin, code, reason);
    };
    const closed = () => this.finish();
    relay(client, origin, closed);
    relay(origin, client, closed);
    if (this.#why) this.#cut(this.#why);
    return new Response(null, { status: 101, webSocket: outer, headers: response.headers });
  }

  /** @param {Response} response */
  #piped(response) {
    const { body, status, statusText, headers, cf } = response;
    /** @type {ResponseInit} */
    const init = { status, statusText, headers, cf, encodeBody: "manual" };
    if (body === null) this.finish();
    if (body === null || (this.#isOver && !this.#why)) return new Response(body, init);
    const { readable, writable } = pipeFor(headers);
    const isEvents = /^\s*text\/event-stream/i.test(headers.get("content-type") ?? "");
    const { signal } = this.#controller;
    const broken = () => {
      // A stream of events ends with its session; anything else must not look as if it were whole.
      const end = this.#why && isEvents ? writable.close() : writable.abort();
      end.catch(() => {});
      this.finish();
    };
    body.pipeTo(writable, { signal, preventAbort: true }).then(() => this.finish(), broken);
    if (isEvents) {
      this.#what = "event_stream";
      this.#isUnsafe = false;
    }
    if ((isEvents || this.#isDue) && !this.#isOver && !this.#watch) this.#ask(0);
    return new Response(readable, init);
  }

  /** Lets go of a request that was answered by something else. */
  drop() {
    if (!this.#isPassed) this.finish();
  }

  /** @param {Why} why */
  #end(why) {
    if (this.#isOver) return;
    this.finish();
    if (why === "ended") this.#tell();
    if (this.#mayGoOn()) return;
    this.#why = why;
    this.#report("connection_ended", { what: this.#what, why: why === "ended" ? "session_ended" : "watch_lost" });
    this.#cut(why);
  }

  #tell() {
    try {
      this.#lives.heard(this.#handle);
    } catch {
      // The Wasm instance that began this has panicked, and its memory is gone with it.
    }
  }

  /** Whether it may be the one that ended the session, as a change of password is: then its answer is waited for. */
  #mayGoOn() {
    const hasLivedSince = this.#what !== "request" && this.#hasLived;
    return this.#isUnsafe && this.#isSent && !hasLivedSince;
  }

  /** Nothing ends it any more. */
  finish() {
    this.#isOver = true;
    clearTimeout(this.#timer ?? null);
    this.#letGo();
  }

  #letGo() {
    const watch = this.#watch;
    this.#watch = undefined;
    if (watch) close(watch);
  }

  get #handle() {
    return this.#request?.headers.get("gate-session") ?? "";
  }

  /**
   * @param {number} time
   * @param {() => void} work
   */
  #after(time, work) {
    clearTimeout(this.#timer ?? null);
    this.#timer = setTimeout(work, time);
  }

  /**
   * @param {string} event
   * @param {Record<string, string>} more
   */
  #report(event, more) {
    report(JSON.stringify({ event, at: Date.now(), handle: this.#handle, ...more }));
  }
}

/**
 * Sends on what one end says, and that it is silent.
 * @param {WebSocket} from
 * @param {WebSocket} to
 * @param {() => void} closed
 */
function relay(from, to, closed) {
  // As a `Blob`, bytes could not be sent on.
  from.binaryType = "arraybuffer";
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      // It is closed: what comes now is for nobody.
    }
  });
  from.addEventListener("close", ({ code, reason }) => {
    if (code === NO_CODE) close(to);
    else if (UNSENDABLE.has(code)) close(to, BROKEN);
    else close(to, code, reason);
    closed();
  });
  from.addEventListener("error", () => {
    close(to, BROKEN);
    closed();
  });
  from.accept();
}

/**
 * @param {WebSocket} socket
 * @param {number} [code]
 * @param {string} [reason]
 */
function close(socket, code, reason) {
  try {
    socket.close(code, reason);
  } catch {
    // It is closed already.
  }
}

/**
 * A pipe that is as long as the headers say: without a length the body would be chunked.
 * @param {Headers} headers
 */
function pipeFor(headers) {
  const length = headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(length) ? new FixedLengthStream(Number(length)) : new IdentityTransformStream();
}

/**
 * The object that a handle names, in hex, and the session in it.
 * @param {string} handle
 * @returns {[string, string]}
 */
function placeOf(handle) {
  const bytes = atob(handle.replaceAll("-", "+").replaceAll("_", "/"));
  const object = Array.from(bytes.slice(0, 32), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  const id = btoa(bytes.slice(32)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [object, id];
}
