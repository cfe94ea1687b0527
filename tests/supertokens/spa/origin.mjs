// The demo app, with what a single-page application adds to it: a page that runs the browser SDK,
// and an API which that page may also call from the origins in ALLOWED_ORIGINS.

import { createSession, identityOf } from "../../../examples/demo-app/identity.mjs";
import demoApp from "../../../examples/demo-app/worker.mjs";

export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/app") return new Response(PAGE, { headers: { "content-type": "text/html" } });
    if (pathname.startsWith("/api/")) return withCors(request, api(request, pathname));
    return demoApp.fetch(request);
  },
};

async function api(request, pathname) {
  if (request.method === "OPTIONS") return new Response(null, { status: 204 });
  if (pathname === "/api/login") return login(request);
  return Response.json({ ...identityOf(request), method: request.method });
}

async function login(request) {
  const { user } = await request.json();
  return Response.json({ status: "OK" }, { headers: createSession(user) });
}

async function withCors(request, answer) {
  const response = await answer;
  const origin = request.headers.get("origin");
  if (!ALLOWED_ORIGINS.includes(origin)) return response;
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-allow-credentials", "true");
  response.headers.set("access-control-allow-methods", "GET, POST, PUT, DELETE");
  response.headers.set(
    "access-control-allow-headers",
    "content-type, rid, fdi-version, anti-csrf, authorization, st-auth-mode",
  );
  return response;
}
