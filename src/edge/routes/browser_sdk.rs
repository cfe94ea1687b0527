//! The routes of the SuperTokens browser SDK (FDI): refresh and sign-out.

use serde_json::json;

use super::Served;
use super::logout::with_login_cookies;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::object::end::Ended;
use crate::edge::platform;
use crate::edge::provider::leave::leave;
use crate::edge::standing::{renewed, settle};
use crate::gate::{Absence, Answered, SessionChange, Standing};
use crate::logout::{LogoutRequest, all_logouts, clear_site_data, pending, postponed};
use crate::response::{Answer, Reason};
use crate::session::{Command, Reply, Scope};
use crate::supertokens::fdi;
use crate::supertokens::wire::Delivery;
use crate::token::RefreshToken;

/// `POST /auth/session/refresh`.
pub async fn refresh(exchange: &Exchange, renewal: Option<(Option<RefreshToken>, Delivery)>) -> Served {
    let (head, config, keys) = (&exchange.head, exchange.config(), exchange.keys());
    let credentials = exchange.credentials().await;
    let (token, delivery) = renewal.ok_or(Unavailable)?;
    let refused = |absence| fdi::refresh_refused(absence, delivery);
    let Some(token) = token else { return Ok(refused(Absence::of_no_use(credentials))) };
    let command = Command::Renew {
        id: token.handle.id,
        presented: token.generation,
        nonce: platform::nonce()?,
        anti_csrf: fdi::anti_csrf(head, token.handle, delivery, config, keys),
        static_key: None,
    };
    let reply = exchange.ask(token.handle.object, command).await?;
    if reply == Reply::AntiCsrfMissing {
        return Ok(refused(Absence::None).because(Reason::AntiCsrf));
    }
    match settle(exchange, reply, token.handle, credentials).await? {
        Standing::SignedIn(identity) => {
            let change = renewed(identity.tokens.ok_or(Unavailable)?, delivery);
            Ok(Answered { answer: Answer::json(200, Reason::Ok, &json!({})), change })
        }
        Standing::SignedOut(absence) => Ok(refused(absence)),
    }
}

/// `POST /auth/signout`.
pub async fn sign_out(exchange: &Exchange) -> Served {
    let (head, config) = (&exchange.head, exchange.config());
    let credentials = exchange.credentials_for_logout().await;
    let own = exchange.logouts(credentials, Scope::Current).await;
    if own.is_empty() && credentials.pending.is_empty() {
        let absence = if credentials.has_cookie() { Absence::TryRefresh } else { Absence::None };
        return Ok(if credentials.in_conflict() {
            fdi::refresh_refused(absence, Delivery::Cookies)
        } else {
            fdi::nothing_to_sign_out_of(absence).into()
        });
    }
    match exchange.end(&all_logouts(credentials, own)).await {
        Ok(Ended { left, .. }) => {
            let provider = match &left {
                Some((object, left)) => leave(exchange, *object, left, None).await,
                None => None,
            };
            let json = match provider.as_ref().and_then(|provider| provider.url.as_ref()) {
                Some(url) => json!({ "status": "OK", "providerLogout": url }),
                None => json!({ "status": "OK" }),
            };
            let answer = clear_site_data(Answer::json(200, Reason::LoggedOut, &json), config);
            let change = SessionChange::Ended(credentials.delivery());
            Ok(Answered { answer: with_login_cookies(exchange, answer, provider.is_some()), change })
        }
        Err(failed) => {
            let logouts = postponed(&failed, exchange.now);
            exchange.keep_trying(logouts.clone(), Vec::new());
            let request = LogoutRequest { scope: Scope::Current, return_to: None };
            Ok(pending(head, config, &request, &logouts, exchange.keys()).into())
        }
    }
}
