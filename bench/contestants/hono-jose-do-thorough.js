// The same as hono-jose-do with a logout that does all that the gate's does: it expires as many cookies, tells the page
// and the SDK, writes the event, and gives back the storage of a user whose last session it was. It shows what these
// cost without the gate.

import { Hono } from "hono";
import { deleteCookie } from "hono/cookie";
import { ATTRIBUTES, COOKIE, claims, objectOf, Sessions as PlainSessions, app as plain } from "./hono-jose-do-app.js";

// The gate's own names under either prefix, and those that SuperTokens gave, as this host may have been left with them.
const COOKIES = [
  COOKIE,
  "__Host-sRefreshToken",
  "__Host-sLogoutPending",
  "__Secure-sAccessToken",
  "__Secure-sRefreshToken",
  "__Secure-sLogoutPending",
  "sAccessToken",
  "sRefreshToken",
  "sIdRefreshToken",
].map((name) => [name, ATTRIBUTES]);
const AT_REFRESH = ["__Secure-sRefreshToken", "sAccessToken", "sRefreshToken", "sIdRefreshToken"].map((name) => [
  name,
  { ...ATTRIBUTES, path: "/auth/session/refresh" },
]);

export class Sessions extends PlainSessions {
  create(id, user) {
    if (this.isEmpty) this.createTable();
    this.isEmpty = false;
    super.create(id, user);
  }

  async revoke(id, user) {
    const revoked = super.revoke(id);
    if ([...this.sql.exec("SELECT id FROM sessions LIMIT 1")].length === 0) {
      this.isEmpty = true;
      await this.ctx.storage.deleteAll();
    }
    console.log(JSON.stringify({ event: "session_logout", at: Date.now(), handle: id, user: await pseudonym(user) }));
    return revoked;
  }
}

const key = crypto.subtle.importKey("raw", new Uint8Array(64), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

async function pseudonym(user) {
  const tag = await crypto.subtle.sign("HMAC", await key, new TextEncoder().encode(user));
  return btoa(String.fromCharCode(...new Uint8Array(tag, 0, 12)));
}

const app = new Hono();

app.post("/logout", async (c) => {
  const session = await claims(c);
  const revoked = session ? await objectOf(c, session.sub).revoke(session.sessionHandle, session.sub) : false;
  for (const [name, attributes] of [...COOKIES, ...AT_REFRESH]) deleteCookie(c, name, attributes);
  c.header("cache-control", "no-store");
  c.header("clear-site-data", '"storage"');
  c.header("front-token", "remove");
  c.header("access-control-expose-headers", "front-token");
  c.header("x-content-type-options", "nosniff");
  return c.json({ status: "OK", revoked: revoked ? 1 : 0 });
});

app.route("/", plain);

export default app;
