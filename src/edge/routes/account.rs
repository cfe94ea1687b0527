//! A person's own sessions under `BASE_PATH`: this one, all devices, ending one.

use serde_json::json;

use super::Served;
use super::logout::signed_out;
use crate::base::time::Timestamp;
use crate::edge::exchange::Exchange;
use crate::edge::object::client::Unavailable;
use crate::edge::platform;
use crate::edge::platform::{dates, device};
use crate::edge::standing::{after_end, signed_in};
use crate::gate::{SessionChange, no_session, unauthorised};
use crate::logout::{Spared, done};
use crate::pages::{ListedDevice, PER_PAGE, Problem, own_session_json, page_number, session_json};
use crate::request::{Form, Language, first_parameter};
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
    let json = own_session_json(handle, &signed_in.session, policy);
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
    let all = this.into_iter().chain(others).collect();
    let answer =
        if exchange.head.wants_page() { page(exchange, current, all) } else { list(exchange, current, &all) };
    Ok(signed_in.answered(answer, credentials))
}

fn page(exchange: &Exchange, current: Handle, all: Vec<Session>) -> Answer {
    let asked = |name| first_parameter(exchange.head.query(), name);
    if asked("confirm").as_deref() == Some(Scope::All.as_str()) {
        return exchange.pages().confirm_everywhere();
    }
    let count = all.len();
    let number = page_number(asked("page").as_deref(), count);
    let before = number.saturating_sub(1).saturating_mul(PER_PAGE);
    let shown: Vec<Session> = all.into_iter().skip(before).take(PER_PAGE).collect();
    let times: Vec<Timestamp> =
        shown.iter().flat_map(|session| [session.created_at, session.last_seen_at]).collect();
    let words = dates::in_words(&times, exchange.now, exchange.pages().language, &exchange.request);
    let mut words = words.into_iter();
    let listed = shown.into_iter().map(|session| {
        let names = device::names_of(session.user_agent.as_deref());
        let (since, _) = words.next().unwrap_or_default();
        let (_, used) = words.next().unwrap_or_default();
        ListedDevice { session, names, since, used }
    });
    exchange.pages().devices(current, &listed.collect::<Vec<_>>(), number, count)
}

fn list(exchange: &Exchange, current: Handle, all: &[Session]) -> Answer {
    let policy = &exchange.config().policy;
    let json = |session: &Session| {
        // Programs read one language.
        let device = device::names_of(session.user_agent.as_deref()).in_words(Language::English);
        session_json(current, session, &device, session.ends_at(policy))
    };
    let all: Vec<_> = all.iter().map(json).collect();
    Answer::json(200, Reason::Ok, &json!({ "sessions": all }))
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
