//! The events an operator sees: one JSON line each (ASVS 16.3).
//!
//! Invariant: a line names a session by its handle and a user by a keyed hash. No event has a place
//! for a token, a secret or a user id.

use serde::Serialize;

use crate::base::time::Timestamp;
use crate::object::{SessionEvent, StoreFailure};
use crate::pages::Problem;
use crate::session::{Handle, ObjectId, SessionId};

/// Something that the gate refused or could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateEvent {
    /// A request from another site that would have changed something.
    CsrfRefused,
    /// A `return_to` that is not allowed.
    RedirectRefused,
    /// A client that asked too often.
    RateLimited,
}

#[derive(Serialize)]
struct Line<'a, Kind> {
    event: Kind,
    at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
}

/// The line for a session's event; `user` is the keyed hash.
#[must_use]
pub fn session_line(event: &SessionEvent, object: ObjectId, user: Option<&str>, now: Timestamp) -> String {
    let SessionEvent { kind, id, provider, .. } = event;
    let handle = Some(Handle { object, id: *id }.to_string());
    line(&Line { event: kind, at: now.millis(), row: None, handle, user, provider: provider.as_deref() })
}

/// The line for a row that cannot be read: its id and nothing of its content.
#[must_use]
pub fn unreadable_line(object: ObjectId, row: &str, now: Timestamp) -> String {
    let handle = SessionId::parse(row).map(|id| Handle { object, id }.to_string());
    line(&Line {
        event: "session_unreadable",
        at: now.millis(),
        row: Some(row),
        handle,
        user: None,
        provider: None,
    })
}

/// The line for a gate's event.
#[must_use]
pub fn gate_line(event: GateEvent, handle: Option<Handle>, now: Timestamp) -> String {
    let handle = handle.map(|handle| handle.to_string());
    line(&Line { event, at: now.millis(), row: None, handle, user: None, provider: None })
}

/// The line for a command that its object did not answer.
#[must_use]
pub fn store_line(failure: &StoreFailure, now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        event: &'static str,
        at: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        handle: Option<String>,
        command: &'static str,
        tries: u8,
        cause: &'a str,
    }
    let StoreFailure { object, session, command, tries, cause } = failure;
    let handle = session.map(|id| Handle { object: *object, id }.to_string());
    line(&Line { event: "store_unavailable", at: now.millis(), handle, command, tries: *tries, cause })
}

/// The line for an application whose answer cannot be had or used, if it is that.
#[must_use]
pub fn origin_line(problem: &Problem, now: Timestamp) -> Option<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        event: &'static str,
        at: i64,
        cause: &'a str,
    }
    let (event, cause) = match problem {
        Problem::BadGateway { why, cause } => ("origin_failed", format!("{why}: {cause}")),
        Problem::GatewayTimeout => ("origin_failed", problem.message()),
        Problem::OriginHeaders(why) => ("origin_headers", why.clone()),
        Problem::Loop => ("loop", problem.message()),
        _ => return None,
    };
    Some(line(&Line { event, at: now.millis(), cause: &cause }))
}

/// The line for a provider that does not answer as it should.
#[must_use]
pub fn provider_line(provider: &str, what: &'static str, cause: &str, now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        event: &'static str,
        at: i64,
        provider: &'a str,
        what: &'static str,
        cause: &'a str,
    }
    line(&Line { event: "provider_unreachable", at: now.millis(), provider, what, cause })
}

/// The line for a login that was refused: the check that failed, and nothing of what was checked.
#[must_use]
pub fn login_refused_line(provider: &str, check: &str, now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        event: &'static str,
        at: i64,
        provider: &'a str,
        check: &'a str,
    }
    line(&Line { event: "login_refused", at: now.millis(), provider, check })
}

fn line(value: &impl Serialize) -> String {
    // Plain strings and numbers always serialise; an empty line is better than a lost request.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_with_the_event_first() {
        let line = gate_line(GateEvent::CsrfRefused, None, Timestamp::from_seconds(1));
        assert_eq!(line, r#"{"event":"csrf_refused","at":1000}"#);
    }
}
