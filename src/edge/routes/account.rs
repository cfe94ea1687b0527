//! A person's own sessions under `BASE_PATH`: this one, all devices, ending one.

use serde_json::json;

use super::Served;
use super::logout::signed_out;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::platform;
use crate::edge::platform::device;
use crate::edge::standing::{after_end, signed_in};
use crate::gate::{SessionChange, no_session, unauthorised};
use crate::logout::{Spared, done};
use crate::pages::{self, Problem};
use crate::request::{Form, first_parameter};
use crate::response::{Answer, Reason};
use crate::session::{Command, Handle, Proof, Reply, Scope, Session, SessionId};

/// `GET /auth/session`.
pub async fn session(exchange: &Exchange) -> Served {
    let credentials = exchange.credentials().await;
    let signed_in = match signed_in(exchange).await? {
        Ok(signed_in) => signed_in,
        Err(absence) => {
            let answer = unauthorised(&exchange.head, exchange.config(), absence);
            return Ok(absence.answered(answer, credentials.delivery()));
        }
    };
    let (handle, policy) = (signed_in.identity.token.handle, &exchange.config().policy);
    let json = pages::own_session_json(handle, &signed_in.session, policy);
    let answer = Answer::json(200, Reason::Ok, &json);
    Ok(signed_in.answered(answer, credentials))
}

/// `GET /auth/sessions`.
pub async fn sessions(exchange: &Exchange) -> Served {
    let credentials = exchange.credentials().await;
    let signed_in = match signed_in(exchange).await? {
        Ok(signed_in) => signed_in,
        Err(absence) => return Ok(no_session(&exchange.head, exchange.config(), credentials, absence)),
    };
    let current = signed_in.identity.token.handle;
    let Reply::Listed(all) = exchange.ask(current.object, Command::List { tenant_id: None }).await? else {
        return Err(Unavailable);
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
        Answer::json(200, Reason::Ok, &json!({ "sessions": all }))
    };
    Ok(signed_in.answered(answer, credentials))
}

/// `POST /auth/sessions/revoke`.
pub async fn revoke(exchange: &Exchange, form: &Form) -> Served {
    let credentials = exchange.credentials().await;
    let signed_in = match signed_in(exchange).await? {
        Ok(signed_in) => signed_in,
        Err(absence) => return Ok(no_session(&exchange.head, exchange.config(), credentials, absence)),
    };
    let current = signed_in.identity.token.handle;
    let parameter = |name| first_parameter(exchange.head.query(), name).or_else(|| form.first(name));
    let revoke = |scope| Command::Revoke { id: current.id, scope, proof: Proof::Access(None), as_of: None };
    let command = match (parameter("handle"), parameter("scope").as_deref().map(Scope::parse)) {
        (Some(handle), None) if Handle::parse(&handle) == Some(current) => revoke(Scope::Current),
        (Some(handle), None) => Command::Remove { ids: vec![own_id(&handle, current)?] },
        (None, Some(Some(scope @ (Scope::All | Scope::Others)))) => revoke(scope),
        _ => {
            let why = "handle, or scope=others or all, expected";
            return Ok(exchange.problem(&Problem::BadRequest(why)).into());
        }
    };
    let by_handle = matches!(command, Command::Remove { .. });
    let Reply::Revoked { ids, left, .. } = exchange.ask(current.object, command).await? else {
        return Err(Unavailable);
    };
    if by_handle && ids.is_empty() {
        return Ok(signed_in.answered(exchange.problem(&Problem::UnknownSession), credentials));
    }
    let ended: Vec<Handle> = ids.iter().map(|id| Handle { object: current.object, id: *id }).collect();
    let (head, config) = (&exchange.head, exchange.config());
    if ended.contains(&current) {
        let change = after_end(exchange, credentials, &ended).await;
        let left = left.map(|left| (current.object, left));
        return Ok(signed_out(exchange, config.logout_redirect.clone(), ended.len(), left, change).await);
    }
    let back = format!("{}/sessions", config.base_path);
    let done = done(head, config, Some(back), ended.len(), Spared::ThisDevice, SessionChange::Nothing);
    Ok(signed_in.answered(done.answer, credentials))
}

/// The session's id within the user's own object. A handle of another object, or of none, becomes an
/// id that no session has, so that it takes the same way and the same time.
fn own_id(handle: &str, current: Handle) -> Result<SessionId, Unavailable> {
    match Handle::parse(handle) {
        Some(handle) if handle.object == current.object => Ok(handle.id),
        _ => Ok(platform::session_id()?),
    }
}
