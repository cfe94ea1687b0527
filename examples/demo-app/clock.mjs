// A page that stays connected: the time, each second, over a WebSocket and over a stream of events. Neither looks at the
// session; the gate ends both with it.

import { html, htmlResponse } from "./html.mjs";
import { page, signedInOrNot } from "./pages.mjs";

const SECOND_MS = 1000;

/** @param {any} identity */
export function clockResponse(identity) {
  const content = html`
    <h1>A clock that is live</h1>
    <p class="lead">Log out in another tab, or end this device from another one, and watch both stop.</p>
    <dl class="card">
      <div><dt>Over a WebSocket</dt><dd id="socket" role="status">connecting</dd></div>
      <div><dt>Over a stream of events</dt><dd id="events" role="status">connecting</dd></div>
    </dl>
    <script src="/assets/clock.js"></script>
  `;
  const csp =
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
  const head = { title: "Clock", path: "/clock", visitor: signedInOrNot(identity) };
  return htmlResponse(page(head, content), { headers: { "content-security-policy": csp } });
}

/** The time over a WebSocket. */
export function clockSocket(request) {
  if (request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 426 });
  const { WebSocketPair } = /** @type {any} */ (globalThis);
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  const timer = eachSecond((time) => server.send(time));
  server.addEventListener("close", () => clearInterval(timer));
  server.addEventListener("error", () => clearInterval(timer));
  return new Response(null, /** @type {any} */ ({ status: 101, webSocket: client }));
}

/** The time as a stream of events. */
export function clockEvents() {
  const encoder = new TextEncoder();
  let timer;
  const body = new ReadableStream({
    start(controller) {
      timer = eachSecond((time) => controller.enqueue(encoder.encode(`data: ${time}\n\n`)));
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function eachSecond(tell) {
  const tick = () => tell(new Date().toISOString().slice(11, 19));
  tick();
  return setInterval(tick, SECOND_MS);
}

/** The script of the page. 4401 is the gate's word that the session is over. */
export const CLOCK_SCRIPT = `
const show = (id, text) => { document.getElementById(id).textContent = text; };
const ENDED = "your session is over";

function connect() {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/clock/socket");
  socket.onmessage = ({ data }) => show("socket", data);
  socket.onclose = ({ code }) => {
    if (code === 4401) return show("socket", ENDED);
    show("socket", "connecting");
    setTimeout(connect, 1000 + 2000 * Math.random());
  };
}
connect();

const events = new EventSource("/clock/events");
events.onmessage = ({ data }) => show("events", data);
events.onerror = () => show("events", events.readyState === EventSource.CLOSED ? ENDED : "connecting");
`;
