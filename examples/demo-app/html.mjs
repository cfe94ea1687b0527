// The one way this application writes HTML: whatever is put into a template is escaped.

class Markup {
  constructor(text) {
    this.text = text;
  }
}

/** Markup from a template whose values are escaped, unless they are Markup themselves. */
export function html(strings, ...values) {
  return new Markup(String.raw({ raw: strings }, ...values.map(write)));
}

/** The answer with a whole page in it. */
export function htmlResponse(markup, { status = 200, headers = {} } = {}) {
  return new Response(markup.text, { status, headers: { ...PAGE_HEADERS, ...headers } });
}

function write(value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(write).join("");
  return String(value || "").replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};
