// A Worker's main module may export nothing but what the platform calls.

export { Sessions, app as default } from "./hono-jose-do-app.js";
