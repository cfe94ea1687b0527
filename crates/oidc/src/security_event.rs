//! A security event token (RFC 8417) that a provider pushes to us (RFC 8935): a session, or all of a user's, shall end
//! (CAEP, RISC).
//!
//! Form, header, algorithm, key and signature are as with an ID token ([`crate::jws`]). Then, in this order:
//!
//! 1. `typ` is `secevent+jwt`, with or without `application/` (RFC 8417 §2.3): no other token passes for one.
//! 2. `iss`, `aud` and `azp` are as in an ID token.
//! 3. `iat` is there and not ahead. An `exp` should not be there (RFC 8417 §2.2), and is not looked at.
//! 4. `jti` is there.
//! 5. `events` is an object with one member, which is an object.
//! 6. Of those that end sessions, the subject is in `sub_id` in the format `iss_sub`, or is `sub` itself, and its
//!    issuer is the token's.
//!
//! Invariant: what is not understood is [`Event::Other`], which is acknowledged and ends nothing; what is malformed is
//! refused.

use base::time::Timestamp;
use serde_json::Value;

use crate::check::FailedCheck;
use crate::issuer::Issuers;
use crate::json::Members;
use crate::jws::Signed;
use crate::names::Subject;
use crate::registered;

/// What a provider tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The sessions of this user of this issuer shall end that are older than the event.
    SessionsEnd {
        /// The issuer.
        issuer: String,
        /// The user.
        subject: Subject,
        /// When it was told.
        issued_at: Timestamp,
    },
    /// Something else, or about somebody who cannot be found by it.
    Other,
}

/// What an error in an answer is called (RFC 8935 §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// `invalid_request`.
    Request,
    /// `invalid_key`.
    Key,
    /// `invalid_issuer`.
    Issuer,
    /// `invalid_audience`.
    Audience,
}

/// The events that end sessions.
const ENDING: [&str; 3] = [
    "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
    "https://schemas.openid.net/secevent/risc/event-type/sessions-revoked",
    "https://schemas.openid.net/secevent/risc/event-type/account-disabled",
];

/// Checks a token.
///
/// # Errors
/// The first check that fails.
pub fn check(
    token: Signed,
    issuers: &Issuers,
    client_id: &str,
    now: Timestamp,
) -> Result<Event, FailedCheck> {
    let claims = &token.claims;
    if token.kind().as_deref() != Some("secevent+jwt") {
        return Err(FailedCheck::Kind);
    }
    let issuer = registered::issuer(claims, issuers)?;
    registered::audience(claims, client_id)?;
    let issued_at = registered::issued_at(claims, now)?;
    claims.text("jti")?.filter(|id| !id.is_empty()).ok_or(FailedCheck::TokenIdMissing)?;
    if !ENDING.contains(&event(claims)?) {
        return Ok(Event::Other);
    }
    let subject = subject(claims, &issuer)?;
    Ok(subject.map_or(Event::Other, |subject| Event::SessionsEnd { issuer, subject, issued_at }))
}

fn event(claims: &Members) -> Result<&str, FailedCheck> {
    let events = claims.value("events").and_then(Value::as_object).ok_or(FailedCheck::Events)?;
    let mut events = events.iter();
    match (events.next(), events.next()) {
        (Some((name, Value::Object(_))), None) => Ok(name),
        _ => Err(FailedCheck::Events),
    }
}

/// Who it is about (RFC 9493 §3.2.4); `None` if that is somebody of another issuer, or cannot be read.
fn subject(claims: &Members, issuer: &str) -> Result<Option<Subject>, FailedCheck> {
    let Some(id) = claims.value("sub_id") else { return registered::subject(claims) };
    let text = |name| id.get(name).and_then(Value::as_str);
    let is_ours = text("format") == Some("iss_sub") && text("iss") == Some(issuer);
    Ok(text("sub").filter(|_| is_ours).and_then(Subject::parse))
}

impl PushError {
    /// What a failed check is called.
    #[must_use]
    pub const fn of(failed: FailedCheck) -> Self {
        match failed {
            FailedCheck::Issuer | FailedCheck::Tenant => Self::Issuer,
            FailedCheck::Audience | FailedCheck::AuthorizedParty => Self::Audience,
            FailedCheck::UnknownKey
            | FailedCheck::AmbiguousKey
            | FailedCheck::UnfitKey
            | FailedCheck::SignatureLength
            | FailedCheck::Signature => Self::Key,
            _ => Self::Request,
        }
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "invalid_request",
            Self::Key => "invalid_key",
            Self::Issuer => "invalid_issuer",
            Self::Audience => "invalid_audience",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::tests::signed;
    use crate::metadata::tests::metadata;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;
    const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

    fn read(kind: &str, changes: &Value) -> Result<Event, FailedCheck> {
        let mut claims = json!({
            "iss": "https://idp.example", "aud": "gate", "iat": NOW, "jti": "j", "events": { REVOKED: {} },
            "sub_id": { "format": "iss_sub", "iss": "https://idp.example", "sub": "u" },
        });
        for (name, value) in changes.as_object().unwrap() {
            match value.as_str() {
                Some("undefined") => drop(claims.as_object_mut().unwrap().remove(name)),
                _ => claims[name] = value.clone(),
            }
        }
        let header = json!({ "alg": "EdDSA", "kid": "o", "typ": kind });
        check(signed(&header, &claims)?, &metadata(json!({})).issuers, "gate", Timestamp::from_seconds(NOW))
    }

    fn ends() -> Event {
        Event::SessionsEnd {
            issuer: "https://idp.example".into(),
            subject: Subject::parse("u").unwrap(),
            issued_at: Timestamp::from_seconds(NOW),
        }
    }

    fn event(changes: Value) -> Result<Event, FailedCheck> {
        read("secevent+jwt", &changes)
    }

    #[test]
    fn rule_1_its_type_says_what_it_is() {
        for kind in ["secevent+jwt", "application/secevent+jwt", "SecEvent+JWT"] {
            assert_eq!(read(kind, &json!({})), Ok(ends()), "{kind}");
        }
        for kind in ["JWT", "logout+jwt", "at+jwt", ""] {
            assert_eq!(read(kind, &json!({})), Err(FailedCheck::Kind), "{kind}");
        }
    }

    #[test]
    fn rules_2_to_4_it_is_from_the_provider_and_for_the_client() {
        for (changes, failed) in [
            (json!({ "iss": "https://evil.example" }), FailedCheck::Issuer),
            (json!({ "aud": "other" }), FailedCheck::Audience),
            (json!({ "aud": ["gate", "other"] }), FailedCheck::AuthorizedParty),
            (json!({ "iat": "undefined" }), FailedCheck::IssuedAtMissing),
            (json!({ "iat": NOW + 61 }), FailedCheck::IssuedAhead),
            (json!({ "jti": "undefined" }), FailedCheck::TokenIdMissing),
            (json!({ "jti": "" }), FailedCheck::TokenIdMissing),
        ] {
            assert_eq!(event(changes.clone()), Err(failed), "{changes}");
        }
        assert_eq!(event(json!({ "exp": 1 })), Ok(ends()));
        assert!(event(json!({ "iat": NOW - 86_400 })).is_ok(), "a push may come late");
    }

    #[test]
    fn rule_5_there_is_one_event() {
        for events in [
            json!("undefined"),
            json!([]),
            json!({}),
            json!({ REVOKED: null }),
            json!({ REVOKED: {}, "x": {} }),
        ] {
            assert_eq!(event(json!({ "events": events })), Err(FailedCheck::Events), "{events}");
        }
        for name in ENDING {
            assert_eq!(event(json!({ "events": { name: {} } })), Ok(ends()));
        }
        for name in ["https://schemas.openid.net/secevent/sse/event-type/verification", "x"] {
            assert_eq!(event(json!({ "events": { name: {} }, "sub_id": 1 })), Ok(Event::Other));
        }
    }

    #[test]
    fn rule_6_the_subject_is_of_the_same_issuer() {
        assert_eq!(event(json!({ "sub_id": "undefined", "sub": "u" })), Ok(ends()));
        assert_eq!(event(json!({ "sub_id": "undefined", "sub": "" })), Err(FailedCheck::Subject));
        for sub_id in [
            json!({ "format": "email", "email": "u@example.com" }),
            json!({ "format": "opaque", "id": "x" }),
            json!({ "format": "iss_sub", "iss": "https://evil.example", "sub": "u" }),
            json!({ "format": "iss_sub", "sub": "u" }),
            json!({ "format": "iss_sub", "iss": "https://idp.example", "sub": "" }),
            json!({ "format": "opaque", "iss": "https://idp.example", "sub": "u" }),
            json!("u"),
            json!(null),
        ] {
            let with_sub = json!({ "sub_id": sub_id, "sub": "u" });
            assert_eq!(event(with_sub), Ok(Event::Other), "{sub_id}: a subject is not taken from elsewhere");
        }
    }

    #[test]
    fn an_error_is_called_by_what_is_wrong() {
        for (failed, expected) in [
            (FailedCheck::Signature, "invalid_key"),
            (FailedCheck::UnknownKey, "invalid_key"),
            (FailedCheck::Issuer, "invalid_issuer"),
            (FailedCheck::Audience, "invalid_audience"),
            (FailedCheck::Kind, "invalid_request"),
            (FailedCheck::Algorithm, "invalid_request"),
        ] {
            assert_eq!(PushError::of(failed).as_str(), expected);
        }
    }
}
