//! A provider's word that a session is over, and the page that it leads back to.
//!
//! Invariant: a logout token ends what it names and what is not later, within 2 s or after the answer; what anybody can
//! send ends what its `sid` leads to, and nothing else.

use std::rc::Rc;
use std::time::Duration;

use oidc::check::FailedCheck;
use oidc::front_channel;
use oidc::logout_token::{self, Ended, MAX_REQUEST};
use oidc::names::SessionId;

use super::Served;
use crate::config::{LogoutTokenScope, Provider};
use crate::edge::body;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::{self, ObjectClient, Unavailable, object_of};
use crate::edge::object::end;
use crate::edge::object::sid::{self, SidLogout, Word};
use crate::edge::platform::{self, Moment};
use crate::edge::provider::documents::{Untaken, metadata, signed};
use crate::edge::provider::report_refusal;
use crate::pages::Problem;
use crate::provider::{State, sid_name, user_id};
use crate::request::first_parameter;
use crate::response::{Answer, Body, Reason};
use crate::session::{Command, ObjectId};

/// `GET /auth/signed-out`: where a provider leads back to. It changes nothing.
pub fn signed_out(exchange: &Exchange) -> Answer {
    let state = first_parameter(exchange.head.query(), "state");
    let state = state.and_then(|state| State::open(&state, exchange.keys()));
    match state {
        Some(state) if state.return_to != "/" => Answer::see_other(Reason::LoggedOut, state.return_to),
        _ => exchange.pages().signed_out().with("cache-control", "no-store"),
    }
}

/// For how many milliseconds a provider's servers wait for the answer to a logout token.
const TIME: u32 = 2000;

/// What is said while an object does not answer.
const NOT_DONE: &str = "not done yet";

/// `POST /auth/backchannel-logout/<key>`.
pub async fn backchannel_logout(exchange: &Exchange, key: &str) -> Answer {
    let Some(provider) = exchange.config().provider(key) else {
        return exchange.problem(&Problem::NotFound);
    };
    let begun = Moment::now();
    let limit = u32::try_from(MAX_REQUEST).unwrap_or(u32::MAX);
    let ended = match body::bytes(exchange, limit, Duration::from_millis(TIME.into())).await {
        Ok(body) => {
            let ended = end_by_token(exchange.client.clone(), Rc::clone(provider), body);
            let ended = exchange.client.within(TIME.saturating_sub(begun.elapsed()), ended);
            ended.await.unwrap_or(Err(NOT_DONE))
        }
        Err(_) => Err("body"),
    };
    let answer = match ended {
        Ok(()) => Answer::new(200, Reason::Ok, Body::Empty),
        Err(check) => {
            report_refusal(provider, check, exchange.now);
            let json = serde_json::json!({ "error": "invalid_request", "error_description": check });
            Answer::json(400, Reason::LoginRefused, &json)
        }
    };
    answer.with("cache-control", "no-store")
}

/// Ends what a logout token says; `Err` is the check that it failed.
async fn end_by_token(
    client: ObjectClient,
    provider: Rc<Provider>,
    body: Vec<u8>,
) -> Result<(), &'static str> {
    let logout = told(&client, &provider, &body).await?;
    end(&client, logout).await.map_err(|Unavailable| NOT_DONE)
}

/// Ends what a provider says, after the answer if it cannot be done now.
async fn end(client: &ObjectClient, logout: ProviderLogout) -> Result<(), Unavailable> {
    match logout {
        ProviderLogout::User(object, command) => {
            let ended = client::ask(client, client.app_id(), object, command.clone()).await;
            ended.map(|_| ()).inspect_err(|_| {
                client.afterwards(end::keep_trying_command(client.clone(), object, command));
            })
        }
        ProviderLogout::Sid(logout) => {
            let ended = sid::end(client, &logout).await;
            ended.inspect_err(|_| client.afterwards(end::keep_trying_sid(client.clone(), logout)))
        }
    }
}

/// What a provider ends.
enum ProviderLogout {
    /// What the user's object has.
    User(ObjectId, Command),
    /// What the `sid` leads to.
    Sid(SidLogout),
}

/// What a logout token ends, or the check that it failed.
async fn told(
    client: &ObjectClient,
    provider: &Rc<Provider>,
    body: &[u8],
) -> Result<ProviderLogout, &'static str> {
    let token = logout_token::from_form(body).map_err(|_| "request")?;
    let metadata = metadata(client, provider).await.map_err(|_| "metadata")?;
    let signed = signed(client, provider, &metadata, &token).await.map_err(|untaken| match untaken {
        Untaken::Failed(check) => check.as_str(),
        Untaken::Trouble => "keys",
    })?;
    let checked = logout_token::check(signed, &metadata.issuers, &provider.client_id, platform::now());
    let token = checked.map_err(FailedCheck::as_str)?;
    let within_scope = |session_id: &SessionId| match provider.logout_token_scope {
        LogoutTokenScope::Session => Some(session_id.as_str().to_owned()),
        LogoutTokenScope::User => None,
    };
    let (subject, session_id) = match token.ended {
        Ended::User(subject) => (subject, None),
        Ended::Session(session_id, Some(subject)) => (subject, within_scope(&session_id)),
        Ended::Session(_, None) if !provider.sid_index => return Err("sub missing"),
        Ended::Session(session_id, None) => {
            return Ok(ProviderLogout::Sid(SidLogout {
                name: sid_name(client.app_id(), provider, &session_id),
                provider: provider.key.clone(),
                session_id: within_scope(&session_id),
                word: Word::Token { issuer: token.issuer, issued_at: token.issued_at },
            }));
        }
    };
    let user_id = user_id(provider, &token.issuer, &subject);
    let object = object_of(client, client.app_id(), &user_id).map_err(|Unavailable| NOT_DONE)?;
    let command = Command::EndAtProvider {
        provider: provider.key.clone(),
        issuer: token.issuer,
        session_id,
        issued_at: token.issued_at,
    };
    Ok(ProviderLogout::User(object, command))
}

/// `GET /auth/frontchannel-logout/<key>`: the provider's log-out page loads it in a frame, without cookies. Anybody can
/// send it, so it ends what its `sid` leads to, and nothing else.
pub async fn frontchannel_logout(exchange: &Exchange, key: &str) -> Served {
    let Some(provider) = exchange.config().provider(key).filter(|provider| provider.sid_index) else {
        return Ok(exchange.problem(&Problem::NotFound).into());
    };
    let Ok(metadata) = metadata(&exchange.client, provider).await else { return Err(Unavailable) };
    let query = exchange.head.query();
    if let Ok(session_id) = front_channel::read(query.as_bytes(), &metadata.issuers) {
        let logout = SidLogout {
            name: sid_name(exchange.client.app_id(), provider, &session_id),
            provider: provider.key.clone(),
            session_id: Some(session_id.as_str().to_owned()),
            word: Word::Browser { issuer: first_parameter(query, "iss") },
        };
        // A browser that leaves the page gives the request up.
        exchange.client.outlive_request();
        end(&exchange.client, ProviderLogout::Sid(logout)).await?;
    }
    let csp = format!("default-src 'none'; frame-ancestors {}", provider.issuer.origin());
    let answer = Answer::new(200, Reason::Ok, Body::Empty)
        .with("cache-control", "no-store")
        .with("content-security-policy", csp);
    Ok(answer.into())
}
