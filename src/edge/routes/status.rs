//! What anybody may ask of the gate: its public keys, and whether it is up.

use serde_json::json;
use worker::wasm_bindgen_futures::JsFuture;

use super::Served;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::platform::{self, Changes};
use crate::gate::Answered;
use crate::request::{HOPS, mark};
use crate::response::{Answer, Reason};
use crate::session::{Command, Envelope, object_name};

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
    let (status, reason, json) = if is_deep {
        let Health { store, application } = deep_health(exchange).await;
        let (status, reason) = match (store, application) {
            (true, true) => (200, Reason::Ok),
            (true, false) => (503, Reason::OriginUnreachable),
            (false, _) => (503, Reason::StoreUnavailable),
        };
        let word = |is_up| if is_up { "ok" } else { "unavailable" };
        let json = json!({
            "status": word(status == 200),
            "store": word(store),
            "application": word(application),
            "version": VERSION,
        });
        (status, reason, json)
    } else {
        (200, Reason::Ok, json!({ "status": "ok", "version": VERSION }))
    };
    Answer::json(status, reason, &json).with("cache-control", "no-store").into()
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name space and the user of the object that is asked: nobody's, since no app is named so.
const NOBODY: (&str, &str) = ("~health", "nobody");

/// Whether the objects and the application answer: looked at once in 5 s by each isolate, whoever asks.
async fn deep_health(exchange: &Exchange) -> Health {
    let public = exchange.head.origin();
    let own = exchange.config().origin_url.as_ref().filter(|_| exchange.origin.is_none());
    let mark = mark(exchange.keys().name(), "HEAD", "/");
    let lines =
        [("x-forwarded-host", public.authority()), ("x-forwarded-proto", public.scheme()), (HOPS, &mark)];
    let mut changes = Changes::default();
    for (name, value) in lines {
        changes.set(name, value);
    }
    let (app_id, user_id) = NOBODY;
    let envelope = Envelope { app_id: app_id.to_owned(), command: Command::List { tenant_id: None } };
    // Who waits for the same look is served, also if this client goes away.
    exchange.client.outlive_request();
    let seen = platform::look(
        &exchange.client.isolate.sessions,
        &object_name(app_id, user_id),
        &serde_json::to_string(&envelope).unwrap_or_default(),
        exchange.origin.as_ref(),
        &format!("{}/", own.unwrap_or(public)),
        changes.as_str(),
    );
    let seen = JsFuture::from(seen).await.ok().and_then(|seen| seen.as_string()).unwrap_or_default();
    Health { store: seen.contains("store"), application: seen.contains("application") }
}

/// What was seen.
struct Health {
    store: bool,
    application: bool,
}
