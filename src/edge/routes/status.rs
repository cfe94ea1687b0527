//! What anybody may ask of the gate: its public keys, and whether it is up.

use worker::wasm_bindgen_futures::JsFuture;

use super::Served;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::platform::{self, Changes};
use crate::gate::Answered;
use crate::request::{HOPS, mark};
use crate::response::{Answer, Body, Reason};

/// `GET /auth/jwt/jwks.json`.
pub async fn jwks(exchange: &Exchange) -> Served {
    let keys = exchange.keys();
    let jwks = exchange.client.isolate.signatures.jwks(keys, exchange.now).await.ok_or(Unavailable)?;
    let max_age = format!("public, max-age={}", keys.jwks_max_age());
    Ok(Answer::json(200, Reason::Ok, &jwks).with("cache-control", max_age).into())
}

/// `GET /auth/health`; with `?deep`, whether what the gate stands on is up as well.
pub async fn health(exchange: &Exchange) -> Answered {
    let is_deep = exchange.head.query().split('&').any(|one| one == "deep" || one.starts_with("deep="));
    let [store, application] = if is_deep { deep_health(exchange).await } else { [OK, OK] };
    let (status, reason, word) = match (store, application) {
        (OK, OK) => (200, Reason::Ok, OK),
        (OK, down) => (503, Reason::OriginUnreachable, down),
        (down, _) => (503, Reason::StoreUnavailable, down),
    };
    let parts =
        if is_deep { [",\"store\":\"", store, "\",\"application\":\"", application, "\""] } else { [""; 5] };
    let json = ["{\"status\":\"", word, "\"", &parts.concat(), ",\"version\":\"", VERSION, "\"}"].concat();
    Answer::new(status, reason, Body::Json(json)).with("cache-control", "no-store").into()
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const OK: &str = "ok";

/// Whether the objects and the application answer, in a word: looked at once in 5 s by each isolate, whoever asks.
async fn deep_health(exchange: &Exchange) -> [&'static str; 2] {
    let public = exchange.head.origin();
    let own = exchange.config().origin_url.as_ref().filter(|_| exchange.origin.is_none());
    let mut changes = Changes::default();
    changes.set(HOPS, &mark(exchange.keys().name(), "HEAD", "/"));
    // Who waits for the same look is served, also if this client goes away.
    exchange.client.outlive_request();
    let (sessions, origin) = (&exchange.client.isolate.sessions, exchange.origin.as_ref());
    let seen = platform::look(sessions, origin, own.unwrap_or(public).as_str(), changes.as_str());
    let seen = JsFuture::from(seen).await.ok().and_then(|seen| seen.as_string()).unwrap_or_default();
    ["store", "application"].map(|part| if seen.contains(part) { OK } else { "unavailable" })
}
