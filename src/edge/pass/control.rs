//! Carries out what the application says in its control headers: first what ends, then what begins.
//!
//! Invariant: the browser hears of nothing that the object has not committed.

use serde_json::{Map, Value};

use super::admit::Admitted;
use crate::config::Rule;
use crate::edge::exchange::{Exchange, Stage};
use crate::edge::guard;
use crate::edge::object::begin::{Begun, begin};
use crate::edge::object::client::Unavailable;
use crate::edge::object::end::{self, Removal};
use crate::edge::standing::{after_end, renewed, still_true};
use crate::gate::{
    CLAIMS_TOO_LARGE, Controls, CreateSession, Credentials, Identity, Limit, Provenance, RevokeSession,
    SessionChange,
};
use crate::logout::postponed;
use crate::pages::Problem;
use crate::response::Answer;
use crate::session::{Command, Handle, Payload, PayloadChange, Reply, Session};
use crate::token::fits_a_cookie;

/// What the session is to be changed to.
struct Change {
    payload: Option<Payload>,
    claims: Option<Map<String, Value>>,
}

impl Change {
    const fn is_any(&self) -> bool {
        self.payload.is_some() || self.claims.is_some()
    }

    /// What is wrong if the object finds it too large; which of the two it was, it does not say.
    fn too_large(&self) -> String {
        let payload = self.payload.is_some().then(|| format!("gate-set-payload: {TOKEN_TOO_LARGE}"));
        let claims = self.claims.is_some().then(|| format!("gate-set-claims: {CLAIMS_TOO_LARGE}"));
        payload.into_iter().chain(claims).collect::<Vec<_>>().join(", or ")
    }
}

/// Does what the headers say; `Err` is the answer that replaces the application's.
pub async fn carry_out(
    exchange: &Exchange,
    rule: &Rule,
    admitted: Admitted,
    controls: Controls,
) -> Result<SessionChange, Answer> {
    let credentials = exchange.credentials().await;
    let Controls { create, revoke, payload, claims } = controls;
    let change = Change { payload, claims };
    if create.is_some()
        && let Some(refusal) = exchange.uncovered_host()
    {
        return Err(refusal);
    }
    if create.is_some()
        && !rule.cross_site_login
        && let Some(refusal) =
            guard::cross_site_refusal(exchange, credentials, Provenance::Always, credentials.header_mode)
    {
        return Err(refusal);
    }
    let create = create.map(|create| new_session(exchange, create, &change)).transpose()?;
    if create.is_some()
        && let Some(refusal) = guard::rate_refusal(exchange, Limit::Login).await
    {
        return Err(refusal);
    }
    let ended = match revoke {
        Some(revoke) => {
            revoke_sessions(exchange, credentials, revoke).await.map_err(|_| exchange.unavailable())?
        }
        None => SessionChange::Nothing,
    };
    match (create, change.is_any(), admitted.identity) {
        (Some((session, data)), _, _) => create_session(exchange, credentials, session, data).await,
        _ if !matches!(ended, SessionChange::Nothing) => Ok(ended),
        (None, true, Some(identity)) => carry_change(exchange, &identity, admitted.change, change).await,
        (None, _, _) => Ok(still_true(exchange, admitted.change).await),
    }
}

/// What the browser is told of the sessions that ended. What an object fails to do goes on after the answer, and
/// nothing is left untried because of it.
async fn revoke_sessions(
    exchange: &Exchange,
    credentials: &Credentials,
    revoke: RevokeSession,
) -> Result<SessionChange, Unavailable> {
    // The browser's marker goes with its session, so what it stands for is done first.
    let completed = exchange.complete_pending(credentials).await;
    let ended = match revoke {
        RevokeSession::Scope(scope) => {
            let logouts = exchange.logouts(credentials, scope).await;
            let ended = exchange.end(&logouts).await;
            ended.map(|ended| ended.handles).map_err(|failed| {
                exchange.keep_trying(postponed(&failed, exchange.now), Vec::new());
                Unavailable
            })
        }
        RevokeSession::Handles(handles) => remove(exchange, &handles).await,
    };
    completed?;
    Ok(after_end(exchange, credentials, &ended?).await)
}

/// The session to be made, and its data. It is refused here, before anything is done, if it does not fit.
fn new_session(
    exchange: &Exchange,
    create: CreateSession,
    change: &Change,
) -> Result<(Session, Map<String, Value>), Answer> {
    let login = match &change.claims {
        Some(change) => create.login.with_claims(change.clone()),
        None => Ok(create.login),
    };
    let login = login.map_err(|_| refused(exchange, "gate-set-claims", CLAIMS_TOO_LARGE))?;
    let new = exchange.new_session(create.user_id).map_err(|_| exchange.unavailable())?;
    let session = Session {
        tenant_id: create.tenant_id,
        payload: match &change.payload {
            Some(change) => create.payload.merged(change),
            None => create.payload,
        },
        ..new.with_login(login)
    };
    if fits_a_cookie(&session) {
        Ok((session, create.data))
    } else {
        Err(refused(exchange, "gate-create-session", TOKEN_TOO_LARGE))
    }
}

async fn create_session(
    exchange: &Exchange,
    credentials: &Credentials,
    session: Session,
    data: Map<String, Value>,
) -> Result<SessionChange, Answer> {
    let unavailable = |_| exchange.unavailable();
    let earlier = exchange.replaced(credentials).await;
    let begun = begin(&exchange.client, exchange.keys().app_id(), session, data, earlier);
    match exchange.timed(Stage::Check, begun).await.map_err(unavailable)? {
        Begun::Session(handle, session) => {
            let tokens = exchange.seal(exchange.mint().first(&session, handle)).await;
            tokens.map(SessionChange::NewSession).map_err(unavailable)
        }
        Begun::TooLarge => Err(refused(exchange, "gate-create-session", TOKEN_TOO_LARGE)),
        // Only of a provider's logins.
        Begun::EndedAtProvider => Err(exchange.unavailable()),
    }
}

async fn carry_change(
    exchange: &Exchange,
    identity: &Identity,
    change_so_far: SessionChange,
    change: Change,
) -> Result<SessionChange, Answer> {
    let token = &identity.token;
    let (has_payload, too_large) = (change.payload.is_some(), change.too_large());
    let payload = change.payload.map(PayloadChange::Merge);
    let command = Command::Update { id: token.handle.id, data: None, payload, claims: change.claims };
    match exchange.ask(token.handle.object, command).await {
        // Claims are in no token.
        Ok(Reply::Updated(_)) if !has_payload => Ok(still_true(exchange, change_so_far).await),
        Ok(Reply::Updated(session)) => {
            let on_its_way = match change_so_far {
                SessionChange::Tokens(renewed) => Some(renewed.tokens),
                _ => None,
            };
            let unsigned = match on_its_way {
                // The browser has moved on since, and keeps the refresh token that it has.
                Some(tokens) if !tokens.are_latest_of(&session) => exchange.mint().replace(&session, token),
                on_its_way => {
                    let refresh = on_its_way.and_then(|tokens| tokens.refresh);
                    exchange.mint().with_payload(&session, token, refresh)
                }
            };
            let tokens = exchange.seal(unsigned).await.map_err(|Unavailable| exchange.unavailable())?;
            Ok(renewed(tokens, exchange.credentials().await.delivery()))
        }
        // It ended while the application was at work, which the browser has heard of, or hears of next.
        Ok(Reply::Gone) => Ok(SessionChange::Nothing),
        Ok(Reply::TooLarge) => Err(exchange.problem(&Problem::OriginHeaders(too_large))),
        Ok(_) | Err(Unavailable) => Err(exchange.unavailable()),
    }
}

/// Ends sessions; returns those that ended just now. Where an object fails it goes on after the answer.
async fn remove(exchange: &Exchange, handles: &[Handle]) -> Result<Vec<Handle>, Unavailable> {
    if handles.is_empty() {
        return Ok(Vec::new());
    }
    exchange.client.outlive_request();
    let Removal { removed, failed } =
        end::remove_handles(&exchange.client, exchange.keys().app_id(), handles).await;
    if failed.is_empty() {
        return Ok(removed);
    }
    exchange.keep_trying(Vec::new(), failed);
    Err(Unavailable)
}

const TOKEN_TOO_LARGE: &str = "the access token would not fit a cookie";

fn refused(exchange: &Exchange, header: &str, why: &str) -> Answer {
    exchange.problem(&Problem::OriginHeaders(format!("{header}: {why}")))
}
