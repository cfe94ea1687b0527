// Requests that nobody in their right mind sends, without end and the same for the same seed: bytes in Latin-1.
// Each is made from parts that are mostly good, so that one bad part is not hidden behind another.

import { METHODS, ODD_BODIES, ODD_CONTROL, ODD_VALUES, oddCookies, oddTokens } from "./odd-input.mjs";

const CORE = "/auth/core/recipe/session";
const PATHS = [
  ...[
    "/",
    "/page",
    "/open/x",
    "/maybe/x",
    "/login",
    "/logout",
    "/logout/all",
    "/auth",
    "/auth/session",
    "/auth/sessions",
  ],
  ...[
    "/auth/sessions/revoke",
    "/auth/session/refresh",
    "/auth/signout",
    "/auth/jwt/jwks.json",
    "/auth/health",
    "/auth/x",
  ],
  ...["", "/verify", "/refresh", "/remove", "/user", "/data", "/regenerate"].map((path) => CORE + path),
  ...[
    "/auth/core/hello",
    "/auth/core/recipe/jwt",
    "/auth/core/recipe/jwt/data",
    "/auth/core/appid-x/t1/recipe/session",
    "/auth/core/apiversion",
  ],
];
const TAILS = [
  ...[
    "/",
    "//",
    "/..",
    "/../..",
    "/.",
    ";a=b",
    "%2f",
    "%5c",
    "%00",
    "%",
    "%zz",
    "%f",
    "%ff%fe",
    "\xe9\xff",
    "\x7f",
    "\\",
    "/%2e%2e/",
    "?",
    "??",
    "#x",
    "*",
  ],
  ...[
    "?scope=all",
    "?scope=%ff",
    "?scope=&scope=all",
    "?return_to=//evil.example",
    "?return_to=%0d%0ax:y",
    "?return_to=%",
    "?handle=%00",
    "?sessionHandle=x",
  ],
  ...["?userId=%ff%fe", "?fetchAcrossAllTenants=maybe", "?=&&&==", "?a=%u0041", "?\xff=\xfe"],
];
const HEADERS = [
  ...[
    "cookie",
    "authorization",
    "origin",
    "referer",
    "accept",
    "content-type",
    "user-agent",
    "accept-encoding",
    "host",
    "range",
    "if-none-match",
  ],
  ...[
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-purpose",
    "purpose",
    "x-moz",
    "next-router-prefetch",
    "expect",
    "te",
    "trailer",
  ],
  ...[
    "api-key",
    "cdi-version",
    "fdi-version",
    "rid",
    "anti-csrf",
    "st-auth-mode",
    "gate-user",
    "gate_token",
    "Gate-Create-Session",
    "x-forwarded-host",
  ],
  ...[
    "upgrade",
    "connection",
    "sec-websocket-key",
    "access-control-request-method",
    "cf-ipcountry",
    "cf-connecting-ip",
    "content-encoding",
    "via",
    "forwarded",
  ],
];
const GOOD_VALUES = {
  "sec-fetch-site": ["same-origin", "none", "cross-site", "same-site"],
  "sec-fetch-mode": ["navigate", "cors", "no-cors", "websocket"],
  "sec-fetch-dest": ["document", "empty", "image", "iframe"],
  "content-type": [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain; charset=utf-16",
  ],
  "cdi-version": ["5.4", "3.1", "4.0"],
  "st-auth-mode": ["header", "cookie"],
  accept: ["text/html", "application/json", "*/*"],
  upgrade: ["websocket", "h2c", "WebSocket, foo"],
  connection: ["Upgrade", "keep-alive, Upgrade", "close, cookie"],
  expect: ["100-continue", "200-ok"],
  "content-encoding": ["gzip", "br", "identity"],
};
const BODY_METHODS = ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"];

/** Given by the test: what each request is made of beside chance. */
export function hostileRequests(seed, { host, apiKey, sessions }) {
  return new Generator(seed, { host, apiKey, sessions });
}

class Generator {
  #random;
  #given;
  #tokens;
  #cookies;

  constructor(seed, given) {
    this.#random = mulberry32(seed);
    this.#given = given;
    this.#tokens = given.sessions.flatMap(({ access, refresh, handle }) => [
      access,
      refresh,
      handle,
      ...Object.values(oddTokens(access)),
    ]);
    this.#cookies = given.sessions.flatMap((session) => Object.values(oddCookies(session)));
  }

  /** One connection's worth: the bytes of the requests that follow each other on it. */
  next() {
    return Array.from({ length: this.#oneIn(12) ? 2 + this.#below(4) : 1 }, () => this.#request());
  }

  #request() {
    const method = this.#method();
    const body = this.#body(method);
    const headers = [...this.#host(), ...this.#headers(), ...body.headers];
    return `${[this.#requestLine(method), ...headers].join("\r\n")}\r\n\r\n${body.bytes}`;
  }

  #requestLine(method) {
    const version = this.#oneIn(60)
      ? this.#one(["HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.1 x", "", "HTTP/1.10"])
      : "HTTP/1.1";
    const gap = this.#oneIn(200) ? this.#one(["\t", "  ", ""]) : " ";
    return `${method}${gap}${this.#target()} ${version}`;
  }

  #method() {
    if (this.#oneIn(40))
      return this.#one(["get", "FOO", "", "GET\x00", "\xe9", "A".repeat(5000), "CONNECT", "TRACE", "PRI", "-", "G=T"]);
    return this.#oneIn(6) ? this.#one(METHODS) : this.#one(["GET", "GET", "POST", "POST", "PUT"]);
  }

  #target() {
    let target = this.#one(PATHS);
    if (this.#oneIn(3)) target += this.#one(TAILS);
    if (this.#oneIn(8)) target += `${target.includes("?") ? "&" : "?"}${this.#noise(40).replace(/[\0-\x20]/g, "+")}`;
    if (this.#oneIn(50)) target += this.#one(["/a", "?a=b&", "%41", "?x", "/../"]).repeat(1 + this.#below(4000));
    if (this.#oneIn(60)) target = `${target.slice(0, 3)}${this.#noise(6)}${target.slice(3)}`;
    if (this.#oneIn(100))
      target = this.#one([
        `http://${this.#given.host}${target}`,
        `//${this.#given.host}${target}`,
        target.slice(1),
        "*",
        `https://u:p@evil.example${target}`,
      ]);
    return target.slice(0, 16_384);
  }

  #host() {
    const { host } = this.#given;
    if (!this.#oneIn(50)) return [`Host: ${host}`];
    return this.#one([
      [],
      [`Host: ${host}`, `Host: ${host}`],
      ["Host:"],
      ["Host: evil.example"],
      ["Host: a b"],
      ["Host: u@x"],
      ["Host: [::1"],
      [`Host: ${"a".repeat(300)}`],
      ["Host: \xe9"],
      ["Host: LOCALHOST."],
    ]);
  }

  #headers() {
    const lines = Array.from({ length: this.#below(7) }, () => this.#header(this.#one(HEADERS)));
    if (this.#oneIn(2)) lines.push(`cookie: ${this.#cookie()}`);
    if (this.#oneIn(2)) lines.push(`api-key: ${this.#given.apiKey}`);
    if (this.#oneIn(4)) lines.push("sec-fetch-site: same-origin");
    if (this.#oneIn(80))
      lines.push(...Array.from({ length: this.#one([100, 1000, 3000]) }, (_, at) => `x-${at}: ${at}`));
    if (this.#oneIn(120)) lines.push(`x-long: ${"x".repeat(this.#one([20_000, 60_000, 100_000, 140_000]))}`);
    if (this.#oneIn(120))
      lines.push(
        this.#one([
          "no colon",
          ": no name",
          "sp ace: x",
          "x:\0",
          "\xe9: x",
          " folded",
          "x: \x01\x02",
          "",
          "cookie",
          "\t",
        ]),
      );
    return this.#shuffled(lines);
  }

  #header(name) {
    if (name === "host") return `x-host: ${this.#value()}`;
    const good = GOOD_VALUES[name];
    const value = good && !this.#oneIn(3) ? this.#one(good) : this.#value(name);
    return `${this.#oneIn(10) ? name.toUpperCase() : name}:${this.#oneIn(20) ? "" : " "}${value}`;
  }

  #value(name) {
    if (name === "authorization") return `${this.#one(["Bearer", "bearer", "Basic", "Bearer ", ""])} ${this.#token()}`;
    if (name === "cookie") return this.#cookie();
    if (name === "Gate-Create-Session") return this.#one(ODD_CONTROL);
    return this.#oneIn(3) ? this.#noise(60) : this.#one(ODD_VALUES);
  }

  #cookie() {
    if (this.#oneIn(3)) return this.#one(this.#cookies);
    const names = [
      "__Host-sAccessToken",
      "__Host-sRefreshToken",
      "__Host-sLogoutPending",
      "sAccessToken",
      "a",
      "__host-saccesstoken",
      "",
    ];
    return Array.from(
      { length: this.#below(5) },
      () => `${this.#one(names)}${this.#one(["=", "", " = ", "=="])}${this.#token()}`,
    ).join(this.#one(["; ", ";", ", ", ";;"]));
  }

  #token() {
    const token = this.#one(this.#tokens);
    if (this.#oneIn(3)) return token;
    const at = this.#below(token.length + 1);
    return this.#one([
      token.slice(0, at),
      token.slice(at),
      `${token.slice(0, at)}${this.#noise(3)}${token.slice(at + 1)}`,
      token + token,
      `"${token}"`,
    ]);
  }

  #body(method) {
    if (!BODY_METHODS.includes(method) && !this.#oneIn(15)) return { headers: [], bytes: "" };
    const content = this.#content();
    const framing = this.#one(this.#oneIn(12) ? BROKEN_FRAMINGS : FRAMINGS);
    return framing(content, this);
  }

  #content() {
    if (this.#oneIn(3)) return this.#json(0);
    if (this.#oneIn(100)) return "x".repeat(this.#one([70_000, 400_000, 1_100_000]));
    if (this.#oneIn(4))
      return `${this.#one(["scope", "handle", "return_to", "", "%zz"])}=${this.#noise(30)}&${this.#one(["scope=all", "return_to=//x", "handle=", "&&&"])}`;
    return this.#oneIn(3) ? this.#noise(200) : Buffer.from(this.#one(Object.values(ODD_BODIES))).toString("latin1");
  }

  /** JSON with the names that the core reads, and anything for their values. */
  #json(depth) {
    if (depth > 3 || this.#oneIn(5)) {
      return this.#one([
        "null",
        "true",
        "0",
        "-1",
        "1e999",
        '""',
        '"\\u0000"',
        '"\\ud800"',
        "[]",
        "{}",
        "[[[[]]]]",
        `"${this.#token().replace(/[\0-\x1f"\\]/g, "")}"`,
        "{",
        '{"a":'.repeat(500),
      ]);
    }
    const names = [
      "userId",
      "userDataInJWT",
      "userDataInDatabase",
      "enableAntiCsrf",
      "accessToken",
      "refreshToken",
      "sessionHandles",
      "sessionHandle",
      "checkDatabase",
      "doAntiCsrfCheck",
      "useDynamicSigningKey",
      "payload",
      "validity",
      "algorithm",
      "jwksDomain",
      "sub",
    ];
    const members = Array.from({ length: this.#below(9) }, () => `"${this.#one(names)}":${this.#json(depth + 1)}`);
    return `{${members.join(",")}}`;
  }

  #noise(length) {
    const bytes = Array.from({ length: this.#below(length) + 1 }, () => this.#below(256));
    return String.fromCharCode(...bytes).replace(/[\r\n]/g, "%");
  }

  #shuffled(list) {
    for (let at = list.length - 1; at > 0; at -= 1) {
      const other = this.#below(at + 1);
      [list[at], list[other]] = [list[other], list[at]];
    }
    return list;
  }

  #below(limit) {
    return Math.floor(this.#random() * limit);
  }

  #oneIn(count) {
    return this.#below(count) === 0;
  }

  #one(list) {
    return list[this.#below(list.length)];
  }
}

const FRAMINGS = [
  (content) => ({ headers: [`Content-Length: ${content.length}`], bytes: content }),
  (content) => ({ headers: ["Transfer-Encoding: chunked"], bytes: chunked([content]) }),
  (content) => ({
    headers: ["Transfer-Encoding: chunked"],
    bytes: chunked(content.match(/[\s\S]{1,7}/g)?.slice(0, 200) ?? []),
  }),
];

/** Framings that nobody should write; some break off, which ends the connection. */
const BROKEN_FRAMINGS = [
  (content) => ({
    headers: [`Content-Length: ${content.length}`, `Content-Length: ${content.length}`],
    bytes: content,
  }),
  (content) => ({
    headers: [`Content-Length: ${content.length}`, "Transfer-Encoding: chunked"],
    bytes: chunked([content]),
  }),
  (content) => ({ headers: [`Content-Length: -${content.length}`], bytes: content }),
  (content) => ({ headers: ["Content-Length: x"], bytes: content }),
  (content) => ({ headers: ["Transfer-Encoding: gzip, chunked"], bytes: chunked([content]) }),
  (content) => ({ headers: ["Transfer-Encoding: identity"], bytes: content }),
  () => ({ headers: ["Content-Length: 0"], bytes: "" }),
  (content) => ({ headers: [`Content-Length: ${content.length + 100}`], bytes: content }),
  (content) => ({ headers: ["Transfer-Encoding: chunked"], bytes: chunked([content]).slice(0, -5) }),
  (content) => ({ headers: ["Transfer-Encoding: chunked"], bytes: `ZZ\r\n${content}\r\n0\r\n\r\n` }),
  (content) => ({
    headers: ["Transfer-Encoding: chunked"],
    bytes: `${(content.length + 9).toString(16)}\r\n${content}`,
  }),
];

function chunked(chunks) {
  return `${chunks
    .filter((chunk) => chunk !== "")
    .map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
    .join("")}0\r\n\r\n`;
}

/** A small generator of good enough numbers, the same everywhere for the same seed. */
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
