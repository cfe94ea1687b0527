// better-auth with its plug-in that makes it an OpenID provider. It signs with EdDSA.

import { randomBytes } from "node:crypto";
import { listening } from "./listening.mjs";
import { Person } from "./person.mjs";
import { quietly } from "./quietly.mjs";

const PASSWORD = "any-password";
const BASE_PATH = "/api/auth";

/** A provider that ends with `t`. Its people register when they first sign in. */
export async function betterAuth(t) {
  const { server, url, stop } = await listening();
  t.after(stop);
  const tables = { oauthClient: [] };
  const handle = await quietly(() => started(url, tables));
  server.on("request", handle);
  return new BetterAuth(`${url}${BASE_PATH}`, tables, stop);
}

async function started(url, tables) {
  const [{ betterAuth: create }, { memoryAdapter }, { toNodeHandler }, { jwt }, { oauthProvider }] = await Promise.all([
    import("better-auth"),
    import("better-auth/adapters/memory"),
    import("better-auth/node"),
    import("better-auth/plugins"),
    import("@better-auth/oauth-provider"),
  ]);
  const auth = create({
    baseURL: url,
    basePath: BASE_PATH,
    secret: randomBytes(32).toString("base64url"),
    database: memoryAdapter(tables),
    emailAndPassword: { enabled: true },
    databaseHooks: { user: { create: { before: async (user) => ({ data: { ...user, emailVerified: true } }) } } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    disabledPaths: ["/token"],
    plugins: [
      jwt(),
      oauthProvider({
        loginPage: "/login",
        consentPage: "/consent",
        // As they are, because the client's row is not made by its own registration.
        storeClientSecret: { hash: async (secret) => secret },
        customUserInfoClaims: () => ({ groups: ["people"] }),
        silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
      }),
    ],
  });
  for (const model of await modelsOf(auth)) tables[model] ??= [];
  return toNodeHandler(auth);
}

/** The tables that it expects in its memory. */
async function modelsOf(auth) {
  const { getAuthTables } = await import("better-auth/db");
  return Object.values(getAuthTables(auth.options)).map(({ modelName }) => modelName);
}

class BetterAuth {
  clientId = "gate";
  clientSecret = randomBytes(24).toString("base64url");
  #tables;

  constructor(issuer, tables, stop) {
    this.issuer = issuer;
    this.#tables = tables;
    this.stop = stop;
  }

  /** Puts the client into the table: its own registration accepts no address on the loopback. */
  async register({ redirectUri, backchannelLogoutUri, postLogoutRedirectUri }) {
    this.#tables.oauthClient = this.#tables.oauthClient.filter(({ clientId }) => clientId !== this.clientId);
    this.#tables.oauthClient.push({
      id: "1",
      clientId: this.clientId,
      clientSecret: this.clientSecret,
      name: "The gate",
      redirectUris: [redirectUri],
      postLogoutRedirectUris: [postLogoutRedirectUri],
      backchannelLogoutUri,
      backchannelLogoutSessionRequired: true,
      enableEndSession: true,
      skipConsent: true,
      disabled: false,
      tokenEndpointAuthMethod: "client_secret_basic",
      grantTypes: ["authorization_code", "refresh_token"],
      responseTypes: ["code"],
      scopes: ["openid", "email", "profile", "offline_access"],
      createdAt: new Date(),
      updatedAt: new Date(),
    });
  }

  person() {
    return new BetterAuthPerson(this.issuer);
  }
}

class BetterAuthPerson extends Person {
  #issuer;

  constructor(issuer) {
    super();
    this.#issuer = issuer;
  }

  /** Registers, which signs in as well, and goes on to the callback. */
  async signIn(authorizationUrl, user) {
    await this.#post("/sign-up/email", { name: `Name of ${user}`, email: `${user}@example.com`, password: PASSWORD });
    return this.walk(authorizationUrl, {});
  }

  /** Goes through the sign-out; it asks only those who bring no proof of whom they mean. */
  confirmSignOut(endSessionUrl) {
    return this.walk(endSessionUrl, { action: "confirm" });
  }

  /** Signs out at the provider, where no application is named. */
  signOutThere() {
    return this.#post("/sign-out", {});
  }

  async #post(path, body) {
    const response = await this.open(`${this.#issuer}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: new URL(this.#issuer).origin },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }
}
