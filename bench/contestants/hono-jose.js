// Hono, its cookie helper, and `jose` for the same token that the gate checks. Stateless: it can log nobody out.

import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { getCookie } from "hono/cookie";
import { createLocalJWKSet, jwtVerify } from "jose";

const keys = createLocalJWKSet(env.JWKS);
const app = new Hono();

app.use(async (c, next) => {
  const token = getCookie(c, "__Host-sAccessToken");
  if (!token) return c.json({ message: "unauthorised" }, 401);
  try {
    const { payload } = await jwtVerify(token, keys, { algorithms: ["EdDSA"] });
    c.set("user", payload.sub);
  } catch {
    return c.json({ message: "unauthorised" }, 401);
  }
  await next();
});

app.all("*", (c) => {
  const request = new Request(c.req.raw);
  request.headers.set("x-user", c.get("user"));
  return c.env.ORIGIN.fetch(request);
});

export default app;
