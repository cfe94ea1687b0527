//! The keys of a provider (RFC 7517), and which of them may have signed a token.
//!
//! 1. It is at most 256 KiB of JSON with an array `keys` of at most 200.
//! 2. A key that cannot be used is left out, whatever is wrong with it; the others are good all the same:
//!    another `kty`, a `use` other than `sig`, `key_ops` without `verify`, an `alg` that is not ours or not for this
//!    kind of key, a private or secret half that is public now, coordinates of another length.
//! 3. RSA keys have 2048 to 8192 bits (RFC 7518 §3.3) and an odd exponent of 3 or more, at most 64 bits.
//! 4. With a `kid`, the first key that has it and fits the algorithm; if none has it, the key is unknown.
//! 5. Without a `kid`, the one key that fits (Core §10.1); if several do, the token is refused.
//! 6. Only an unknown key is a reason to fetch the keys again, and only once a minute.
//!
//! Invariant: what leaves here of a key is `kty`, `crv`, `n`, `e`, `x`, `y`, and nothing else that a platform could
//! stumble over or obey.

use base::bytes;
use base::time::{Seconds, Timestamp};
use serde_json::{Value, json};

use crate::algorithm::{Algorithm, Curve, KeyType};
use crate::check::FailedCheck;
use crate::json::{JsonFault, Members, Mistyped, texts_of};

/// The longest set, in bytes.
pub const MAX_JWKS: usize = 256 << 10;

/// The most keys in a set.
pub const MAX_KEYS: usize = 200;

/// How long a set is good at least, however often a key is missing in it.
pub const REFETCH_INTERVAL: Seconds = Seconds::new(60);

/// The keys of a provider that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwks(Vec<Key>);

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: Option<String>,
    /// The only algorithm that it is for, if it says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

/// The numbers of a key, in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { modulus: String, exponent: String, modulus_bytes: usize },
    Ec { curve: Curve, x: String, y: String },
    Ed25519 { x: String },
}

/// What is wrong with a document that should be a set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwksFault {
    /// It is no JSON object as it has to be.
    Json(JsonFault),
    /// It has no array `keys`.
    NoKeys,
    /// It has more than it may have.
    TooManyKeys,
    /// None of its keys can be used.
    NoUsableKey,
}

/// What to do about a token whose key is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refetch {
    /// Fetch the keys, once, and look again.
    Now,
    /// Refuse the token: the keys were fetched a moment ago.
    TooEarly,
    /// Refuse the token: other keys would not help.
    Useless,
}

impl JwksFault {
    /// The name, as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json(_) => "keys no JSON",
            Self::NoKeys => "keys missing",
            Self::TooManyKeys => "too many keys",
            Self::NoUsableKey => "no usable key",
        }
    }
}

impl Refetch {
    /// Whether a failed check justifies fetching keys that were fetched at `fetched_at`.
    #[must_use]
    pub fn after(failed: FailedCheck, fetched_at: Timestamp, now: Timestamp) -> Self {
        match failed {
            // A clock that went back is no reason to wait for it.
            FailedCheck::UnknownKey if fetched_at <= now && fetched_at.within(REFETCH_INTERVAL, now) => {
                Self::TooEarly
            }
            FailedCheck::UnknownKey => Self::Now,
            _ => Self::Useless,
        }
    }
}

impl Jwks {
    /// Reads a set.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(document: &[u8]) -> Result<Self, JwksFault> {
        let members = Members::parse(document, MAX_JWKS)?;
        let Some(Value::Array(keys)) = members.value("keys") else { return Err(JwksFault::NoKeys) };
        if keys.len() > MAX_KEYS {
            return Err(JwksFault::TooManyKeys);
        }
        let usable: Vec<_> = keys.iter().filter_map(|key| Key::read(key.clone()).ok().flatten()).collect();
        if usable.is_empty() { Err(JwksFault::NoUsableKey) } else { Ok(Self(usable)) }
    }

    /// The key that may have signed a token with this header.
    pub(crate) fn candidate(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&Key, FailedCheck> {
        let mut fitting = self.0.iter().filter(|key| key.fits(algorithm));
        if let Some(id) = id {
            let is_it = |key: &&Key| key.id.as_deref() == Some(id);
            let is_known = self.0.iter().any(|key| is_it(&key));
            let absent = if is_known { FailedCheck::UnfitKey } else { FailedCheck::UnknownKey };
            return fitting.find(is_it).ok_or(absent);
        }
        let first = fitting.next().ok_or(FailedCheck::UnknownKey)?;
        if fitting.next().is_some() { Err(FailedCheck::AmbiguousKey) } else { Ok(first) }
    }
}

impl Key {
    /// The id, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The key as a JWK of nothing but its numbers.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        match &self.material {
            Material::Rsa { modulus, exponent, .. } => json!({ "kty": "RSA", "n": modulus, "e": exponent }),
            Material::Ec { curve, x, y } => json!({ "kty": "EC", "crv": curve.as_str(), "x": x, "y": y }),
            Material::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": x }),
        }
    }

    /// Whether it is for this algorithm.
    fn fits(&self, algorithm: Algorithm) -> bool {
        self.key_type() == algorithm.key_type() && self.algorithm.is_none_or(|only| only == algorithm)
    }

    /// The length of a signature under it, in bytes (RFC 7518 §3.3 to §3.5, RFC 8032 §5.1.6).
    pub(crate) fn signature_length(&self) -> usize {
        match &self.material {
            Material::Rsa { modulus_bytes, .. } => *modulus_bytes,
            Material::Ec { curve, .. } => curve.coordinate().saturating_mul(2),
            Material::Ed25519 { .. } => 64,
        }
    }

    fn key_type(&self) -> KeyType {
        match &self.material {
            Material::Rsa { .. } => KeyType::Rsa,
            Material::Ec { curve, .. } => KeyType::Ec(*curve),
            Material::Ed25519 { .. } => KeyType::Ed25519,
        }
    }

    /// `None` and an error are the same: a key that cannot be used.
    fn read(value: Value) -> Result<Option<Self>, Mistyped> {
        let Some(members) = Members::of(value) else { return Ok(None) };
        let is_for_signatures = members.text("use")?.is_none_or(|purpose| purpose == "sig")
            && members.value("key_ops").is_none_or(|operations| {
                texts_of(operations).is_some_and(|operations| operations.iter().any(|it| it == "verify"))
            });
        let is_public = !["d", "p", "q", "k"].iter().any(|name| members.has(name));
        if !is_for_signatures || !is_public {
            return Ok(None);
        }
        let algorithm = match members.text("alg")? {
            Some(name) => match Algorithm::parse(name) {
                Some(algorithm) => Some(algorithm),
                None => return Ok(None),
            },
            None => None,
        };
        let Some(material) = Material::read(&members)? else { return Ok(None) };
        let key = Self { id: members.text("kid")?.map(str::to_owned), algorithm, material };
        let is_consistent = algorithm.is_none_or(|only| only.key_type() == key.key_type());
        Ok(is_consistent.then_some(key))
    }
}

impl Material {
    fn read(members: &Members) -> Result<Option<Self>, Mistyped> {
        let curve = members.text("crv")?;
        Ok(match members.text("kty")? {
            Some("RSA") => Self::rsa(members.text("n")?, members.text("e")?),
            Some("EC") => Self::ec(curve.and_then(Curve::parse), members.text("x")?, members.text("y")?),
            Some("OKP") if curve == Some("Ed25519") => {
                coordinate(members.text("x")?, 32).map(|x| Self::Ed25519 { x })
            }
            _ => None,
        })
    }

    fn rsa(modulus: Option<&str>, exponent: Option<&str>) -> Option<Self> {
        const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
        let (modulus, exponent) = (number(modulus?)?, number(exponent?)?);
        let is_good_exponent = match exponent.as_slice() {
            [only] => *only >= 3 && only % 2 == 1,
            longer => longer.len() <= 8 && longer.last().is_some_and(|last| last % 2 == 1),
        };
        let is_good = is_good_exponent
            && BITS.contains(&bits(&modulus))
            && modulus.last().is_some_and(|it| it % 2 == 1);
        is_good.then(|| Self::Rsa {
            modulus_bytes: modulus.len(),
            modulus: bytes::encode(&modulus),
            exponent: bytes::encode(&exponent),
        })
    }

    fn ec(curve: Option<Curve>, x: Option<&str>, y: Option<&str>) -> Option<Self> {
        let curve = curve?;
        Some(Self::Ec { curve, x: coordinate(x, curve.coordinate())?, y: coordinate(y, curve.coordinate())? })
    }
}

/// The bytes of a number without zeros before it, which some write and RFC 7518 §6.3.1.1 forbids.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = bytes::decode_any(text)?;
    let number: Vec<_> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    (!number.is_empty()).then_some(number)
}

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |first| first.leading_zeros());
    number.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or_default())
}

/// A text that stands for just so many bytes.
fn coordinate(text: Option<&str>, length: usize) -> Option<String> {
    let text = text?;
    (bytes::decode_any(text)?.len() == length).then(|| text.to_owned())
}

impl From<JsonFault> for JwksFault {
    fn from(fault: JsonFault) -> Self {
        Self::Json(fault)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An RSA key of so many bits; it signs nothing.
    fn rsa(bits: usize, changes: Value) -> Value {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        if !bits.is_multiple_of(8) {
            modulus[0] = (1 << (bits % 8)) - 1;
        }
        with(json!({ "kty": "RSA", "n": bytes::encode(&modulus), "e": "AQAB" }), changes)
    }

    fn ec(curve: &str, length: usize, changes: Value) -> Value {
        let number = bytes::encode(&vec![7; length]);
        with(json!({ "kty": "EC", "crv": curve, "x": number, "y": number }), changes)
    }

    fn okp(changes: Value) -> Value {
        with(json!({ "kty": "OKP", "crv": "Ed25519", "x": bytes::encode(&[7; 32]) }), changes)
    }

    fn with(mut key: Value, changes: Value) -> Value {
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key
    }

    fn read(keys: &[Value]) -> Result<Jwks, JwksFault> {
        Jwks::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    /// A set of an RSA key `r`, a key on each curve, and an Ed25519 key `o`.
    pub(crate) fn jwks() -> Jwks {
        read(&[
            rsa(2048, json!({ "kid": "r", "use": "sig" })),
            ec("P-256", 32, json!({ "kid": "p256" })),
            ec("P-384", 48, json!({ "kid": "p384" })),
            ec("P-521", 66, json!({ "kid": "p521" })),
            okp(json!({ "kid": "o", "alg": "Ed25519" })),
        ])
        .unwrap()
    }

    fn is_usable(key: Value) -> bool {
        let good = okp(json!({ "kid": "good" }));
        let keys = read(&[key, good]).unwrap();
        assert!(keys.candidate(Some("good"), Algorithm::EdDsa).is_ok(), "a junk key spoils no other");
        keys.0.len() == 2
    }

    #[test]
    fn rule_1_a_set_is_bounded() {
        assert_eq!(Jwks::parse(b"[]"), Err(JwksFault::Json(JsonFault::NotAnObject)));
        assert_eq!(Jwks::parse(b"{}"), Err(JwksFault::NoKeys));
        assert_eq!(Jwks::parse(b"{\"keys\":{}}"), Err(JwksFault::NoKeys));
        assert_eq!(read(&[]), Err(JwksFault::NoUsableKey));
        assert_eq!(read(&[json!(1), json!({ "kty": "oct", "k": "AAAA" })]), Err(JwksFault::NoUsableKey));
        assert!(read(&vec![okp(json!({})); MAX_KEYS]).is_ok());
        assert_eq!(read(&vec![okp(json!({})); MAX_KEYS + 1]), Err(JwksFault::TooManyKeys));
        let long = read(&[okp(json!({ "x5c": "x".repeat(MAX_JWKS) }))]);
        assert_eq!(long, Err(JwksFault::Json(JsonFault::TooLong)));
    }

    #[test]
    fn rule_2_what_cannot_be_used_is_left_out() {
        for key in [
            rsa(2048, json!({})),
            rsa(
                2048,
                json!({ "alg": "PS512", "use": "sig", "key_ops": ["verify"], "x5c": ["junk"], "x5u": "http://x" }),
            ),
            ec("P-256", 32, json!({ "alg": "ES256" })),
            okp(json!({ "alg": "EdDSA" })),
            okp(json!({ "alg": "Ed25519" })),
        ] {
            assert!(is_usable(key.clone()), "{key}");
        }
        for key in [
            json!(null),
            json!("x"),
            json!({}),
            json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" }),
            rsa(2048, json!({ "use": "enc" })),
            rsa(2048, json!({ "use": 1 })),
            rsa(2048, json!({ "key_ops": ["encrypt"] })),
            rsa(2048, json!({ "key_ops": "verify" })),
            rsa(2048, json!({ "alg": "RSA-OAEP" })),
            rsa(2048, json!({ "alg": "HS256" })),
            rsa(2048, json!({ "alg": "ES256" })),
            rsa(2048, json!({ "d": "AQAB" })),
            rsa(2048, json!({ "kid": 1 })),
            rsa(2048, json!({ "n": 1 })),
            rsa(2048, json!({ "kty": "rsa" })),
            ec("P-256", 32, json!({ "alg": "ES384" })),
            ec("P-256", 32, json!({ "d": "AQAB" })),
            ec("P-256", 31, json!({})),
            ec("P-256", 33, json!({})),
            ec("P-256", 32, json!({ "y": null })),
            ec("secp256k1", 32, json!({})),
            ec("P-521", 65, json!({})),
            okp(json!({ "crv": "Ed448" })),
            okp(json!({ "crv": "X25519" })),
            okp(json!({ "x": bytes::encode(&[7; 31]) })),
            okp(json!({ "x": format!("{}=", bytes::encode(&[7; 32])) })),
        ] {
            assert!(!is_usable(key.clone()), "{key}");
        }
    }

    #[test]
    fn rule_3_rsa_keys_are_long_enough_and_odd() {
        for (bits, usable) in
            [(1024, false), (2047, false), (2048, true), (2049, true), (8192, true), (8193, false)]
        {
            assert_eq!(is_usable(rsa(bits, json!({}))), usable, "{bits}");
        }
        let padded = [vec![0; 200], vec![0xff; 128]].concat();
        assert!(
            !is_usable(rsa(2048, json!({ "n": bytes::encode(&padded) }))),
            "zeros before it count for nothing"
        );
        let even = [vec![0xff; 255], vec![0xfe]].concat();
        assert!(!is_usable(rsa(2048, json!({ "n": bytes::encode(&even) }))));
        for (exponent, usable) in [
            ("Aw", true),
            ("AQAB", true),
            ("AQ", false),
            ("BA", false),
            ("", false),
            ("AA", false),
            ("AQAA", false),
        ] {
            assert_eq!(is_usable(rsa(2048, json!({ "e": exponent }))), usable, "{exponent}");
        }
    }

    #[test]
    fn rule_4_a_kid_names_the_first_key_that_fits() {
        let keys = read(&[
            rsa(2048, json!({ "kid": "k", "alg": "RS512" })),
            rsa(2056, json!({ "kid": "k" })),
            rsa(2064, json!({ "kid": "k" })),
            ec("P-256", 32, json!({ "kid": "e" })),
        ])
        .unwrap();
        let length = |algorithm| keys.candidate(Some("k"), algorithm).map(Key::signature_length);
        assert_eq!(length(Algorithm::Rs512), Ok(256));
        assert_eq!(length(Algorithm::Rs256), Ok(257));
        assert_eq!(length(Algorithm::Es256), Err(FailedCheck::UnfitKey));
        let of = |id, algorithm| keys.candidate(Some(id), algorithm).err();
        assert_eq!(of("e", Algorithm::Rs256), Some(FailedCheck::UnfitKey));
        assert_eq!(of("e", Algorithm::Es384), Some(FailedCheck::UnfitKey), "the curve is the algorithm's");
        for id in ["", "K", "x", "../../etc/passwd", "' OR 1=1 --", &"k".repeat(10_000)] {
            assert_eq!(of(id, Algorithm::Rs256), Some(FailedCheck::UnknownKey), "{id}");
        }
    }

    #[test]
    fn rule_5_without_a_kid_there_is_just_one_key() {
        let one = read(&[rsa(2048, json!({ "kid": "k" })), okp(json!({}))]).unwrap();
        assert_eq!(one.candidate(None, Algorithm::Ps256).map(Key::id), Ok(Some("k")));
        assert_eq!(one.candidate(None, Algorithm::Es256).err(), Some(FailedCheck::UnknownKey));
        let two = read(&[rsa(2048, json!({})), rsa(2048, json!({}))]).unwrap();
        assert_eq!(two.candidate(None, Algorithm::Rs256).err(), Some(FailedCheck::AmbiguousKey));
    }

    #[test]
    fn rule_6_only_an_unknown_key_is_fetched_for_and_once_a_minute() {
        let at = Timestamp::from_seconds;
        let after = |failed, now| Refetch::after(failed, at(1000), at(now));
        assert_eq!(after(FailedCheck::UnknownKey, 1060), Refetch::TooEarly);
        assert_eq!(after(FailedCheck::UnknownKey, 1061), Refetch::Now);
        assert_eq!(after(FailedCheck::UnknownKey, 10), Refetch::Now);
        for failed in
            [FailedCheck::Signature, FailedCheck::UnfitKey, FailedCheck::AmbiguousKey, FailedCheck::Algorithm]
        {
            assert_eq!(after(failed, 5000), Refetch::Useless);
        }
    }

    #[test]
    fn nothing_but_its_numbers_leaves_of_a_key() {
        let noisy = json!({ "kid": "k", "alg": "Ed25519", "use": "sig", "key_ops": ["verify"], "ext": true, "x5c": ["y"] });
        let keys = read(&[
            okp(noisy.clone()),
            ec("P-384", 48, json!({ "x5t": "z" })),
            rsa(2048, json!({ "oth": [] })),
        ])
        .unwrap();
        let names =
            |key: &Key| key.to_jwk().as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(keys.0.iter().map(names).collect::<Vec<_>>(), ["crv kty x", "crv kty x y", "e kty n"]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(Jwks::parse(&bytes).is_err());
        }

        #[test]
        fn a_key_that_is_found_fits(kid in "[rpo0-9]{0,4}", index in 0..Algorithm::ALL.len()) {
            let algorithm = Algorithm::ALL[index];
            if let Ok(key) = jwks().candidate(Some(&kid), algorithm) {
                prop_assert_eq!(key.id(), Some(kid.as_str()));
                prop_assert_eq!(key.key_type(), algorithm.key_type());
            }
        }
    }
}
