//! A JWT (RFC 7519) before its signature, written by `jwt-compact`.
//!
//! Invariant: what is signed is what is sent; nothing but the signature is added to a draft.

use std::borrow::Cow;

use jwt_compact::{Algorithm, AlgorithmExt as _, AlgorithmSignature, Claims, Header};
use serde_json::{Map, Value};

use crate::base::bytes;
use crate::base::time::Timestamp;

/// The one algorithm of the gate: Ed25519 (RFC 8037 §3.1).
pub(super) const ALGORITHM: &str = "EdDSA";

/// A JWT that wants its signature.
pub struct Draft {
    key_id: String,
    /// Header and claims, each with the dot behind it.
    text: String,
}

impl Draft {
    /// Claims to be signed with a key; `extra` goes into the header. `None` only if they cannot be
    /// encoded, which no input causes.
    pub(super) fn new(
        extra: &Map<String, Value>,
        mut claims: Map<String, Value>,
        issued_at: Timestamp,
        expires_at: Timestamp,
        key_id: &str,
    ) -> Option<Self> {
        let header = Header::new(extra).with_token_type("JWT").with_key_id(key_id);
        // As plain numbers: the library's calendar ends before a JWT may expire that was asked for.
        claims.insert("iat".to_owned(), issued_at.seconds().into());
        claims.insert("exp".to_owned(), expires_at.seconds().into());
        let text = SignedLater.token(&header, &Claims::new(claims), &()).ok()?;
        Some(Self { key_id: key_id.to_owned(), text })
    }

    /// The id of the key that it wants to be signed with.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What is to be signed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.text.strip_suffix('.').unwrap_or_default().as_bytes()
    }

    /// The token.
    #[must_use]
    pub fn seal(self, signature: &[u8]) -> String {
        self.text + &bytes::encode(signature)
    }
}

/// `jwt-compact` signs on the spot; the platform signs later. So the library is given no signature.
struct SignedLater;

struct NoSignature;

impl Algorithm for SignedLater {
    type SigningKey = ();
    type VerifyingKey = ();
    type Signature = NoSignature;

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(ALGORITHM)
    }

    fn sign(&self, (): &(), _message: &[u8]) -> NoSignature {
        NoSignature
    }

    fn verify_signature(&self, _: &NoSignature, (): &(), _message: &[u8]) -> bool {
        false
    }
}

impl AlgorithmSignature for NoSignature {
    fn try_from_slice(_bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(Self)
    }

    fn as_bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }
}
