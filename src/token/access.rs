//! The access token: a JWT (RFC 7519) signed with Ed25519, as the SuperTokens SDKs verify it offline.
//!
//! Invariant: a text becomes an [`AccessToken`] only when its signature is good under a key of ours
//! and it says that it is an access token (`version`), which no other JWT of the gate does.
//!
//! The platform has the curve, and answers later. So a token on its way out is a [`Draft`] until it
//! is signed, and one on its way in is [`Unverified`] until its signature has been looked at.

use std::rc::Rc;

use serde_json::{Map, Value};

use crate::base::bytes;
use crate::base::json::Fields;
use crate::base::time::Timestamp;
use crate::session::{FirstUse, Handle, Nonce, Payload, Session};

use super::draft::{ALGORITHM, Draft};
use super::keys::Keys;

/// The longest cookie, name and value together, that browsers keep (RFC 6265bis §5.6).
const MAX_COOKIE: usize = 4096;

/// The longest name that an access token is set under.
const LONGEST_COOKIE_NAME: &str = "__Secure-sAccessToken";

/// What an access token says.
#[derive(Clone, PartialEq)]
pub struct AccessToken {
    /// The session it is for.
    pub handle: Handle,
    /// Who is signed in: `sub`.
    pub user_id: String,
    /// The tenant: `tId`.
    pub tenant_id: String,
    /// The nonce of the refresh token it was issued with: `refreshTokenHash1`.
    pub nonce: Nonce,
    /// The nonce of that token's parent while the child is unused: `parentRefreshTokenHash1`.
    pub parent: Option<Nonce>,
    /// `antiCsrfToken`.
    pub anti_csrf: Option<String>,
    /// The application's claims.
    pub payload: Payload,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`: the first second in which the token is no longer good (RFC 7519 §4.1.4).
    pub expires_at: Timestamp,
    /// The id of the key that signs it: `kid`.
    pub key_id: String,
}

/// A token with a good signature.
#[derive(Clone, PartialEq)]
pub enum Verified {
    /// It is good now.
    Good(Rc<AccessToken>),
    /// It was good once: enough to log its session out, for nothing else.
    Expired(Rc<AccessToken>),
}

/// The access token format, which follows the CDI version that it is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// CDI 3.x.
    V4,
    /// CDI 4.0 and later, and the gate itself.
    V5,
}

/// Claims by which a JWT says who may take it, and from when (RFC 7519 §4.1.3, §4.1.5). No release has ever written
/// one, so a token with one is not the gate's. Any other name that is protected by now may be an application's, in a
/// token from before it was.
const LIMITS: [&str; 2] = ["aud", "nbf"];

/// The name in the header that tells an access token from any other JWT of the gate.
const VERSION: &str = "version";

impl Version {
    const fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "4",
            Self::V5 => "5",
        }
    }
}

/// A text that says it is an access token of ours.
pub struct Unverified<'a> {
    /// Its header and claims.
    signed: &'a str,
    claims: &'a str,
    signature: [u8; 64],
    key_id: String,
}

impl<'a> Unverified<'a> {
    /// Reads a text whose header names a key of ours. Its header only chooses among our own keys, and
    /// its algorithm can be no other than ours (RFC 8725 §3.1).
    #[must_use]
    pub fn read(text: &'a str, keys: &Keys, now: Timestamp) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let mut header = part(header)?;
        let is_ours = header.text("alg")? == ALGORITHM
            && header.text("typ")? == "JWT"
            && matches!(header.text(VERSION)?.as_str(), "4" | "5");
        let key_id = header.text("kid").filter(|id| is_ours && keys.can_have_signed(id, now))?;
        Some(Self { signed, claims, signature: bytes::decode(signature)?, key_id })
    }

    /// The id of the key that it says it is signed with.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What was signed.
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
        self.signed.as_bytes()
    }

    /// The signature over it.
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The token, once it is known whether the signature is good. Nothing of the claims is believed before.
    #[must_use]
    pub fn confirm(self, signature_is_good: bool) -> Option<AccessToken> {
        if !signature_is_good {
            return None;
        }
        AccessToken::read(part(self.claims)?, self.key_id)
    }
}

impl AccessToken {
    /// The token's text but for its signature.
    #[must_use]
    pub fn draft(&self, version: Version) -> Option<Draft> {
        let mut extra = Map::new();
        extra.insert(VERSION.to_owned(), version.as_str().into());
        Draft::new(&extra, self.claims(version), self.issued_at, self.expires_at, &self.key_id)
    }

    /// Whether a verified token is good now.
    #[must_use]
    pub fn at(self: Rc<Self>, keys: &Keys, now: Timestamp) -> Verified {
        let good = self.expires_at > now && keys.is_published(&self.key_id, now);
        if good { Verified::Good(self) } else { Verified::Expired(self) }
    }

    /// The access token for a session.
    #[must_use]
    pub fn of(session: &Session, handle: Handle, parent: Option<Nonce>, keys: &Keys, now: Timestamp) -> Self {
        Self {
            handle,
            user_id: session.user_id.clone(),
            tenant_id: session.tenant_id.clone(),
            nonce: session.lineage.nonce,
            parent,
            anti_csrf: session.anti_csrf.then(|| keys.anti_csrf(handle)),
            payload: session.payload.clone(),
            issued_at: now,
            expires_at: now.after(keys.access_ttl()),
            key_id: keys.signing_id(session.static_key, now),
        }
    }

    /// Whether it is signed with the static key.
    #[must_use]
    pub fn has_static_key(&self) -> bool {
        self.key_id.starts_with("s-")
    }

    /// What it says of the lineage, while it names a parent.
    #[must_use]
    pub fn first_use(&self) -> Option<FirstUse> {
        self.parent.map(|parent| FirstUse { nonce: self.nonce, parent })
    }

    /// All claims but the times.
    #[must_use]
    pub fn claims(&self, version: Version) -> Map<String, Value> {
        let mut claims = self.payload.as_map().clone();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("sub", self.user_id.as_str().into());
        set("tId", self.tenant_id.as_str().into());
        if version == Version::V5 {
            set("rsub", self.user_id.as_str().into());
        }
        set("sessionHandle", self.handle.to_string().into());
        set("refreshTokenHash1", self.nonce.to_string().into());
        set("parentRefreshTokenHash1", self.parent.map(|parent| parent.to_string()).into());
        set("antiCsrfToken", self.anti_csrf.clone().into());
        claims
    }

    fn read(mut claims: Fields, key_id: String) -> Option<Self> {
        claims.take("rsub");
        if LIMITS.iter().any(|name| claims.has(name)) {
            return None;
        }
        Some(Self {
            handle: Handle::parse(&claims.text("sessionHandle")?)?,
            user_id: claims.text("sub")?,
            tenant_id: claims.text("tId")?,
            nonce: Nonce::parse(&claims.text("refreshTokenHash1")?)?,
            parent: claims.text("parentRefreshTokenHash1").as_deref().and_then(Nonce::parse),
            anti_csrf: claims.text("antiCsrfToken"),
            issued_at: Timestamp::from_seconds(claims.integer("iat")?),
            expires_at: Timestamp::from_seconds(claims.integer("exp")?),
            key_id,
            payload: Payload::of_before(claims.into_map()),
        })
    }
}

/// Whether the unverified claims of a text name this session. Only for where the refresh token has authenticated the
/// session already.
#[must_use]
pub fn claims_session(text: &str, handle: Handle) -> bool {
    let claims = text.split('.').nth(1).and_then(part);
    claims
        .and_then(|mut claims| claims.text("sessionHandle"))
        .is_some_and(|claim| claim == handle.to_string())
}

/// One of the JSON objects of a JWT.
fn part(text: &str) -> Option<Fields> {
    Fields::parse(std::str::from_utf8(&bytes::decode_any(text)?).ok()?)
}

impl Verified {
    /// The token, good or not.
    #[must_use]
    pub fn into_token(self) -> Rc<AccessToken> {
        match self {
            Self::Good(token) | Self::Expired(token) => token,
        }
    }
}

/// Any claims as a JWT for other services, which is never a session because its header has no `version`.
#[must_use]
pub fn draft_jwt(
    claims: Map<String, Value>,
    expires_at: Timestamp,
    static_key: bool,
    keys: &Keys,
    now: Timestamp,
) -> Option<Draft> {
    Draft::new(&Map::new(), claims, now, expires_at, &keys.signing_id(static_key, now))
}

/// Whether every access token of the session fits a cookie.
#[must_use]
pub fn fits_a_cookie(session: &Session) -> bool {
    // The longest forms of all that can vary: a parent, an anti-CSRF token, 11-digit times.
    const HEADER: usize = 100;
    const TIMES: usize = 40;
    const SIGNATURE: usize = 86;
    let longest = AccessToken {
        handle: Handle { object: crate::session::ObjectId::default(), id: session.id },
        user_id: session.user_id.clone(),
        tenant_id: session.tenant_id.clone(),
        nonce: Nonce::NONE,
        parent: Some(Nonce::NONE),
        anti_csrf: Some(Nonce::NONE.to_string()),
        payload: session.payload.clone(),
        issued_at: Timestamp::default(),
        expires_at: Timestamp::default(),
        key_id: String::new(),
    };
    let Ok(body) = serde_json::to_string(&longest.claims(Version::V5)) else { return false };
    let encoded = |length: usize| length.saturating_mul(4).div_ceil(3);
    let claims = encoded(body.len().saturating_add(TIMES));
    let token = encoded(HEADER).saturating_add(claims).saturating_add(SIGNATURE).saturating_add(2);
    token.saturating_add(LONGEST_COOKIE_NAME.len()) <= MAX_COOKIE
}

#[cfg(test)]
mod tests {
    use super::super::keys::tests::{OLDER, SECRET, keys};
    use super::*;
    use crate::session::payload::tests::payload;
    use crate::session::{ObjectId, SessionId};
    use ed25519_dalek::pkcs8::DecodePrivateKey as _;
    use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _};
    use serde_json::json;

    fn curve(keys: &Keys, key_id: &str) -> SigningKey {
        SigningKey::from_pkcs8_der(&keys.private_key(key_id).unwrap()).unwrap()
    }

    fn seal(draft: Draft, keys: &Keys) -> String {
        let signature = curve(keys, draft.key_id()).sign(draft.message());
        draft.seal(&signature.to_bytes())
    }

    fn verify(text: &str, keys: &Keys, now: Timestamp) -> Option<AccessToken> {
        let unverified = Unverified::read(text, keys, now)?;
        let signature = Signature::from_bytes(unverified.signature());
        let key = curve(keys, unverified.key_id()).verifying_key();
        let is_good = key.verify(unverified.message(), &signature).is_ok();
        unverified.confirm(is_good)
    }

    fn text(keys: &Keys) -> String {
        seal(token().draft(Version::V5).unwrap(), keys)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn token() -> AccessToken {
        AccessToken {
            handle: Handle {
                object: ObjectId::from_hex(&"0f".repeat(32)).unwrap(),
                id: SessionId::from_bytes([3; 16]),
            },
            user_id: "u1".into(),
            tenant_id: "public".into(),
            nonce: Nonce::from_bytes([4; 16]),
            parent: None,
            anti_csrf: None,
            payload: payload(json!({ "role": "admin", "deep": { "a": [1, null] } })),
            issued_at: at(1_000_000),
            expires_at: at(1_003_600),
            key_id: keys("public", &[SECRET]).signing_id(false, at(1_000_000)),
        }
    }

    fn read(text: &str, keys: &Keys, now: i64) -> Option<Verified> {
        verify(text, keys, at(now)).map(|token| Rc::new(token).at(keys, at(now)))
    }

    fn part(text: &str, index: usize) -> Value {
        let part = text.split('.').nth(index).unwrap();
        serde_json::from_slice(&bytes::decode_any(part).unwrap()).unwrap()
    }

    #[test]
    fn header_and_claims_are_what_the_sdks_read() {
        let keys = keys("public", &[SECRET]);
        let text = text(&keys);
        let header = part(&text, 0);
        assert_eq!(
            (&header["alg"], &header["typ"], &header["version"]),
            (&json!("EdDSA"), &json!("JWT"), &json!("5"))
        );
        assert!(header["kid"].as_str().unwrap().starts_with("d-"));
        assert_eq!(
            part(&text, 1),
            json!({
                "sub": "u1", "tId": "public", "rsub": "u1", "exp": 1_003_600, "iat": 1_000_000,
                "sessionHandle": token().handle.to_string(), "refreshTokenHash1": token().nonce.to_string(),
                "parentRefreshTokenHash1": null, "antiCsrfToken": null,
                "role": "admin", "deep": { "a": [1, null] },
            })
        );
    }

    #[test]
    fn a_token_reads_back_until_it_expires() {
        let keys = keys("public", &[SECRET]);
        let text = text(&keys);
        let token = Rc::new(token());
        assert!(read(&text, &keys, 1_003_599) == Some(Verified::Good(Rc::clone(&token))));
        assert!(read(&text, &keys, 1_003_600) == Some(Verified::Expired(Rc::clone(&token))));
        assert!(read(&text, &keys, 90_000_000) == Some(Verified::Expired(token)));
    }

    #[test]
    fn no_changed_character_is_accepted() {
        let keys = keys("public", &[SECRET]);
        let text = text(&keys);
        for position in (0..text.len()).step_by(7).chain(text.len() - 90..text.len()) {
            let mut other = text.clone().into_bytes();
            other[position] = if other[position] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert!(verify(&other, &keys, at(1_000_000)).is_none(), "character {position}");
        }
    }

    #[test]
    fn other_secrets_apps_and_algorithms_are_noise() {
        let now = at(1_000_000);
        let text = text(&keys("public", &[SECRET]));
        assert!(verify(&text, &keys("public", &[OLDER]), now).is_none());
        assert!(verify(&text, &keys("other", &[SECRET]), now).is_none());
        let (_, rest) = text.split_once('.').unwrap();
        for alg in ["none", "HS256", "ES256", "EdDSA"] {
            let kid = part(&text, 0)["kid"].clone();
            let header = json!({ "alg": alg, "typ": if alg == "EdDSA" { "at+jwt" } else { "JWT" }, "kid": kid, "version": "5" });
            let forged = format!("{}.{rest}", bytes::encode(header.to_string().as_bytes()));
            assert!(verify(&forged, &keys("public", &[SECRET]), now).is_none(), "{alg}");
        }
    }

    #[test]
    fn a_jwt_for_other_services_is_no_access_token() {
        let keys = keys("public", &[SECRET]);
        let claims = token().claims(Version::V5);
        let text = seal(draft_jwt(claims, at(2_000_000), true, &keys, at(1_000_000)).unwrap(), &keys);
        assert!(part(&text, 0)["kid"].as_str().unwrap().starts_with("s-"));
        assert!(verify(&text, &keys, at(1_000_001)).is_none());
    }

    #[test]
    fn what_fits_by_the_estimate_fits_in_fact() {
        let keys = keys("public", &[SECRET]);
        let session = |length: usize| Session {
            payload: payload(json!({ "x": "y".repeat(length) })),
            ..Session::new(SessionId::from_bytes([1; 16]), Nonce::NONE, "u".into(), at(0))
        };
        let largest = (0..4096).rev().find(|length| fits_a_cookie(&session(*length))).unwrap();
        assert!(largest > 2000);
        let longest = AccessToken {
            payload: session(largest).payload,
            parent: Some(Nonce::NONE),
            anti_csrf: Some(Nonce::NONE.to_string()),
            ..token()
        };
        let text = seal(longest.draft(Version::V5).unwrap(), &keys);
        let cookie = text.len() + LONGEST_COOKIE_NAME.len();
        assert!(cookie <= MAX_COOKIE && cookie > MAX_COOKIE - 150, "{cookie}");
    }
}
