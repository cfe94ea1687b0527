//! What a session is: its record, its handle, the rotation of its refresh tokens, and what Worker and object say to each
//! other about it.
//!
//! Invariant: plain values and pure functions. What a command does to sessions is decided in `object`.

mod claims;
mod handle;
mod ids;
mod login;
pub(crate) mod payload;
mod protocol;
mod rotation;

pub use claims::{Claims, MAX_CLAIMS, TooManyClaims};
pub use handle::{Handle, ObjectId};
pub use ids::{Nonce, SessionId};
pub use login::{AtProvider, Login};
pub use payload::{PROTECTED, Payload, ProtectedName};
pub use protocol::{
    AntiCsrf, Command, Envelope, Left, Logout, PayloadChange, Proof, ProviderEnd, Reach, Recheck, Rechecked,
    Reply, Scope,
};
pub use rotation::{Child, FirstUse, Generation, Issued, Lineage, Reuse, Superseded};

use serde::Serialize;

use crate::base::time::{Instant, Seconds, Timestamp};

/// The application name space that a gate serves unless told otherwise.
pub const DEFAULT_APP: &str = "public";

/// The tenant of a session that names none.
pub const DEFAULT_TENANT: &str = "public";

/// The longest user id, in bytes of UTF-8.
pub const MAX_USER_ID: usize = 256;

/// One session. Its JSON is what the object stores, what a command carries to make one, and what a
/// reply says of one. The data that only the application reads is kept beside it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Session {
    /// Its id within the object.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: String,
    /// The tenant it was created in.
    pub tenant_id: String,
    /// Where it stands in the succession of its refresh tokens.
    pub lineage: Lineage,
    /// When it was created; the absolute lifetime counts from here.
    pub created_at: Timestamp,
    /// How far into that second, in milliseconds; later than those of the same second that the object had then.
    pub created_ms: u16,
    /// When it was created or last renewed. A check moves nothing.
    pub last_seen_at: Timestamp,
    /// The application's claims in the access token.
    pub payload: Payload,
    /// Whether its access tokens carry an anti-CSRF token.
    pub anti_csrf: bool,
    /// Whether its access tokens are signed with the static key.
    pub static_key: bool,
    /// The browser it was created in, as that named itself.
    pub user_agent: Option<String>,
    /// The country it was created in, two letters.
    pub country: Option<String>,
    /// What [`Session::login`] returns, unless that is plain: boxed, because it seldom is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Box<Login>>,
}

/// A row, as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// A session.
    Session(Session),
    /// None for this release.
    Unreadable(Unreadable),
}

/// A row that another release wrote, or that is damaged. It is no session here and in nobody's way; whatever
/// ends sessions ends it, where it might be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What the row is found by.
    pub id: String,
    /// Whose session it was, if that can be read.
    pub user_id: Option<String>,
    /// When it was created, if that can be read.
    pub created_at: Option<Timestamp>,
}

/// From this moment on the sessions are over that were made before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotBefore {
    /// Whose.
    pub whose: Whose,
    /// The moment, in milliseconds since the epoch.
    pub at: i64,
}

/// Whose sessions are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// Those of this tenant.
    Tenant(String),
    /// Those that this identity provider's logins made.
    Provider(String),
}

/// The limits that sessions live under (ASVS 7.3.1, 7.3.2, 7.1.2).
#[derive(Clone, Debug)]
pub struct Policy {
    /// How long a session lives without a rotation.
    pub idle: Seconds,
    /// How long a session lives at all.
    pub absolute: Seconds,
    /// How long a replaced token may still be repeated.
    pub grace: Seconds,
    /// How many sessions a user may have.
    pub max_sessions: usize,
    /// Which sessions are over because they were made before a moment.
    pub not_before: Vec<NotBefore>,
    /// By the key of an identity provider, how long its word holds that a person may stay.
    pub rechecks: Vec<(String, Seconds)>,
}

impl NotBefore {
    fn is_for(&self, tenant_id: Option<&str>, provider: Option<&str>) -> bool {
        match &self.whose {
            Whose::All => true,
            Whose::Tenant(tenant) => tenant_id == Some(tenant),
            Whose::Provider(key) => provider == Some(key),
        }
    }
}

impl Policy {
    /// The second from which on it is over that was made so many milliseconds after the epoch, if one is set.
    #[must_use]
    pub fn over_from(&self, made: i64, tenant_id: Option<&str>, provider: Option<&str>) -> Option<Timestamp> {
        let ends = self.not_before.iter().filter(|end| made < end.at && end.is_for(tenant_id, provider));
        ends.map(|end| Timestamp::from_millis(end.at)).min()
    }

    /// How long the word of the session's provider holds; `None` if it is never asked again.
    #[must_use]
    pub fn recheck(&self, session: &Session) -> Option<Seconds> {
        let provider = session.login().provider.as_deref()?;
        self.rechecks.iter().find(|(key, _)| key == provider).map(|(_, recheck)| *recheck)
    }
}

impl Session {
    /// A session that begins now.
    #[must_use]
    pub fn new(id: SessionId, nonce: Nonce, user_id: String, now: Timestamp) -> Self {
        Self {
            id,
            user_id,
            tenant_id: DEFAULT_TENANT.to_owned(),
            lineage: Lineage::start(nonce, now),
            created_at: now,
            created_ms: 0,
            last_seen_at: now,
            payload: Payload::default(),
            anti_csrf: false,
            static_key: false,
            user_agent: None,
            country: None,
            login: None,
        }
    }

    /// The same session, beginning at `now`.
    #[must_use]
    pub fn begun(self, now: Instant) -> Self {
        let Instant { second, millis } = now;
        let lineage = Lineage::start(self.lineage.nonce, second);
        let login = self.login().clone().begun(second);
        Self { lineage, created_at: second, created_ms: millis, last_seen_at: second, ..self }
            .with_login(login)
    }

    /// What is known of the login that made it.
    #[must_use]
    pub fn login(&self) -> &Login {
        self.login.as_deref().unwrap_or(Login::PLAIN)
    }

    /// The session with another login.
    #[must_use]
    pub fn with_login(self, login: Login) -> Self {
        Self { login: (!login.is_plain()).then(|| Box::new(login)), ..self }
    }

    /// When the person proved who they are, if that is known.
    #[must_use]
    pub fn proved_at(&self) -> Option<Timestamp> {
        self.login().proved_at(self.created_at)
    }

    /// The last second in which the session lives: the idle or the absolute end, whichever comes first.
    #[must_use]
    pub fn ends_at(&self, policy: &Policy) -> Timestamp {
        self.ends_after(self.lineage.rotated_at, policy)
    }

    /// What [`Session::ends_at`] will be if a child that was issued is used now: its first use starts the
    /// idle lifetime again.
    #[must_use]
    pub fn ends_at_if_used(&self, policy: &Policy, now: Timestamp) -> Timestamp {
        self.ends_after(now, policy)
    }

    /// The end of a session that was last used at `used_at`. Of the limits of its own and the configured ones, the
    /// shorter hold.
    fn ends_after(&self, used_at: Timestamp, policy: &Policy) -> Timestamp {
        used_at.after(shorter(self.login().idle, policy.idle)).min(self.absolute_end(policy))
    }

    /// The last second in which the session can live, however it is used.
    #[must_use]
    pub fn absolute_end(&self, policy: &Policy) -> Timestamp {
        let end = self.created_at.after(shorter(self.login().absolute, policy.absolute));
        self.over_from(policy).map_or(end, |over| end.min(over.before()))
    }

    /// The second from which on it is over because it was made too early, if there is one.
    #[must_use]
    pub fn over_from(&self, policy: &Policy) -> Option<Timestamp> {
        let made = self.created_at.millis().saturating_add(self.created_ms.into());
        policy.over_from(made, Some(&self.tenant_id), self.login().provider.as_deref())
    }

    /// Whether the session lives at `now`.
    #[must_use]
    pub fn lives(&self, policy: &Policy, now: Timestamp) -> bool {
        now <= self.ends_at(policy)
    }
}

fn shorter(own: Option<Seconds>, configured: Seconds) -> Seconds {
    own.map_or(configured, |own| own.min(configured))
}

impl Unreadable {
    /// The last second in which it can have been a session.
    #[must_use]
    pub fn ends_at(&self, policy: &Policy) -> Option<Timestamp> {
        let created_at = self.created_at?;
        let end = created_at.after(policy.absolute);
        let over = policy.over_from(created_at.millis(), None, None);
        Some(over.map_or(end, |over| end.min(over.before())))
    }
}

/// The name of the object that keeps a user's sessions. It is the storage location: it never changes.
#[must_use]
pub fn object_name(app_id: &str, user_id: &str) -> String {
    // An app id has no slash, so the first one ends it.
    format!("{app_id}/{user_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_limits_the_shorter_holds() {
        let policy = |idle, absolute| Policy {
            rechecks: Vec::new(),
            idle: Seconds::new(idle),
            absolute: Seconds::new(absolute),
            grace: Seconds::new(0),
            max_sessions: 1,
            not_before: Vec::new(),
        };
        let at = Timestamp::from_seconds;
        let ends = |idle: Option<u32>, absolute: Option<u32>, policy: &Policy| {
            let new = Session::new(SessionId::from_bytes([0; 16]), Nonce::NONE, "u".into(), at(1000));
            let (idle, absolute) = (idle.map(Seconds::new), absolute.map(Seconds::new));
            let session = new.with_login(Login { idle, absolute, ..Login::default() });
            (session.ends_at(policy).seconds(), session.ends_at_if_used(policy, at(1100)).seconds())
        };
        for (own_idle, own_absolute, ended, if_used) in [
            (None, None, 1200, 1300),
            (Some(50), None, 1050, 1150),
            (Some(5000), None, 1200, 1300),
            (None, Some(60), 1060, 1060),
            (None, Some(5000), 1200, 1300),
            (Some(50), Some(60), 1050, 1060),
        ] {
            assert_eq!(ends(own_idle, own_absolute, &policy(200, 900)), (ended, if_used));
        }
    }

    #[test]
    fn a_session_is_over_from_the_first_moment_on_that_it_was_made_before() {
        let at = |whose, at| NotBefore { whose, at };
        let policy = |not_before| Policy {
            not_before,
            rechecks: Vec::new(),
            idle: Seconds::new(1000),
            absolute: Seconds::new(1000),
            grace: Seconds::new(0),
            max_sessions: 1,
        };
        let new = Session::new(
            SessionId::from_bytes([0; 16]),
            Nonce::NONE,
            "u".into(),
            Timestamp::from_seconds(10),
        );
        let session = Session { created_ms: 250, tenant_id: "acme".into(), ..new }
            .with_login(Login { provider: Some("corp".into()), ..Login::default() });
        let (acme, corp) = (Whose::Tenant("acme".into()), Whose::Provider("corp".into()));
        let (other, none) = (Whose::Tenant("other".into()), Whose::Provider("other".into()));
        for (not_before, last) in [
            (vec![at(Whose::All, 10_250)], 1010),
            (vec![at(Whose::All, 10_251)], 9),
            (vec![at(Whose::All, 60_000)], 59),
            (vec![at(Whose::All, 60_000), at(acme, 40_000)], 39),
            (vec![at(Whose::All, 10_000), at(corp, 40_000)], 39),
            (vec![at(other, 40_000), at(none, 40_000)], 1010),
        ] {
            let policy = policy(not_before.clone());
            assert_eq!(session.ends_at(&policy).seconds(), last, "{not_before:?}");
        }
    }

    #[test]
    fn object_names_are_pinned() {
        assert_eq!(object_name("public", "u1"), "public/u1");
        assert_eq!(object_name("a", "b/c"), "a/b/c");
    }
}
