//! What happened to a session: the object that keeps it says so once it is stored.
//!
//! Invariant: an event has no place for a token or a secret.

use serde::Serialize;

use crate::session::SessionId;

/// Something that happened to a session; the object that keeps it reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionEvent {
    /// What happened.
    pub kind: SessionEventKind,
    /// The session within its object.
    pub id: SessionId,
    /// Whose it is, if its row says so; hashed before it is written anywhere.
    pub user_id: Option<String>,
    /// The key of the provider that signed the person in, of a session that was made.
    pub provider: Option<String>,
}

/// What happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum SessionEventKind {
    /// It was made.
    #[serde(rename = "session_created")]
    Created,
    /// Its refresh token was rotated.
    #[serde(rename = "session_renewed")]
    Renewed,
    /// Its user logged out of it.
    #[serde(rename = "session_logout")]
    Logout,
    /// Somebody else's word ended it: the application, or the user from another device.
    #[serde(rename = "session_revoked")]
    Revoked,
    /// The identity provider ended it.
    #[serde(rename = "provider_logout")]
    ProviderLogout,
    /// Its idle or absolute lifetime was over.
    #[serde(rename = "session_expired")]
    Expired,
    /// It was made before the moment that the configuration says.
    #[serde(rename = "session_not_before")]
    NotBefore,
    /// A replaced refresh token came back; the session was deleted.
    #[serde(rename = "token_reuse")]
    TokenReuse,
    /// It made room for a newer one.
    #[serde(rename = "excess_sessions")]
    Excess,
}
