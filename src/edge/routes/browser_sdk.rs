//! The routes of the SuperTokens browser SDK (FDI): refresh and sign-out.

use worker::wasm_bindgen::JsValue;

use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::platform;
use crate::gate::{Absence, Delivery, Standing, lacks_anti_csrf};
use crate::logout::{LogoutRequest, all_logouts, pending, postponed, signed_out_headers};
use crate::response::{Answer, Reason};
use crate::session::{Command, Reply, Scope};
use crate::supertokens::fdi;

/// `POST /auth/session/refresh`.
pub async fn refresh(exchange: &Exchange) -> Result<Answer, JsValue> {
    let (head, config, keys) = (&exchange.head, exchange.config(), exchange.keys());
    if head.method() != "POST" {
        return Ok(Answer::method_not_allowed("POST"));
    }
    let credentials = exchange.credentials().await;
    let (token, delivery) = fdi::refresh_token(head, config, keys);
    let is_ambient = delivery == Delivery::Cookies || token.is_none();
    if is_ambient && let Some(refusal) = exchange.cross_site_refusal(credentials, false) {
        return Ok(refusal);
    }
    if exchange.complete_pending(credentials).await.is_err() {
        return Ok(exchange.unavailable());
    }
    let refused = |absence| fdi::refresh_refused(head, absence, delivery, credentials, config);
    let Some(token) = token else { return Ok(refused(Absence::of_no_use(credentials))) };
    if fdi::lacks_custom_header(head, delivery, config) {
        return Ok(refused(Absence::None).because(Reason::AntiCsrf));
    }
    if let Some(refusal) = exchange.rate_refusal("refresh").await {
        return Ok(refusal);
    }
    let command = Command::Renew {
        id: token.handle.id,
        presented: token.generation,
        nonce: platform::random()?,
        anti_csrf: fdi::anti_csrf(head, token.handle, delivery, config, keys),
        static_key: None,
    };
    let Ok(reply) = exchange.ask(token.handle.object, command).await else {
        return Ok(exchange.unavailable());
    };
    if reply == Reply::AntiCsrfMissing {
        return Ok(refused(Absence::None).because(Reason::AntiCsrf));
    }
    match exchange.settle(reply, token.handle, credentials).await {
        Ok(Standing::SignedIn(identity)) => match &identity.tokens {
            Some(tokens) => {
                Ok(fdi::refreshed(exchange.tokens(tokens, delivery, credentials, credentials.in_conflict())))
            }
            None => Ok(exchange.unavailable()),
        },
        Ok(Standing::SignedOut(absence)) => Ok(refused(absence)),
        Err(Unavailable) => Ok(exchange.unavailable()),
    }
}

/// `POST /auth/signout`.
pub async fn sign_out(exchange: &Exchange) -> Result<Answer, JsValue> {
    let (head, config, keys) = (&exchange.head, exchange.config(), exchange.keys());
    if head.method() != "POST" {
        return Ok(Answer::method_not_allowed("POST"));
    }
    let credentials = exchange.leaving().await;
    if let Some(refusal) = exchange.cross_site_refusal(credentials, false) {
        return Ok(refusal);
    }
    let own = exchange.logouts(credentials, Scope::Current).await;
    if own.is_empty() && credentials.pending.is_empty() {
        let absence = if credentials.has_cookie() { Absence::TryRefresh } else { Absence::None };
        if credentials.in_conflict() {
            return Ok(fdi::refresh_refused(head, absence, Delivery::Cookies, credentials, config));
        }
        return Ok(fdi::nothing_to_sign_out_of(absence));
    }
    if lacks_anti_csrf(head, credentials, config, keys) {
        return Ok(fdi::nothing_to_sign_out_of(Absence::TryRefresh).because(Reason::AntiCsrf));
    }
    let logouts = all_logouts(credentials, own);
    match exchange.end(&logouts).await {
        Ok(_) => {
            let delivery = credentials.delivery();
            let cleared = signed_out_headers(head, config, delivery);
            Ok(Answer::json(200, Reason::LoggedOut, &serde_json::json!({ "status": "OK" })).with_all(cleared))
        }
        Err(failed) => {
            let logouts = postponed(&failed, exchange.now);
            exchange.keep_trying(logouts.clone(), Vec::new());
            let request = LogoutRequest { scope: Scope::Current, return_to: None };
            Ok(pending(head, config, &request, &logouts, keys))
        }
    }
}
