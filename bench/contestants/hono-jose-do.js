// A Worker's main module may export nothing but what the platform calls.

export { app as default, Sessions } from "./hono-jose-do-app.js";
