// An origin that answers as late as the query says, with the headers that it says, and tells afterwards what it was
// asked.

let seen = [];
/** Whether a body in parts waits in its middle. */
let waits = true;

export default {
  async fetch(request) {
    const { pathname, searchParams: query } = new URL(request.url);
    if (pathname === "/login") return login(query);
    if (pathname === "/seen") return told(query);
    if (pathname === "/parts") return inParts();
    const token = request.headers.get("gate-token");
    const asked = {
      method: request.method,
      user: request.headers.get("gate-user"),
      role:
        token === null
          ? undefined
          : JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).role,
      body: await request.text(),
    };
    seen.push(asked);
    await scheduler.wait(Number(query.get("wait") ?? 0));
    if (query.has("throw")) throw new Error("the origin is broken");
    if (request.headers.get("upgrade") === "websocket") return socket();
    return said(JSON.parse(query.get("headers") ?? "{}"), JSON.stringify(asked));
  },
};

function login(query) {
  const session = { userId: query.get("user"), payload: JSON.parse(query.get("payload") ?? "{}") };
  return said({ "Gate-Create-Session": JSON.stringify(session) });
}

/** What was asked since the last time; `go-on` lets a body in parts come to its end. */
function told(query) {
  if (query.has("go-on")) waits = false;
  const requests = seen;
  seen = [];
  return Response.json(requests);
}

function inParts() {
  const { readable, writable } = new TransformStream();
  sendParts(writable.getWriter());
  return new Response(readable);
}

async function sendParts(writer) {
  const send = (text) => writer.write(new TextEncoder().encode(text));
  await send("first");
  while (waits) await scheduler.wait(10);
  await send("second");
  await writer.close();
}

function said(headers, body = "") {
  return new Response(body, { headers });
}

function socket() {
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.send("{}");
  return new Response(null, { status: 101, webSocket: client });
}
