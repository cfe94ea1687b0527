//! What the platform's random generator is asked for: the id of a session, and the nonces of its refresh tokens.
//!
//! Neither is a credential: what a browser presents is bound to a key that the store does not have. Invariant: the two
//! are not mistaken for each other, and each has one text, which a decoder takes and no other.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::base::bytes;

/// How many bytes are drawn for each.
const LENGTH: usize = 16;

/// A session's id within its object. It is never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; LENGTH]);

/// What tells one refresh token of a session from another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce([u8; LENGTH]);

impl SessionId {
    /// Size in bytes.
    pub const LENGTH: usize = LENGTH;

    /// Takes bytes that were drawn elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// Reads the base64url form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        bytes::decode(text).map(Self)
    }
}

impl Nonce {
    /// Size in bytes.
    pub const LENGTH: usize = LENGTH;

    /// None, where a fixed layout wants 16 bytes: the parent of a first refresh token.
    pub const NONE: Self = Self([0; LENGTH]);

    /// Takes bytes that were drawn elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// Reads the base64url form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        bytes::decode(text).map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&self.0))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({self})")
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
