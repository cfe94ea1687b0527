// The origin most tests stand behind the gate: it says who logged in, speaks
// through the control headers on demand, shows what reached it, and answers
// whatever the test dictates.

export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/login") return login(url.searchParams);
    if (url.pathname === "/control") return control(url.searchParams);
    if (url.pathname.startsWith("/echo")) return echo(request);
    if (url.pathname.startsWith("/answer")) return answer(url.searchParams);
    return new Response("origin");
  },
};

function login(query) {
  const session = { userId: query.get("user") ?? undefined, tenantId: query.get("tenantId") ?? undefined };
  for (const name of ["payload", "data", "claims", "persistent", "idle", "absolute", "authTime"]) {
    if (query.has(name)) session[name] = JSON.parse(query.get(name));
  }
  if (query.has("acr")) session.acr = query.get("acr");
  return new Response("signed in", { headers: { "Gate-Create-Session": ascii(session) } });
}

function control(query) {
  const headers = new Headers();
  const names = {
    create: "Gate-Create-Session",
    revoke: "Gate-Revoke-Session",
    payload: "Gate-Set-Payload",
    claims: "Gate-Set-Claims",
  };
  for (const [parameter, header] of Object.entries(names)) {
    if (query.has(parameter)) headers.set(header, query.get(parameter));
  }
  return new Response("control", { headers });
}

async function echo(request) {
  return Response.json({
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(request.headers),
    body: await request.text(),
  });
}

function answer(query) {
  const headers = new Headers();
  for (const field of query.getAll("header")) {
    const [, name, value] = /^(.*?): ?(.*)$/.exec(field);
    headers.append(name, value);
  }
  const body = query.has("base64") ? bytes(query.get("base64")) : query.get("body");
  // "manual" sends the bytes as they are under whatever Content-Encoding is dictated.
  return new Response(body, { status: Number(query.get("status") ?? 200), headers, encodeBody: "manual" });
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function ascii(value) {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
