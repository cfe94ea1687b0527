//! Carries out what the origin says in its control headers: first what ends, then what begins.
//!
//! Invariant: the browser hears of nothing that the object has not committed.

use serde_json::{Map, Value};

use super::exchange::Exchange;
use super::logout;
use super::platform;
use super::proxy::{News, Passage, still_true};
use super::store::{self, Unavailable};
use crate::config::AntiCsrfMode;
use crate::gate::{Controls, CreateSession, Credentials, Identity, RevokeSession};
use crate::pages::Problem;
use crate::response::Answer;
use crate::session::{Command, Handle, Payload, PayloadChange, Reply, Session};
use crate::token::fits_a_cookie;

/// The longest user agent that is kept, in bytes.
const MAX_USER_AGENT: usize = 512;

/// Does what the headers say; `Err` is the answer that replaces the origin's.
pub async fn carry_out(exchange: &Exchange, passage: Passage, controls: Controls) -> Result<News, Answer> {
    let credentials = exchange.credentials().await;
    let Controls { create, revoke, payload } = controls;
    let mut news = passage.news;
    if create.is_some()
        && let Some(refusal) = exchange.rate_refusal("login").await
    {
        return Err(refusal);
    }
    let create = create.map(|create| begin_session(exchange, create, payload.as_ref())).transpose()?;
    if let Some(revoke) = revoke
        && revoke_sessions(exchange, credentials, revoke).await.map_err(|_| exchange.unavailable())?
    {
        news = News::Ended;
    }
    match (create, payload, passage.identity) {
        (Some((session, data)), _, _) => create_session(exchange, credentials, session, data).await,
        (None, Some(change), Some(identity)) => set_payload(exchange, &identity, news, change).await,
        (None, _, identity) => Ok(still_true(exchange, identity.as_ref(), news)),
    }
}

/// Whether the request's own session ended.
async fn revoke_sessions(
    exchange: &Exchange,
    credentials: &Credentials,
    revoke: RevokeSession,
) -> Result<bool, Unavailable> {
    // The browser's marker goes with its session, so what it stands for is done first.
    exchange.complete_pending(credentials).await?;
    match revoke {
        RevokeSession::Scope(scope) => {
            let ended = logout::end(exchange, &exchange.logouts(credentials, scope).await).await?;
            Ok(!ended.spared)
        }
        RevokeSession::Handles(handles) => {
            remove(exchange, &handles).await?;
            Ok(credentials.handle().is_some_and(|current| handles.contains(&current)))
        }
    }
}

/// The session to be made, and its data. It is refused here, before anything is done, if it does not fit.
fn begin_session(
    exchange: &Exchange,
    create: CreateSession,
    change: Option<&Payload>,
) -> Result<(Session, Map<String, Value>), Answer> {
    let random = || platform::random().map_err(|_| exchange.unavailable());
    let session = Session {
        tenant_id: create.tenant_id,
        payload: match change {
            Some(change) => create.payload.merged(change),
            None => create.payload,
        },
        anti_csrf: exchange.config().anti_csrf == AntiCsrfMode::Token,
        user_agent: exchange.head.header("user-agent").map(shortened),
        country: platform::country(&exchange.request),
        ..Session::new(random()?, random()?, create.user_id, exchange.now)
    };
    if fits_a_cookie(&session) {
        Ok((session, create.data))
    } else {
        Err(too_large(exchange, "gate-create-session"))
    }
}

async fn create_session(
    exchange: &Exchange,
    credentials: &Credentials,
    session: Session,
    data: Map<String, Value>,
) -> Result<News, Answer> {
    let unavailable = |_| exchange.unavailable();
    let app_id = exchange.keys().app_id();
    let object = store::object_of(&exchange.asker, app_id, &session.user_id).map_err(unavailable)?;
    let earlier = credentials.handle().filter(|earlier| !exchange.memory().has_ended(*earlier));
    let replaces =
        earlier.filter(|earlier| earlier.object == object).map(|earlier| earlier.id).into_iter().collect();
    let command = Command::Create { session: session.into(), data, replaces };
    let Reply::Created(session) = exchange.ask(object, command).await.map_err(unavailable)? else {
        return Err(exchange.unavailable());
    };
    let handle = Handle { object, id: session.id };
    if let Some(earlier) = earlier {
        // Another user's session in this browser ends as well.
        if earlier.object != object {
            remove(exchange, &[earlier]).await.map_err(unavailable)?;
        }
        exchange.memory().ended(earlier);
    }
    let tokens = exchange.seal(exchange.mint().first(&session, handle)).await;
    tokens.map(News::NewSession).map_err(unavailable)
}

async fn set_payload(
    exchange: &Exchange,
    identity: &Identity,
    news: News,
    change: Payload,
) -> Result<News, Answer> {
    let token = &identity.token;
    let command =
        Command::Update { id: token.handle.id, data: None, payload: Some(PayloadChange::Merge(change)) };
    match exchange.ask(token.handle.object, command).await {
        Ok(Reply::Updated(session)) => {
            let refresh = match news {
                News::Tokens(tokens) | News::NewSession(tokens) => tokens.refresh,
                News::Nothing | News::Ended => None,
            };
            let tokens = exchange.seal(exchange.mint().with_payload(&session, token, refresh)).await;
            tokens.map(News::Tokens).map_err(|Unavailable| exchange.unavailable())
        }
        Ok(Reply::Gone) => Ok(News::Ended),
        Ok(Reply::TooLarge) => Err(too_large(exchange, "gate-set-payload")),
        Ok(_) | Err(Unavailable) => Err(exchange.unavailable()),
    }
}

async fn remove(exchange: &Exchange, handles: &[Handle]) -> Result<(), Unavailable> {
    store::remove_handles(&exchange.asker, exchange.keys().app_id(), handles).await.map(drop)
}

fn too_large(exchange: &Exchange, header: &str) -> Answer {
    exchange.problem(&Problem::OriginHeaders(format!("{header}: the access token would not fit a cookie")))
}

fn shortened(user_agent: &str) -> String {
    user_agent.chars().take(MAX_USER_AGENT).collect()
}
