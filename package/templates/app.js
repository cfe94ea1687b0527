// The application. It has no session code: it says who logged in with a header of its answer, and reads who is there
// from a header of the request. Its own settings and bindings: `import { env } from "cloudflare:workers"`.

export default {
  async fetch(/** @type {Request} */ request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login" && request.method === "POST") return logIn(await request.formData());
    if (pathname === "/login") return page("Log in", form(searchParams.get("return_to") ?? "/"));
    if (pathname === "/") return page("Home", home(request.headers.get("Gate-User")));
    return page("Not here", "<p>There is no such page.</p>", 404);
  },
};

/** A real application checks a password here. */
function logIn(/** @type {FormData} */ fields) {
  const headers = new Headers({ location: ownPath(String(fields.get("return_to"))) });
  headers.set("Gate-Create-Session", asciiJson({ userId: String(fields.get("user")) }));
  return new Response(null, { status: 303, headers });
}

const form = (/** @type {string} */ returnTo) => `<form method="post" action="/login">
  <label>Your name <input name="user" required autocomplete="username"></label>
  <input type="hidden" name="return_to" value="${escaped(returnTo)}">
  <button>Log in</button>
</form>`;

const home = (/** @type {string | null} */ user) =>
  `<p>Hello ${escaped(decodeURIComponent(user ?? "visitor"))}</p>
<p><a href="/auth/sessions">Your devices</a> <a href="/logout">Log out</a></p>`;

/** The target if it stays on this site: a link may carry any address. */
const ownPath = (/** @type {string} */ target) => (/^\/(?![/\\])[!-~]*$/.test(target) ? target : "/");

/** Headers are ASCII. */
const asciiJson = (/** @type {object} */ value) =>
  JSON.stringify(value).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const escaped = (/** @type {string} */ text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

function page(/** @type {string} */ title, /** @type {string} */ body, status = 200) {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>`;
  return new Response(html, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}
