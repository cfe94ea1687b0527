//! The signature algorithms that are taken (RFC 7518 §3.1, RFC 8037 §3.1), and what each one fixes.
//!
//! Invariant: every one of them has a public key. `none` and the `HS` family have no name here, so no key of a
//! provider can be taken for a shared secret (RFC 8725 §2.1).

use base::bytes;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// ECDSA with P-521 and SHA-512.
    Es512,
    /// Ed25519.
    EdDsa,
}

/// The kind of key that an algorithm works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// An RSA key.
    Rsa,
    /// A point on this curve.
    Ec(Curve),
    /// An Ed25519 key.
    Ed25519,
}

/// A curve of ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// P-521.
    P521,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// Reads the name, which is case-sensitive (RFC 7515 §4.1.1). `Ed25519` is the name that RFC 9864 wants for what
    /// was called `EdDSA`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The kind of key that it works with.
    #[must_use]
    pub const fn key_type(self) -> KeyType {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyType::Rsa,
            Self::Es256 => KeyType::Ec(Curve::P256),
            Self::Es384 => KeyType::Ec(Curve::P384),
            Self::Es512 => KeyType::Ec(Curve::P521),
            Self::EdDsa => KeyType::Ed25519,
        }
    }

    /// `at_hash` of an access token in an ID token with this signature: the left half of its hash (Core §3.1.3.6).
    #[must_use]
    pub fn left_hash(self, access_token: &str) -> String {
        let token = access_token.as_bytes();
        let hash = match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => Sha256::digest(token).to_vec(),
            Self::Rs384 | Self::Ps384 | Self::Es384 => Sha384::digest(token).to_vec(),
            // Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
            Self::Rs512 | Self::Ps512 | Self::Es512 | Self::EdDsa => Sha512::digest(token).to_vec(),
        };
        let (left, _) = hash.split_at_checked(hash.len().div_euclid(2)).unwrap_or_default();
        bytes::encode(left)
    }
}

impl Curve {
    /// The name in a JWK (RFC 7518 §6.2.1.1).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of a coordinate, in bytes.
    #[must_use]
    pub const fn coordinate(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_names_one_algorithm_and_nothing_else_does() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
            assert_eq!(Algorithm::parse(&algorithm.as_str().to_lowercase()), None);
        }
        assert_eq!(Algorithm::parse("Ed25519"), Some(Algorithm::EdDsa));
        for name in
            ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES256K", "Ed448", "RSA-OAEP", "RS1"]
        {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }

    #[test]
    fn at_hash_is_the_left_half_of_the_hash_that_the_algorithm_has() {
        // The example of OpenID Connect Core, A.3: the access token of the implicit flow and its `at_hash`.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256] {
            assert_eq!(algorithm.left_hash(token), "77QmUPtjPfzWtF2AnpK9RQ");
        }
        let length = |algorithm: Algorithm| algorithm.left_hash(token).len();
        assert_eq!(
            (length(Algorithm::Rs384), length(Algorithm::Es512), length(Algorithm::EdDsa)),
            (32, 43, 43)
        );
        // SHA-512 of the empty text begins with cf83e1357eefb8bd f1542850d66d8007 d620e4050b5715dc 83f4a921d36ce9ce.
        assert_eq!(Algorithm::EdDsa.left_hash(""), "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg_SpIdNs6c4");
    }
}
