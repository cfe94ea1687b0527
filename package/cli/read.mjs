// What people type, as what the gate takes; else an error that says what it must be.

import { TEMPLATES } from "./project.mjs";

/** A template by its name, or by a part of it that only one has; what a name begins with comes first. */
export function asTemplate(text) {
  const names = Object.keys(TEMPLATES);
  const tries = [(name) => name === text, (name) => name.startsWith(text), (name) => name.includes(text)];
  const found = tries.map((isMeant) => names.filter(isMeant)).find((meant) => meant.length === 1);
  if (found === undefined) throw new Error(`--template must be one of ${names.join(", ")}`);
  return found[0];
}

/** Scheme, host and port. */
export function asOrigin(text) {
  const url = parsed(text);
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && `${url.pathname}${url.search}${url.hash}` === "/";
  if (!isOrigin || url.username !== "") {
    throw new Error("the application's address must be an origin, like http://127.0.0.1:8000, without a path");
  }
  return url.origin;
}

/** A path, or an address elsewhere. */
export function asLogin(text) {
  if (/^\/(?![/\\])[^\s\\]*$/.test(text)) {
    if (/^\/(auth|logout)(\/|\?|$)/.test(text) && !/^\/auth\/login(\?|$)/.test(text)) {
      throw new Error(`${text} is the gate's own: the login page must be another one`);
    }
    return text;
  }
  if (isSecure(parsed(text))) return text;
  throw new Error("the login page must be a path, like /login, or an https: address");
}

/** Exactly as it is written: providers compare it. */
export function asIssuer(text) {
  if (isSecure(parsed(text))) return text;
  throw new Error("the provider's issuer must be an address like https://idp.example.com (http: on this machine only)");
}

function isSecure(url) {
  const isLocal = url !== null && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLocal));
}

function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
