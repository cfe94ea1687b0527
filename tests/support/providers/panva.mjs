// `oidc-provider`, the certified one, as it comes: its own forms, where any login name will do.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { listening } from "./listening.mjs";
import { Person } from "./person.mjs";
import { quietly } from "./quietly.mjs";

const HOUR = 3600;
const LIFETIMES = ["AccessToken", "Grant", "IdToken", "Interaction", "RefreshToken", "Session"];

/**
 * An `oidc-provider` that ends with `t`. `people` has claims by login name, beside those that everybody has; `configure`
 * changes its configuration before it is used.
 */
export async function panva(t, { people = {}, configure = (configuration) => configuration } = {}) {
  const { server, url, stop } = await listening();
  t.after(stop);
  const clients = new Map();
  const handle = await quietly(async () => {
    const { Provider } = await import("oidc-provider");
    const adapter = await adapterWith(clients);
    return new Provider(url, configure({ ...configurationFor(people), adapter })).callback();
  });
  server.on("request", handle);
  return new Panva(url, clients, stop);
}

/** Keeps everything in memory, and the clients where they can be changed while it runs. */
async function adapterWith(clients) {
  const { createMemoryAdapter } = await import("oidc-provider/lib/adapters/memory_adapter.js");
  const inMemory = createMemoryAdapter();
  return (model) => (model === "Client" ? { find: async (id) => clients.get(id) } : inMemory(model));
}

class Panva {
  clientId = "gate";
  clientSecret = randomBytes(24).toString("base64url");
  #clients;

  constructor(issuer, clients, stop) {
    this.issuer = issuer;
    this.#clients = clients;
    this.stop = stop;
  }

  /** Makes the client known, or changes what is known of it; `more` is metadata in the provider's own words. */
  async register({ redirectUri, backchannelLogoutUri, postLogoutRedirectUri, ...more }) {
    this.#clients.set(this.clientId, {
      client_id: this.clientId,
      client_secret: this.clientSecret,
      client_name: "The gate",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [postLogoutRedirectUri],
      backchannel_logout_uri: backchannelLogoutUri,
      backchannel_logout_session_required: true,
      ...more,
    });
  }

  person() {
    return new PanvaPerson(this.issuer);
  }
}

class PanvaPerson extends Person {
  #issuer;

  constructor(issuer) {
    super();
    this.#issuer = issuer;
  }

  /** Through the forms for login and consent, as far as they are shown, to the callback. */
  signIn(authorizationUrl, user) {
    return this.walk(authorizationUrl, { login: user, password: "any" });
  }

  /** Says yes to the question whether to sign out, and comes to where the provider sends people then. */
  confirmSignOut(endSessionUrl) {
    return this.walk(endSessionUrl, { logout: "yes" });
  }

  /** Says no to it. */
  declineSignOut(endSessionUrl) {
    return this.walk(endSessionUrl, {});
  }

  /** Signs out at the provider, where no application is named. */
  signOutThere() {
    return this.confirmSignOut(`${this.#issuer}/session/end`);
  }
}

function configurationFor(people) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "panva-1", use: "sig", alg: "RS256" }] },
    cookies: { keys: [randomBytes(24).toString("base64url")] },
    scopes: ["openid", "offline_access", "email", "profile"],
    claims: { openid: ["sub", "sid"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    pkce: { required: () => true },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => client.clientId === token.clientId },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
    },
    // It has defaults for all of these, and warns of each.
    ttl: Object.fromEntries(LIFETIMES.map((model) => [model, HOUR])),
    issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => claimsOf(sub, people[sub]) }),
    // Its own protection against requests to private addresses would refuse the loopback.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  };
}

const claimsOf = (sub, own) => ({
  sub,
  email: `${sub}@example.com`,
  email_verified: true,
  name: `Name of ${sub}`,
  groups: ["people"],
  ...own,
});

function logoutSource(context, form) {
  context.body = `<!doctype html><title>Sign out?</title>${form}
    <button type="submit" form="op.logoutForm" value="yes" name="logout">Yes, sign me out</button>
    <button type="submit" form="op.logoutForm">No, stay signed in</button>`;
}

function postLogoutSuccessSource(context) {
  context.body = "<!doctype html><title>Signed out</title><p>You are signed out.</p>";
}
