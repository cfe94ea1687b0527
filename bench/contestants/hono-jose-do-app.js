// What people write when logout has to work: Hono and `jose` as in hono-jose.js, and a Durable Object per user,
// with SQLite, that is asked for the session on every request. Logout deletes it there and clears the cookie.

import { DurableObject, env } from "cloudflare:workers";
import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from "jose";

export const COOKIE = "__Host-sAccessToken";
export const ATTRIBUTES = { path: "/", secure: true, httpOnly: true, sameSite: "Lax" };
const LIFETIME = 8_640_000;

export class Sessions extends DurableObject {
  constructor(ctx, bindings) {
    super(ctx, bindings);
    this.sql = ctx.storage.sql;
    this.createTable();
  }

  createTable() {
    this.sql.exec(
      "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, user TEXT NOT NULL, expires INTEGER NOT NULL)",
    );
  }

  create(id, user) {
    this.sql.exec("INSERT INTO sessions (id, user, expires) VALUES (?, ?, ?)", id, user, Date.now() + LIFETIME * 1000);
  }

  check(id) {
    const [session] = this.sql.exec("SELECT user, expires FROM sessions WHERE id = ?", id);
    return session !== undefined && session.expires > Date.now() ? session : null;
  }

  revoke(id) {
    return this.sql.exec("DELETE FROM sessions WHERE id = ?", id).rowsWritten > 0;
  }
}

const keys = createLocalJWKSet(env.JWKS);
const signingKey = importJWK(env.SIGNING_JWK, "EdDSA");
export const app = new Hono();

export const objectOf = (c, user) => c.env.SESSIONS.get(c.env.SESSIONS.idFromName(user));

export async function claims(c) {
  const token = getCookie(c, COOKIE);
  if (!token) return null;
  try {
    return (await jwtVerify(token, keys, { algorithms: ["EdDSA"] })).payload;
  } catch {
    return null;
  }
}

app.post("/login", async (c) => {
  const user = c.req.query("user");
  const sessionHandle = crypto.randomUUID();
  await objectOf(c, user).create(sessionHandle, user);
  const token = await new SignJWT({ sessionHandle })
    .setProtectedHeader({ alg: "EdDSA", kid: env.SIGNING_JWK.kid })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(await signingKey);
  setCookie(c, COOKIE, token, { ...ATTRIBUTES, maxAge: LIFETIME });
  return c.text("signed in");
});

app.post("/logout", async (c) => {
  const session = await claims(c);
  const revoked = session ? await objectOf(c, session.sub).revoke(session.sessionHandle) : false;
  deleteCookie(c, COOKIE, ATTRIBUTES);
  c.header("cache-control", "no-store");
  return c.json({ status: "OK", revoked: revoked ? 1 : 0 });
});

app.all("*", async (c) => {
  const token = await claims(c);
  const session = token && (await objectOf(c, token.sub).check(token.sessionHandle));
  if (!session) return c.json({ message: "unauthorised" }, 401);
  const request = new Request(c.req.raw);
  request.headers.set("x-user", session.user);
  return c.env.ORIGIN.fetch(request);
});
