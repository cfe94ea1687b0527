// What a stranger gets: refusals, the way to the login, and the headers of both.

import { failed, isLoopback, ok, skipped, warning } from "./finding.mjs";
import { NAVIGATION, SCRIPT } from "./http.mjs";

/** @typedef {import("./http.mjs").Answer} Answer */
/** @typedef {import("./finding.mjs").Check} Check */

const YEAR = 31_536_000;
/** Two machines' clocks may differ by so much. */
const MOST_SKEW = 10_000;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Cookies of a gate that no gate made. */
const DEAD_COOKIES = ["Access", "Refresh"]
  .flatMap((kind) => ["Host", "Secure"].map((prefix) => `__${prefix}-s${kind}Token=x`))
  .join("; ");

/** @type {Check} */
export async function unauthorised(patient) {
  const { status, headers } = await patient.send(protectedUrl(patient), SCRIPT);
  if (headers["gate-reason"] === undefined) {
    return failed(
      `${patient.path} is answered by the application without a session (${status})`,
      `Look at RULES: this path must be "required". With MODE = "report" nothing is refused; with --path another path is tried.`,
    );
  }
  if (status !== 401) {
    return failed(
      `${patient.path} answers ${status} without a session, and not 401`,
      "Look at the gate's log, and at Gate-Reason.",
    );
  }
  if (headers["www-authenticate"] === undefined) {
    return failed(
      "the 401 has no WWW-Authenticate",
      "Something before the gate takes headers away: let it leave them.",
    );
  }
  return ok("a request without a session gets 401");
}

/** @type {Check} */
export async function login(patient) {
  const page = protectedUrl(patient);
  const { status, headers } = await patient.send(page, NAVIGATION);
  const reason = headers["gate-reason"];
  if (reason === undefined) {
    return failed(`a page without a session is answered by the application (${status})`, "Look at RULES, and at MODE.");
  }
  if (status === 401) {
    return warning(
      "people without a session get a page with 401, and no way to log in",
      "Set LOGIN_URL to the application's login page, or PROVIDERS.",
    );
  }
  if (!REDIRECTS.includes(status) || headers.location === undefined) {
    return failed(`people without a session get ${status} (${reason})`, "Look into the gate's log.");
  }
  return loginPage(patient, new URL(headers.location, page));
}

/** Whether the page is there, and lets people come who have no session. */
async function loginPage(patient, target) {
  const { status, headers } = await patient.send(target, NAVIGATION);
  const where = `${target.origin === patient.url.origin ? "" : target.origin}${target.pathname}`;
  if (status >= 500) {
    return failed(`the login page ${where} answers ${status}`, "Look into the application's log, or at the provider.");
  }
  if (status >= 400) {
    return failed(`the login page ${where} answers ${status}`, "Set LOGIN_URL to a page that there is.");
  }
  if (REDIRECTS.includes(status)) {
    const next = new URL(headers.location ?? "", target);
    const isLoop = next.origin === target.origin && [target.pathname, patient.path].includes(next.pathname);
    if (isLoop) {
      return failed(
        `the login page ${where} sends people round in a circle`,
        "The application asks for a login there: its login page must be open to those who are not logged in.",
      );
    }
  }
  return ok(`people without a session are sent to ${where}`);
}

/** @type {Check} */
export async function cookies(patient) {
  const answer = await patient.send(protectedUrl(patient), { ...SCRIPT, cookie: DEAD_COOKIES });
  if (answer.headers["gate-reason"] === "misconfigured") {
    return failed(
      "with cookies of its own the gate answers that it is not configured correctly",
      "Look whether COOKIE_DOMAIN is this host's domain; the gate's log names the setting.",
    );
  }
  const own = answer.cookies.map(cookieOf).filter(({ name }) => /^__(Host|Secure)-s(Access|Refresh)Token$/.test(name));
  if (own.length === 0) {
    return failed(
      "dead cookies of the gate are not expired",
      "Something before the gate takes Set-Cookie away: let it leave the header alone.",
    );
  }
  for (const { name, attributes } of own) {
    const missing = ["secure", "httponly", "samesite"].filter((attribute) => attributes[attribute] === undefined);
    const broken = name.startsWith("__Host-") && (attributes.path !== "/" || attributes.domain !== undefined);
    if (missing.length > 0 || broken) {
      const what = broken ? "has a Domain, or another Path than /" : `lacks ${missing.join(", ")}`;
      return failed(
        `the cookie ${name} ${what}`,
        "Something before the gate rewrites its cookies: let it leave them alone.",
      );
    }
  }
  return cookieSettings(own, patient.url);
}

function cookieSettings(own, { hostname }) {
  const domains = own.map(({ attributes }) => attributes.domain).filter((domain) => domain !== undefined);
  const foreign = domains.find((domain) => hostname !== domain && !hostname.endsWith(`.${domain}`));
  if (foreign !== undefined) {
    return failed(
      `the cookies are for ${foreign}, which ${hostname} is not part of: no browser keeps them`,
      "Set COOKIE_DOMAIN to this host's domain, or leave it out.",
    );
  }
  if (own.some(({ attributes }) => attributes.samesite.toLowerCase() === "none")) {
    return warning(
      "the cookies are sent from other sites (SameSite=None)",
      `Set COOKIE_SAMESITE to "Lax", if no other site needs them.`,
    );
  }
  if (domains.length > 0) {
    return warning(
      `the cookies are shared with every host of ${domains[0]}`,
      "Each of them gets the tokens: leave COOKIE_DOMAIN out, if none needs the session.",
    );
  }
  return ok("the cookies are Secure, HttpOnly, SameSite and of this host alone");
}

function cookieOf(line) {
  const [pair, ...parts] = line.split(";").map((part) => part.trim());
  const attributes = Object.fromEntries(
    parts.map((part) => {
      const [name, value = ""] = part.split("=");
      return [name.toLowerCase(), value.replace(/^\./, "")];
    }),
  );
  return { name: pair.split("=")[0], attributes };
}

/** @type {Check} */
export async function hsts(patient) {
  const { url, send } = patient;
  if (isLoopback(url)) return skipped("not on this machine");
  if (url.protocol !== "https:") {
    return failed("the address is http:", "Use https: alone: browsers keep none of the gate's cookies without it.");
  }
  const { headers } = await send(protectedUrl(patient), NAVIGATION);
  const age = Number(/\bmax-age="?(\d+)/i.exec(headers["strict-transport-security"] ?? "")?.[1] ?? 0);
  const advice = "Switch HSTS on for the zone, with a max-age of a year: SSL/TLS, Edge Certificates.";
  if (age === 0) return failed("there is no Strict-Transport-Security", advice);
  if (age < YEAR) return warning(`Strict-Transport-Security lasts for ${age} seconds only`, advice);
  if (url.port === "" && (await isOpenInClear(patient))) {
    return failed("http: is answered without a redirect to https:", "Switch Always Use HTTPS on for the zone.");
  }
  return ok("browsers use https: alone");
}

async function isOpenInClear({ url, send }) {
  try {
    const { status, headers } = await send(new URL("/", `http://${url.host}`), NAVIGATION);
    return !(REDIRECTS.includes(status) && headers.location?.startsWith("https:"));
  } catch {
    return false;
  }
}

/** @type {Check} */
export async function caching(patient) {
  const advice = "Let nothing cache before the gate: no cache rule for this host, no Workers Caching on the gate.";
  for (const [what, headers] of /** @type {const} */ ([
    ["401", SCRIPT],
    ["redirect to the login", NAVIGATION],
  ])) {
    const answer = await patient.send(protectedUrl(patient), headers);
    if (!/\bno-store\b/.test(answer.headers["cache-control"] ?? "")) return failed(`the ${what} may be stored`, advice);
    const cached = ["age", "cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control"].find(
      (name) => answer.headers[name] !== undefined,
    );
    if (cached !== undefined) return failed(`the ${what} has the header ${cached}`, advice);
    if (/^(HIT|STALE|UPDATING|REVALIDATED)$/i.test(answer.headers["cf-cache-status"] ?? "")) {
      return failed(`the ${what} comes from a cache`, advice);
    }
  }
  return ok("refusals are not stored");
}

/** @type {Check} */
export async function clock(patient) {
  if (isLoopback(patient.url)) return skipped("not on this machine");
  const { headers, sentAt, receivedAt } = await patient.send(protectedUrl(patient), SCRIPT);
  const date = Date.parse(headers.date ?? "");
  if (Number.isNaN(date)) return skipped("the answer has no Date");
  // Date is in whole seconds, rounded down.
  const skew = Math.max(date - receivedAt, sentAt - (date + 1000), 0);
  if (skew <= MOST_SKEW) return ok("the clocks here and there agree");
  return failed(
    `the clocks here and there differ by ${Math.round(skew / 1000)} seconds`,
    "Set this machine's clock by NTP; the platform's is right. Where it is the application's machine, tokens seem expired or not yet valid.",
  );
}

export const protectedUrl = (/** @type {import("./finding.mjs").Patient} */ { url, path }) => new URL(path, url);
