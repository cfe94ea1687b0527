//! What is known of the login that made a session: what it said of the person, when and how they proved who they are,
//! and the limits that it set itself.
//!
//! Invariant: a login that said nothing of this is the default, and takes no byte in the row, in a command or in a reply.

use serde::Serialize;
use serde_json::{Map, Value};

use super::claims::{Claims, TooManyClaims};
use super::protocol::Left;
use crate::base::time::{Seconds, Timestamp};

/// The claim that counts only for an address that is known to be the person's.
pub const EMAIL: &str = "email";

/// A login, as far as it differs from one of which the user is known and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Login {
    /// What is known of the person.
    #[serde(skip_serializing_if = "Claims::is_empty")]
    pub claims: Claims,
    /// Whether the application has set the claim `email` of a session that a provider's login made.
    #[serde(skip_serializing_if = "is_false")]
    pub email_set: bool,
    /// When the person proved who they are, if that is known and is not the session's beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// How they did (`acr` of `OpenID` Connect Core §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Whether the browser keeps the cookies when it is closed.
    #[serde(skip_serializing_if = "is_true")]
    pub persistent: bool,
    /// An idle lifetime of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Seconds>,
    /// An absolute lifetime of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute: Option<Seconds>,
    /// The key of the identity provider that signed the person in; none where the application did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What that provider left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_provider: Option<Box<AtProvider>>,
}

/// What a login at an identity provider left with the session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtProvider {
    /// `iss` of the ID token.
    pub issuer: String,
    /// `sid` of the ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// `iat` of the ID token, by the provider's clock.
    pub issued_at: Timestamp,
    /// ID token and refresh token, sealed: the object cannot read them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// When the provider was asked last whether the person may stay, and said yes; not since the login without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// Until when nobody else is to ask it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
}

impl Default for Login {
    fn default() -> Self {
        Self::PLAIN.clone()
    }
}

impl Login {
    /// A login that said nothing beside the user.
    pub const PLAIN: &'static Self = &Self {
        claims: Claims::NONE,
        email_set: false,
        auth_time: None,
        acr: None,
        persistent: true,
        idle: None,
        absolute: None,
        provider: None,
        at_provider: None,
    };

    /// Whether it said nothing beside the user.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self == Self::PLAIN
    }

    /// Whether there is anything of it to tell the application, wherever the person goes.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        !self.claims.is_empty() || self.auth_time.is_some() || self.acr.is_some() || self.provider.is_some()
    }

    /// When the person proved who they are, if that is known. The application's login is that proof. A provider's is
    /// not: the person may have been signed in there for a year.
    #[must_use]
    pub fn proved_at(&self, created_at: Timestamp) -> Option<Timestamp> {
        self.auth_time.or_else(|| self.provider.is_none().then_some(created_at))
    }

    /// A claim that counts: an e-mail address that is neither verified nor set by the application is none.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name).filter(|_| name != EMAIL || self.email_counts())
    }

    fn email_counts(&self) -> bool {
        let is_verified = || self.claims.get("email_verified") == Some(&Value::Bool(true));
        self.provider.is_none() || self.email_set || is_verified()
    }

    /// The login with the claims that the application changed.
    ///
    /// # Errors
    /// [`TooManyClaims`] if they would be over the limit.
    pub fn with_claims(&self, change: Map<String, Value>) -> Result<Self, TooManyClaims> {
        let email_set = match change.get(EMAIL) {
            Some(email) => self.provider.is_some() && !email.is_null(),
            None => self.email_set,
        };
        Ok(Self { claims: self.claims.merged(change)?, email_set, ..self.clone() })
    }

    /// The login with what its provider says otherwise than before; an address that is new there is the provider's word
    /// again. Of what would be over the limit nothing is kept, since no claim meets no rule.
    #[must_use]
    pub fn with_told(&self, change: Map<String, Value>) -> Self {
        let email_set = self.email_set && !change.contains_key(EMAIL);
        let mut none = Map::new();
        none.extend(change.keys().map(|name| (name.clone(), Value::Null)));
        let claims = self.claims.merged(change).or_else(|TooManyClaims| self.claims.merged(none));
        Self { claims: claims.unwrap_or_default(), email_set, ..self.clone() }
    }

    /// What is left of a provider's login when its session ends.
    #[must_use]
    pub fn left(&self) -> Option<Left> {
        let provider = self.provider.clone()?;
        let sealed = self.at_provider.as_ref().and_then(|left| left.sealed.clone());
        Some(Left { provider, sealed })
    }

    /// Whether it was made at a provider not later than `issued_at`, in this session there if one is named.
    #[must_use]
    pub fn is_at(
        &self,
        provider: &str,
        issuer: &str,
        session_id: Option<&str>,
        issued_at: Timestamp,
    ) -> bool {
        let is_meant = |left: &AtProvider| {
            left.issuer == issuer
                && left.issued_at <= issued_at
                && (session_id.is_none() || left.session_id.as_deref() == session_id)
        };
        self.provider.as_deref() == Some(provider) && self.at_provider.as_deref().is_some_and(is_meant)
    }

    /// The login of a session that begins now: nobody has proved anything in the future.
    #[must_use]
    pub fn begun(self, now: Timestamp) -> Self {
        Self { auth_time: self.auth_time.map(|at| at.min(now)), ..self }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_true(flag: &bool) -> bool {
    *flag
}

#[cfg(test)]
mod tests {
    use super::super::claims::tests::claims;
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn of_provider(value: Value) -> Login {
        Login { claims: claims(value), provider: Some("corp".into()), ..Login::default() }
    }

    #[test]
    fn a_login_that_said_nothing_is_written_as_nothing() {
        assert_eq!(serde_json::to_value(Login::default()).unwrap(), json!({}));
        assert!(Login::default().is_plain() && !Login::default().is_told());
        let limited = Login { persistent: false, idle: Some(Seconds::new(1)), ..Login::default() };
        assert!(
            !limited.is_plain() && !limited.is_told(),
            "its limits are nothing that the application is told"
        );
    }

    #[test]
    fn the_application_s_login_is_the_proof_and_a_provider_s_is_none_of_itself() {
        let provider = Some("corp".to_owned());
        assert_eq!(Login::default().proved_at(at(5)), Some(at(5)));
        assert_eq!(Login { provider: provider.clone(), ..Login::default() }.proved_at(at(5)), None);
        let known = Login { auth_time: Some(at(3)), provider, ..Login::default() };
        assert_eq!(known.proved_at(at(5)), Some(at(3)));
    }

    #[test]
    fn a_proof_of_the_future_is_one_of_now() {
        let ahead = Login { auth_time: Some(at(99)), ..Login::default() };
        assert_eq!(ahead.clone().begun(at(10)).auth_time, Some(at(10)));
        assert_eq!(ahead.begun(at(100)).auth_time, Some(at(99)));
        assert_eq!(Login::default().begun(at(10)), Login::default());
    }

    #[test]
    fn an_address_counts_if_it_is_verified_or_the_application_s_word() {
        let email = json!("a@example.com");
        let application = Login { claims: claims(json!({ "email": email })), ..Login::default() };
        assert_eq!(application.claim("email"), Some(&email));
        for verified in [json!(false), json!("true"), json!(1), json!(null)] {
            let login = of_provider(json!({ "email": email, "email_verified": verified }));
            assert_eq!(login.claim("email"), None, "{verified}");
        }
        let verified = of_provider(json!({ "email": email, "email_verified": true }));
        assert_eq!(verified.claim("email"), Some(&email));
        let change = |value: Value| value.as_object().unwrap().clone();
        let set =
            of_provider(json!({ "email": "x@example.org" })).with_claims(change(json!({ "email": email })));
        let set = set.unwrap();
        assert_eq!(set.claim("email"), Some(&email));
        let kept = set.with_claims(change(json!({ "a": 1 }))).unwrap();
        assert_eq!(kept.claim("email"), Some(&email));
        let removed = kept.with_claims(change(json!({ "email": null }))).unwrap();
        assert!(removed.claim("email").is_none() && !removed.email_set);
    }
}
