// What is measured: the paths of each contestant, as requests. Every contestant gets what its own users' browsers
// would send it: the same headers, and the cookies that it has set itself.

import { load, setCookiesOf } from "./load.mjs";
import { populate } from "./population.mjs";
import { API_KEY } from "./runtime.mjs";
import { another, claimsOf } from "./tokens.mjs";

const ACCESS = "__Host-sAccessToken";
const REFRESH = "__Host-sRefreshToken";

// A script on a page asks its own server.
const BROWSER = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  accept: "*/*",
  "accept-language": "en-GB,en;q=0.5",
  "accept-encoding": "gzip, deflate, br, zstd",
  referer: "https://app.example.com/",
  "sec-fetch-dest": "empty",
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-origin",
};

const BODY = Buffer.alloc(64 * 1024 * 1024);

// Users whose sessions live throughout the run.
const RESIDENTS = 64;
const POPULATION = 100_000;
// Of these many users, who are not asked about before, in each round.
const VISITORS = 48;
// Different requests of one turn, and the sessions that each user of them has.
const DIFFERENT = 1000;
const SESSIONS_PER_USER = 4;

/**
 * One path of a contestant. `turn(round)` gives what gives its requests, `answered` is told of each answer. `needs`
 * names a path that has to be taken before it in each round; `apart` keeps it away from all others; one that is
 * `complete` sends all its requests, however long that takes.
 * @typedef {{
 *   contestant: string,
 *   turn: (round: any) => any,
 *   answered?: (request: any, fields: any) => void,
 *   needs?: string,
 *   apart?: boolean,
 *   complete?: boolean,
 * }} Path
 */

const withCookies = (cookies) =>
  Object.entries({ ...BROWSER, cookie: cookies.map(([name, value]) => `${name}=${value}`).join("; ") }).flat();
const get = (path, headers) => ({ method: "GET", path, headers });
/** @param {string | Buffer} [body] */
const post = (path, headers, body = "") => ({ method: "POST", path, headers, body });

const bothCookies = ({ access, refresh }) =>
  withCookies([
    [ACCESS, access],
    [REFRESH, refresh],
  ]);
const accessCookie = ({ access }) => withCookies([[ACCESS, access]]);
const refreshCookie = ({ refresh }) => withCookies([[REFRESH, refresh]]);

/** A browser's request without a cookie. */
export const browserRequest = (method, path) => ({
  method,
  path,
  headers: Object.entries(BROWSER).flat(),
  body: method === "POST" ? "" : undefined,
});

/** Endlessly the same requests, in turn. */
const repeat = (requests) => {
  let at = 0;
  return () => requests[at++ % requests.length];
};
/** Each request once. */
const once = (requests) => {
  let at = 0;
  return () => requests[at++];
};

/**
 * The paths, in the order of a round. `turn(round)` gives the requests of one turn, made before it begins;
 * `answered` sees the answers. A turn ends with its requests or with the time, and a `complete` one with its requests.
 * Those `apart` take their turns when all others are done. One that `needs` another works on what that one made in
 * the same round.
 * @returns {Promise<Map<string, Path>>}
 */
export async function pathsOf(contestants) {
  const gate = await residents(contestants.of("session-gate").url);
  const app = await residents(contestants.of("hono-jose-do").url);
  const [one] = gate;
  const alone = await sessionsOf(contestants.of("session-gate").url, "alone", 1);
  const crowded = await sessionsOf(contestants.of("session-gate").url, "crowded", 100);
  const same = (contestant, requests) => ({ contestant, turn: () => repeat(requests) });
  // One request to a turn: its body is work enough. Apart from the others, because a body that comes first after them
  // pays for the memory that the next one finds.
  const single = (contestant, request) => ({ contestant, apart: true, turn: () => once([request]) });
  let serial = 0;
  const visitors = await visitorsOf(contestants);
  const made = { gate: [], app: [], thorough: [] };

  const creation = (contestant, list) => ({
    contestant,
    turn: (round) => {
      list.length = 0;
      return once(logins(DIFFERENT, `round-${round}-`));
    },
    answered: (_, fields) => list.push(tokensOf(fields)),
  });

  return new Map(
    Object.entries({
      empty: same("empty", [get("/", bothCookies(one))]),
      "hello-rs": same("hello-rs", [get("/", bothCookies(one))]),
      forward: same("forward", [get("/none/page", bothCookies(one))]),
      "gate: none": same("session-gate", [get("/none/page", bothCookies(one))]),
      "hono-jose": same("hono-jose", [get("/fresh/page", accessCookie(one))]),
      "gate: fresh": same("session-gate", [get("/fresh/page", bothCookies(one))]),
      "gate: never seen": {
        contestant: "session-gate",
        turn: () =>
          once(
            Array.from({ length: DIFFERENT }, () =>
              get("/fresh/page", bothCookies({ ...one, access: another(one.access, { serial: serial++ }) })),
            ),
          ),
      },
      "hono-jose-do": same(
        "hono-jose-do",
        app.map((tokens) => get("/page", accessCookie(tokens))),
      ),
      "gate: strict": same(
        "session-gate",
        gate.map((tokens) => get("/page", bothCookies(tokens))),
      ),
      "gate: strict, 1 session": same(
        "session-gate",
        alone.map((tokens) => get("/page", bothCookies(tokens))),
      ),
      "gate: strict, 100 sessions": same(
        "session-gate",
        crowded.map((tokens) => get("/page", bothCookies(tokens))),
      ),
      "gate: strict, 10 users": same(
        "session-gate",
        gate.slice(0, 10).map((tokens) => get("/page", accessCookie(tokens))),
      ),
      "hono-jose-do: first request in a while": visitors.firstOf("hono-jose-do"),
      "gate: first request in a while": visitors.firstOf("session-gate"),
      "gate: strict, 100 000 users": visitors.nextOf("session-gate"),
      "hono-jose-do: creation": creation("hono-jose-do", made.app),
      "hono-jose-do, thorough: creation": creation("hono-jose-do-thorough", made.thorough),
      "gate: creation": creation("session-gate", made.gate),
      "gate: renewal": {
        contestant: "session-gate",
        needs: "gate: creation",
        turn: () => once(made.gate.map((tokens) => get("/page", refreshCookie(tokens)))),
      },
      "hono-jose-do: logout": {
        contestant: "hono-jose-do",
        needs: "hono-jose-do: creation",
        turn: () => once(made.app.map((tokens) => post("/logout", accessCookie(tokens)))),
      },
      "hono-jose-do, thorough: logout": {
        contestant: "hono-jose-do-thorough",
        needs: "hono-jose-do, thorough: creation",
        turn: () => once(made.thorough.map((tokens) => post("/logout", accessCookie(tokens)))),
      },
      "gate: logout": {
        contestant: "session-gate",
        needs: "gate: creation",
        turn: () => once(made.gate.map((tokens) => post("/logout", bothCookies(tokens)))),
      },
      "forward: upload": single("forward", post("/upload", bothCookies(one), BODY)),
      "gate: upload": single("session-gate", post("/upload", bothCookies(one), BODY)),
      "forward: download": single("forward", get("/download", bothCookies(one))),
      "gate: download": single("session-gate", get("/download", bothCookies(one))),
      "better-auth": same("better-auth", [get("/page", await betterAuthMember(contestants.of("better-auth").url))]),
      "supertokens-node": same("supertokens-node", [
        get("/page", await superTokensMember(contestants.of("supertokens-node").url)),
      ]),
      "gate: core verify": same(
        "session-gate",
        gate.map(({ access }) => verification(access)),
      ),
    }),
  );
}

/**
 * The paths of one build of the gate, by what they are: for `--against`, which has two.
 * @returns {Promise<Map<string, Path>>}
 */
export async function gatePaths(contestants, contestant) {
  const { url } = contestants.of(contestant);
  const sessions = await residents(url);
  const [one] = sessions;
  const same = (requests) => ({ contestant, turn: () => repeat(requests) });
  const made = [];
  const onMade = (request) => ({ contestant, needs: "login", turn: () => once(made.map(request)) });
  return new Map(
    Object.entries({
      none: same([get("/none/page", bothCookies(one))]),
      fresh: same([get("/fresh/page", bothCookies(one))]),
      strict: same(sessions.map((tokens) => get("/page", bothCookies(tokens)))),
      login: {
        contestant,
        turn: (round) => {
          made.length = 0;
          return once(logins(DIFFERENT, `round-${round}-`));
        },
        answered: (_, fields) => made.push(tokensOf(fields)),
      },
      renewal: onMade((tokens) => get("/page", refreshCookie(tokens))),
      logout: onMade((tokens) => post("/logout", bothCookies(tokens))),
    }),
  );
}

function logins(count, prefix) {
  return Array.from({ length: count }, (_, number) => login(`${prefix}${Math.floor(number / SESSIONS_PER_USER)}`));
}

/** Requests to a `fresh` route with the same token, and with another one each time. */
export async function tokenRequests(contestants) {
  const [one] = await sessionsOf(contestants.of("session-gate").url, "holder", 1);
  let serial = 0;
  return {
    same: () => get("/fresh/page", bothCookies(one)),
    different: () => get("/fresh/page", bothCookies({ ...one, access: another(one.access, { serial: serial++ }) })),
  };
}

/** A page behind the gate, asked for by somebody who is signed in. */
export async function pageRequest(contestants, path) {
  const [one] = await sessionsOf(contestants.of("session-gate").url, "reader", 1);
  return get(path, bothCookies(one));
}

// Users who come by: others in each round, out of a large population. Their first request wakes their object.
async function visitorsOf(contestants) {
  const populations = {
    "session-gate": lazily(() => gatePopulation(contestants)),
    "hono-jose-do": lazily(() => appPopulation(contestants)),
  };
  const of = async (contestant, round) => {
    const population = await populations[contestant]();
    return Array.from({ length: VISITORS }, (_, number) => population(stride(round * VISITORS + number)));
  };
  return {
    firstOf: (contestant) => ({ contestant, complete: true, turn: async (round) => once(await of(contestant, round)) }),
    nextOf: (contestant) => ({
      contestant,
      async turn(round) {
        const requests = await of(contestant, round);
        await load(contestants.of(contestant).url, once(requests));
        return repeat(requests);
      },
    }),
  };
}

// Here and there in the population, nobody twice.
const stride = (number) => (number * 7919) % POPULATION;

async function gatePopulation(contestants) {
  const [{ access }] = await sessionsOf(contestants.of("session-gate").url, "template", 1);
  const folder = contestants.objects("session-gate", "UserSessions");
  const ids = await populate(folder, "public/template", POPULATION, (number) => `public/user-${number}`);
  const session = Buffer.from(claimsOf(access).sessionHandle, "base64url").subarray(32);
  const handle = (id) => Buffer.concat([Buffer.from(id, "hex"), session]).toString("base64url");
  return (number) => {
    const sub = `user-${number}`;
    return get(
      "/page",
      accessCookie({ access: another(access, { sub, rsub: sub, sessionHandle: handle(ids[number]) }) }),
    );
  };
}

async function appPopulation(contestants) {
  const [{ access }] = await sessionsOf(contestants.of("hono-jose-do").url, "template", 1);
  const folder = contestants.objects("hono-jose-do", "Sessions");
  await populate(folder, "template", POPULATION, (number) => `user-${number}`);
  return (number) => get("/page", accessCookie({ access: another(access, { sub: `user-${number}` }) }));
}

function lazily(make) {
  let made;
  return () => (made ??= make());
}

async function residents(origin) {
  return signedIn(
    origin,
    Array.from({ length: RESIDENTS }, (_, number) => login(`resident-${number}`)),
  );
}

const sessionsOf = (origin, user, count) =>
  signedIn(
    origin,
    Array.from({ length: count }, () => login(user)),
  );

async function signedIn(origin, requests) {
  const sessions = [];
  await load(origin, once(requests), { seen: (_, fields) => sessions.push(tokensOf(fields)) });
  return sessions;
}

const login = (user) => post(`/login?user=${user}`, withCookies([["theme", "dark"]]));

async function superTokensMember(origin) {
  return withCookies(await cookiesSetBy(origin, post("/login?user=ada", ["st-auth-mode", "cookie"])));
}

// Its passwords are hashed at length, so there is one user; all are in one database in any case.
async function betterAuthMember(origin) {
  const json = Object.entries({ "content-type": "application/json", origin: "https://app.example.com" }).flat();
  const account = JSON.stringify({ name: "Ada", email: "ada@example.com", password: "correct horse battery" });
  await load(origin, once([post("/migrate", json)]));
  return withCookies(await cookiesSetBy(origin, post("/api/auth/sign-up/email", json, account)));
}

async function cookiesSetBy(origin, request) {
  let cookies;
  await load(origin, once([request]), { seen: (_, fields) => (cookies = setCookiesOf(fields).map(pairOf)) });
  return cookies;
}

const pairOf = (line) => /^([^=]*)=([^;]*)/.exec(line).slice(1);

function tokensOf(fields) {
  const cookies = Object.fromEntries(setCookiesOf(fields).map(pairOf));
  return { access: cookies[ACCESS], refresh: cookies[REFRESH] };
}

// What a SuperTokens SDK asks its core when it wants to be sure.
function verification(accessToken) {
  const body = { accessToken, doAntiCsrfCheck: false, enableAntiCsrf: false, checkDatabase: true };
  const headers = {
    "api-key": API_KEY,
    "cdi-version": "5.4",
    rid: "session",
    "content-type": "application/json; charset=utf-8",
  };
  return post("/auth/core/recipe/session/verify", Object.entries(headers).flat(), JSON.stringify(body));
}
