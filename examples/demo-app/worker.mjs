// A small application without session code. The gate in front of it keeps the sessions.

import { CLOCK_SCRIPT, clockEvents, clockResponse, clockSocket } from "./clock.mjs";
import { htmlResponse } from "./html.mjs";
import icon from "./icon.svg";
import { createSession, identityOf } from "./identity.mjs";
import { aboutPage, homePage, loginPage, mePage, notesPage, notFoundPage } from "./pages.mjs";
import stylesheet from "./style.css";

const ROUTES = {
  "/": { GET: home },
  "/about": { GET: () => htmlResponse(aboutPage()) },
  "/login": { GET: showLogin, POST: login },
  "/me": { GET: (request) => htmlResponse(mePage(identityOf(request))) },
  "/notes": { GET: (request) => htmlResponse(notesPage(identityOf(request))) },
  "/clock": { GET: (request) => clockResponse(identityOf(request)) },
  "/clock/socket": { GET: clockSocket },
  "/clock/events": { GET: clockEvents },
  "/api/me": { GET: (request) => Response.json(identityOf(request)) },
  "/assets/style.css": { GET: () => asset(stylesheet, "text/css; charset=utf-8") },
  "/assets/clock.js": { GET: () => asset(CLOCK_SCRIPT, "text/javascript; charset=utf-8") },
  "/assets/icon.svg": { GET: () => asset(icon, "image/svg+xml") },
};

const AFTER_LOGIN = "/me";
const MAX_USER_BYTES = 256;

export default {
  /**
   * @param {Request} request
   * @param {{ PROVIDER?: string }} [env]
   */
  fetch(request, { PROVIDER } = {}) {
    const methods = ROUTES[new URL(request.url).pathname];
    if (!methods) return htmlResponse(notFoundPage(identityOf(request)), { status: 404 });

    const answer = methods[request.method === "HEAD" ? "GET" : request.method];
    if (!answer) return new Response(null, { status: 405, headers: { allow: Object.keys(methods).join(", ") } });

    return answer(request, PROVIDER);
  },
};

function home(request) {
  // It greets people by name, so the browser must not keep it for whoever comes next.
  return htmlResponse(homePage(identityOf(request)), { headers: { "cache-control": "no-store" } });
}

function showLogin(request, provider) {
  const returnTo = ownPath(new URL(request.url).searchParams.get("return_to"));
  return htmlResponse(loginPage({ identity: identityOf(request), returnTo, provider }));
}

async function login(request, provider) {
  // A body that is no form has no user in it, which the page already knows how to say.
  const form = await request.formData().catch(() => new FormData());
  const user = form.get("user");
  const returnTo = ownPath(form.get("return_to"));

  const problem = whatIsWrongWith(user);
  if (problem)
    return htmlResponse(loginPage({ identity: identityOf(request), returnTo, problem, provider }), { status: 400 });

  // A real application checks a password here.
  return new Response(null, { status: 303, headers: { location: returnTo, ...createSession(user) } });
}

function whatIsWrongWith(user) {
  if (typeof user !== "string" || user.trim() === "") return "Please type a name.";
  if (new TextEncoder().encode(user).length > MAX_USER_BYTES) return "This name is too long.";
  return null;
}

/** The target if it is a path on this site, for a link to the login page may carry any address. */
function ownPath(target) {
  if (typeof target !== "string" || !target.startsWith("/") || !URL.canParse(target, ANY_ORIGIN)) return AFTER_LOGIN;
  const url = new URL(target, ANY_ORIGIN);
  const path = url.href.slice(url.origin.length);
  // `/.//elsewhere` becomes `//elsewhere` when it is parsed, which names another host.
  return url.origin === ANY_ORIGIN && !path.startsWith("//") ? path : AFTER_LOGIN;
}

function asset(body, type) {
  return new Response(body, { headers: { "content-type": type, "cache-control": "public, max-age=300" } });
}

const ANY_ORIGIN = "http://app.invalid";
