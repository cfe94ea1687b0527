// Serves the pages of logout-ways.mjs on every origin that asks, and takes a browser to them.

import { LOGOUT_WAYS, PAGE_WITH_WORKER } from "./logout-ways.mjs";

const PAGES = {
  "/way": (response, query) =>
    answer(response, "text/html", LOGOUT_WAYS[query.get("way")].html(query.get("target"), query.get("hop"))),
  "/with-worker": (response) => answer(response, "text/html", PAGE_WITH_WORKER),
  "/worker.js": (response, query) => answer(response, "text/javascript", query.get("source")),
  "/hop": (response, query) => response.writeHead(302, { location: query.get("target") }).end(),
};

/** For `startWireTap`. */
export function serveWayPages(request, response) {
  const { pathname, searchParams } = new URL(request.url, "https://any");
  const page = PAGES[pathname];
  page?.(response, searchParams);
  return page !== undefined;
}

/** An address on `origin` that redirects to `target`. */
export function hopOn(origin, target) {
  return `${origin}/hop?${new URLSearchParams({ target })}`;
}

/** Opens the page on `origin` that touches `target` in this way, and does what a person does there. */
export async function touch(page, { way, origin, target, hop }) {
  const query = new URLSearchParams({ way: String(LOGOUT_WAYS.indexOf(way)), target, hop });
  // The page may leave before it has loaded, so only its beginning is waited for.
  await page.goto(`${origin}/way?${query}`, { waitUntil: "commit" });
  await way.act(page, target);
}

export async function installPassingWorker(page, origin) {
  await page.goto(`${origin}/with-worker`);
  await page.getByRole("heading", { name: "The worker is at work" }).waitFor();
}

function answer(response, type, body) {
  response.writeHead(200, { "content-type": type }).end(body);
}
