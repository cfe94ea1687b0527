//! Key derivation: HKDF-SHA256 (RFC 5869) from the one secret, a label per app and purpose.
//!
//! Invariant: a key is used for one purpose of one app. Nothing made for one app or purpose is
//! accepted in another, and no key has a text form.

use std::cell::RefCell;
use std::rc::Rc;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use jwt_compact::Algorithm;
use jwt_compact::alg::{Ed25519, SigningKey as _};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::cache::VerifiedTokens;
use crate::bytes;
use crate::session::Handle;
use crate::time::{Seconds, Timestamp};

type SigningKey = <Ed25519 as Algorithm>::SigningKey;
type VerifyingKey = <Ed25519 as Algorithm>::VerifyingKey;

/// The length of an anti-CSRF token, in bytes.
const ANTI_CSRF: usize = 16;

/// How many derived key pairs an isolate remembers; a pair costs a curve multiplication to make.
const REMEMBERED_PAIRS: usize = 64;

/// A `GATE_SECRET`: at least 32 bytes.
pub struct Secret {
    derive: Hkdf<Sha256>,
    /// Tells this secret's keys from another's in a key id; derived, so it says nothing of the secret.
    fingerprint: String,
}

/// All keys of one app.
pub struct Keys {
    app_id: String,
    secrets: Rc<[Secret]>,
    rotation: Seconds,
    access_ttl: Seconds,
    pairs: RefCell<Vec<Rc<KeyPair>>>,
    pub(super) verified: VerifiedTokens,
}

/// An Ed25519 key pair and its id.
pub struct KeyPair {
    /// `d-…` for a rotating key, `s-…` for the static one.
    pub id: String,
    pub(super) signing: SigningKey,
    pub(super) verifying: VerifyingKey,
}

/// What a key is for; the label it is derived with.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    RefreshToken,
    Marker,
    AntiCsrf,
    EventUser,
    Fingerprint,
}

/// Which signing key a key id names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// The one of the period that starts then.
    Period(Timestamp),
    Static,
}

impl Secret {
    /// The shortest secret, in bytes (ASVS 11.2.3 with a wide margin).
    pub const MIN_LENGTH: usize = 32;

    /// Takes the configured text; `None` if it is too short.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text.len() < Self::MIN_LENGTH {
            return None;
        }
        let derive = Hkdf::new(Some(b"session-gate v1"), text.as_bytes());
        let mut secret = Self { derive, fingerprint: String::new() };
        let id = secret.derive_key::<6>("", Purpose::Fingerprint.label());
        secret.fingerprint = bytes::encode_hex(&id);
        Some(secret)
    }

    fn derive_key<const N: usize>(&self, app_id: &str, label: &str) -> [u8; N] {
        let mut key = [0; N];
        // Cannot fail: HKDF-SHA256 gives up to 8160 bytes and every key here is at most 64.
        let _ = self.derive.expand_multi_info(&[app_id.as_bytes(), b"/", label.as_bytes()], &mut key);
        key
    }
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::RefreshToken => "refresh token",
            Self::Marker => "logout marker",
            Self::AntiCsrf => "anti-csrf token",
            Self::EventUser => "event user",
            Self::Fingerprint => "secret fingerprint",
        }
    }
}

impl Keys {
    /// The keys of `app_id` under `secrets`, the current secret first.
    #[must_use]
    pub fn new(app_id: &str, secrets: Rc<[Secret]>, rotation: Seconds, access_ttl: Seconds) -> Self {
        Self {
            app_id: app_id.to_owned(),
            secrets,
            rotation,
            access_ttl,
            pairs: RefCell::default(),
            verified: VerifiedTokens::default(),
        }
    }

    /// The app these keys are for.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// How long a new access token is good.
    #[must_use]
    pub const fn access_ttl(&self) -> Seconds {
        self.access_ttl
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self, static_key: bool, now: Timestamp) -> Option<Rc<KeyPair>> {
        self.verifying(&self.signing_id(static_key, now), now)
    }

    /// The id of the key that signs now.
    #[must_use]
    pub fn signing_id(&self, static_key: bool, now: Timestamp) -> String {
        let slot = if static_key { Slot::Static } else { Slot::Period(now.period_start(self.rotation)) };
        self.secrets.first().map(|secret| slot.id(&secret.fingerprint)).unwrap_or_default()
    }

    /// The key with this id, if it is ours and its time has come.
    ///
    /// A key of a past period is given too: an expired token still has to be recognised at logout.
    /// Whether such a key may vouch for a living token is [`Keys::is_published`].
    #[must_use]
    pub fn verifying(&self, id: &str, now: Timestamp) -> Option<Rc<KeyPair>> {
        let (slot, fingerprint) = Slot::parse(id)?;
        let secret = self.secrets.iter().find(|secret| secret.fingerprint == fingerprint)?;
        if let Slot::Period(start) = slot
            && start > now
        {
            return None;
        }
        Some(self.pair(secret, slot))
    }

    /// Whether an unexpired token can be under this key, so that a leaked old key is worth nothing.
    #[must_use]
    pub fn is_published(&self, id: &str, now: Timestamp) -> bool {
        match Slot::parse(id) {
            Some((Slot::Period(start), _)) => self.can_vouch(start, now),
            Some((Slot::Static, _)) => true,
            None => false,
        }
    }

    /// Whether a token signed in the last second of the period that starts then can be alive.
    fn can_vouch(&self, start: Timestamp, now: Timestamp) -> bool {
        start.after(self.rotation).after(self.access_ttl) > now
    }

    /// The JWKS (RFC 7517): the next period's key, so that it is known before its first use, the
    /// current one, the static one, and those of all past periods under which a token can be alive.
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> Value {
        let current = now.period_start(self.rotation);
        let mut slots = vec![Slot::Period(current.after(self.rotation)), Slot::Period(current), Slot::Static];
        let mut past = current.period_before(self.rotation);
        slots.push(Slot::Period(past));
        while self.can_vouch(past.period_before(self.rotation), now) {
            past = past.period_before(self.rotation);
            slots.push(Slot::Period(past));
        }
        let keys: Vec<Value> = self
            .secrets
            .iter()
            .flat_map(|secret| slots.iter().map(|slot| self.pair(secret, *slot).public_jwk()))
            .collect();
        json!({ "keys": keys })
    }

    /// Seconds for which the JWKS may be cached: the key that follows the next one appears in one period.
    #[must_use]
    pub fn jwks_max_age(&self) -> u32 {
        self.rotation.get().min(3600)
    }

    /// The anti-CSRF token of a session, bound to its handle.
    #[must_use]
    pub fn anti_csrf(&self, handle: Handle) -> String {
        let tag = self.tags(Purpose::AntiCsrf, &handle.to_bytes()).next();
        tag.and_then(|tag| tag.first_chunk::<ANTI_CSRF>().map(|short| bytes::encode(short)))
            .unwrap_or_default()
    }

    /// Whether `shown` is the anti-CSRF token of a session, under the current secret or the one before;
    /// compared in constant time.
    #[must_use]
    pub fn accepts_anti_csrf(&self, handle: Handle, shown: &str) -> bool {
        let Some(shown) = bytes::decode::<ANTI_CSRF>(shown) else { return false };
        self.tags(Purpose::AntiCsrf, &handle.to_bytes())
            .any(|tag| tag.first_chunk::<ANTI_CSRF>().is_some_and(|tag| tag.ct_eq(&shown).into()))
    }

    /// The pseudonym of a user in events.
    #[must_use]
    pub fn event_user(&self, user_id: &str) -> String {
        let tag = self.tags(Purpose::EventUser, user_id.as_bytes()).next();
        tag.and_then(|tag| tag.first_chunk::<12>().map(|short| bytes::encode(short))).unwrap_or_default()
    }

    /// The tag over `message` under the current secret.
    pub(super) fn tag(&self, purpose: Purpose, message: &[u8]) -> [u8; 32] {
        self.tags(purpose, message).next().unwrap_or_default()
    }

    /// Whether `tag` was made over `message` under one of the secrets, in constant time.
    pub(super) fn accepts(&self, purpose: Purpose, message: &[u8], tag: &[u8]) -> bool {
        self.secrets.iter().any(|secret| self.mac(secret, purpose, message).verify_slice(tag).is_ok())
    }

    fn tags(&self, purpose: Purpose, message: &[u8]) -> impl Iterator<Item = [u8; 32]> {
        self.secrets
            .iter()
            .map(move |secret| self.mac(secret, purpose, message).finalize().into_bytes().into())
    }

    fn mac(&self, secret: &Secret, purpose: Purpose, message: &[u8]) -> Hmac<Sha256> {
        // One block of SHA-256, the size at which HMAC takes a key as it is.
        let key: [u8; 64] = secret.derive_key(&self.app_id, purpose.label());
        Hmac::<Sha256>::new(&key.into()).chain_update(message)
    }

    fn pair(&self, secret: &Secret, slot: Slot) -> Rc<KeyPair> {
        let id = slot.id(&secret.fingerprint);
        if let Ok(pairs) = self.pairs.try_borrow()
            && let Some(pair) = pairs.iter().find(|pair| pair.id == id)
        {
            return Rc::clone(pair);
        }
        let pair = Rc::new(KeyPair::derive(secret, &self.app_id, slot, id));
        if let Ok(mut pairs) = self.pairs.try_borrow_mut() {
            if pairs.len() >= REMEMBERED_PAIRS {
                pairs.clear();
            }
            pairs.push(Rc::clone(&pair));
        }
        pair
    }
}

impl Slot {
    fn parse(id: &str) -> Option<(Self, &str)> {
        if let Some(fingerprint) = id.strip_prefix("s-") {
            return Some((Self::Static, fingerprint));
        }
        let (start, fingerprint) = id.strip_prefix("d-")?.split_once('-')?;
        let start = start.parse().ok().map(Timestamp::from_seconds)?;
        Some((Self::Period(start), fingerprint))
    }

    fn id(self, fingerprint: &str) -> String {
        match self {
            Self::Period(start) => format!("d-{}-{fingerprint}", start.seconds()),
            Self::Static => format!("s-{fingerprint}"),
        }
    }

    fn label(self) -> String {
        match self {
            Self::Period(start) => format!("signing key {}", start.seconds()),
            Self::Static => "static signing key".to_owned(),
        }
    }
}

impl KeyPair {
    fn derive(secret: &Secret, app_id: &str, slot: Slot, id: String) -> Self {
        let seed: [u8; 32] = secret.derive_key(app_id, &slot.label());
        let signing = SigningKey::from_bytes(&seed);
        Self { id, verifying: signing.to_verifying_key(), signing }
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.verifying.to_bytes()
    }

    /// RFC 8037.
    fn public_jwk(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": bytes::encode(&self.public_bytes()),
            "kid": self.id,
            "alg": "EdDSA",
            "use": "sig",
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn keys(app_id: &str, secrets: &[&str]) -> Keys {
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new(text).unwrap()).collect();
        Keys::new(app_id, secrets.into(), Seconds::new(604_800), Seconds::new(3600))
    }

    pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
    pub(crate) const OLDER: &str = "fedcba9876543210fedcba9876543210";

    fn key_ids(keys: &Keys, now: i64) -> Vec<String> {
        let jwks = keys.jwks(Timestamp::from_seconds(now));
        let ids = jwks["keys"].as_array().unwrap().iter();
        ids.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_short_secret_is_no_secret() {
        assert!(Secret::new(&"x".repeat(31)).is_none());
        assert!(Secret::new(&"x".repeat(32)).is_some());
    }

    #[test]
    fn the_next_key_is_published_before_its_first_use() {
        let keys = keys("public", &[SECRET]);
        let now = Timestamp::from_seconds(604_800 * 10);
        let later = Timestamp::from_seconds(604_800 * 11);
        let next = keys.signing(false, later).unwrap();
        assert!(key_ids(&keys, now.seconds()).contains(&next.id));
        assert!(keys.verifying(&next.id, now).is_none(), "not before its time");
    }

    #[test]
    fn a_past_key_is_published_while_a_token_under_it_can_live_and_there_is_at_least_one() {
        let keys =
            Keys::new("public", Rc::from([Secret::new(SECRET).unwrap()]), Seconds::new(10), Seconds::new(25));
        let old = keys.signing(false, Timestamp::from_seconds(100)).unwrap().id.clone();
        assert!(key_ids(&keys, 134).contains(&old));
        assert!(keys.is_published(&old, Timestamp::from_seconds(134)));
        assert!(!keys.is_published(&old, Timestamp::from_seconds(135)));
        assert!(!key_ids(&keys, 150).contains(&old));
        // next, current, static, and the past ones that started at 120, 110 and 100 seconds
        assert_eq!(key_ids(&keys, 134).len(), 6);
    }

    #[test]
    fn apps_and_purposes_have_keys_of_their_own() {
        let (one, two) = (keys("a", &[SECRET]), keys("b", &[SECRET]));
        let tag = one.tag(Purpose::Marker, b"m");
        assert!(one.accepts(Purpose::Marker, b"m", &tag));
        assert!(!two.accepts(Purpose::Marker, b"m", &tag));
        assert!(!one.accepts(Purpose::RefreshToken, b"m", &tag));
        let now = Timestamp::from_seconds(0);
        assert_ne!(
            one.signing(true, now).unwrap().public_bytes(),
            two.signing(true, now).unwrap().public_bytes()
        );
    }

    #[test]
    fn an_anti_csrf_token_outlives_a_change_of_the_secret() {
        let handle = Handle::parse(&"A".repeat(64)).unwrap();
        let token = keys("a", &[OLDER]).anti_csrf(handle);
        assert!(keys("a", &[SECRET, OLDER]).accepts_anti_csrf(handle, &token));
        assert!(!keys("a", &[SECRET]).accepts_anti_csrf(handle, &token));
        assert!(!keys("a", &[OLDER]).accepts_anti_csrf(handle, ""));
    }

    #[test]
    fn the_previous_secret_verifies_and_does_not_sign() {
        let (old, both) = (keys("a", &[OLDER]), keys("a", &[SECRET, OLDER]));
        let now = Timestamp::from_seconds(1);
        let tag = old.tag(Purpose::Marker, b"m");
        assert!(both.accepts(Purpose::Marker, b"m", &tag));
        assert_ne!(both.tag(Purpose::Marker, b"m"), tag);
        let id = old.signing(false, now).unwrap().id.clone();
        assert!(both.verifying(&id, now).is_some());
        assert_ne!(both.signing(false, now).unwrap().id, id);
    }
}
