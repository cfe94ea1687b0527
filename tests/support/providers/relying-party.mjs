// A relying party that is not the gate: `oauth4webapi` for the login, `jose` for logout tokens. What a provider of the
// tests does right or wrong is measured by these.

import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import { soon } from "../time.mjs";
import { bodyOf, listening } from "./listening.mjs";

const INSECURE = { [oauth.allowInsecureRequests]: true };
const BACKCHANNEL = "/backchannel";

/** A relying party that ends with `t`. Its addresses are for the provider; `logoutTokens` is what has come in. */
export async function relyingParty(t) {
  const logoutTokens = [];
  const { url, stop } = await listening(async (request, response) => {
    if (request.url === BACKCHANNEL) logoutTokens.push(new URLSearchParams(await bodyOf(request)).get("logout_token"));
    response.end();
  });
  t.after(stop);
  return new RelyingParty(url, logoutTokens);
}

class RelyingParty {
  constructor(url, logoutTokens) {
    this.url = url;
    this.logoutTokens = logoutTokens;
    /** What a provider has to know of it. */
    this.registration = {
      redirectUri: `${url}/callback`,
      backchannelLogoutUri: `${url}${BACKCHANNEL}`,
      postLogoutRedirectUri: `${url}/signed-out`,
    };
  }

  /** Begins a login at a provider: where to send the browser, and what finishes it. */
  async begin(provider, parameters = {}) {
    const server = await metadataOf(provider);
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const url = new URL(server.authorization_endpoint);
    const asked = {
      client_id: provider.clientId,
      response_type: "code",
      scope: "openid email profile",
      redirect_uri: this.registration.redirectUri,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...parameters,
    };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    return { url: url.href, finish: (arrival) => this.#finish(provider, server, arrival, { verifier, state, nonce }) };
  }

  /** All that a relying party checks, the signature of the ID token included. */
  async #finish(provider, server, { url, fields }, { verifier, state, nonce }) {
    const client = { client_id: provider.clientId };
    const authentication = oauth.ClientSecretBasic(provider.clientSecret);
    const answer = fields === undefined ? new URL(url) : new URLSearchParams(fields);
    const parameters = oauth.validateAuthResponse(server, client, answer, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      this.registration.redirectUri,
      verifier,
      INSECURE,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(server, response, INSECURE);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    return { tokens, claims, userInfo: await this.#userInfo(server, client, tokens, claims.sub) };
  }

  async #userInfo(server, client, tokens, sub) {
    const response = await oauth.userInfoRequest(server, client, tokens.access_token, INSECURE);
    return oauth.processUserInfoResponse(server, client, sub, response);
  }

  /** Where a browser signs out at the provider and comes back from. */
  async signOutUrl(provider, tokens, state) {
    const url = new URL((await metadataOf(provider)).end_session_endpoint);
    const asked = {
      id_token_hint: tokens.id_token,
      client_id: provider.clientId,
      post_logout_redirect_uri: this.registration.postLogoutRedirectUri,
      state,
    };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    return url.href;
  }

  /** The next logout token that comes in, verified; `maxTokenAge` stands for the `exp` that some providers leave out. */
  async logoutToken(provider) {
    if (!(await soon(() => this.logoutTokens.length > 0))) throw new Error("no logout token came");
    const keys = createRemoteJWKSet(new URL((await metadataOf(provider)).jwks_uri));
    const { payload, protectedHeader } = await jwtVerify(this.logoutTokens.shift(), keys, {
      issuer: provider.issuer,
      audience: provider.clientId,
      maxTokenAge: "5 min",
    });
    return { claims: payload, header: protectedHeader };
  }
}

/** What a provider says of itself. */
export async function metadataOf({ issuer }) {
  const expected = new URL(issuer);
  const response = await oauth.discoveryRequest(expected, INSECURE);
  return oauth.processDiscoveryResponse(expected, response);
}
