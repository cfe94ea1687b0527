// Every way a page can touch an address, each as the page that does it.

/** Whose page asks for a logout when it does this; anybody else's does not. */
export const ANYBODY = "anybody";
export const THE_APP = "the app";
export const NOBODY = "nobody";

/**
 * `html(target, hop)` is the page and `act(page, target)` what a person then does on it;
 * `hop` is an address of another site that redirects to `target`.
 * The application asks by a gesture of the person on its page, by taking its whole
 * window to the address, and by posting to it. Other sites cannot ask at all.
 */
export const LOGOUT_WAYS = [
  way(
    "typed address",
    ANYBODY,
    () => "<h1>Any page</h1>",
    (page, target) => page.goto(target),
  ),
  way("link, clicked", THE_APP, (target) => link(target), click),
  way("link without referrer, clicked", THE_APP, (target) => link(target, `rel="noreferrer"`), click),
  way("link into a new tab, clicked", THE_APP, (target) => link(target, `target="_blank"`), click),
  way("link that another site redirects here, clicked", NOBODY, (_target, hop) => link(hop), click),
  // The worker makes `Sec-Fetch-Dest` say `empty`, and a frame on the app's page would then look the same.
  {
    ...way("link, clicked, through the app's service worker", NOBODY, (target) => link(target), click),
    throughWorker: true,
  },
  way(
    "`window.open`",
    THE_APP,
    (target) => `<button id="act" onclick="window.open('${target}')">log out</button>`,
    click,
  ),
  way("script that sets `location`", THE_APP, (target) => script(`location = "${target}"`)),
  way("`<meta http-equiv=refresh>`", THE_APP, (target) => `<meta http-equiv="refresh" content="0;url=${target}">`),
  way("form GET", THE_APP, (target) => form("get", target), click),
  way("form POST", THE_APP, (target) => form("post", target), click),
  way(
    "form POST into a hidden frame",
    THE_APP,
    (target) => `<iframe name="frame" hidden></iframe>${form("post", target, "frame")}`,
    click,
  ),
  way("`fetch` POST", THE_APP, (target) => fetching(target, { credentials: "include", method: "POST" })),
  way("`navigator.sendBeacon`", THE_APP, (target) => script(`navigator.sendBeacon("${target}")`)),
  way("`fetch` with credentials", NOBODY, (target) => fetching(target, { credentials: "include" })),
  way("`fetch` without credentials", NOBODY, (target) => fetching(target, { credentials: "omit" })),
  way("`EventSource`", NOBODY, (target) => script(`new EventSource("${target}", { withCredentials: true })`)),
  way("`WebSocket`", NOBODY, (target) => script(`new WebSocket("${target.replace("https:", "wss:")}")`)),
  way("`<img>`", NOBODY, (target) => `<img src="${target}">`),
  way("`<script>`", NOBODY, (target) => `<script src="${target}"></script>`),
  way("`<link rel=stylesheet>`", NOBODY, (target) => `<link rel="stylesheet" href="${target}">`),
  way("`<video>`", NOBODY, (target) => `<video src="${target}" preload="auto"></video>`),
  way("`<iframe>`", NOBODY, (target) => `<iframe src="${target}"></iframe>`),
  way("`<object>`", NOBODY, (target) => `<object data="${target}"></object>`),
  way("`<link rel=prefetch>`", NOBODY, (target) => `<link rel="prefetch" href="${target}">`),
  way(
    "`<link rel=preload>`",
    NOBODY,
    (target) => `<link rel="preload" as="fetch" crossorigin="use-credentials" href="${target}">`,
  ),
  way("speculation rules, prefetch", NOBODY, (target) => speculation("prefetch", target)),
  way("speculation rules, prerender", NOBODY, (target) => speculation("prerender", target)),
  way("service worker of the page, by itself", NOBODY, (target) =>
    script(registering(`fetch("${target}", { mode: "no-cors", credentials: "include" })`)),
  ),
];

/** A page that gives its origin a service worker as most are: it looks at what pages load and passes it on. */
export const PAGE_WITH_WORKER = `<h1>Waiting</h1>${script(`
  ${registering("onactivate = (event) => event.waitUntil(clients.claim()); onfetch = (event) => event.respondWith(fetch(event.request));")};
  navigator.serviceWorker.oncontrollerchange = () => { document.querySelector("h1").textContent = "The worker is at work"; };
`)}`;

/**
 * @param {string} name
 * @param {string} askedBy
 * @param {(target: string, hop: string) => string} html
 * @param {(page: import("playwright-core").Page, target: string) => Promise<unknown>} [act]
 */
function way(name, askedBy, html, act = async () => {}) {
  return { name, askedBy, html, act };
}

function click(page) {
  return page.click("#act");
}

function link(target, attributes = "") {
  return `<a id="act" ${attributes} href="${target}">log out</a>`;
}

function form(method, target, frame = "_self") {
  // A form that is sent by GET replaces the query of its address.
  const fields = [...new URL(target).searchParams].map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  );
  return `<form method="${method}" action="${target}" target="${frame}">${fields.join("")}<button id="act">log out</button></form>`;
}

function script(source) {
  return `<script>${source}</script>`;
}

function fetching(target, init) {
  return script(`fetch("${target}", ${JSON.stringify({ mode: "no-cors", ...init })})`);
}

function speculation(action, target) {
  const rules = { [action]: [{ urls: [target], eagerness: "immediate" }] };
  return `<script type="speculationrules">${JSON.stringify(rules)}</script>`;
}

/** Registers a worker with this source, which /worker.js gives back. */
function registering(source) {
  return `navigator.serviceWorker.register("/worker.js?${new URLSearchParams({ source })}")`;
}
