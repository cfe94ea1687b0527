//! Who a request is from: the question to the session's object, and what its reply means.
//!
//! Invariant: at most one question for a request (but for what `gate/change.rs` says of late answers).

use crate::base::time::Seconds;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::platform::{self, Moment};
use crate::edge::provider::recheck::recheck;
use crate::gate::{
    Absence, Admission, Answered, Credentials, Identity, Renewed, SessionChange, Standing, Verdict, admit,
    interpret,
};
use crate::response::Answer;
use crate::session::{Command, Handle, Reply, Session};
use crate::supertokens::wire::Delivery;

/// A person who is signed in, with the session as its object keeps it.
pub struct SignedIn {
    /// Who it is.
    pub identity: Identity,
    /// The session.
    pub session: Session,
}

/// Who the request is from, with the object's reply at most `fresh` seconds old.
pub async fn standing(
    exchange: &Exchange,
    credentials: &Credentials,
    fresh: Seconds,
) -> Result<Standing, Unavailable> {
    let nonce = || platform::nonce().ok();
    let admission = admit(credentials, exchange.config(), exchange.memory(), fresh, nonce, exchange.now);
    let (handle, command) = match admission.ok_or(Unavailable)? {
        Admission::Settled(standing) => return Ok(standing),
        Admission::Ask(handle, command) => (handle, command),
    };
    let reply = exchange.ask_live(handle.object, *command).await?;
    settle(exchange, reply, handle, credentials).await
}

/// What the object's reply about the session means for the request.
pub async fn settle(
    exchange: &Exchange,
    reply: Reply,
    handle: Handle,
    credentials: &Credentials,
) -> Result<Standing, Unavailable> {
    let reply = recheck(&exchange.client, exchange.keys(), handle, reply).await;
    // It ended in this isolate while the object was asked: its tokens are not handed out. The browser may hold a newer
    // session, so nothing is taken back either.
    if matches!(reply, Reply::Live(_) | Reply::Renewed { .. }) && exchange.memory().has_ended(handle) {
        return Ok(Standing::SignedOut(Absence::None));
    }
    match interpret(reply, handle, credentials, exchange.mint()).ok_or(Unavailable)? {
        Verdict::Settled(standing) => Ok(standing),
        Verdict::NewTokens(session, unsigned) => {
            let tokens = exchange.seal(Some(unsigned)).await?;
            Ok(Standing::signed_in(Identity::with(tokens, *session)))
        }
    }
}

/// The person who is signed in, by the object's reply to this very request, or why nobody is.
pub async fn signed_in(exchange: &Exchange) -> Result<Result<SignedIn, Absence>, Unavailable> {
    let credentials = exchange.credentials().await;
    Ok(match standing(exchange, credentials, Seconds::new(0)).await? {
        Standing::SignedIn(mut identity) => {
            let session = identity.session.take().ok_or(Unavailable)?;
            Ok(SignedIn { identity: *identity, session })
        }
        Standing::SignedOut(absence) => Err(absence),
    })
}

/// Tokens that were renewed just now, for the browser.
pub fn renewed(tokens: crate::gate::TokenPair, delivery: Delivery) -> SessionChange {
    SessionChange::Tokens(Renewed { tokens, delivery, known: Moment::now().instant() })
}

impl SignedIn {
    /// The answer, with the tokens that the browser has to get.
    pub fn answered(self, answer: Answer, credentials: &Credentials) -> Answered {
        let change = match self.identity.tokens {
            Some(tokens) => renewed(tokens, credentials.delivery()),
            None => SessionChange::Nothing,
        };
        Answered { answer: answer.with("cache-control", "no-store"), change }
    }
}

/// The change, if it still holds: tokens go out only if their session lives and has not moved on to later ones.
pub async fn still_true(exchange: &Exchange, change: SessionChange) -> SessionChange {
    let SessionChange::Tokens(renewed) = change else { return change };
    let handle = renewed.tokens.token.handle;
    if exchange.memory().has_ended(handle) {
        return SessionChange::Nothing;
    }
    if !renewed.is_outdated(Moment::now().instant()) {
        return SessionChange::Tokens(renewed);
    }
    let check = Command::Check { id: handle.id, first_use: None };
    match exchange.ask(handle.object, check).await {
        Ok(Reply::Live(session)) if renewed.tokens.are_latest_of(&session) => SessionChange::Tokens(renewed),
        _ => SessionChange::Nothing,
    }
}

/// What the browser is told once `ended` have ended: its cookies go only if every session goes that it showed.
pub async fn after_end(exchange: &Exchange, credentials: &Credentials, ended: &[Handle]) -> SessionChange {
    let is_over = |handle: &Handle| ended.contains(handle) || exchange.memory().has_ended(*handle);
    if !credentials.handle().is_some_and(|own| ended.contains(&own)) {
        SessionChange::Nothing
    } else if exchange.shown(credentials).await.iter().all(is_over) {
        SessionChange::Ended(credentials.delivery())
    } else if credentials.header_mode {
        SessionChange::BearerEnded
    } else {
        SessionChange::Nothing
    }
}
