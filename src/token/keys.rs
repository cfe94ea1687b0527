//! Key derivation: HKDF-SHA256 (RFC 5869) from the one secret, a label per app and purpose.
//!
//! Invariant: a key is used for one purpose of one app. Nothing made for one app or purpose is
//! accepted in another, no key has a text form, and a key id names one key in the world: app, period and secret are
//! in it, so a verifier that knows several apps or gates can keep all their keys in one place. The curve itself is the platform's: what leaves
//! here is a private key for it to sign with.

use std::rc::Rc;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::base::bytes;
use crate::base::time::{Seconds, Timestamp};
use crate::session::{DEFAULT_APP, Handle};

/// The length of an anti-CSRF token, in bytes.
const ANTI_CSRF: usize = 16;

/// What comes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 §7).
const PKCS8_HEAD: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// An Ed25519 private key (RFC 8032 §5.1.5) as PKCS #8.
pub type PrivateKey = [u8; 48];

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
    /// In the order of the secrets.
    macs: Vec<Macs>,
    /// What tells these keys from all others in a key id, in the order of the secrets.
    fingerprints: Vec<String>,
    rotation: Seconds,
    access_ttl: Seconds,
}

/// What a MAC is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    RefreshToken,
    Marker,
    AntiCsrf,
    EventUser,
}

/// What a rare MAC is for: logins at an identity provider.
#[derive(Clone, Copy)]
pub enum RarePurpose {
    /// The cookie of an attempt to log in.
    Attempt,
    /// The `state` of an attempt.
    State,
    /// Nonce and PKCE verifier of an attempt.
    AttemptSecrets,
    /// An answer of a provider on its way through a page of the gate's.
    Return,
    /// That the last session in this browser was a provider's.
    Left,
    /// A document of a provider in the shared cache.
    Document,
}

impl RarePurpose {
    const fn label(self) -> &'static str {
        match self {
            Self::Attempt => "login attempt",
            Self::State => "login state",
            Self::AttemptSecrets => "login secrets",
            Self::Return => "login return",
            Self::Left => "login left",
            Self::Document => "provider document",
        }
    }
}

/// The MACs of one secret, keyed once and for all: deriving a key costs several times what a MAC does.
struct Macs {
    refresh_token: Hmac<Sha256>,
    marker: Hmac<Sha256>,
    anti_csrf: Hmac<Sha256>,
    event_user: Hmac<Sha256>,
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
        let id = secret.derive_key::<6>("", "secret fingerprint");
        secret.fingerprint = bytes::encode_hex(&id);
        Some(secret)
    }

    /// What tells the keys of an app under this secret from all others. That of the default app is the secret's own, as
    /// it has always been, so that its key ids stay what they were.
    fn fingerprint_of(&self, app_id: &str) -> String {
        if app_id == DEFAULT_APP {
            return self.fingerprint.clone();
        }
        bytes::encode_hex(&self.derive_key::<6>(app_id, "key fingerprint"))
    }

    fn derive_key<const N: usize>(&self, app_id: &str, label: &str) -> [u8; N] {
        let mut key = [0; N];
        // Cannot fail: HKDF-SHA256 yields up to 8160 bytes and every key here is at most 64.
        let _ = self.derive.expand_multi_info(&[app_id.as_bytes(), b"/", label.as_bytes()], &mut key);
        key
    }
}

impl Macs {
    fn new(app_id: &str, secret: &Secret) -> Self {
        let mac = |label| {
            // One block of SHA-256, the size at which HMAC takes a key as it is.
            let key: [u8; 64] = secret.derive_key(app_id, label);
            Hmac::<Sha256>::new(&key.into())
        };
        Self {
            refresh_token: mac("refresh token"),
            marker: mac("logout marker"),
            anti_csrf: mac("anti-csrf token"),
            event_user: mac("event user"),
        }
    }

    fn over(&self, purpose: Purpose, message: &[u8]) -> Hmac<Sha256> {
        let mac = match purpose {
            Purpose::RefreshToken => &self.refresh_token,
            Purpose::Marker => &self.marker,
            Purpose::AntiCsrf => &self.anti_csrf,
            Purpose::EventUser => &self.event_user,
        };
        mac.clone().chain_update(message)
    }
}

impl Keys {
    /// The keys of `app_id` under `secrets`, the current secret first.
    #[must_use]
    pub fn new(app_id: &str, secrets: Rc<[Secret]>, rotation: Seconds, access_ttl: Seconds) -> Self {
        let macs = secrets.iter().map(|secret| Macs::new(app_id, secret)).collect();
        let fingerprints = secrets.iter().map(|secret| secret.fingerprint_of(app_id)).collect();
        Self { app_id: app_id.to_owned(), secrets, macs, fingerprints, rotation, access_ttl }
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

    /// The id of the key that signs now.
    #[must_use]
    pub fn signing_id(&self, static_key: bool, now: Timestamp) -> String {
        let slot = if static_key { Slot::Static } else { Slot::Period(now.period_start(self.rotation)) };
        self.fingerprints.first().map(|fingerprint| slot.id(fingerprint)).unwrap_or_default()
    }

    /// Whether a token can be signed with the key of this id: true for keys of past, current and next periods (another
    /// machine's clock may be ahead) and for the static key.
    ///
    /// A past key still counts, because an expired token has to be recognised at logout. Whether a key may vouch for a
    /// token that has not expired is [`Keys::is_published`].
    #[must_use]
    pub fn can_have_signed(&self, id: &str, now: Timestamp) -> bool {
        match self.find(id) {
            Some((Slot::Period(start), _)) => start <= now.after(self.rotation),
            Some((Slot::Static, _)) => true,
            None => false,
        }
    }

    /// The private key with this id, if it is ours.
    #[must_use]
    pub fn private_key(&self, id: &str) -> Option<PrivateKey> {
        let (slot, secret) = self.find(id)?;
        let seed: [u8; 32] = secret.derive_key(&self.app_id, &slot.label());
        let mut key = [0; 48];
        let (head, rest) = key.split_at_mut(PKCS8_HEAD.len());
        head.copy_from_slice(&PKCS8_HEAD);
        rest.copy_from_slice(&seed);
        Some(key)
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

    /// The ids of the keys in the JWKS: the next period's, so that it is known before its first use,
    /// the current one, the static one, and those of all past periods under which a token can be alive.
    #[must_use]
    pub fn published(&self, now: Timestamp) -> Vec<String> {
        let current = now.period_start(self.rotation);
        let mut slots = vec![Slot::Period(current.after(self.rotation)), Slot::Period(current), Slot::Static];
        let mut past = current.period_before(self.rotation);
        slots.push(Slot::Period(past));
        while self.can_vouch(past.period_before(self.rotation), now) {
            past = past.period_before(self.rotation);
            slots.push(Slot::Period(past));
        }
        let of_secret = |fingerprint: &String| slots.iter().map(|slot| slot.id(fingerprint)).collect();
        self.fingerprints.iter().flat_map(|fingerprint| -> Vec<String> { of_secret(fingerprint) }).collect()
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

    /// What tells this gate from others; its key ids have it as well.
    #[must_use]
    pub fn name(&self) -> &str {
        self.fingerprints.first().map(String::as_str).unwrap_or_default()
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
        self.macs.iter().any(|macs| macs.over(purpose, message).verify_slice(tag).is_ok())
    }

    /// The tag over `message` for what is too rare to keep a keyed MAC for: under the secret of this rank, the current
    /// one first.
    #[must_use]
    pub fn rare_tag(&self, purpose: RarePurpose, rank: usize, message: &[u8]) -> Option<[u8; 32]> {
        let secret = self.secrets.get(rank)?;
        Some(self.rare_mac(purpose, secret).chain_update(message).finalize().into_bytes().into())
    }

    /// The rank of the secret under which `tag` was made over `message`, in constant time.
    #[must_use]
    pub fn rank_of_rare(&self, purpose: RarePurpose, message: &[u8], tag: &[u8]) -> Option<usize> {
        let is_it =
            |secret: &Secret| self.rare_mac(purpose, secret).chain_update(message).verify_slice(tag).is_ok();
        self.secrets.iter().position(is_it)
    }

    fn rare_mac(&self, purpose: RarePurpose, secret: &Secret) -> Hmac<Sha256> {
        let key: [u8; 64] = secret.derive_key(&self.app_id, purpose.label());
        Hmac::<Sha256>::new(&key.into())
    }

    /// The keys with which what a provider entrusts to the gate is sealed (AES-256), the current one first.
    #[must_use]
    pub fn sealing_keys(&self) -> Vec<[u8; 32]> {
        self.secrets.iter().map(|secret| secret.derive_key(&self.app_id, "provider tokens")).collect()
    }

    fn tags(&self, purpose: Purpose, message: &[u8]) -> impl Iterator<Item = [u8; 32]> {
        self.macs.iter().map(move |macs| macs.over(purpose, message).finalize().into_bytes().into())
    }

    fn find(&self, id: &str) -> Option<(Slot, &Secret)> {
        let (slot, fingerprint) = Slot::parse(id)?;
        let mut secrets = self.secrets.iter().zip(&self.fingerprints);
        // By the secret's own fingerprint, too: in earlier releases the ids of all apps had it.
        let is_it =
            |(secret, own): &(&Secret, &String)| *own == fingerprint || secret.fingerprint == fingerprint;
        secrets.find(is_it).map(|(secret, _)| (slot, secret))
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

/// A public key for a JWKS (RFC 7517, RFC 8037); `x` is its 32 bytes in base64url.
#[must_use]
pub fn public_jwk(id: &str, x: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": id, "alg": "EdDSA", "use": "sig" })
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

    #[test]
    fn a_short_secret_is_no_secret() {
        assert!(Secret::new(&"x".repeat(31)).is_none());
        assert!(Secret::new(&"x".repeat(32)).is_some());
    }

    #[test]
    fn the_next_key_is_published_before_its_first_use() {
        let keys = keys("public", &[SECRET]);
        let now = Timestamp::from_seconds(604_800 * 10);
        let next = keys.signing_id(false, Timestamp::from_seconds(604_800 * 11));
        assert!(keys.published(now).contains(&next));
        assert!(keys.can_have_signed(&next, now), "its time may have come elsewhere");
        let after_next = keys.signing_id(false, Timestamp::from_seconds(604_800 * 12));
        assert!(!keys.can_have_signed(&after_next, now), "not before its time");
    }

    #[test]
    fn a_past_key_is_published_while_a_token_under_it_can_live_and_there_is_at_least_one() {
        let keys =
            Keys::new("public", Rc::from([Secret::new(SECRET).unwrap()]), Seconds::new(10), Seconds::new(25));
        let published = |now| keys.published(Timestamp::from_seconds(now));
        let old = keys.signing_id(false, Timestamp::from_seconds(100));
        assert!(published(134).contains(&old));
        assert!(keys.is_published(&old, Timestamp::from_seconds(134)));
        assert!(!keys.is_published(&old, Timestamp::from_seconds(135)));
        assert!(!published(150).contains(&old));
        // next, current, static, and the past ones that started at 120, 110 and 100 seconds
        assert_eq!(published(134).len(), 6);
    }

    #[test]
    fn apps_and_purposes_have_keys_of_their_own() {
        let (one, two) = (keys("a", &[SECRET]), keys("b", &[SECRET]));
        let tag = one.tag(Purpose::Marker, b"m");
        assert!(one.accepts(Purpose::Marker, b"m", &tag));
        assert!(!two.accepts(Purpose::Marker, b"m", &tag));
        assert!(!one.accepts(Purpose::RefreshToken, b"m", &tag));
        let now = Timestamp::from_seconds(0);
        let id = one.signing_id(true, now);
        assert!(one.private_key(&id).is_some());
        assert_ne!(one.private_key(&id), two.private_key(&id));
    }

    #[test]
    fn a_key_id_names_one_key_in_the_world() {
        let now = Timestamp::from_seconds(604_800 * 10);
        let mut named = std::collections::HashMap::new();
        for app in ["public", "a", "b"] {
            for secret in [SECRET, OLDER] {
                let keys = keys(app, &[secret]);
                for id in keys.published(now) {
                    assert!(
                        named.insert(id.clone(), keys.private_key(&id)).is_none(),
                        "{id} of {app} is another's"
                    );
                }
            }
        }
    }

    #[test]
    fn key_ids_of_earlier_releases_name_the_same_keys() {
        let secret = Secret::new(SECRET).unwrap();
        let now = Timestamp::from_seconds(604_800 * 10);
        for app in ["public", "a"] {
            let keys = keys(app, &[SECRET]);
            for (earlier, is_static) in [("d-6048000-", false), ("s-", true)] {
                let earlier = format!("{earlier}{}", secret.fingerprint);
                assert!(keys.can_have_signed(&earlier, now) && keys.is_published(&earlier, now));
                assert_eq!(keys.private_key(&earlier), keys.private_key(&keys.signing_id(is_static, now)));
            }
        }
        assert_eq!(keys("public", &[SECRET]).signing_id(true, now), format!("s-{}", secret.fingerprint));
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
        let id = old.signing_id(false, now);
        assert!(both.can_have_signed(&id, now));
        assert_ne!(both.signing_id(false, now), id);
    }
}
