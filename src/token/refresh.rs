//! The refresh token: opaque base64url of handle, generation, nonce, parent and an HMAC over them.
//!
//! Invariant: a token without a valid tag never becomes a [`RefreshToken`], so a forged one reaches
//! no object. The object keeps nonces only; a dump of its storage makes no token.

use crate::base::bytes;
use crate::session::{Generation, Handle, Nonce, SessionId};

use super::keys::{Keys, Purpose};

const GENERATION: usize = size_of::<u32>();
const BODY: usize = Handle::LENGTH + GENERATION + 2 * SessionId::LENGTH;
const TAG: usize = 32;
const LENGTH: usize = BODY + TAG;

/// A genuine refresh token, read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session it is for.
    pub handle: Handle,
    /// Its place in the succession.
    pub generation: Generation,
}

impl RefreshToken {
    /// The token's text.
    #[must_use]
    pub fn seal(&self, keys: &Keys) -> String {
        let body = self.body();
        bytes::encode(&[body.as_slice(), &keys.tag(Purpose::RefreshToken, &body)].concat())
    }

    /// Reads a text that was sealed with one of `keys`.
    #[must_use]
    pub fn open(text: &str, keys: &Keys) -> Option<Self> {
        let sealed = bytes::decode::<LENGTH>(text)?;
        let (body, tag) = sealed.split_first_chunk::<BODY>()?;
        if !keys.accepts(Purpose::RefreshToken, body, tag) {
            return None;
        }
        let (handle, rest) = body.split_first_chunk::<{ Handle::LENGTH }>()?;
        let (generation, rest) = rest.split_first_chunk::<GENERATION>()?;
        let (nonce, parent) = rest.split_first_chunk::<{ Nonce::LENGTH }>()?;
        Some(Self {
            handle: Handle::from_bytes(handle)?,
            generation: Generation {
                generation: u32::from_be_bytes(*generation),
                nonce: Nonce::from_bytes(*nonce),
                parent: Nonce::from_bytes(parent.try_into().ok()?),
            },
        })
    }

    fn body(&self) -> Vec<u8> {
        let Generation { generation, nonce, parent } = self.generation;
        [self.handle.to_bytes().as_slice(), &generation.to_be_bytes(), nonce.as_bytes(), parent.as_bytes()]
            .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::{OLDER, SECRET, keys};
    use super::*;
    use crate::session::ObjectId;

    fn token() -> RefreshToken {
        RefreshToken {
            handle: Handle {
                object: ObjectId::from_hex(&"0f".repeat(32)).unwrap(),
                id: SessionId::from_bytes([3; 16]),
            },
            generation: Generation {
                generation: 7,
                nonce: Nonce::from_bytes([4; 16]),
                parent: Nonce::from_bytes([5; 16]),
            },
        }
    }

    #[test]
    fn a_token_reads_back() {
        let keys = keys("public", &[SECRET]);
        assert!(RefreshToken::open(&token().seal(&keys), &keys) == Some(token()));
    }

    #[test]
    fn no_changed_character_is_accepted() {
        let keys = keys("public", &[SECRET]);
        let text = token().seal(&keys);
        for position in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[position] = if other[position] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert!(RefreshToken::open(&other, &keys).is_none(), "character {position}");
        }
    }

    #[test]
    fn a_token_of_another_secret_or_app_is_noise() {
        let text = token().seal(&keys("public", &[SECRET]));
        assert!(RefreshToken::open(&text, &keys("public", &[OLDER])).is_none());
        assert!(RefreshToken::open(&text, &keys("other", &[SECRET])).is_none());
        assert!(RefreshToken::open(&text, &keys("public", &[OLDER, SECRET])).is_some());
    }
}
