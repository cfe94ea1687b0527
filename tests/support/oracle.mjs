// What the gate's documents say about sessions, as plainly as can be and without the gate: the
// walk compares each answer of the gate with what is said here. A world is plain data, so that a
// copy of it can try out another order of events. Tokens are numbers here, times are seconds.

/**
 * What somebody who presents tokens finds: nobody, or whose session, with the tokens that come of it.
 * @typedef {{ absent?: string, clears?: boolean, user?: string, session?: number, refresh?: number, access?: object }} Outcome
 */

/** `policy`: access, idle, absolute, grace (seconds), max (sessions of a user). */
export function newWorld(policy, now) {
  return { policy, now, sessions: [], tokens: [], begun: 0 };
}

export const living = (world, user) =>
  world.sessions.filter((session) => session.user === user && lives(world, session));

const lives = (world, session) => world.now <= lastSecond(world, session);

export function lastSecond({ policy }, { rotatedAt, createdAt }) {
  return Math.min(rotatedAt + policy.idle, createdAt + policy.absolute);
}

const find = (world, id) => world.sessions.find((session) => session.id === id && lives(world, session));

/** Ends sessions; returns those that lived until now. */
export function end(world, doomed) {
  const ended = world.sessions.filter((session) => doomed(session) && lives(world, session));
  world.sessions = world.sessions.filter((session) => !doomed(session) && lives(world, session));
  return ended;
}

/** A login: it ends the session that it takes the place of, and those unused for longest that are too many. */
export function logIn(world, user, replaced) {
  end(world, ({ id }) => id === replaced);
  const byUse = living(world, user).sort((a, b) => a.seenAt - b.seenAt || a.createdAt - b.createdAt);
  const excess = byUse.slice(0, Math.max(0, byUse.length + 1 - world.policy.max));
  end(world, (session) => excess.includes(session));
  const id = (world.begun += 1);
  const current = newToken(world, { session: id, generation: 0, parent: null });
  const times = { createdAt: world.now, seenAt: world.now, rotatedAt: world.now };
  world.sessions.push({ id, user, ...times, current, previous: null, child: null });
  return { user, session: id, refresh: current, access: accessFor(world, current, false) };
}

function newToken(world, token) {
  return world.tokens.push(token) - 1;
}

/** An access token: which refresh token it came with, and whether it names that one's parent. */
function accessFor(world, token, namesParent) {
  return { token, namesParent, expires: world.now + world.policy.access };
}

const inGrace = ({ now, policy }, since) => policy.grace > 0 && now - since <= policy.grace;

/**
 * A refresh token is presented.
 * @returns {Outcome}
 */
export function renew(world, presented) {
  const token = world.tokens[presented];
  const session = find(world, token.session);
  if (session === undefined) return { absent: "unauthorised", clears: true };
  const found = { user: session.user, session: session.id };
  const distance = token.generation - world.tokens[session.current].generation;

  if (distance === -1 && presented === session.previous && inGrace(world, session.rotatedAt)) {
    return { ...found, refresh: session.current, access: accessFor(world, session.current, false) };
  }
  if (distance === 1 && token.parent === session.current) promote(world, session, presented);
  if (presented !== session.current) {
    end(world, ({ id }) => id === session.id);
    return { absent: "token theft detected", clears: true };
  }
  if (session.child === null || !inGrace(world, session.child.issuedAt)) {
    const child = { session: session.id, generation: token.generation + 1, parent: presented };
    session.child = { token: newToken(world, child), issuedAt: world.now };
    session.seenAt = world.now;
  }
  return { ...found, refresh: session.child.token, access: accessFor(world, session.child.token, true) };
}

function promote(world, session, token) {
  Object.assign(session, { previous: session.current, current: token, child: null });
  Object.assign(session, { rotatedAt: world.now, seenAt: world.now });
}

/**
 * An access token that has not expired is presented.
 * @returns {Outcome}
 */
function check(world, { token, namesParent }) {
  const session = find(world, world.tokens[token].session);
  const refused = { absent: "unauthorised", clears: true };
  if (session === undefined) return refused;
  const found = { user: session.user, session: session.id };
  if (!namesParent) return found;
  if (token !== session.current) {
    if (world.tokens[token].parent !== session.current) return refused;
    promote(world, session, token);
  }
  return { ...found, access: accessFor(world, token, false) };
}

// RFC 7519 §4.1.4: on or after that time it must not be accepted.
const isGood = (world, access) => access !== undefined && world.now < access.expires;

/**
 * Whoever holds these tokens asks for a page.
 * @returns {Outcome}
 */
export function standing(world, { access, refresh }) {
  if (isGood(world, access)) return check(world, access);
  if (refresh !== undefined) return renew(world, refresh);
  return { absent: "unauthorised", clears: false };
}

/** The session that somebody's tokens are of, whether it lives or not. */
export function sessionOf(world, { access, refresh }) {
  const token = access?.token ?? refresh;
  return token === undefined ? undefined : world.tokens[token].session;
}

/** A log-out with these tokens. More than this one session ends only for who is living. */
export function logOut(world, held, wanted) {
  const own = sessionOf(world, held);
  const session = find(world, own);
  const scope = session !== undefined && proves(world, held) ? wanted : "current";
  const isMeant = { current: ({ id }) => id === own, all: ({ user }) => user === session?.user };
  isMeant.others = (other) => isMeant.all(other) && other.id !== own;
  return { ended: end(world, isMeant[scope]).length, spared: scope === "others" };
}

function proves(world, { access, refresh }) {
  // Looking moves nothing: it is tried on a copy.
  const copy = structuredClone(world);
  if (isGood(world, access)) return check(copy, access).user !== undefined;
  return refresh !== undefined && renew(copy, refresh).user !== undefined;
}
