//! The logout token (Back-Channel Logout §2.4 to §2.6): the provider says that a session or a user is signed out.
//!
//! Form, header, algorithm, key and signature are as with an ID token ([`crate::jws`]). Then, in this order:
//!
//! 1. `typ` is missing, `JWT` or `logout+jwt`, in any case, with or without `application/`: two of four providers send
//!    `JWT`.
//! 2. `iss`, `aud` and `azp` are as in an ID token.
//! 3. `iat` is there and not ahead; `exp`, if there, is ahead; without it `iat` is at most 5 minutes ago: two of four
//!    providers send none. `nbf`, if there, is not ahead. All with 60 seconds to spare.
//! 4. `sub` or `sid` is there, or both.
//! 5. `events` is an object whose member for the logout is an object.
//! 6. `nonce` is not there, so an ID token is never one.
//! 7. `jti` is there.
//!
//! A replay is not looked for: [`LogoutToken::issued_at`] says which logins a token is older than, and so harmless to.
//!
//! Invariant: a [`LogoutToken`] comes from [`check`] alone, and names somebody.

use base::form;
use base::time::{Seconds, Timestamp};

use crate::check::FailedCheck;
use crate::issuer::Issuers;
use crate::jws::Signed;
use crate::names::{SessionId, Subject};
use crate::registered;

/// The longest request with a logout token, in bytes.
pub const MAX_REQUEST: usize = 64 << 10;

/// How long a token without `exp` is good.
pub const MAX_AGE: Seconds = Seconds::new(300);

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A token that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutToken {
    /// `iss`: with a subject, who it is.
    pub issuer: String,
    /// What ended.
    pub ended: Ended,
    /// `iat`: no login after it is meant.
    pub issued_at: Timestamp,
}

/// What ended at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// One session, of this user if the token says so.
    Session(SessionId, Option<Subject>),
    /// All sessions of a user.
    User(Subject),
}

/// What is wrong with a request that should bring a logout token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// It is longer than it may be.
    TooLong,
    /// It has no `logout_token`.
    Missing,
    /// It has several.
    Repeated,
    /// It is no text.
    NotText,
}

/// The token in the body of a request, which is a form (§2.5).
///
/// # Errors
/// What is wrong with it.
pub fn from_form(body: &[u8]) -> Result<String, RequestFault> {
    if body.len() > MAX_REQUEST {
        return Err(RequestFault::TooLong);
    }
    let mut tokens = form::pairs(body).filter(|(name, _)| form::decoded(name).eq(*b"logout_token"));
    let (_, token) = tokens.next().ok_or(RequestFault::Missing)?;
    if tokens.next().is_some() {
        return Err(RequestFault::Repeated);
    }
    String::from_utf8(form::decoded(token).collect()).map_err(|_| RequestFault::NotText)
}

/// Checks a token.
///
/// # Errors
/// The first check that fails.
pub fn check(
    token: Signed,
    issuers: &Issuers,
    client_id: &str,
    now: Timestamp,
) -> Result<LogoutToken, FailedCheck> {
    let claims = &token.claims;
    is_logout_token(&token)?;
    let issuer = registered::issuer(claims, issuers)?;
    registered::audience(claims, client_id)?;
    let issued_at = registered::issued_at(claims, now)?;
    let expires_at = registered::expiry(claims, now)?;
    if expires_at.is_none() && !registered::is_recent(issued_at, MAX_AGE, now) {
        return Err(FailedCheck::IssuedLongAgo);
    }
    registered::not_before(claims, now)?;
    let ended = ended(&token)?;
    has_event(&token)?;
    if claims.has("nonce") {
        return Err(FailedCheck::NoncePresent);
    }
    claims.text("jti")?.filter(|id| !id.is_empty()).ok_or(FailedCheck::TokenIdMissing)?;
    Ok(LogoutToken { issuer, ended, issued_at })
}

fn is_logout_token(token: &Signed) -> Result<(), FailedCheck> {
    match token.kind().as_deref() {
        None | Some("jwt" | "logout+jwt") => Ok(()),
        Some(_) => Err(FailedCheck::Kind),
    }
}

fn ended(token: &Signed) -> Result<Ended, FailedCheck> {
    let subject = registered::subject(&token.claims)?;
    match (registered::session_id(&token.claims)?, subject) {
        (Some(session_id), subject) => Ok(Ended::Session(session_id, subject)),
        (None, Some(subject)) => Ok(Ended::User(subject)),
        (None, None) => Err(FailedCheck::Nobody),
    }
}

fn has_event(token: &Signed) -> Result<(), FailedCheck> {
    let event = token.claims.value("events").and_then(|events| events.as_object()?.get(EVENT));
    if event.is_some_and(serde_json::Value::is_object) { Ok(()) } else { Err(FailedCheck::LogoutEvent) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::tests::signed;
    use crate::metadata::tests::metadata;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn claims(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "https://idp.example", "sub": "u", "sid": "s1", "aud": "gate", "iat": NOW, "exp": NOW + 120,
            "jti": "j", "events": { EVENT: {} },
        });
        for (name, value) in changes.as_object().unwrap() {
            match value.as_str() {
                Some("undefined") => drop(claims.as_object_mut().unwrap().remove(name)),
                _ => claims[name] = value.clone(),
            }
        }
        claims
    }

    fn read(kind: Option<&str>, changes: &Value) -> Result<LogoutToken, FailedCheck> {
        let mut header = json!({ "alg": "EdDSA", "kid": "o" });
        if let Some(kind) = kind {
            header["typ"] = kind.into();
        }
        let issuers = metadata(json!({})).issuers;
        check(signed(&header, &claims(changes))?, &issuers, "gate", Timestamp::from_seconds(NOW))
    }

    fn failed(changes: &Value) -> Option<FailedCheck> {
        read(Some("logout+jwt"), changes).err()
    }

    fn table(rows: &[(Value, Option<FailedCheck>)]) {
        for (changes, expected) in rows {
            assert_eq!(failed(changes), *expected, "{changes}");
        }
    }

    #[test]
    fn a_token_says_what_ended() {
        let (session, user) = (SessionId::parse("s1").unwrap(), Subject::parse("u").unwrap());
        let ended = |changes: Value| read(None, &changes).map(|token| token.ended);
        assert_eq!(ended(json!({})), Ok(Ended::Session(session.clone(), Some(user.clone()))));
        assert_eq!(ended(json!({ "sub": "undefined" })), Ok(Ended::Session(session, None)));
        assert_eq!(ended(json!({ "sid": "undefined" })), Ok(Ended::User(user)));
        let token = read(None, &json!({ "iat": NOW - 7 })).unwrap();
        assert_eq!(
            (token.issuer.as_str(), token.issued_at),
            ("https://idp.example", Timestamp::from_seconds(NOW - 7))
        );
    }

    #[test]
    fn tokens_of_real_providers_are_taken() {
        for (kind, changes) in [
            ("logout+jwt", json!({})),
            ("JWT", json!({ "exp": "undefined" })),
            ("logout+jwt", json!({ "sid": "undefined" })),
            ("JWT", json!({ "exp": "undefined", "aud": ["gate"], "jti": "8letters" })),
        ] {
            assert!(read(Some(kind), &changes).is_ok(), "{kind} {changes}");
        }
    }

    #[test]
    fn rule_1_the_type_is_none_or_one_of_two() {
        for kind in [
            None,
            Some("JWT"),
            Some("jwt"),
            Some("logout+jwt"),
            Some("LOGOUT+JWT"),
            Some("application/logout+jwt"),
            Some("Application/JWT"),
        ] {
            assert_eq!(read(kind, &json!({})).err(), None, "{kind:?}");
        }
        for kind in ["at+jwt", "secevent+jwt", "id_token+jwt", "", "logout", "application/application/jwt"] {
            assert_eq!(read(Some(kind), &json!({})).err(), Some(FailedCheck::Kind), "{kind}");
        }
    }

    #[test]
    fn rule_2_it_is_from_the_provider_and_for_the_client() {
        table(&[
            (json!({ "iss": "https://other.example" }), Some(FailedCheck::Issuer)),
            (json!({ "iss": "undefined" }), Some(FailedCheck::Issuer)),
            (json!({ "aud": "other" }), Some(FailedCheck::Audience)),
            (json!({ "aud": "undefined" }), Some(FailedCheck::Audience)),
            (json!({ "aud": ["gate", "x"] }), Some(FailedCheck::AuthorizedParty)),
            (json!({ "azp": "x" }), Some(FailedCheck::AuthorizedParty)),
        ]);
    }

    #[test]
    fn rule_3_it_is_of_now() {
        table(&[
            (json!({ "exp": "undefined" }), None),
            (json!({ "exp": "undefined", "iat": NOW - 360 }), None),
            (json!({ "exp": "undefined", "iat": NOW - 361 }), Some(FailedCheck::IssuedLongAgo)),
            (json!({ "exp": "undefined", "iat": NOW - 600 }), Some(FailedCheck::IssuedLongAgo)),
            (json!({ "iat": NOW - 600 }), None),
            (json!({ "iat": NOW + 60 }), None),
            (json!({ "iat": NOW + 61 }), Some(FailedCheck::IssuedAhead)),
            (json!({ "iat": NOW + 3600 }), Some(FailedCheck::IssuedAhead)),
            (json!({ "iat": "undefined" }), Some(FailedCheck::IssuedAtMissing)),
            (json!({ "exp": NOW - 59 }), None),
            (json!({ "exp": NOW - 60 }), Some(FailedCheck::Expired)),
            (json!({ "exp": null }), Some(FailedCheck::ClaimType("exp"))),
            (json!({ "exp": "never" }), Some(FailedCheck::ClaimType("exp"))),
            (json!({ "nbf": NOW + 61 }), Some(FailedCheck::NotBefore)),
        ]);
    }

    #[test]
    fn rule_4_somebody_is_named() {
        table(&[
            (json!({ "sub": "undefined", "sid": "undefined" }), Some(FailedCheck::Nobody)),
            (json!({ "sub": "undefined", "sid": "" }), Some(FailedCheck::Nobody)),
            (json!({ "sub": "" }), Some(FailedCheck::Subject)),
            (json!({ "sub": null }), Some(FailedCheck::ClaimType("sub"))),
            (json!({ "sid": "\u{fc}" }), Some(FailedCheck::SessionId)),
        ]);
    }

    #[test]
    fn rule_5_the_event_is_a_logout() {
        for events in [
            json!("undefined"),
            json!([]),
            json!([EVENT]),
            json!(EVENT),
            json!({}),
            json!({ EVENT: null }),
            json!({ EVENT: [] }),
            json!({ EVENT: true }),
            json!({ "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} }),
        ] {
            assert_eq!(failed(&json!({ "events": events })), Some(FailedCheck::LogoutEvent), "{events}");
        }
        table(&[(json!({ "events": { EVENT: { "x": 1 }, "other": 1 } }), None)]);
    }

    #[test]
    fn rule_6_a_nonce_is_refused_whatever_it_is() {
        for nonce in [json!("n"), json!(""), json!(null), json!(1)] {
            assert_eq!(failed(&json!({ "nonce": nonce })), Some(FailedCheck::NoncePresent));
        }
        // An ID token has a nonce and no event.
        table(&[(
            json!({ "nonce": "n", "events": "undefined", "jti": "undefined" }),
            Some(FailedCheck::LogoutEvent),
        )]);
    }

    #[test]
    fn rule_7_it_has_an_id() {
        table(&[
            (json!({ "jti": "undefined" }), Some(FailedCheck::TokenIdMissing)),
            (json!({ "jti": "" }), Some(FailedCheck::TokenIdMissing)),
            (json!({ "jti": 1 }), Some(FailedCheck::ClaimType("jti"))),
        ]);
    }

    #[test]
    fn a_request_brings_one_token() {
        assert_eq!(from_form(b"logout_token=a.b.c"), Ok("a.b.c".to_owned()));
        assert_eq!(from_form(b"x=1&logout%5Ftoken=a%2Eb"), Ok("a.b".to_owned()));
        assert_eq!(from_form(b""), Err(RequestFault::Missing));
        assert_eq!(from_form(b"{\"logout_token\":\"a\"}"), Err(RequestFault::Missing));
        assert_eq!(from_form(b"logout_token=a&logout_token=a"), Err(RequestFault::Repeated));
        assert_eq!(from_form(b"logout_token=%ff"), Err(RequestFault::NotText));
        let body = |length| [b"logout_token=".to_vec(), vec![b'x'; length]].concat();
        assert!(from_form(&body(MAX_REQUEST - 13)).is_ok());
        assert_eq!(from_form(&body(MAX_REQUEST - 12)), Err(RequestFault::TooLong));
    }

    proptest! {
        #[test]
        fn no_body_is_too_much(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = from_form(&body);
        }

        #[test]
        fn a_token_that_is_taken_names_somebody(sub in "[a-z]{0,2}", sid in "[a-z]{0,2}") {
            let is_somebody = !sub.is_empty();
            prop_assert_eq!(read(None, &json!({ "sub": sub, "sid": sid })).is_ok(), is_somebody);
        }
    }
}
