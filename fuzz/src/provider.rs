//! A provider, as the targets of `crates/oidc` know it.

use oidc::authorize::Secrets;
use oidc::issuer::{Issuer, Tenants};
use oidc::jwks::Jwks;
use oidc::metadata::Metadata;
use serde_json::json;

/// Its issuer.
pub const ISSUER: &str = "https://idp.example";

/// When the tokens among the seeds are good.
pub const NOW: i64 = 1_800_000_000;

/// The access token that came with them.
pub const ACCESS_TOKEN: &str = "access";

/// Its metadata: `iss` is in every response.
pub fn metadata() -> Metadata {
    let document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://idp.example/authorize",
        "token_endpoint": "https://idp.example/token",
        "jwks_uri": "https://idp.example/jwks",
        "id_token_signing_alg_values_supported": ["EdDSA", "ES256"],
        "authorization_response_iss_parameter_supported": true,
    });
    Metadata::parse(document.to_string().as_bytes(), &issuer(), &Tenants::Any).expect("the metadata is good")
}

/// Its keys, whose signatures have 64 bytes.
pub fn keys() -> Jwks {
    let number = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    let keys = json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "x": number, "kid": "o" },
        { "kty": "EC", "crv": "P-256", "x": number, "y": number, "kid": "e" },
    ] });
    Jwks::parse(keys.to_string().as_bytes()).expect("the keys are good")
}

/// The secrets of the attempt that the tokens answer: the nonce is 43 times `A`.
pub fn secrets() -> Secrets {
    Secrets::derive(b"attempt", &issuer(), |_| [0; 32])
}

fn issuer() -> Issuer {
    Issuer::parse(ISSUER).expect("the issuer is good")
}
