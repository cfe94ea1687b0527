//! How tokens reach a browser or an SDK, and how they are taken back.
//!
//! Invariant: whenever tokens are set or cleared, the response says so to the page's script
//! (`front-token`), exposes what it says, and is stored by no cache (ASVS 14.3.2).

use std::rc::Rc;

use crate::bytes;
use crate::config::Config;
use crate::response::Additions;
use crate::response::cookies::GateCookie;
use crate::session::{Handle, Live, Renewed};
use crate::time::Timestamp;
use crate::token::{AccessToken, Keys, RefreshToken, Version};

/// Tokens to hand out.
pub struct TokenPair {
    /// What the access token says.
    pub token: Rc<AccessToken>,
    /// The access token.
    pub access: String,
    /// The refresh token, unless the browser keeps the one it has.
    pub refresh: Option<String>,
    /// The last second in which the session lives.
    pub ends_at: Timestamp,
}

/// How tokens travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In cookies, out of reach of the page's script.
    Cookies,
    /// In `st-access-token` and `st-refresh-token`, which an SDK without cookies asks for.
    Headers,
}

impl TokenPair {
    /// The pair for a session that was made or renewed.
    #[must_use]
    pub fn issued(
        renewed: &Renewed,
        handle: Handle,
        version: Version,
        keys: &Keys,
        now: Timestamp,
    ) -> Option<Self> {
        let Renewed { session, refresh, parent } = renewed;
        let token =
            AccessToken { nonce: refresh.nonce, ..AccessToken::of(session, handle, *parent, keys, now) };
        let refresh = RefreshToken { handle, generation: *refresh }.seal(keys);
        Self::sign(token, Some(refresh), session.ends_at, version, keys, now)
    }

    /// A new access token in the place of `old`; the refresh token stays.
    #[must_use]
    pub fn replaced(
        live: &Live,
        old: &AccessToken,
        version: Version,
        keys: &Keys,
        now: Timestamp,
    ) -> Option<Self> {
        let token = AccessToken::of(live, old.handle, None, keys, now);
        let anti_csrf = old.anti_csrf.clone();
        Self::sign(AccessToken { anti_csrf, ..token }, None, live.ends_at, version, keys, now)
    }

    /// The same token with the payload that the session has now; a refresh token issued with it stays.
    #[must_use]
    pub fn with_payload(
        live: &Live,
        old: &AccessToken,
        refresh: Option<String>,
        keys: &Keys,
        now: Timestamp,
    ) -> Option<Self> {
        let token = AccessToken::of(live, old.handle, old.parent, keys, now);
        let (nonce, anti_csrf) = (old.nonce, old.anti_csrf.clone());
        Self::sign(AccessToken { nonce, anti_csrf, ..token }, refresh, live.ends_at, Version::V5, keys, now)
    }

    /// An access token that says `token`, times and all.
    #[must_use]
    pub fn same_times(
        token: AccessToken,
        live: &Live,
        version: Version,
        keys: &Keys,
        now: Timestamp,
    ) -> Option<Self> {
        let key_id = keys.signing_id(token.has_static_key(), now);
        Self::sign(AccessToken { key_id, ..token }, None, live.ends_at, version, keys, now)
    }

    fn sign(
        token: AccessToken,
        refresh: Option<String>,
        ends_at: Timestamp,
        version: Version,
        keys: &Keys,
        now: Timestamp,
    ) -> Option<Self> {
        let access = token.sign(version, keys, now)?;
        Some(Self { token: Rc::new(token), access, refresh, ends_at })
    }
}

/// The headers that hand out tokens.
#[must_use]
pub fn delivered(tokens: &TokenPair, delivery: Delivery, config: &Config, now: Timestamp) -> Additions {
    let mut additions = Additions::default();
    let mut exposed = vec!["front-token"];
    match delivery {
        Delivery::Cookies => {
            let lifetime = tokens.ends_at.remaining(now);
            additions.add("set-cookie", config.cookies.set(GateCookie::Access, &tokens.access, lifetime));
            if let Some(refresh) = &tokens.refresh {
                additions.add("set-cookie", config.cookies.set(GateCookie::Refresh, refresh, lifetime));
            }
        }
        Delivery::Headers => {
            additions.add("st-access-token", tokens.access.clone());
            exposed.push("st-access-token");
            if let Some(refresh) = &tokens.refresh {
                additions.add("st-refresh-token", refresh.clone());
                exposed.push("st-refresh-token");
            }
        }
    }
    additions.add("front-token", front_token(&tokens.token));
    if let Some(anti_csrf) = &tokens.token.anti_csrf {
        additions.add("anti-csrf", anti_csrf.clone());
        exposed.push("anti-csrf");
    }
    additions.add("access-control-expose-headers", exposed.join(", "));
    additions.add("cache-control", "no-store");
    additions
}

/// The headers that take tokens back, from cookies always and from an SDK's own store if it has one.
#[must_use]
pub fn cleared(delivery: Delivery, host: &str, config: &Config) -> Additions {
    let mut additions = Additions::default();
    for cookie in config.cookies.clear(host, &config.base_path) {
        additions.add("set-cookie", cookie);
    }
    let mut exposed = vec!["front-token"];
    if delivery == Delivery::Headers {
        for name in ["st-access-token", "st-refresh-token"] {
            additions.add(name, "");
            exposed.push(name);
        }
    }
    additions.add("front-token", "remove");
    additions.add("access-control-expose-headers", exposed.join(", "));
    additions.add("cache-control", "no-store");
    additions
}

/// What the page's script may know: standard base64, which `atob` reads.
fn front_token(token: &AccessToken) -> String {
    bytes::encode_standard(token.front_token().as_bytes())
}
