// The calls of the reference library that need no request and no response, as a backend
// makes them over the core protocol.

import { coreOf, newSession, renewal, verification } from "./core.mjs";

/**
 * @import { Answering } from "./types.d.ts"
 * @param {Answering} gate
 * @param {Parameters<typeof coreOf>[1]} [options]
 */
export function backendOf(gate, options) {
  const core = coreOf(gate, options);
  const removed = async (body) => (await core.post("/recipe/session/remove", body)).sessionHandlesRevoked;

  return {
    core,
    createNewSession: (userId, given) => core.post("/recipe/session", newSession(userId, given)),
    getSession: (accessToken, given) =>
      core.post("/recipe/session/verify", verification(accessToken, { checkDatabase: true, ...given })),
    refreshSession: (refreshToken, given) => core.post("/recipe/session/refresh", renewal(refreshToken, given)),
    /** Whether this very call ended the session. */
    revokeSession: async (handle) => (await removed({ sessionHandles: [handle] })).length === 1,
    revokeAllSessionsForUser: (userId) => removed({ userId }),
    getAllSessionHandlesForUser: async (userId) => (await core.get("/recipe/session/user", { userId })).sessionHandles,
    /** The record as the object keeps it, or the status that says there is none. */
    getSessionInformation: (sessionHandle) => core.get("/recipe/session", { sessionHandle }),
    updateSessionData: (sessionHandle, userDataInDatabase) =>
      core.put("/recipe/session/data", { sessionHandle, userDataInDatabase }),
    updatePayload: (sessionHandle, userDataInJWT) => core.put("/recipe/jwt/data", { sessionHandle, userDataInJWT }),
  };
}
