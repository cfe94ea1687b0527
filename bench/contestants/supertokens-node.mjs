// Express with supertokens-node, whose core is the gate: `verifySession` checks the access token offline, as it does
// by default. Its own process, on Node, with no origin behind it: another runtime, so it is told apart.

import express from "express";
import supertokens from "supertokens-node";
import framework from "supertokens-node/framework/express/index.js";
import recipe from "supertokens-node/recipe/session/framework/express/index.js";
import Session from "supertokens-node/recipe/session/index.js";

const { errorHandler, middleware } = framework;
const { verifySession } = recipe;
const { CONNECTION_URI: connectionURI, API_KEY: apiKey } = process.env;

supertokens.init({
  framework: "express",
  supertokens: { connectionURI, apiKey },
  appInfo: { appName: "bench", apiDomain: "https://app.example.com", websiteDomain: "https://app.example.com" },
  recipeList: [Session.init({ antiCsrf: "NONE" })],
  telemetry: false,
});

const app = express();
app.use(middleware());
app.post("/login", async (request, response) => {
  await Session.createNewSession(request, response, "public", new supertokens.RecipeUserId(request.query.user));
  response.send("signed in");
});
app.get("/page", verifySession(), (request, response) => {
  response.send(`the application, for ${request.session.getUserId()}`);
});
app.use(errorHandler());

const server = app.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.once("disconnect", () => process.exit());
