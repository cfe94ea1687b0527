//! The way out: what every answer carries besides its own.
//!
//! Invariant: each answer of the gate's own leaves through [`own`] or [`to_backend`]; each of the application's gets
//! what [`additions`] returns.

use worker::wasm_bindgen::JsValue;
use worker::web_sys;

use crate::edge::exchange::Exchange;
use crate::edge::reply;
use crate::gate::{Answered, SessionChange, challenged, strays_expired};
use crate::response::{Answer, ResponseHeaders};
use crate::supertokens::fdi;

/// The response for an answer of the gate's own, readable for allowed origins.
pub async fn own(exchange: &Exchange, answered: impl Into<Answered>) -> Result<web_sys::Response, JsValue> {
    let Answered { mut answer, change } = answered.into();
    let change = if exchange.is_late() { change.late() } else { change };
    answer.headers.extend(session_headers(exchange, &change).await);
    expire_strays(exchange, &mut answer);
    add_common(exchange, &mut answer.headers);
    if !answer.headers.has("access-control-allow-origin") {
        answer = answer.with_all(fdi::cors(&exchange.head, exchange.config()));
    }
    to_backend(exchange, answer)
}

/// The response for an answer that browsers do not see.
pub fn to_backend(exchange: &Exchange, answer: Answer) -> Result<web_sys::Response, JsValue> {
    exchange.count(answer.reason);
    reply::to_response(&challenged(answer, &exchange.head))
}

/// The headers that an answer of the application's gets.
pub async fn additions(exchange: &Exchange, change: &SessionChange) -> ResponseHeaders {
    let mut headers = session_headers(exchange, change).await;
    add_common(exchange, &mut headers);
    headers
}

async fn session_headers(exchange: &Exchange, change: &SessionChange) -> ResponseHeaders {
    match change {
        SessionChange::Nothing => ResponseHeaders::default(),
        change => change.headers(&exchange.head, exchange.credentials().await, exchange.config()),
    }
}

/// The expiration of a marker whose logouts were completed, and the timing.
fn add_common(exchange: &Exchange, headers: &mut ResponseHeaders) {
    // A late answer leaves the marker to the next one: it may be another by now.
    if exchange.has_completed_pending() && !exchange.is_late() {
        let cleared = exchange.config().cookies.clear_pending();
        if !headers.iter().any(|(_, value)| value == cleared) {
            headers.add("set-cookie", cleared);
            headers.add("cache-control", "no-store");
        }
    }
    if let Some(timing) = exchange.server_timing() {
        headers.add("server-timing", timing);
    }
}

/// Expires the cookies of the request that prove nothing, unless the answer says already what becomes of the gate's
/// cookies. A refusal that changes nothing changes no cookie either, and a late answer leaves them to the next one.
fn expire_strays(exchange: &Exchange, answer: &mut Answer) {
    if matches!(answer.status, 403 | 503) || answer.headers.has("set-cookie") {
        return;
    }
    let strays = exchange.credentials_if_read().map(|credentials| credentials.strays).unwrap_or_default();
    if strays.any() && exchange.is_late() {
        return;
    }
    for cookie in strays_expired(strays, exchange.head.origin().host(), exchange.config()) {
        answer.headers.add("set-cookie", cookie);
    }
}
