//! What anybody may ask of the gate: its public keys, and whether it is up.

use serde_json::json;

use super::Served;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::gate::Answered;
use crate::response::{Answer, Reason};

/// `GET /auth/jwt/jwks.json`.
pub async fn jwks(exchange: &Exchange) -> Served {
    let keys = exchange.keys();
    let jwks = exchange.client.isolate.signatures.jwks(keys, exchange.now).await.ok_or(Unavailable)?;
    let max_age = format!("public, max-age={}", keys.jwks_max_age());
    Ok(Answer::json(200, Reason::Ok, &jwks).with("cache-control", max_age).into())
}

/// `GET /auth/health`.
pub fn health() -> Answered {
    Answer::json(200, Reason::Ok, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
        .with("cache-control", "no-store")
        .into()
}
