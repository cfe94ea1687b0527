// Writes the seeds of the targets of crates/oidc, `node fuzz/oidc-seeds.mjs`: what providers send, as it was received from
// them, with the names of the provider in src/provider.rs. No gate is needed.

import { writeSeeds } from "./write-seeds.mjs";

const NOW = 1_800_000_000;
const ISSUER = "https://idp.example";
const NONCE = "A".repeat(43);
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const NUMBER = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

const json = JSON.stringify;
const token = (header, claims) => `${json({ alg: "EdDSA", kid: "o", ...header })}\n${json(claims)}`;
const person = { iss: ISSUER, sub: "u", aud: "gate", exp: NOW + 300, iat: NOW, nonce: NONCE };
const logout = {
  iss: ISSUER,
  sub: "u",
  sid: "0123456789abcdef",
  aud: "gate",
  iat: NOW,
  jti: "j",
  events: { [EVENT]: {} },
};

/** The first byte of a document chooses its reader, the second its status. */
const document = (kind, status, content) =>
  `${"defgh"[kind]}${status}${typeof content === "string" ? content : json(content)}`;
const [OK, CREATED, BAD] = ["h", "i", "k"];

await writeSeeds({
  oidc_token: {
    "id-token": token({ typ: "JWT" }, person),
    "id-token-fraction": token(
      {},
      { ...person, aud: ["gate"], auth_time: NOW - 0.25, acr: "mfa", sid: "s", azp: "gate" },
    ),
    "id-token-es256": token({ alg: "ES256", kid: "e" }, { ...person, nbf: NOW, auth_time: 0, c_hash: "x" }),
    "logout-token": token({ typ: "logout+jwt" }, { ...logout, exp: NOW + 120 }),
    "logout-token-no-exp": token({ typ: "JWT" }, logout),
    "security-event": token(
      { typ: "secevent+jwt" },
      {
        iss: ISSUER,
        aud: "gate",
        iat: NOW,
        jti: "j",
        events: { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} },
        sub_id: { format: "iss_sub", iss: ISSUER, sub: "u" },
      },
    ),
    both: token({}, { ...logout, nonce: NONCE, exp: NOW + 120 }),
    extension: token({ crit: ["b64"], b64: false }, person),
    none: token({ alg: "none" }, person),
    twice: `{"alg":"EdDSA","alg":"none","kid":"o"}\n{"sub":"u","sub":"v"}`,
    text: "eyJhbGciOiJFZERTQSIsImtpZCI6Im8ifQ.e30.AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ",
  },
  oidc_document: {
    metadata: document(0, OK, {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/jwks`,
      userinfo_endpoint: `${ISSUER}/me`,
      end_session_endpoint: `${ISSUER}/logout`,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      id_token_signing_alg_values_supported: ["RS256"],
      authorization_response_iss_parameter_supported: true,
      pushed_authorization_request_endpoint: `${ISSUER}/par`,
      backchannel_logout_supported: true,
      prompt_values_supported: ["none", "login"],
    }),
    keys: document(1, OK, {
      keys: [
        { kty: "OKP", crv: "Ed25519", x: NUMBER, kid: "o", alg: "EdDSA", use: "sig" },
        { kty: "EC", crv: "P-256", x: NUMBER, y: NUMBER, key_ops: ["verify"] },
        { kty: "RSA", n: `${"_".repeat(341)}w`, e: "AQAB", kid: "r", alg: "RS256" },
        { kty: "oct", k: "AAAA" },
      ],
    }),
    tokens: document(2, OK, {
      access_token: "a",
      token_type: "Bearer",
      id_token: "i",
      refresh_token: "r",
      expires_in: 60,
    }),
    refused: document(2, BAD, { error: "invalid_grant", error_description: "used" }),
    pushed: document(3, CREATED, { request_uri: "urn:ietf:params:oauth:request_uri:x", expires_in: 60 }),
    userinfo: document(4, OK, {
      sub: "u",
      email: "u@example.com",
      email_verified: true,
      groups: ["a", "b"],
      hasgroups: true,
    }),
    "userinfo-cut-off": document(4, OK, { sub: "u", groups: ["g".repeat(120)], _claim_names: { groups: "src1" } }),
  },
  oidc_response: {
    code: `code=abc%2Fdef&state=xyz&iss=${encodeURIComponent(ISSUER)}&session_state=1.2`,
    error: `error=access_denied&error_description=no+way&state=xyz&iss=${encodeURIComponent(ISSUER)}`,
    both: "code=a&error=b&state=c&state=d",
    "logout-token": "logout_token=eyJhbGciOiJFZERTQSJ9.e30.AQ",
    "front-channel": `sid=0123456789abcdef&iss=${encodeURIComponent(ISSUER)}`,
    "front-channel-user": "sid=dwho",
  },
  oidc_url: {
    plain: `${ISSUER}\nx\n${ISSUER}`,
    query: `${ISSUER}:8443/a/b?p=q\na b&c=d\n`,
    tenant: "https://login.example/common/v2.0\ns\nhttps://login.example/{tenantid}/v2.0",
    local: "http://127.0.0.1:1234/x\n\u00fc\n",
    "local-6": "http://[::1]/\n\n",
    user: "https://idp.example@evil.example/\n\n",
  },
});
