// The identity provider of the demo: `oidc-provider` on the loopback, which takes any name. It ends with the demo, and its
// keys are kept with the demo's sessions, so that both know each other after a restart.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { Stop } from "./run.mjs";

const HOST = "127.0.0.1";
const KEY = "demo";
const NAME = "the demo provider";
const CLIENT_ID = "gate";
const SIGN_IN = "/sign-in/";
const DAY = 86_400;
const LIFETIMES = ["AccessToken", "Grant", "IdToken", "Interaction", "RefreshToken", "Session"];
const SCOPES = ["openid", "email", "profile", "offline_access"];

/**
 * Starts it at a port, or at any free one for 0; `file` is where its keys are kept. `bindings` are for the gate, and
 * `register` tells it where the gate is.
 */
export async function startDemoProvider(port, file) {
  const server = createServer();
  await listening(server, port);
  const { port: used } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const issuer = `http://${HOST}:${used}`;
  const secrets = secretsIn(file);
  const clients = new Map();
  server.on("request", await handler(issuer, secrets, clients));
  return {
    issuer,
    bindings: {
      PROVIDERS: [{ key: KEY, name: NAME, issuer, client_id: CLIENT_ID }],
      PROVIDER_SECRET_DEMO: secrets.client,
    },
    register: (gate) => clients.set(CLIENT_ID, client(gate, secrets)),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listening(server, port) {
  return new Promise((resolve, reject) => {
    server.once("error", ({ code }) => reject(new Stop(`port ${port} cannot be used for ${NAME} (${code})`)));
    server.listen(port, HOST, resolve);
  });
}

function secretsIn(file) {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8"));
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const random = () => randomBytes(32).toString("hex");
  const made = { key: privateKey.export({ format: "jwk" }), client: random(), cookies: random() };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  return made;
}

const client = (gate, secrets) => ({
  client_id: CLIENT_ID,
  client_secret: secrets.client,
  grant_types: ["authorization_code", "refresh_token"],
  redirect_uris: [`${gate}/auth/callback/${KEY}`],
  post_logout_redirect_uris: [`${gate}/auth/signed-out`],
  backchannel_logout_uri: `${gate}/auth/backchannel-logout/${KEY}`,
  backchannel_logout_session_required: true,
});

/** Its own pages for the questions, and the library for everything else. */
async function handler(issuer, secrets, clients) {
  const { Provider } = await withoutNotices(() => import("oidc-provider"));
  const { createMemoryAdapter } = await import("oidc-provider/lib/adapters/memory_adapter.js");
  const inMemory = createMemoryAdapter();
  const adapter = (model) => (model === "Client" ? { find: async (id) => clients.get(id) } : inMemory(model));
  const provider = await withoutNotices(() => new Provider(issuer, { ...configuration(secrets), adapter }));
  const rest = await withoutNotices(() => provider.callback());
  return async (request, response) => {
    if (!request.url.startsWith(SIGN_IN)) return rest(request, response);
    try {
      await signIn(provider, request, response);
    } catch {
      // The question has been answered already, or was asked too long ago.
      html(response, 400, "Please start again", "<p>Go back to the demo application, and sign in from there.</p>");
    }
  };
}

async function signIn(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const name = request.method === "POST" ? new URLSearchParams(await bodyOf(request)).get("name")?.trim() : undefined;
  if (!name || name.length > 100) return html(response, 200, "Sign in with the demo provider", form(params.login_hint));
  await provider.interactionFinished(request, response, { login: { accountId: name } });
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function configuration(secrets) {
  return {
    jwks: { keys: [{ ...secrets.key, kid: "demo-1", use: "sig", alg: "RS256" }] },
    cookies: { keys: [secrets.cookies] },
    scopes: SCOPES,
    claims: { openid: ["sub", "sid"], email: ["email", "email_verified"], profile: ["name"] },
    ttl: Object.fromEntries(LIFETIMES.map((model) => [model, DAY])),
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
    },
    interactions: { url: (_context, interaction) => `${SIGN_IN}${interaction.uid}` },
    issueRefreshToken: () => true,
    loadExistingGrant: grantAll,
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub, ...emailOf(sub) }) }),
    // Its own protection against requests to private addresses would refuse the gate, which is on the loopback.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  };
}

const emailOf = (name) => (/^[\w.-]+$/.test(name) ? { email: `${name}@example.com`, email_verified: true } : undefined);

/** Nobody is asked what the application may know: it is the demo's own. */
async function grantAll({ oidc: { provider, session, client } }) {
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope(SCOPES.join(" "));
  await grant.save();
  return grant;
}

function logoutSource(context, logoutForm) {
  context.body = page(
    "Sign out of the demo provider too?",
    `<p>You are signed out of the demo application.</p>${logoutForm}
    <p><button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
    <button form="op.logoutForm" class="quiet">No, stay signed in</button></p>`,
  );
}

function postLogoutSuccessSource(context) {
  context.body = page("You are signed out", "<p>You may close this page.</p>");
}

const form = (hint = "") => `<p>Any name will do: there are no passwords.</p>
  <form method="post"><label for="name">Your name</label>
  <input id="name" name="name" value="${escaped(hint)}" required maxlength="100" autocomplete="username" autofocus>
  <p><button>Sign in</button></p></form>`;

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function html(response, status, title, body) {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  response.end(page(title, body));
}

const page = (title, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title}</title><style>
body{max-width:26rem;margin:12vh auto 0;padding:0 1rem;font:1rem/1.55 system-ui,sans-serif}
label{display:block;font-weight:600}
input,button{padding:.6rem .9rem;border:1px solid #8888;border-radius:.5rem;font:inherit}
input{box-sizing:border-box;width:100%}button{font-weight:600;cursor:pointer}button.quiet{font-weight:400}
</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`;

/** The library warns of Node's version and of what every deployment should think about; this one is a demo. */
async function withoutNotices(start) {
  const { info, warn } = console;
  const silent = () => {};
  Object.assign(console, { info: silent, warn: silent });
  try {
    return await start();
  } finally {
    Object.assign(console, { info, warn });
  }
}
