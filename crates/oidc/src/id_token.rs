//! The ID token (Core §2): who logged in, said by the provider to us, for this attempt, now.
//!
//! Form, header, algorithm, key and signature are behind a token that arrives here ([`crate::jws`]). Then, in this
//! order:
//!
//! 1. `typ` names no other kind of token (RFC 8725 §3.11), and there are no `events`: a logout token and a security
//!    event are signed with the same keys.
//! 2. `iss` is exactly the provider, `tid` a listed tenant where tenants are listed. After a refresh `iss` is the same as
//!    before (Core §12.2).
//! 3. `aud` has the client. `azp`, if there, is the client, and is there beside other audiences.
//! 4. `exp` is there and ahead; `iat` is there, not ahead, and at most 10 minutes ago; `nbf`, if there, is not ahead.
//!    All with 60 seconds to spare.
//! 5. At a login, `nonce` is there and the attempt's. After a refresh there may be one, of the login (Core §12.2).
//! 6. `at_hash`, if there, is the access token's.
//! 7. `auth_time`, if a `max_age` was asked, is there, is not 0, and not longer ago than that. One ahead is now.
//! 8. `acr`, if any were asked, is one of them.
//! 9. `sub` is there and is a name ([`crate::names`]); after a refresh it is the same as before. `sid` is a name.
//!
//! Invariant: an [`IdToken`] comes from [`check`] alone. What is missing in it was missing in the token.

use base::time::{Seconds, Timestamp};
use serde_json::{Map, Value};

use crate::authorize::Nonce;
use crate::check::FailedCheck;
use crate::issuer::Issuers;
use crate::jws::Signed;
use crate::names::{SessionId, Subject};
use crate::registered;

/// How long ago a token that has just been asked for can have been issued: as long as an attempt can last.
pub const MAX_TOKEN_AGE: Seconds = Seconds::new(600);

/// What a token must agree with.
pub struct Expected<'a> {
    /// The provider.
    pub issuers: &'a Issuers,
    /// The client.
    pub client_id: &'a str,
    /// What the token was asked for.
    pub occasion: Occasion<'a>,
    /// The access token that came with it.
    pub access_token: &'a str,
    /// The `max_age` that was asked.
    pub max_age: Option<Seconds>,
    /// The `acr_values` that were asked, of which one must be met.
    pub acr: &'a [String],
}

/// What an ID token was asked for.
pub enum Occasion<'a> {
    /// A login, with this nonce.
    Login(&'a Nonce),
    /// A refresh, for this user of this issuer.
    Refresh(&'a str, &'a Subject),
}

/// A token that passed every check.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct IdToken {
    /// `iss`: with `subject`, who it is.
    pub issuer: String,
    /// `sub`.
    pub subject: Subject,
    /// `sid`.
    pub session_id: Option<SessionId>,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `auth_time`, if it is known: a token that says 0 does not know it.
    pub auth_time: Option<Timestamp>,
    /// `acr`.
    pub acr: Option<String>,
    /// All claims.
    pub claims: Map<String, Value>,
}

/// Checks a token.
///
/// # Errors
/// The first check that fails.
pub fn check(token: Signed, expected: &Expected<'_>, now: Timestamp) -> Result<IdToken, FailedCheck> {
    let claims = &token.claims;
    is_id_token(&token)?;
    let issuer = issuer(&token, expected)?;
    registered::audience(claims, expected.client_id)?;
    registered::expiry(claims, now)?.ok_or(FailedCheck::ExpiryMissing)?;
    let issued_at = registered::issued_at(claims, now)?;
    if !registered::is_recent(issued_at, MAX_TOKEN_AGE, now) {
        return Err(FailedCheck::IssuedLongAgo);
    }
    registered::not_before(claims, now)?;
    nonce(&token, &expected.occasion)?;
    access_token_hash(&token, expected.access_token)?;
    let auth_time = auth_time(&token, expected.max_age, now)?;
    let acr = acr(&token, expected.acr)?;
    let subject = subject(&token, &expected.occasion)?;
    let session_id = registered::session_id(claims)?;
    Ok(IdToken { issuer, subject, session_id, issued_at, auth_time, acr, claims: token.claims.into_map() })
}

/// Kinds of JWT are named by `typ`; that of an ID token has no name but JWT's own.
fn is_id_token(token: &Signed) -> Result<(), FailedCheck> {
    if token.kind().is_some_and(|kind| kind.ends_with("+jwt") && kind != "id_token+jwt") {
        return Err(FailedCheck::Kind);
    }
    if token.claims.has("events") { Err(FailedCheck::Events) } else { Ok(()) }
}

fn issuer(token: &Signed, expected: &Expected<'_>) -> Result<String, FailedCheck> {
    let issuer = registered::issuer(&token.claims, expected.issuers)?;
    match expected.occasion {
        Occasion::Refresh(before, _) if before != issuer => Err(FailedCheck::Issuer),
        Occasion::Login(_) | Occasion::Refresh(..) => Ok(issuer),
    }
}

fn nonce(token: &Signed, occasion: &Occasion<'_>) -> Result<(), FailedCheck> {
    let nonce = token.claims.text("nonce")?;
    match occasion {
        Occasion::Login(expected) if expected.is(nonce.ok_or(FailedCheck::NonceMissing)?) => Ok(()),
        Occasion::Login(_) => Err(FailedCheck::Nonce),
        Occasion::Refresh(..) => Ok(()),
    }
}

fn access_token_hash(token: &Signed, access_token: &str) -> Result<(), FailedCheck> {
    let stated = token.claims.text("at_hash")?;
    let is_it = stated.is_none_or(|stated| stated == token.algorithm.left_hash(access_token));
    if is_it { Ok(()) } else { Err(FailedCheck::AccessTokenHash) }
}

fn auth_time(
    token: &Signed,
    max_age: Option<Seconds>,
    now: Timestamp,
) -> Result<Option<Timestamp>, FailedCheck> {
    let stated = token.claims.time("auth_time")?.filter(|time| time.seconds() > 0);
    let Some(max_age) = max_age else { return Ok(stated.map(|time| time.min(now))) };
    let time = stated.ok_or(FailedCheck::AuthTimeMissing)?;
    if !registered::is_recent(time, max_age, now) {
        return Err(FailedCheck::AuthTimeLongAgo);
    }
    Ok(Some(time.min(now)))
}

fn acr(token: &Signed, asked: &[String]) -> Result<Option<String>, FailedCheck> {
    let stated = token.claims.text("acr")?;
    let is_met = asked.is_empty() || stated.is_some_and(|stated| asked.iter().any(|acr| acr == stated));
    if is_met { Ok(stated.map(str::to_owned)) } else { Err(FailedCheck::Acr) }
}

fn subject(token: &Signed, occasion: &Occasion<'_>) -> Result<Subject, FailedCheck> {
    let subject = registered::subject(&token.claims)?.ok_or(FailedCheck::SubjectMissing)?;
    match occasion {
        Occasion::Refresh(_, before) if **before != subject => Err(FailedCheck::OtherSubject),
        Occasion::Login(_) | Occasion::Refresh(..) => Ok(subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::authorize::tests::secrets;
    use crate::issuer::{Issuer, Tenants};
    use crate::jws::tests::signed;
    use crate::metadata::tests::metadata;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;
    const LATELY: f64 = 1_799_999_999.25;
    const ACCESS_TOKEN: &str = "access";
    /// The issuer of the token that a refresh follows.
    const ISSUED_BEFORE: &str = "https://idp.example";

    fn now() -> Timestamp {
        Timestamp::from_seconds(NOW)
    }

    /// What a provider says at a login.
    fn claims(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "https://idp.example", "sub": "u", "aud": "gate", "exp": NOW + 300, "iat": NOW,
            "nonce": secrets().nonce.as_str(),
        });
        for (name, value) in changes.as_object().unwrap() {
            // What is `undefined` in a table is not there.
            match value.as_str() {
                Some("undefined") => drop(claims.as_object_mut().unwrap().remove(name)),
                _ => claims[name] = value.clone(),
            }
        }
        claims
    }

    struct Asked {
        issuers: Issuers,
        max_age: Option<Seconds>,
        acr: Vec<String>,
        refresh_of: Option<Subject>,
    }

    fn asked() -> Asked {
        Asked { issuers: metadata(json!({})).issuers, max_age: None, acr: Vec::new(), refresh_of: None }
    }

    fn read(header: &Value, changes: &Value, asked: &Asked) -> Result<IdToken, FailedCheck> {
        let secrets = secrets();
        let occasion = match &asked.refresh_of {
            Some(subject) => Occasion::Refresh(ISSUED_BEFORE, subject),
            None => Occasion::Login(&secrets.nonce),
        };
        let expected = Expected {
            issuers: &asked.issuers,
            client_id: "gate",
            occasion,
            access_token: ACCESS_TOKEN,
            max_age: asked.max_age,
            acr: &asked.acr,
        };
        check(signed(header, &claims(changes))?, &expected, now())
    }

    fn failed(changes: Value) -> Option<FailedCheck> {
        read(&json!({ "alg": "EdDSA", "kid": "o" }), &changes, &asked()).err()
    }

    fn id_token(changes: Value, asked: &Asked) -> Result<IdToken, FailedCheck> {
        read(&json!({ "alg": "EdDSA", "kid": "o" }), &changes, asked)
    }

    /// Each row: what is changed in a good token, and the check that fails.
    fn table(rows: &[(Value, Option<FailedCheck>)]) {
        for (changes, expected) in rows {
            assert_eq!(failed(changes.clone()), *expected, "{changes}");
        }
    }

    #[test]
    fn a_good_token_says_who_logged_in() {
        let all = json!({ "sid": "s1", "auth_time": NOW - 5, "acr": "mfa", "email": "u@example.com" });
        let token = id_token(all, &asked()).unwrap_or_else(|failed| panic!("{failed}"));
        assert_eq!((token.issuer.as_str(), token.subject.as_str()), ("https://idp.example", "u"));
        assert_eq!(token.session_id.as_ref().map(SessionId::as_str), Some("s1"));
        assert_eq!((token.issued_at, token.auth_time), (now(), Some(Timestamp::from_seconds(NOW - 5))));
        assert_eq!(token.acr.as_deref(), Some("mfa"));
        assert_eq!(token.claims["email"], "u@example.com");
        let least = id_token(json!({}), &asked()).unwrap_or_else(|failed| panic!("{failed}"));
        assert!(least.session_id.is_none() && least.auth_time.is_none() && least.acr.is_none());
    }

    #[test]
    fn rule_1_another_kind_of_token_is_no_id_token() {
        let kind = |kind: &str| {
            read(&json!({ "alg": "EdDSA", "kid": "o", "typ": kind }), &json!({}), &asked()).err()
        };
        for other in
            ["logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "secevent+jwt", "at+jwt", "dpop+jwt"]
        {
            assert_eq!(kind(other), Some(FailedCheck::Kind), "{other}");
        }
        for own in ["JWT", "jwt", "application/jwt", "", "id_token+jwt"] {
            assert_eq!(kind(own), None, "{own}");
        }
        table(&[
            (
                json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": {} } }),
                Some(FailedCheck::Events),
            ),
            (json!({ "events": null }), Some(FailedCheck::Events)),
        ]);
    }

    #[test]
    fn rule_2_the_issuer_is_the_provider_byte_for_byte() {
        table(&[
            (json!({ "iss": "https://evil.example" }), Some(FailedCheck::Issuer)),
            (json!({ "iss": "https://idp.example/" }), Some(FailedCheck::Issuer)),
            (json!({ "iss": "https://IDP.example" }), Some(FailedCheck::Issuer)),
            (json!({ "iss": "undefined" }), Some(FailedCheck::Issuer)),
            (json!({ "iss": ["https://idp.example"] }), Some(FailedCheck::ClaimType("iss"))),
            (json!({ "iss": null }), Some(FailedCheck::ClaimType("iss"))),
        ]);
        let configured = Issuer::parse("https://login.example/common").unwrap();
        let listed = Tenants::Listed(vec!["t1".into()]);
        let issuers = Issuers::of(&configured, "https://login.example/{tenantid}", &listed).unwrap();
        let asked = Asked { issuers, ..asked() };
        let of = |tenant: &str, issuer: &str| id_token(json!({ "iss": issuer, "tid": tenant }), &asked).err();
        assert_eq!(of("t1", "https://login.example/t1"), None);
        assert_eq!(of("t2", "https://login.example/t2"), Some(FailedCheck::Tenant));
        assert_eq!(of("t1", "https://login.example/t2"), Some(FailedCheck::Issuer));
        assert_eq!(of("undefined", "https://login.example/t1"), Some(FailedCheck::Tenant));
    }

    #[test]
    fn rule_2_a_refresh_changes_no_issuer() {
        let configured = Issuer::parse("https://idp.example/common").unwrap();
        let listed = Tenants::Listed(vec!["t1".into()]);
        let issuers = Issuers::of(&configured, "https://idp.example/{tenantid}", &listed).unwrap();
        let of_another = json!({ "iss": "https://idp.example/t1", "tid": "t1" });
        let login = Asked { issuers: issuers.clone(), ..asked() };
        assert_eq!(id_token(of_another.clone(), &login).err(), None);
        let refresh = Asked { issuers, refresh_of: Subject::parse("u"), ..asked() };
        assert_eq!(id_token(of_another, &refresh).err(), Some(FailedCheck::Issuer));
    }

    #[test]
    fn rule_3_the_token_is_for_the_client() {
        table(&[
            (json!({ "aud": "other" }), Some(FailedCheck::Audience)),
            (json!({ "aud": "undefined" }), Some(FailedCheck::Audience)),
            (json!({ "aud": [] }), Some(FailedCheck::Audience)),
            (json!({ "aud": ["gate"] }), None),
            (json!({ "aud": ["gate", "gate"] }), None),
            (json!({ "aud": ["gate", "x"] }), Some(FailedCheck::AuthorizedParty)),
            (json!({ "aud": ["gate", "x"], "azp": "gate" }), None),
            (json!({ "aud": ["gate", "x"], "azp": "x" }), Some(FailedCheck::AuthorizedParty)),
            (json!({ "aud": ["x"], "azp": "gate" }), Some(FailedCheck::Audience)),
            (json!({ "azp": "gate" }), None),
            (json!({ "azp": "x" }), Some(FailedCheck::AuthorizedParty)),
            (json!({ "azp": null }), Some(FailedCheck::ClaimType("azp"))),
            (json!({ "aud": ["gate", 1] }), Some(FailedCheck::ClaimType("aud"))),
            (json!({ "aud": { "gate": 1 } }), Some(FailedCheck::ClaimType("aud"))),
            (json!({ "aud": "GATE" }), Some(FailedCheck::Audience)),
        ]);
    }

    #[test]
    fn rule_4_the_token_is_of_now() {
        table(&[
            (json!({ "exp": NOW - 59 }), None),
            (json!({ "exp": NOW - 60 }), Some(FailedCheck::Expired)),
            (json!({ "exp": NOW - 61 }), Some(FailedCheck::Expired)),
            (json!({ "exp": -1 }), Some(FailedCheck::Expired)),
            (json!({ "exp": i64::MIN }), Some(FailedCheck::Expired)),
            (json!({ "exp": i64::MAX }), None),
            (json!({ "exp": LATELY }), None),
            (json!({ "exp": 1e300 }), Some(FailedCheck::ClaimType("exp"))),
            (json!({ "exp": (NOW + 300).to_string() }), Some(FailedCheck::ClaimType("exp"))),
            (json!({ "exp": null }), Some(FailedCheck::ClaimType("exp"))),
            (json!({ "exp": "undefined" }), Some(FailedCheck::ExpiryMissing)),
            (json!({ "iat": NOW + 60 }), None),
            (json!({ "iat": NOW + 61 }), Some(FailedCheck::IssuedAhead)),
            (json!({ "iat": NOW - 660 }), None),
            (json!({ "iat": NOW - 661 }), Some(FailedCheck::IssuedLongAgo)),
            (json!({ "iat": NOW - 86_400 }), Some(FailedCheck::IssuedLongAgo)),
            (json!({ "iat": "undefined" }), Some(FailedCheck::IssuedAtMissing)),
            (json!({ "iat": true }), Some(FailedCheck::ClaimType("iat"))),
            (json!({ "nbf": NOW + 60 }), None),
            (json!({ "nbf": NOW + 61 }), Some(FailedCheck::NotBefore)),
            (json!({ "nbf": "x" }), Some(FailedCheck::ClaimType("nbf"))),
        ]);
    }

    #[test]
    fn rule_5_the_nonce_is_the_attempts() {
        let nonce = secrets().nonce.as_str().to_owned();
        table(&[
            (json!({ "nonce": "undefined" }), Some(FailedCheck::NonceMissing)),
            (json!({ "nonce": null }), Some(FailedCheck::ClaimType("nonce"))),
            (json!({ "nonce": "" }), Some(FailedCheck::Nonce)),
            (json!({ "nonce": format!("{nonce}x") }), Some(FailedCheck::Nonce)),
            (json!({ "nonce": nonce.to_lowercase() }), Some(FailedCheck::Nonce)),
            (json!({ "nonce": [nonce] }), Some(FailedCheck::ClaimType("nonce"))),
        ]);
    }

    #[test]
    fn rule_5_after_a_refresh_there_may_be_a_nonce_or_none() {
        let asked = Asked { refresh_of: Subject::parse("u"), ..asked() };
        assert!(id_token(json!({ "nonce": "undefined" }), &asked).is_ok());
        assert!(id_token(json!({ "nonce": "of the login" }), &asked).is_ok());
    }

    #[test]
    fn rule_6_a_hash_is_of_the_access_token_that_came_with_it() {
        table(&[
            (json!({ "at_hash": Algorithm::EdDsa.left_hash(ACCESS_TOKEN) }), None),
            (
                json!({ "at_hash": Algorithm::Rs256.left_hash(ACCESS_TOKEN) }),
                Some(FailedCheck::AccessTokenHash),
            ),
            (json!({ "at_hash": Algorithm::EdDsa.left_hash("other") }), Some(FailedCheck::AccessTokenHash)),
            (json!({ "at_hash": "" }), Some(FailedCheck::AccessTokenHash)),
            (json!({ "at_hash": 1 }), Some(FailedCheck::ClaimType("at_hash"))),
            (json!({ "c_hash": "anything" }), None),
        ]);
        let es256 = json!({ "alg": "ES256", "kid": "p256" });
        let hash = json!({ "at_hash": Algorithm::Es256.left_hash(ACCESS_TOKEN) });
        assert!(read(&es256, &hash, &asked()).is_ok(), "the hash is the algorithm's");
    }

    #[test]
    fn rule_7_a_login_is_as_recent_as_was_asked() {
        let asked = Asked { max_age: Some(Seconds::new(100)), ..asked() };
        let auth_time = |value: Value| id_token(json!({ "auth_time": value }), &asked);
        let failed = |value| auth_time(value).err();
        assert_eq!(failed(json!(NOW - 160)), None);
        assert_eq!(failed(json!(NOW - 161)), Some(FailedCheck::AuthTimeLongAgo));
        assert_eq!(failed(json!(LATELY)), None);
        assert_eq!(failed(json!("undefined")), Some(FailedCheck::AuthTimeMissing));
        assert_eq!(failed(json!(0)), Some(FailedCheck::AuthTimeMissing));
        assert_eq!(failed(json!(-5)), Some(FailedCheck::AuthTimeMissing));
        assert_eq!(failed(json!((NOW - 10).to_string())), Some(FailedCheck::ClaimType("auth_time")));
        let ahead = auth_time(json!(NOW + 1_000_000)).unwrap_or_else(|failed| panic!("{failed}"));
        assert_eq!(ahead.auth_time, Some(now()));
    }

    #[test]
    fn rule_7_without_a_max_age_any_login_will_do() {
        let auth_time =
            |value: Value| id_token(json!({ "auth_time": value }), &asked()).map(|token| token.auth_time);
        assert_eq!(auth_time(json!(5)), Ok(Some(Timestamp::from_seconds(5))));
        assert_eq!(auth_time(json!(0)), Ok(None));
        assert_eq!(auth_time(json!(NOW + 1_000_000)), Ok(Some(now())));
        assert_eq!(auth_time(json!("5")), Err(FailedCheck::ClaimType("auth_time")));
    }

    #[test]
    fn rule_8_the_way_of_the_login_is_one_that_was_asked() {
        let asked = Asked { acr: vec!["mfa".into(), "phrh".into()], ..asked() };
        let failed = |value: Value| id_token(json!({ "acr": value }), &asked).err();
        assert_eq!((failed(json!("mfa")), failed(json!("phrh"))), (None, None));
        for other in ["undefined", "pwd", "MFA", "mfa phrh", ""] {
            assert_eq!(failed(json!(other)), Some(FailedCheck::Acr), "{other}");
        }
        assert_eq!(failed(json!(["mfa"])), Some(FailedCheck::ClaimType("acr")));
    }

    #[test]
    fn rule_9_somebody_is_named() {
        table(&[
            (json!({ "sub": "undefined" }), Some(FailedCheck::SubjectMissing)),
            (json!({ "sub": "" }), Some(FailedCheck::Subject)),
            (json!({ "sub": "s".repeat(255) }), None),
            (json!({ "sub": "s".repeat(256) }), Some(FailedCheck::Subject)),
            (json!({ "sub": "a/b" }), None),
            (json!({ "sub": "a\u{0}b" }), Some(FailedCheck::Subject)),
            (json!({ "sub": "\u{fc}" }), Some(FailedCheck::Subject)),
            (json!({ "sub": 1 }), Some(FailedCheck::ClaimType("sub"))),
            (json!({ "sid": "s".repeat(256) }), Some(FailedCheck::SessionId)),
            (json!({ "sid": 1 }), Some(FailedCheck::ClaimType("sid"))),
            (json!({ "sid": "" }), None),
        ]);
        let asked = Asked { refresh_of: Subject::parse("u"), ..asked() };
        assert_eq!(id_token(json!({ "sub": "v" }), &asked).err(), Some(FailedCheck::OtherSubject));
    }

    #[test]
    fn the_checks_come_in_their_order() {
        // Everything is wrong; the first fault in the order of the rules is named, and then the next.
        let faults = [
            ("events", json!({}), FailedCheck::Events),
            ("iss", json!("x"), FailedCheck::Issuer),
            ("aud", json!("x"), FailedCheck::Audience),
            ("exp", json!(1), FailedCheck::Expired),
            ("iat", json!(1), FailedCheck::IssuedLongAgo),
            ("nbf", json!(NOW + 100), FailedCheck::NotBefore),
            ("nonce", json!("x"), FailedCheck::Nonce),
            ("at_hash", json!("x"), FailedCheck::AccessTokenHash),
            ("auth_time", json!(1), FailedCheck::AuthTimeLongAgo),
            ("acr", json!("x"), FailedCheck::Acr),
            ("sub", json!(""), FailedCheck::Subject),
        ];
        let asked = Asked { max_age: Some(Seconds::new(1)), acr: vec!["mfa".into()], ..asked() };
        for index in 0..faults.len() {
            let mut changes = json!({ "auth_time": NOW, "acr": "mfa" });
            for (name, value, _) in &faults[index..] {
                changes[name] = value.clone();
            }
            assert_eq!(id_token(changes, &asked).err(), Some(faults[index].2));
        }
    }

    #[test]
    fn tokens_of_real_providers_are_taken() {
        for claims in [
            // Canaille: an array of one audience, and a fraction.
            json!({ "aud": ["gate"], "auth_time": LATELY, "at_hash": Algorithm::EdDsa.left_hash(ACCESS_TOKEN) }),
            // glewlwyd: a hash of the code, and a login at no known time.
            json!({ "c_hash": "x", "auth_time": 0, "azp": "gate" }),
            // better-auth: good for ten hours.
            json!({ "exp": NOW + 36_000, "sid": "0123456789abcdef" }),
        ] {
            assert_eq!(failed(claims), None);
        }
    }

    proptest! {
        #[test]
        fn no_claim_of_any_type_is_too_much(name in "iss|aud|azp|exp|iat|nbf|nonce|at_hash|auth_time|acr|sub|sid|tid", kind in 0_usize..6) {
            let value = [json!(null), json!(true), json!(1.5e18), json!([[]]), json!({ "x": 1 }), json!("x")][kind].clone();
            let _ = failed(json!({ name: value }));
        }

        #[test]
        fn a_token_is_taken_only_while_its_times_allow(exp in NOW - 200..NOW + 200, iat in NOW - 900..NOW + 200) {
            let is_good = exp > NOW - 60 && (NOW - 660..=NOW + 60).contains(&iat);
            prop_assert_eq!(failed(json!({ "exp": exp, "iat": iat })).is_none(), is_good);
        }
    }
}
