// A random walk: browsers, backends and thieves do what comes into their heads, through the gate's
// public routes, and after each step the gate must have said and kept what the oracle says.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { backendOf } from "./backend.mjs";
import { newClient } from "./browser-jar.mjs";
import { startGate } from "./gate.mjs";
import { failObject, STAND_IN } from "./object-stand-in.mjs";
import * as oracle from "./oracle.mjs";
import { ACCESS, claimsOf, expiredIn, presenting, REFRESH, tokensIn } from "./session.mjs";

const USERS = ["alice", "bob"];
const JARS = 4;
const REMEMBERED = 60;
const RULES = [{ path: "/echo/optional", session: "optional" }];

/** The policies that walks go under: the second is that of the reference, which repeats nothing. */
export const POLICIES = {
  "with a grace": { access: 60, idle: 400, absolute: 500, grace: 10, max: 2 },
  "without a grace": { access: 60, idle: 400, absolute: 500, grace: 0, max: 2 },
};

/** Walks `steps` steps. The same seed takes the same way. Returns how often each kind of step was taken. */
export async function walk(t, { policy, seed, steps }) {
  const gate = await startGate({
    clock: true,
    objectFault: STAND_IN,
    vars: {
      RULES,
      LOGIN_URL: "/login",
      ACCESS_TOKEN_TTL: policy.access,
      SESSION_IDLE_TTL: policy.idle,
      SESSION_ABSOLUTE_TTL: policy.absolute,
      REFRESH_GRACE: policy.grace,
      MAX_SESSIONS: policy.max,
      SIGNING_KEY_ROTATION: 300,
    },
  });
  t.after(() => gate.dispose());
  const walker = new Walker(gate, policy, randomFrom(seed));
  try {
    for (let step = 0; step < steps; step += 1) await walker.step();
  } catch (error) {
    error.message = `seed ${seed}, step ${walker.trail.length}: ${error.message}\n${walker.trail.slice(-12).join("\n")}`;
    throw error;
  }
  return walker.counts;
}

class Walker {
  trail = [];
  counts = {};
  #gate;
  #random;
  #world;
  #backend;
  #jars;
  /** What the oracle calls a token, by its text, and the text of each refresh token and handle. */
  #tokens = new Map();
  #texts = new Map();
  #handles = new Map();

  constructor(gate, policy, random) {
    this.#gate = gate;
    this.#random = random;
    this.#world = oracle.newWorld(policy, gate.now / 1000);
    this.#backend = backendOf(gate);
    this.#jars = Array.from({ length: JARS }, () => newClient(gate));
  }

  async step() {
    // No two sessions are of the same age, so that it is clear which one is the oldest.
    await this.#pass(1);
    const kind = this.#weighted(KINDS);
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    await this[kind]();
    for (const user of USERS) await this.#compareSessions(user);
  }

  // One request of one browser, or several at once.

  async alone() {
    await this.#ask([this.#request()]);
  }

  async atOnce() {
    const few = Array.from({ length: 2 + this.#below(2) }, () => this.#request(ATOMIC));
    await this.#ask(few);
  }

  /** All tabs of one browser want the same. */
  async tabs() {
    const jar = this.#below(JARS);
    const request = this.#weighted(ATOMIC);
    await this.#ask([0, 1].map(() => this[request](jar)));
  }

  // What happens to the world.

  /** Time runs to the last second of a session, or to the first one after it. */
  async time() {
    const session = this.#someSession();
    if (session === undefined) return;
    const { idle, absolute } = this.#world.policy;
    const { rotatedAt, createdAt } = session;
    await this.#passUntil(this.#oneOf([rotatedAt + idle, createdAt + absolute]) + this.#below(2));
  }

  /** In the last second of the grace, or the first one after it, somebody comes with the token that it is for. */
  async edge() {
    const session = this.#someSession();
    if (session === undefined) return;
    const { rotatedAt, previous, child, current } = session;
    const [since, token] = this.#oneOf([
      [rotatedAt, previous],
      [child?.issuedAt ?? rotatedAt, current],
    ]);
    if (!this.#texts.has(token)) return;
    await this.#passUntil(since + this.#world.policy.grace + this.#below(2));
    const jar = this.#below(JARS);
    this.#hold(jar, this.#texts.get(token), { refresh: token });
    await this.#ask([this.refresh(jar)]);
  }

  /** A session is renewed each time before it is idle for too long, until it is over all the same. */
  async oldAge() {
    const session = this.#someSession();
    if (session === undefined) return;
    const { idle, absolute } = this.#world.policy;
    const end = session.createdAt + absolute;
    const jar = this.#below(JARS);
    for (let time = this.#world.now; time < end; time += idle / 2) {
      await this.#passUntil(time);
      await this.#renewWithCurrent(session.id, jar);
    }
    await this.#passUntil(end + this.#below(2));
    await this.#ask([this.refresh(jar)]);
  }

  /** Twice: the second time what the first one brought is used. */
  async #renewWithCurrent(id, jar) {
    const current = this.#world.sessions.find((session) => session.id === id)?.current;
    if (!this.#texts.has(current)) return;
    for (let turn = 0, token = current; turn < 2; turn += 1) {
      this.#hold(jar, this.#texts.get(token), { refresh: token });
      await this.#ask([this.refresh(jar)]);
      token = this.#world.sessions.find((session) => session.id === id)?.child?.token ?? token;
    }
  }

  /** Somebody wants all devices of a user logged out, with a token that may prove nothing any more. */
  async staleLogout() {
    const session = this.#someSession();
    if (session === undefined) return;
    const isElsewhere = (jar) => oracle.sessionOf(this.#world, this.#held(jar)) !== session.id;
    const elsewhere = [...this.#jars.keys()].find(isElsewhere);
    if (oracle.living(this.#world, session.user).length === 1 && elsewhere !== undefined) {
      await this.#ask([this.login(elsewhere, session.user)]);
    }
    const { current, previous, child } = session;
    const young = [current, previous, child?.token];
    const mayBeStale = ({ access, refresh }) => access !== undefined || !young.includes(refresh);
    const ofIt = [...this.#tokens].filter(([, kind]) => oracle.sessionOf(this.#world, kind) === session.id);
    const copied = this.#oneOf(ofIt.filter(([, kind]) => mayBeStale(kind)));
    if (copied === undefined) return;
    // An access token proves something until it expires: it is shown in its last second, or right after.
    const { access } = copied[1];
    if (access !== undefined) await this.#passUntil(access.expires - this.#below(2));
    this.#hold(2, ...copied);
    await this.#ask([this.logout(2, this.#oneOf(["all", "others"]))]);
  }

  /** The jar holds this token and no other. */
  #hold(jar, text, { refresh }) {
    this.#put(jar, REFRESH, refresh === undefined ? "" : text);
    this.#put(jar, ACCESS, refresh === undefined ? text : "");
  }

  /** A browser comes in the last second of its access token, or in the first one after it. */
  async expiry() {
    const jar = this.#below(JARS);
    const access = this.#tokens.get(this.#jars[jar].cookies()[ACCESS])?.access;
    if (access === undefined) return;
    await this.#passUntil(access.expires - this.#below(2));
    await this.#ask([this.page(jar)]);
  }

  #someSession() {
    return this.#oneOf(USERS.flatMap((user) => oracle.living(this.#world, user)));
  }

  /** Somebody gets a copy of a token, mostly of a session that lives, and may use it at once. */
  async theft() {
    const known = [...this.#tokens].slice(-REMEMBERED);
    const alive = new Set(USERS.flatMap((user) => oracle.living(this.#world, user)).map(({ id }) => id));
    const ofLiving = known.filter(([, kind]) => alive.has(oracle.sessionOf(this.#world, kind)));
    const copied = this.#oneOf(this.#below(5) > 0 && ofLiving.length > 0 ? ofLiving : known);
    if (copied === undefined) return;
    const [text, kind] = copied;
    const jar = this.#below(JARS);
    this.#note(`jar ${jar} gets a copy of ${JSON.stringify(kind)}`);
    this.#hold(jar, text, kind);
    if (this.#below(2) === 0) await this.#ask([this[this.#oneOf(["logout", "refresh", "page"])](jar)]);
  }

  #put(jar, name, text) {
    this.#jars[jar].setCookie(`${name}=${text}; Path=/; Secure; Max-Age=${text === "" ? 0 : 99999}`);
  }

  /** The browser loses its access token: it renews next time. */
  async loss() {
    this.#put(this.#below(JARS), ACCESS, "");
  }

  async eviction() {
    this.#note("every object is ended at its next call");
    await failObject(this.#gate, "abort", 1);
  }

  async restart() {
    this.#note("the runtime starts anew");
    await this.#gate.restart();
  }

  async #passUntil(time) {
    if (time > this.#world.now) await this.#pass(time - this.#world.now);
  }

  async #pass(wanted) {
    // In the last second of a session its cookies live for 0 seconds, which reads like clearing them.
    const last = new Set(this.#world.sessions.map((session) => oracle.lastSecond(this.#world, session)));
    let seconds = wanted;
    while (last.has(this.#world.now + seconds)) seconds += 1;
    await this.#gate.moveClock(seconds);
    this.#world.now += seconds;
    if (seconds > 1) this.#note(`${seconds} seconds pass`);
  }

  // Requests: how each is made, and what the oracle says to it.

  /** @param {Record<string, number>} [kinds] */
  #request(kinds = REQUESTS) {
    return this[this.#weighted(kinds)](this.#below(JARS));
  }

  page(jar, path = "/echo", optional = false) {
    return this.#browser(jar, path, {}, (world, held) => {
      const { absent, clears, ...found } = oracle.standing(world, held);
      if (absent === undefined) return { status: 200, ...found };
      // What the application answers clears nothing: the browser may hold a newer session by then.
      return optional ? { status: 200 } : { status: 401, clears, message: absent };
    });
  }

  optional(jar) {
    return this.page(jar, "/echo/optional", true);
  }

  account(jar) {
    return this.page(jar, "/auth/session");
  }

  refresh(jar) {
    return this.#browser(jar, "/auth/session/refresh", { method: "POST" }, (world, { refresh }) => {
      const { absent, ...found } = refresh === undefined ? { absent: "unauthorised" } : oracle.renew(world, refresh);
      if (absent === undefined) return { status: 200, ...found, user: undefined };
      return { status: 401, clears: true, message: absent };
    });
  }

  login(jar, user = this.#oneOf(USERS)) {
    return this.#browser(jar, `/login?user=${user}`, { method: "POST" }, (world, held) => {
      const before = oracle.sessionOf(world, held);
      // The path is one for everybody, so whoever is signed in already is looked at as on any other.
      oracle.standing(world, held);
      return { status: 200, ...oracle.logIn(world, user, before), user: undefined };
    });
  }

  logout(jar, scope = this.#oneOf(["current", "current", "all", "others"])) {
    return this.#browser(jar, `/logout?scope=${scope}`, { method: "POST" }, (world, held) => {
      const { ended, spared } = oracle.logOut(world, held, scope);
      return { status: 200, clears: !spared, revoked: ended };
    });
  }

  signout(jar) {
    return this.#browser(jar, "/auth/signout", { method: "POST" }, (world, held) => {
      if (oracle.sessionOf(world, held) === undefined) return { status: 401, clears: false };
      oracle.logOut(world, held, "current");
      return { status: 200, clears: true };
    });
  }

  devices(jar) {
    return this.#browser(jar, "/auth/sessions", {}, (world, held) => {
      const { absent, clears, ...found } = oracle.standing(world, held);
      if (absent !== undefined) return { status: 401, clears, message: absent };
      const listed = oracle.living(world, found.user).map(({ id }) => [id, id === found.session]);
      return { status: 200, ...found, user: undefined, listed: listed.sort(byId) };
    });
  }

  deviceRevoked(jar) {
    const chosen = this.#oneOf([...this.#handles.keys(), 0]);
    const handle = this.#handles.get(chosen) ?? "A".repeat(64);
    const init = { method: "POST", body: new URLSearchParams({ handle }) };
    return this.#browser(jar, "/auth/sessions/revoke", init, (world, held) => {
      const { absent, clears, ...found } = oracle.standing(world, held);
      if (absent !== undefined) return { status: 401, clears, message: absent };
      const ended = oracle.end(world, ({ id, user }) => id === chosen && user === found.user);
      if (ended.length === 0) return { status: 404, ...found, user: undefined };
      if (chosen === found.session) return { status: 200, clears: true, revoked: 1 };
      return { status: 200, ...found, user: undefined, revoked: 1 };
    });
  }

  handleRemoved() {
    const chosen = this.#oneOf([...this.#handles.keys(), 0]);
    const handle = this.#handles.get(chosen) ?? "A".repeat(64);
    return this.#core({ sessionHandles: [handle] }, (world) => oracle.end(world, ({ id }) => id === chosen));
  }

  userRemoved() {
    const userId = this.#oneOf(USERS);
    return this.#core({ userId }, (world) => oracle.end(world, ({ user }) => user === userId));
  }

  #core(body, end) {
    return {
      name: `core remove ${JSON.stringify(body)}`,
      send: () => this.#backend.core.request("POST", "/recipe/session/remove", { body }),
      predict: (world) => ({
        status: 200,
        handles: end(world)
          .map(({ id }) => id)
          .sort(),
      }),
    };
  }

  /** One in eight answers is lost on the way. */
  #browser(jar, path, init, predict) {
    const lost = this.#below(8) === 0;
    const cookies = this.#jars[jar].cookies();
    const texts = { access: cookies[ACCESS], refresh: cookies[REFRESH] };
    const held = this.#held(jar);
    return {
      name: `jar ${jar} ${init.method ?? "GET"} ${path} ${JSON.stringify(held)}${lost ? ", answer lost" : ""}`,
      send: () =>
        lost ? this.#gate.fetch(path, { ...init, headers: presenting(texts) }) : this.#jars[jar].fetch(path, init),
      predict: (world) => predict(world, held),
    };
  }

  #held(jar) {
    const cookies = this.#jars[jar].cookies();
    const { access } = this.#tokens.get(cookies[ACCESS]) ?? {};
    const { refresh } = this.#tokens.get(cookies[REFRESH]) ?? {};
    return { access, refresh };
  }

  // What came, and what the oracle says.

  async #ask(requests) {
    for (const { name } of requests) this.#note(name);
    const answers = await Promise.all(requests.map(async ({ send }) => this.#heard(await send())));
    const failures = [];
    for (const order of permutations(requests.map((_, index) => index))) {
      const world = structuredClone(this.#world);
      const predicted = [];
      for (const index of order) predicted[index] = { ...requests[index].predict(world) };
      const failure = requests
        .map((_, index) => this.#difference(world, answers[index], predicted[index]))
        .find(Boolean);
      if (failure === undefined) {
        this.#world = world;
        for (const [index, answer] of answers.entries()) this.#learn(answer, predicted[index]);
        return;
      }
      failures.push(failure);
    }
    assert.fail(`in no order is this what the oracle says:\n${failures.join("\n")}`);
  }

  async #heard(response) {
    const text = await response.text();
    const body = text.startsWith("{") ? JSON.parse(text) : {};
    const { access, refresh } = tokensIn(response);
    return {
      status: response.status,
      clears: expiredIn(response).includes(ACCESS) && access === undefined,
      user: body.headers?.["gate-user"] ?? body.userId,
      message: body.message,
      revoked: body.revoked,
      listed: body.sessions?.map(({ handle, current }) => [this.#idOf(handle), current]).sort(byId),
      handles: body.sessionHandlesRevoked?.map((handle) => this.#idOf(handle)).sort(),
      access,
      refresh,
    };
  }

  #idOf(handle) {
    return [...this.#handles].find(([, known]) => known === handle)?.[0];
  }

  /** Why an answer is not what is predicted, if it is not. */
  #difference(world, answer, predicted) {
    const { session, refresh, access, ...expected } = { clears: false, ...predicted };
    const differing = Object.keys(expected).filter((key) => !isDeepStrictEqual(answer[key], expected[key]));
    // A page under way when its session ended is delivered, and its news are not.
    const ended = session !== undefined && !world.sessions.some(({ id }) => id === session);
    if (differing.length > 0) return describe(differing, answer, expected);
    if (ended && answer.refresh === undefined && answer.access === undefined) return undefined;
    const refreshText = this.#texts.get(refresh);
    const isNewText = answer.refresh !== undefined && !this.#tokens.has(answer.refresh);
    if (
      refresh === undefined ? answer.refresh !== undefined : refreshText ? answer.refresh !== refreshText : !isNewText
    ) {
      return `refresh token ${refresh}: ${JSON.stringify(this.#tokens.get(answer.refresh)) ?? answer.refresh}`;
    }
    if ((access === undefined) !== (answer.access === undefined)) return `access token: ${answer.access}`;
    if (access === undefined) return undefined;
    const claims = claimsOf(answer.access);
    const named = claims.parentRefreshTokenHash1 !== null;
    const wrong = named !== access.namesParent || claims.exp > access.expires || claims.iat > world.now;
    const handle = this.#handles.get(session);
    const misplaced = handle !== undefined && claims.sessionHandle !== handle;
    return wrong || misplaced ? `claims ${JSON.stringify(claims)} where ${JSON.stringify(access)} is due` : undefined;
  }

  #learn(answer, { session, refresh, access }) {
    if (answer.refresh !== undefined) {
      this.#tokens.set(answer.refresh, { refresh });
      this.#texts.set(refresh, answer.refresh);
    }
    if (answer.access !== undefined) {
      const { exp, sessionHandle } = claimsOf(answer.access);
      this.#tokens.set(answer.access, { access: { ...access, expires: exp } });
      this.#handles.set(session, sessionHandle);
    }
  }

  async #compareSessions(user) {
    const handles = await this.#backend.getAllSessionHandlesForUser(user);
    const kept = handles.map((handle) => this.#idOf(handle)).sort();
    const expected = oracle.living(this.#world, user).map(({ id }) => id);
    assert.deepEqual(kept, expected.sort(), `the sessions of ${user}`);
  }

  #note(text) {
    this.trail.push(text);
  }

  #below(limit) {
    return Math.floor(this.#random() * limit);
  }

  #oneOf(list) {
    return list[this.#below(list.length)];
  }

  /** @param {Record<string, number>} weights */
  #weighted(weights) {
    const names = Object.entries(weights).flatMap(([name, weight]) => Array(weight).fill(name));
    return this.#oneOf(names);
  }
}

const KINDS = {
  ...{ alone: 60, atOnce: 12, tabs: 12, loss: 12, theft: 10, staleLogout: 6 },
  ...{ time: 4, edge: 8, expiry: 4, oldAge: 3, eviction: 3, restart: 1 },
};

/** Requests that ask the object once, so that several at once are as if one after the other. */
const ATOMIC = { page: 16, optional: 4, refresh: 12, logout: 2, signout: 1, handleRemoved: 1, userRemoved: 1 };
const REQUESTS = { ...ATOMIC, account: 4, login: 10, devices: 3, deviceRevoked: 3 };

const byId = ([a], [b]) => a - b;

function describe(keys, answer, expected) {
  return keys.map((key) => `${key} ${JSON.stringify(answer[key])}, not ${JSON.stringify(expected[key])}`).join("; ");
}

function permutations(list) {
  if (list.length < 2) return [list];
  return list.flatMap((first, at) => permutations(list.toSpliced(at, 1)).map((rest) => [first, ...rest]));
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
