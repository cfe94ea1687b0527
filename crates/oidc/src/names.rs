//! Who a token is about: a user (`sub`) and a session at the provider (`sid`).
//!
//! 1. A subject is 1 to 255 bytes of printable ASCII (Core §2; control characters are no part of a name).
//! 2. A session id is 1 to 255 bytes of printable ASCII; an empty one does not count.
//!
//! Invariant: both are compared byte for byte (Core §5.7), and a subject means nothing without its issuer.

use base::bytes;
use sha2::{Digest as _, Sha256};

/// A user at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject(String);

/// A session at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

const LONGEST: usize = 255;

impl Subject {
    /// Reads a subject.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_name(text).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short name for this subject of this issuer: base64url of the SHA-256 over issuer, NUL and subject.
    #[must_use]
    pub fn digest(&self, issuer: &str) -> String {
        digest(issuer, &self.0)
    }
}

impl SessionId {
    /// Reads a session id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_name(text).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short name for this session of this issuer, made as [`Subject::digest`] is.
    #[must_use]
    pub fn digest(&self, issuer: &str) -> String {
        digest(issuer, &self.0)
    }
}

// No issuer has a NUL, so the first one ends it.
fn digest(issuer: &str, name: &str) -> String {
    let hash = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(name).finalize();
    bytes::encode(&hash)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_printable_ascii() {
        for text in ["u", "a/b", "auth0|123", "~x", "a b", &"s".repeat(255)] {
            assert_eq!(Subject::parse(text).as_ref().map(Subject::as_str), Some(text));
            assert_eq!(SessionId::parse(text).as_ref().map(SessionId::as_str), Some(text));
        }
        for text in ["", "\u{fc}", "a\u{0}", "a\n", "\u{7f}", &"s".repeat(256)] {
            assert_eq!((Subject::parse(text), SessionId::parse(text)), (None, None), "{text:?}");
        }
    }

    #[test]
    fn a_digest_is_of_issuer_and_subject_apart() {
        let digest = |issuer: &str, subject: &str| Subject::parse(subject).unwrap().digest(issuer);
        assert_eq!(digest("https://idp.example", "u").len(), 43);
        assert_ne!(digest("https://idp.example", "xu"), digest("https://idp.examplex", "u"));
        // printf 'https://idp.example\0u' | openssl dgst -sha256 -binary | basenc --base64url
        assert_eq!(digest("https://idp.example", "u"), "uloTkl8tlNfW81qco20JPc8W-hqhTBCpWjfRSlM_Rsg");
    }
}
