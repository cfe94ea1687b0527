//! What a session is: its record, its handle, the rotation of its refresh tokens, and what Worker and object say to each
//! other about it.
//!
//! Invariant: plain values and pure functions. What a command does to sessions is decided in `object`.

mod handle;
mod ids;
pub(crate) mod payload;
mod protocol;
mod rotation;

pub use handle::{Handle, ObjectId};
pub use ids::{Nonce, SessionId};
pub use payload::{PROTECTED, Payload, ProtectedName};
pub use protocol::{AntiCsrf, Command, Envelope, Logout, PayloadChange, Proof, Reach, Reply, Scope};
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

/// The limits that sessions live under (ASVS 7.3.1, 7.3.2, 7.1.2).
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long a session lives without a rotation.
    pub idle: Seconds,
    /// How long a session lives at all.
    pub absolute: Seconds,
    /// How long a replaced token may still be repeated.
    pub grace: Seconds,
    /// How many sessions a user may have.
    pub max_sessions: usize,
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
        }
    }

    /// The same session, beginning at `now`.
    #[must_use]
    pub fn begun(self, now: Instant) -> Self {
        let Instant { second, millis } = now;
        let lineage = Lineage::start(self.lineage.nonce, second);
        Self { lineage, created_at: second, created_ms: millis, last_seen_at: second, ..self }
    }

    /// The last second in which the session lives: the idle or the absolute end, whichever comes first.
    #[must_use]
    pub fn ends_at(&self, policy: &Policy) -> Timestamp {
        let idle = self.lineage.rotated_at.after(policy.idle);
        idle.min(self.created_at.after(policy.absolute))
    }

    /// What [`Session::ends_at`] will be if a child that was issued is used now: its first use starts the
    /// idle lifetime again.
    #[must_use]
    pub fn ends_at_if_used(&self, policy: &Policy, now: Timestamp) -> Timestamp {
        now.after(policy.idle).min(self.created_at.after(policy.absolute))
    }

    /// Whether the session lives at `now`.
    #[must_use]
    pub fn lives(&self, policy: &Policy, now: Timestamp) -> bool {
        now <= self.ends_at(policy)
    }
}

impl Unreadable {
    /// The last second in which it can have been a session.
    #[must_use]
    pub fn ends_at(&self, policy: &Policy) -> Option<Timestamp> {
        self.created_at.map(|created_at| created_at.after(policy.absolute))
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
    fn object_names_are_pinned() {
        assert_eq!(object_name("public", "u1"), "public/u1");
        assert_eq!(object_name("a", "b/c"), "a/b/c");
    }
}
