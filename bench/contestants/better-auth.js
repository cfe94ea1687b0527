// better-auth with Hono and D1, after the guides of its documentation for these: the session is looked up in the
// database on every request, which is its default.

import { env } from "cloudflare:workers";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { Hono } from "hono";

const auth = betterAuth({
  database: env.DB,
  baseURL: "https://app.example.com",
  secret: env.BETTER_AUTH_SECRET,
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
});

const app = new Hono();

// The tables, which its command line makes elsewhere.
app.post("/migrate", async (c) => {
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  return c.text("done");
});

app.on(["GET", "POST"], "/api/auth/*", (c) => auth.handler(c.req.raw));

app.use(async (c, next) => {
  const session = await auth.api.getSession({ headers: c.req.raw.headers });
  if (!session) return c.json({ message: "unauthorised" }, 401);
  c.set("user", session.user);
  await next();
});

app.all("*", (c) => {
  const request = new Request(c.req.raw);
  request.headers.set("x-user", c.get("user").id);
  return c.env.ORIGIN.fetch(request);
});

export default app;
