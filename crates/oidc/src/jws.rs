//! A signed token (RFC 7515 §7.1) on its way from a text to claims.
//!
//! 1. It is at most 32 KiB, and three parts of canonical base64url.
//! 2. Its header is a JSON object without `crit` and without `b64`. What else is in it, keys and addresses of keys
//!    (`jwk`, `jku`, `x5c`, `x5u`), is not looked at.
//! 3. Its algorithm is ours, and one that the provider lists; so it is never `none` and never a shared secret's.
//! 4. The key is the provider's, chosen by `kid`, and fits the algorithm.
//! 5. The signature has the length that key and algorithm make.
//! 6. The signature is good: the caller says so, having asked whoever knows curves.
//! 7. The claims are a JSON object in which no member is there twice.
//!
//! Invariant: the claims are parsed after step 6 and not before. Each step consumes the one before, so none can be
//! left out.

use base::bytes;

use crate::algorithm::Algorithm;
use crate::check::FailedCheck;
use crate::json::Members;
use crate::jwks::{Jwks, Key};

/// The longest token, in bytes.
pub const MAX_TOKEN: usize = 32 << 10;

/// A text that has the form of a signed token. Nothing in it is believed.
pub struct Unverified<'a> {
    /// Header and claims, as they were signed.
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<String>,
    kind: Option<String>,
}

/// A token, and the one key that may have signed it.
pub struct Candidate<'a, 'k> {
    token: Unverified<'a>,
    key: &'k Key,
}

/// What was found out about a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The candidate's key made it over the candidate's message, with the candidate's algorithm.
    Good,
    /// It did not, or that could not be found out.
    Bad,
}

/// A token that a provider signed. Whether it is for us, and now, is asked elsewhere.
pub struct Signed {
    pub(crate) algorithm: Algorithm,
    /// `typ`, as it is written.
    pub(crate) kind: Option<String>,
    pub(crate) claims: Members,
}

impl<'a> Unverified<'a> {
    /// Reads a text.
    ///
    /// # Errors
    /// The first check of rules 1 to 3 that fails.
    pub fn parse(text: &'a str) -> Result<Self, FailedCheck> {
        if text.len() > MAX_TOKEN {
            return Err(FailedCheck::Length);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(FailedCheck::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(FailedCheck::Form)?;
        let (header, signature) = bytes::decode_any(header)
            .zip(bytes::decode_any(signature))
            .filter(|_| !claims.contains('.'))
            .ok_or(FailedCheck::Form)?;
        let header = Members::parse(&header, MAX_TOKEN).map_err(|_| FailedCheck::Header)?;
        if header.has("crit") {
            return Err(FailedCheck::Critical);
        }
        if header.has("b64") {
            return Err(FailedCheck::UnencodedPayload);
        }
        let text_of = |name| header.text(name).map_err(|_| FailedCheck::Header);
        let algorithm = text_of("alg")?.and_then(Algorithm::parse).ok_or(FailedCheck::Algorithm)?;
        let (key_id, kind) = (text_of("kid")?.map(str::to_owned), text_of("typ")?.map(str::to_owned));
        Ok(Self { signed, claims, signature, algorithm, key_id, kind })
    }

    /// The key of the provider that may have signed it.
    ///
    /// # Errors
    /// The first check of rules 3 to 5 that fails; see [`crate::jwks::Refetch`] for what may be done about it.
    pub fn candidate<'k>(
        self,
        keys: &'k Jwks,
        listed: &[Algorithm],
    ) -> Result<Candidate<'a, 'k>, FailedCheck> {
        if !listed.contains(&self.algorithm) {
            return Err(FailedCheck::Algorithm);
        }
        let key = keys.candidate(self.key_id.as_deref(), self.algorithm)?;
        if self.signature.len() != key.signature_length() {
            return Err(FailedCheck::SignatureLength);
        }
        Ok(Candidate { token: self, key })
    }
}

impl Candidate<'_, '_> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        self.key
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.token.algorithm
    }

    /// What was signed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.token.signed.as_bytes()
    }

    /// The signature over it: of ECDSA the two numbers one behind the other (RFC 7518 §3.4).
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.token.signature
    }

    /// The token, once it is known whether its signature is good.
    ///
    /// # Errors
    /// The first check of rules 6 and 7 that fails.
    pub fn judge(self, verdict: Verdict) -> Result<Signed, FailedCheck> {
        match verdict {
            Verdict::Bad => return Err(FailedCheck::Signature),
            Verdict::Good => {}
        }
        let claims = bytes::decode_any(self.token.claims).ok_or(FailedCheck::Claims)?;
        let claims = Members::parse(&claims, MAX_TOKEN)?;
        Ok(Signed { algorithm: self.token.algorithm, kind: self.token.kind, claims })
    }
}

impl Signed {
    /// `typ` in lower case, and without the `application/` that may stand before it (RFC 7515 §4.1.9).
    pub(crate) fn kind(&self) -> Option<String> {
        let kind = self.kind.as_deref()?.to_ascii_lowercase();
        Some(kind.strip_prefix("application/").unwrap_or(&kind).to_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::jwks::tests::jwks;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// A token with a signature of this length, which nobody made.
    pub(crate) fn token(header: &Value, claims: &str, signature: usize) -> String {
        let part = |text: &str| bytes::encode(text.as_bytes());
        format!("{}.{}.{}", part(&header.to_string()), part(claims), bytes::encode(&vec![1; signature]))
    }

    /// A token whose signature is taken for good.
    pub(crate) fn signed(header: &Value, claims: &Value) -> Result<Signed, FailedCheck> {
        let text = token(header, &claims.to_string(), 64);
        Unverified::parse(&text)?.candidate(&jwks(), &Algorithm::ALL)?.judge(Verdict::Good)
    }

    fn judged(text: &str, listed: &[Algorithm], verdict: Verdict) -> Result<(), FailedCheck> {
        Unverified::parse(text)?.candidate(&jwks(), listed)?.judge(verdict).map(|_| ())
    }

    fn good(text: &str) -> Result<(), FailedCheck> {
        judged(text, &Algorithm::ALL, Verdict::Good)
    }

    fn header(changes: Value) -> Value {
        let mut header = json!({ "alg": "EdDSA", "kid": "o" });
        for (name, value) in changes.as_object().unwrap() {
            header[name] = value.clone();
        }
        header
    }

    #[test]
    fn every_algorithm_comes_through_with_its_key_and_length() {
        for (algorithm, kid, length) in [
            ("RS256", "r", 256),
            ("RS384", "r", 256),
            ("RS512", "r", 256),
            ("PS256", "r", 256),
            ("PS384", "r", 256),
            ("PS512", "r", 256),
            ("ES256", "p256", 64),
            ("ES384", "p384", 96),
            ("ES512", "p521", 132),
            ("EdDSA", "o", 64),
            ("Ed25519", "o", 64),
        ] {
            let text = token(&json!({ "alg": algorithm, "kid": kid }), "{}", length);
            assert_eq!(good(&text), Ok(()), "{algorithm}");
            for other in [0, length - 1, length + 1, length + 6] {
                let text = token(&json!({ "alg": algorithm, "kid": kid }), "{}", other);
                assert_eq!(good(&text), Err(FailedCheck::SignatureLength), "{algorithm} {other}");
            }
        }
    }

    #[test]
    fn what_is_verified_is_what_was_sent() {
        let text = token(&header(json!({})), r#"{"sub":"u"}"#, 64);
        let keys = jwks();
        let candidate = Unverified::parse(&text).and_then(|it| it.candidate(&keys, &Algorithm::ALL));
        let candidate = candidate.unwrap_or_else(|failed| panic!("{failed}"));
        assert_eq!(candidate.message(), text.rsplit_once('.').unwrap().0.as_bytes());
        assert_eq!(candidate.signature(), [1; 64]);
        assert_eq!((candidate.algorithm(), candidate.key().id()), (Algorithm::EdDsa, Some("o")));
    }

    #[test]
    fn rule_1_it_is_three_parts_of_base64url_and_bounded() {
        let text = token(&header(json!({})), "{}", 64);
        for other in [
            String::new(),
            "..".to_owned(),
            text.replacen('.', "", 1),
            format!("{text}."),
            format!(".{text}"),
            format!("{text}.x.y"),
            format!("{text}="),
            format!("{text} "),
            text.replacen("ey", "e!", 1),
        ] {
            assert!(matches!(good(&other), Err(FailedCheck::Form | FailedCheck::Header)), "{other}");
        }
        let claims = |length: usize| json!({ "x": "x".repeat(length) }).to_string();
        assert_eq!(good(&token(&header(json!({})), &claims(24_000), 64)), Ok(()));
        assert_eq!(good(&token(&header(json!({})), &claims(24_600), 64)), Err(FailedCheck::Length));
    }

    #[test]
    fn rule_2_extensions_are_refused_and_keys_in_the_header_ignored() {
        let failed = |changes| good(&token(&header(changes), "{}", 64)).err();
        assert_eq!(failed(json!({ "crit": ["b64"] })), Some(FailedCheck::Critical));
        assert_eq!(failed(json!({ "crit": null })), Some(FailedCheck::Critical));
        assert_eq!(failed(json!({ "b64": false })), Some(FailedCheck::UnencodedPayload));
        assert_eq!(failed(json!({ "b64": true })), Some(FailedCheck::UnencodedPayload));
        for own in [
            json!({ "jwk": { "kty": "oct" } }),
            json!({ "jku": "https://evil.example" }),
            json!({ "x5u": 1, "x5c": [] }),
        ] {
            assert_eq!(failed(own), None);
        }
        for mistyped in
            [json!({ "kid": 1 }), json!({ "typ": ["JWT"] }), json!({ "alg": 1 }), json!({ "kid": null })]
        {
            assert_eq!(failed(mistyped), Some(FailedCheck::Header));
        }
        let twice =
            format!("{}.e30.{}", bytes::encode(br#"{"alg":"EdDSA","alg":"none"}"#), bytes::encode(&[1; 64]));
        assert_eq!(good(&twice), Err(FailedCheck::Header));
    }

    #[test]
    fn rule_3_the_algorithm_is_ours_and_listed() {
        for name in ["none", "None", "", "HS256", "HS512", "ES256K", "eddsa"] {
            for length in [0, 32, 64] {
                let text = token(&header(json!({ "alg": name, "kid": "unknown" })), "{}", length);
                assert_eq!(good(&text), Err(FailedCheck::Algorithm), "before any key is looked for");
            }
        }
        let text = token(&header(json!({})), "{}", 64);
        assert_eq!(judged(&text, &[Algorithm::Rs256], Verdict::Good), Err(FailedCheck::Algorithm));
        let without = token(&json!({ "kid": "o" }), "{}", 64);
        assert_eq!(good(&without), Err(FailedCheck::Algorithm));
    }

    #[test]
    fn rule_4_the_key_is_the_providers_and_fits() {
        let failed = |changes| good(&token(&header(changes), "{}", 64)).err();
        assert_eq!(failed(json!({ "kid": "x" })), Some(FailedCheck::UnknownKey));
        assert_eq!(failed(json!({ "alg": "RS256" })), Some(FailedCheck::UnfitKey));
        assert_eq!(failed(json!({ "kid": "r" })), Some(FailedCheck::UnfitKey));
        let anonymous = token(&json!({ "alg": "EdDSA" }), "{}", 64);
        assert_eq!(good(&anonymous), Ok(()));
    }

    #[test]
    fn rule_6_nothing_is_believed_under_a_bad_signature() {
        let text = token(&header(json!({})), "no claims at all", 64);
        assert_eq!(judged(&text, &Algorithm::ALL, Verdict::Bad), Err(FailedCheck::Signature));
    }

    #[test]
    fn rule_7_claims_are_an_object_without_a_second_reading() {
        for claims in ["", "[]", "x", r#"{"sub":"a","sub":"b"}"#, "{\"exp\":1e400}", &"[".repeat(10_000)] {
            assert_eq!(good(&token(&header(json!({})), claims, 64)), Err(FailedCheck::Claims), "{claims}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "[A-Za-z0-9_.=-]{0,40}") {
            prop_assert!(good(&text).is_err());
        }

        #[test]
        fn one_changed_character_is_another_message_or_another_signature(index in 0_usize..200, other in "[A-Za-z0-9_.-]") {
            let text = token(&header(json!({ "typ": "JWT" })), r#"{"sub":"u"}"#, 64);
            let position = index % text.len();
            let mut changed = text.clone();
            changed.replace_range(position..=position, &other);
            let keys = jwks();
            let parts = |text: &str| {
                let candidate = Unverified::parse(text).and_then(|it| it.candidate(&keys, &Algorithm::ALL)).ok()?;
                Some((candidate.message().to_vec(), candidate.signature().to_vec()))
            };
            prop_assert!(changed == text || parts(&changed) != parts(&text));
        }
    }
}
