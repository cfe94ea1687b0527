// People who use a site, many at once: each has one browser that keeps what it is given, and
// knows what it was told. So afterwards anyone can be asked whether the gate kept its word.

import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { presenting, setCookies } from "./session.mjs";
import { PATIENCE_MS } from "./time.mjs";

const UNREACHABLE = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE"]);
const KEPT = { "__Host-sAccessToken": "access", "__Host-sRefreshToken": "refresh" };

export class Crowd {
  /** What was done, by its name: how many times. */
  done = {};
  /** Answers that nobody should have got, the first of them. */
  surprises = [];
  /** Requests that found no gate, which a deployment may cause: each was sent again. */
  resent = 0;
  #gate;
  #agent;
  #going = false;

  constructor(gate, size, sockets) {
    this.#gate = gate;
    // Connections are kept, as browsers and the platform's edge keep theirs.
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: sockets });
    this.people = Array.from({ length: size }, (_, index) => ({ userId: `user-${index}`, tokens: {}, ended: [] }));
  }

  /**
   * Lets one person of each group at a time do one thing after the other, `stay` of them before the
   * next person comes, until what it gives is called.
   */
  start(among, choose, stay = 1) {
    this.#going = true;
    const lanes = among.map((people) => this.#walk(people, choose, stay));
    return async () => {
      this.#going = false;
      await Promise.all(lanes);
    };
  }

  // A person is on one lane only, so what they were told last is what holds.
  async #walk(people, choose, stay) {
    for (let turn = 0; this.#going; turn += 1) {
      await this.act(people[Math.floor(turn / stay) % people.length], choose());
    }
  }

  async act(person, name) {
    this.done[name] = (this.done[name] ?? 0) + 1;
    await ACTS[name](this, person);
  }

  /** Whether the gate serves these tokens on a protected path. While it cannot tell, it is asked again. */
  async isServed(tokens) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const { status, text } = await this.send("GET", "/echo", tokens);
      if (status === 200 || status === 401) return status === 200;
      if (status !== 503 || Date.now() > deadline) throw new Error(`/echo answered ${status}: ${text.slice(0, 200)}`);
      await delay(500);
    }
  }

  /** One answer of the gate for certain: a request that found none is sent again. */
  async send(method, path, tokens = {}) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#exchange(method, path, presenting(tokens));
      } catch (error) {
        if (!isUnreachable(error) || Date.now() > deadline) throw error;
        this.resent += 1;
        await delay(20);
      }
    }
  }

  expect(response, status, who) {
    if (response.status === status) return;
    const { status: got, text } = response;
    if (this.surprises.length < 20) this.surprises.push(`${who}: ${got} in place of ${status}: ${text.slice(0, 200)}`);
  }

  dispose() {
    this.#agent.destroy();
  }

  #exchange(method, path, headers) {
    const { port } = new URL(this.#gate.url);
    const options = { host: "127.0.0.1", port, method, path, headers, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const request = http.request(options, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => resolve(answer(response, Buffer.concat(parts).toString())));
      });
      request.on("error", reject);
      request.end();
    });
  }
}

const isUnreachable = ({ code, message }) => UNREACHABLE.has(code) || message === "aborted";

/** @param {http.IncomingMessage} response */
function answer({ statusCode, headers }, text) {
  const fields = new Headers(
    (headers["set-cookie"] ?? []).map((line) => /** @type {[string, string]} */ (["set-cookie", line])),
  );
  return { status: statusCode, text, cookies: setCookies({ headers: fields }) };
}

/** What a person can do, and what they must be answered. */
const ACTS = {
  async login(crowd, person) {
    const response = await crowd.send("POST", `/login?user=${person.userId}`);
    crowd.expect(response, 200, `login of ${person.userId}`);
    keep(person, response);
  },

  async check(crowd, person) {
    const response = await crowd.send("GET", "/echo", person.tokens);
    crowd.expect(response, 200, `check of ${person.userId}`);
    keep(person, response);
  },

  async renewal(crowd, person) {
    const response = await crowd.send("POST", "/auth/session/refresh", person.tokens);
    crowd.expect(response, 200, `renewal of ${person.userId}`);
    keep(person, response);
  },

  /** Logs out, and in again, so that the crowd stays as large as it was. */
  async logout(crowd, person) {
    const response = await crowd.send("POST", "/logout", person.tokens);
    crowd.expect(response, 200, `logout of ${person.userId}`);
    person.ended.push(person.tokens);
    await ACTS.login(crowd, person);
  },
};

// As a browser does: what is expired goes, what is set replaces, the rest stays.
function keep(person, { cookies }) {
  const tokens = { ...person.tokens };
  for (const { name, value, attributes } of cookies) {
    if (!(name in KEPT)) continue;
    if (Number(attributes["max-age"]) > 0) tokens[KEPT[name]] = value;
    else delete tokens[KEPT[name]];
  }
  person.tokens = tokens;
}

/** The people in so many groups, none of them in two. */
export function groups(people, count) {
  return Array.from({ length: count }, (_, lane) => people.filter((_, index) => index % count === lane));
}
