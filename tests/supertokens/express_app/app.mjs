// An application on Express whose sessions are kept by the gate, through the unmodified
// supertokens-node. It runs in a worker thread of its own: the SDK is configured once per process.

import { parentPort, workerData } from "node:worker_threads";
import express from "express";
import supertokens from "supertokens-node";
import frameworkOfExpress from "supertokens-node/framework/express/index.js";
import claims from "supertokens-node/recipe/session/claims.js";
import sessionOfExpress from "supertokens-node/recipe/session/framework/express/index.js";
import Session from "supertokens-node/recipe/session/index.js";

const { connectionURI, apiKey, session } = workerData;
const { verifySession } = sessionOfExpress;
const { RecipeUserId } = supertokens;

let coreCalls = [];

const HasPaid = new claims.BooleanClaim({ key: "paid", fetchValue: (userId) => userId.startsWith("customer") });

// Functions that take more than JSON get it here; all others are the SDK's own.
const functions = {
  createNewSessionWithoutRequestResponse: (tenantId, userId, ...rest) =>
    Session.createNewSessionWithoutRequestResponse(tenantId, new RecipeUserId(userId), ...rest),
  fetchAndSetClaim: (handle) => Session.fetchAndSetClaim(handle, HasPaid),
  setClaimValue: (handle, value) => Session.setClaimValue(handle, HasPaid, value),
  getClaimValue: (handle) => Session.getClaimValue(handle, HasPaid),
  removeClaim: (handle) => Session.removeClaim(handle, HasPaid),
  validateClaimsForSessionHandle: (handle) =>
    Session.validateClaimsForSessionHandle(handle, () => [HasPaid.validators.isTrue()]),
  coreCalls() {
    const made = coreCalls;
    coreCalls = [];
    return made;
  },
};

const app = express();
const server = app.listen(0, "127.0.0.1", () => {
  const url = `http://localhost:${server.address().port}`;
  connect(url);
  route();
  parentPort.postMessage({ url });
});

function connect(url) {
  supertokens.init({
    framework: "express",
    supertokens: { connectionURI, apiKey: apiKey ?? undefined, networkInterceptor: recordCall },
    appInfo: { appName: "tests", apiDomain: url, websiteDomain: url },
    recipeList: [Session.init(session)],
  });
}

function recordCall(request) {
  coreCalls.push(`${request.method.toUpperCase()} ${new URL(request.url).pathname}`);
  return request;
}

function route() {
  app.use(frameworkOfExpress.middleware());
  app.use(express.json());
  app.post("/login", async (request, response) => response.json(described(await login(request, response))));
  app.all("/me", verifySession(), (request, response) => response.json(described(request.session)));
  app.all("/me/now", verifySession({ checkDatabase: true }), (request, response) =>
    response.json(described(request.session)),
  );
  app.get("/maybe", verifySession({ sessionRequired: false }), (request, response) =>
    response.json({ signedIn: request.session !== undefined }),
  );
  app.get(
    "/paid",
    verifySession({ overrideGlobalClaimValidators: () => [HasPaid.validators.isTrue(0)] }),
    (request, response) => response.json(described(request.session)),
  );
  app.put("/payload", verifySession(), async (request, response) => {
    await request.session.mergeIntoAccessTokenPayload(request.body);
    response.json(described(request.session));
  });
  app.put("/data", verifySession(), async (request, response) => {
    await request.session.updateSessionDataInDatabase(request.body);
    response.json(await request.session.getSessionDataFromDatabase());
  });
  app.post("/logout", verifySession(), async (request, response) => {
    await request.session.revokeSession();
    response.json({});
  });
  app.post("/functions/:name", call);
  app.use(frameworkOfExpress.errorHandler());
  app.use((error, _request, response, _next) => response.status(500).json({ message: error.message }));
}

function login(request, response) {
  const { userId, tenantId = "public", payload, data } = request.body;
  return Session.createNewSession(request, response, tenantId, new RecipeUserId(userId), payload, data);
}

async function call(request, response) {
  const { name } = request.params;
  const run = functions[name] ?? Session[name];
  try {
    const result = await run(...request.body);
    response.json({ result: typeof result?.getHandle === "function" ? described(result) : result });
  } catch ({ type, message, payload }) {
    response.json({ error: { type, message, payload } });
  }
}

function described(session) {
  return {
    handle: session.getHandle(),
    userId: session.getUserId(),
    recipeUserId: session.getRecipeUserId().getAsString(),
    tenantId: session.getTenantId(),
    payload: session.getAccessTokenPayload(),
    tokens: session.getAllSessionTokensDangerously(),
  };
}
