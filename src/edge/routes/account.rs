//! The user's own routes under `BASE_PATH`: this session, all devices, ending one; keys and health.

use serde_json::json;
use worker::wasm_bindgen::JsValue;

use crate::base::time::Seconds;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::platform;
use crate::edge::platform::device;
use crate::gate::{Absence, Identity, Standing, lacks_anti_csrf, no_session, taken_back, unauthorised};
use crate::logout::done;
use crate::pages::{self, Problem};
use crate::request::{Form, first_parameter};
use crate::response::{Answer, Reason};
use crate::session::{Command, Handle, Proof, Reply, Scope, Session};

/// What the user is signed in with, or the answer for somebody who is not.
struct Signed {
    identity: Identity,
    session: Session,
}

/// `GET /auth/session`.
pub async fn session(exchange: &Exchange) -> Result<Answer, JsValue> {
    if exchange.head.method() != "GET" {
        return Ok(Answer::method_not_allowed("GET"));
    }
    let signed = match signed_in(exchange).await {
        Ok(signed) => signed,
        Err(Absent::Session(absence)) => return Ok(no_session_json(exchange, absence).await),
        Err(Absent::Store) => return Ok(exchange.unavailable()),
    };
    let policy = &exchange.config().policy;
    let answer = Answer::json(
        200,
        Reason::Ok,
        &json!({
            "userId": signed.session.user_id,
            "handle": signed.identity.token.handle,
            "payload": signed.session.payload,
            "createdAt": signed.session.created_at.millis(),
            "expiresAt": signed.session.ends_at(policy).millis(),
        }),
    );
    Ok(with_tokens(exchange, &signed.identity, answer).await)
}

/// `GET /auth/sessions`.
pub async fn sessions(exchange: &Exchange) -> Result<Answer, JsValue> {
    if exchange.head.method() != "GET" {
        return Ok(Answer::method_not_allowed("GET"));
    }
    let signed = match signed_in(exchange).await {
        Ok(signed) => signed,
        Err(absent) => return Ok(refusal(exchange, absent).await),
    };
    let current = signed.identity.token.handle;
    let Ok(Reply::Listed(all)) = exchange.ask(current.object, Command::List { tenant_id: None }).await else {
        return Ok(exchange.unavailable());
    };
    // This device first, then the others as they were last seen.
    let (this, others): (Vec<Session>, Vec<Session>) =
        all.into_iter().partition(|session| session.id == current.id);
    let named = this.into_iter().chain(others).map(|session| {
        let name = device::name_of(session.user_agent.as_deref());
        (session, name)
    });
    let named: Vec<(Session, String)> = named.collect();
    let answer = if exchange.head.wants_page() {
        pages::sessions(current, &named, exchange.config(), exchange.now)
    } else {
        let policy = &exchange.config().policy;
        let json = |(session, name): &(Session, String)| {
            pages::session_json(current, session, name, session.ends_at(policy))
        };
        let all: Vec<_> = named.iter().map(json).collect();
        Answer::json(200, Reason::Ok, &json!({ "sessions": all })).with("cache-control", "no-store")
    };
    Ok(with_tokens(exchange, &signed.identity, answer).await)
}

/// `POST /auth/sessions/revoke`.
pub async fn revoke(exchange: &Exchange) -> Result<Answer, JsValue> {
    if exchange.head.method() != "POST" {
        return Ok(Answer::method_not_allowed("POST"));
    }
    let credentials = exchange.credentials().await;
    if let Some(refusal) = exchange.cross_site_refusal(credentials, false) {
        return Ok(refusal);
    }
    let has_form = exchange.shows_credential(credentials).await;
    let form = match if has_form { exchange.form().await } else { Ok(Form::default()) } {
        Ok(form) => form,
        Err(refusal) => return Ok(refusal),
    };
    let signed = match signed_in(exchange).await {
        Ok(signed) => signed,
        Err(absent) => return Ok(refusal(exchange, absent).await),
    };
    if lacks_anti_csrf(&exchange.head, credentials, exchange.config(), exchange.keys())
        && !exchange.head.wants_page()
    {
        return Ok(no_session_json(exchange, Absence::TryRefresh).await.because(Reason::AntiCsrf));
    }
    let current = signed.identity.token.handle;
    let parameter = |name| first_parameter(exchange.head.query(), name).or_else(|| form.first(name));
    let command = match (parameter("handle"), parameter("scope").as_deref().map(Scope::parse)) {
        (Some(handle), None) => Command::Remove { ids: vec![own_id(&handle, current)?] },
        (None, Some(Some(scope @ (Scope::All | Scope::Others)))) => {
            Command::Revoke { id: current.id, scope, proof: Proof::Access(None), as_of: None }
        }
        _ => return Ok(exchange.problem(&Problem::BadRequest("handle, or scope=others or all, expected"))),
    };
    let by_handle = matches!(command, Command::Remove { .. });
    match exchange.ask(current.object, command).await {
        Ok(Reply::Revoked { ids, .. }) if by_handle && ids.is_empty() => {
            Ok(with_tokens(exchange, &signed.identity, exchange.problem(&Problem::UnknownSession)).await)
        }
        Ok(Reply::Revoked { ids, .. }) => {
            let spared = !ids.contains(&current.id);
            let back = spared.then(|| format!("{}/sessions", exchange.config().base_path));
            let target = back.or_else(|| exchange.config().logout_redirect.clone());
            let delivery = credentials.delivery();
            let answer = done(&exchange.head, exchange.config(), target, ids.len(), spared, delivery);
            Ok(if spared { with_tokens(exchange, &signed.identity, answer).await } else { answer })
        }
        Ok(_) | Err(Unavailable) => Ok(exchange.unavailable()),
    }
}

/// `GET /auth/jwt/jwks.json`.
pub async fn jwks(exchange: &Exchange) -> Answer {
    let head = &exchange.head;
    if !matches!(head.method(), "GET" | "HEAD") {
        return Answer::method_not_allowed("GET, HEAD");
    }
    let keys = exchange.keys();
    let Some(jwks) = exchange.client.isolate.signatures.jwks(keys, exchange.now).await else {
        return exchange.unavailable();
    };
    Answer::json(200, Reason::Ok, &jwks)
        .with("cache-control", format!("public, max-age={}", keys.jwks_max_age()))
}

/// `GET /auth/health`.
pub fn health(exchange: &Exchange) -> Answer {
    if !matches!(exchange.head.method(), "GET" | "HEAD") {
        return Answer::method_not_allowed("GET, HEAD");
    }
    Answer::json(200, Reason::Ok, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
        .with("cache-control", "no-store")
}

#[derive(Clone, Copy)]
enum Absent {
    Session(Absence),
    Store,
}

async fn signed_in(exchange: &Exchange) -> Result<Signed, Absent> {
    let credentials = exchange.credentials().await;
    exchange.complete_pending(credentials).await.map_err(|Unavailable| Absent::Store)?;
    match exchange.standing(credentials, Seconds::new(0)).await {
        Ok(Standing::SignedIn(mut identity)) => {
            let session = identity.session.take().ok_or(Absent::Store)?;
            Ok(Signed { identity: *identity, session })
        }
        Ok(Standing::SignedOut(absence)) => Err(Absent::Session(absence)),
        Err(Unavailable) => Err(Absent::Store),
    }
}

async fn refusal(exchange: &Exchange, absent: Absent) -> Answer {
    match absent {
        Absent::Session(absence) => {
            no_session(&exchange.head, exchange.config(), exchange.credentials().await, absence)
        }
        Absent::Store => exchange.unavailable(),
    }
}

async fn no_session_json(exchange: &Exchange, absence: Absence) -> Answer {
    let answer = unauthorised(&exchange.head, exchange.config(), absence);
    if absence.clears() {
        let credentials = exchange.credentials().await;
        let host = exchange.head.origin().host();
        answer.with_all(taken_back(credentials.delivery(), credentials, host, exchange.config()))
    } else {
        answer
    }
}

async fn with_tokens(exchange: &Exchange, identity: &Identity, answer: Answer) -> Answer {
    match &identity.tokens {
        Some(tokens) => {
            let credentials = exchange.credentials().await;
            let delivery = credentials.delivery();
            answer.with_all(exchange.tokens(tokens, delivery, credentials, credentials.in_conflict()))
        }
        None => answer.with("cache-control", "no-store"),
    }
}

/// The session's id within the user's own object. A handle of another object, or of none, becomes an
/// id that no session has, so that it takes the same way and the same time.
fn own_id(handle: &str, current: Handle) -> Result<crate::base::bytes::Random, JsValue> {
    match Handle::parse(handle) {
        Some(handle) if handle.object == current.object => Ok(handle.id),
        _ => platform::random(),
    }
}
