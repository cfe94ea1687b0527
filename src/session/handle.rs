//! The session handle: which object, and which session in it.
//!
//! Invariant: a handle finds its object without an index and contains nothing about the user. The
//! platform itself refuses an object id that it did not make, so a forged handle reaches nothing.

use std::fmt;

use serde::{Serialize, Serializer};

use super::SessionId;
use crate::base::bytes;

/// The id of a `UserSessions` object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; ObjectId::LENGTH]);

/// Base64url of the object's id followed by the session's id: 64 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    /// The object that keeps the session.
    pub object: ObjectId,
    /// The session within it.
    pub id: SessionId,
}

impl ObjectId {
    /// Size in bytes.
    pub const LENGTH: usize = 32;

    /// Reads the platform's form, 64 hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        bytes::decode_hex(text).map(Self)
    }

    /// The platform's form.
    #[must_use]
    pub fn to_hex(self) -> String {
        bytes::encode_hex(&self.0)
    }
}

impl Handle {
    /// Size in bytes.
    pub const LENGTH: usize = ObjectId::LENGTH + SessionId::LENGTH;

    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(&bytes::decode::<{ Self::LENGTH }>(text)?)
    }

    /// Reads the byte form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (object, id) = bytes.split_first_chunk()?;
        Some(Self { object: ObjectId(*object), id: SessionId::from_bytes(id.try_into().ok()?) })
    }

    /// The byte form.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        [self.object.0.as_slice(), self.id.as_bytes().as_slice()].concat()
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&self.to_bytes()))
    }
}

impl Serialize for Handle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_64_characters_and_reads_back() {
        let handle = Handle {
            object: ObjectId::from_hex(&"a5".repeat(32)).unwrap(),
            id: SessionId::from_bytes([7; 16]),
        };
        let text = handle.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(Handle::parse(&text), Some(handle));
        assert_eq!(handle.object.to_hex(), "a5".repeat(32));
    }

    #[test]
    fn anything_else_is_no_handle() {
        for text in ["", "abc", &"!".repeat(64), &"A".repeat(63), &"A".repeat(65)] {
            assert_eq!(Handle::parse(text), None, "{text}");
        }
    }
}
