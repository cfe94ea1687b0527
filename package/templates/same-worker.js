// The gate, and behind it the application, in one Worker: every request goes to the gate, which asks the application.

import gate, { SidIndex, UserSessions } from "session-gate";
import app from "./app.js";

export { SidIndex, UserSessions };

export default {
  fetch: (request, env, ctx) => gate.fetch(request, { ...env, ORIGIN: app }, ctx),
};
