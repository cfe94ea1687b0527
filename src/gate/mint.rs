//! The tokens of a session, made and made anew.
//!
//! Invariant: no token is issued ahead of this gate's clock, for verifiers refuse one that is (the Python SDK does). The
//! object's clock, which says when a session begins, and another gate's, which issued an earlier token, may be 10 s
//! ahead of it.

use std::rc::Rc;

use crate::base::time::Timestamp;
use crate::cookies::Lifetime;
use crate::session::{Handle, Issued, Nonce, Policy, Session};
use crate::token::{AccessToken, Draft, Keys, RefreshToken, Version};

/// Tokens to hand out.
pub struct TokenPair {
    /// What the access token says.
    pub token: Rc<AccessToken>,
    /// The access token.
    pub access: String,
    /// The refresh token, unless the browser keeps the one it has.
    pub refresh: Option<String>,
    /// The last second in which the session lives, if the tokens are used now.
    pub ends_at: Timestamp,
    /// Whether the browser keeps them when it is closed.
    pub persistent: bool,
}

impl TokenPair {
    /// How long the browser keeps them: from the access token's beginning to the session's end, unless the login
    /// wants them to go earlier.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        if self.persistent {
            Lifetime::Seconds(self.ends_at.remaining(self.token.issued_at))
        } else {
            Lifetime::BrowserSession
        }
    }

    /// Whether these are still the latest tokens of the session, as its object has it now: a browser that has moved
    /// on to later ones would be taken for a thief if it were given these again.
    #[must_use]
    pub fn are_latest_of(&self, session: &Session) -> bool {
        // An access token alone takes the place of none but an access token.
        self.refresh.is_none() || session.lineage.ends_in(self.token.nonce, self.token.parent)
    }
}

/// Tokens to hand out once the access token is signed.
pub struct Unsigned {
    token: Rc<AccessToken>,
    draft: Draft,
    refresh: Option<String>,
    ends_at: Timestamp,
    persistent: bool,
}

impl Unsigned {
    /// What is to be signed.
    #[must_use]
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The tokens, with the signature over the draft.
    #[must_use]
    pub fn seal(self, signature: &[u8]) -> TokenPair {
        let Self { token, draft, refresh, ends_at, persistent } = self;
        TokenPair { token, access: draft.seal(signature), refresh, ends_at, persistent }
    }
}

/// What it takes to make tokens.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    /// The keys of the app.
    pub keys: &'a Keys,
    /// The lifetimes of its sessions.
    pub policy: &'a Policy,
    /// The access token format.
    pub version: Version,
    /// Now.
    pub now: Timestamp,
}

impl Mint<'_> {
    /// The pair for a session that was made just now: it begins when the session does, if that is not ahead.
    #[must_use]
    pub fn first(&self, session: &Session, handle: Handle) -> Option<Unsigned> {
        Mint { now: session.created_at.min(self.now), ..*self }.issue(
            session,
            &session.lineage.current(),
            handle,
        )
    }

    /// The pair for a session that was made or renewed; `None` only if it cannot be encoded, which no input causes.
    #[must_use]
    pub fn issue(&self, session: &Session, issued: &Issued, handle: Handle) -> Option<Unsigned> {
        let Issued { refresh, parent } = *issued;
        let token = AccessToken { nonce: refresh.nonce, ..self.token(session, handle, parent) };
        let refresh = RefreshToken { handle, generation: refresh }.seal(self.keys);
        self.unsigned(token, Some(refresh), session)
    }

    /// A new access token in the place of `old`; the refresh token stays.
    #[must_use]
    pub fn replace(&self, session: &Session, old: &AccessToken) -> Option<Unsigned> {
        let token = self.in_place_of(old, session, None);
        self.unsigned(AccessToken { anti_csrf: old.anti_csrf.clone(), ..token }, None, session)
    }

    /// The same access token with the payload that the session has now, beside the refresh token it
    /// was issued with, if that is on its way too.
    #[must_use]
    pub fn with_payload(
        &self,
        session: &Session,
        old: &AccessToken,
        refresh: Option<String>,
    ) -> Option<Unsigned> {
        let token = self.in_place_of(old, session, old.parent);
        let (nonce, anti_csrf) = (old.nonce, old.anti_csrf.clone());
        self.unsigned(AccessToken { nonce, anti_csrf, ..token }, refresh, session)
    }

    /// The same access token, times and all (but for one ahead), with the payload that the session has now.
    #[must_use]
    pub fn regenerate(&self, session: &Session, old: &AccessToken) -> Option<Unsigned> {
        let key_id = self.keys.signing_id(old.has_static_key(), self.now);
        let payload = session.payload.clone();
        let issued_at = old.issued_at.min(self.now);
        self.unsigned(AccessToken { payload, issued_at, key_id, ..old.clone() }, None, session)
    }

    /// An access token, which lasts no longer than the word of the session's provider does.
    fn token(&self, session: &Session, handle: Handle, parent: Option<Nonce>) -> AccessToken {
        let token = AccessToken::of(session, handle, parent, self.keys, self.now);
        let Some(recheck) = self.policy.recheck(session) else { return token };
        AccessToken { expires_at: token.expires_at.min(self.now.after(recheck)), ..token }
    }

    /// One without a renewal. Where a provider is asked at renewals it puts none off.
    fn in_place_of(&self, old: &AccessToken, session: &Session, parent: Option<Nonce>) -> AccessToken {
        let token = self.token(session, old.handle, parent);
        if self.policy.recheck(session).is_none() {
            return token;
        }
        AccessToken { expires_at: token.expires_at.min(old.expires_at), ..token }
    }

    fn unsigned(&self, token: AccessToken, refresh: Option<String>, session: &Session) -> Option<Unsigned> {
        let draft = token.draft(self.version)?;
        // A child's cookies are not set again at its first use, so they last as long as the session will then.
        let ends_at = match token.parent {
            Some(_) => session.ends_at_if_used(self.policy, self.now),
            None => session.ends_at(self.policy),
        };
        let persistent = session.login().persistent;
        Some(Unsigned { token: Rc::new(token), draft, refresh, ends_at, persistent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::tests::config;
    use crate::session::{Login, ObjectId, SessionId};
    use serde_json::json;

    const BEGAN: i64 = 1_790_000_000;

    fn setting(ttl: u32) -> Config {
        let issuer = "https://idp.example";
        let provider = |key: &str| json!({ "key": key, "issuer": issuer, "client_id": "gate" });
        let mut asked = provider("asked");
        asked["recheck"] = 900.into();
        config(json!({ "ACCESS_TOKEN_TTL": ttl, "PROVIDERS": [asked, provider("other")] })).ok().unwrap()
    }

    fn of(provider: Option<&str>) -> Session {
        let login = Login { provider: provider.map(str::to_owned), ..Login::default() };
        Session::new(SessionId::from_bytes([1; 16]), Nonce::NONE, "u".into(), at(0)).with_login(login)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(BEGAN.saturating_add(seconds))
    }

    fn mint(
        config: &Config,
        keys: &Keys,
        now: i64,
        made: impl Fn(&Mint<'_>) -> Option<Unsigned>,
    ) -> AccessToken {
        let mint = Mint { keys, policy: &config.policy, version: Version::V5, now: at(now) };
        (*made(&mint).unwrap().token).clone()
    }

    #[test]
    fn an_access_token_lives_no_longer_than_the_word_of_its_provider() {
        let handle = Handle { object: ObjectId::default(), id: SessionId::from_bytes([1; 16]) };
        for (ttl, provider, lives) in [
            (3600, Some("asked"), 900),
            (600, Some("asked"), 600),
            (3600, Some("other"), 3600),
            (3600, Some("gone"), 3600),
            (3600, None, 3600),
        ] {
            let (config, session) = (setting(ttl), of(provider));
            let keys = config.keys();
            let first = mint(&config, &keys, 0, |mint| mint.first(&session, handle));
            assert_eq!(first.expires_at, at(lives), "{ttl} {provider:?}");
            let issued = session.lineage.current();
            let renewed = mint(&config, &keys, 50, |mint| mint.issue(&session, &issued, handle));
            assert_eq!(renewed.expires_at, at(lives.saturating_add(50)), "{ttl} {provider:?}");
            let puts_off = if provider == Some("asked") { 0 } else { 50 };
            let replaced = mint(&config, &keys, 50, |mint| mint.replace(&session, &first));
            assert_eq!(replaced.expires_at, at(lives.saturating_add(puts_off)), "{ttl} {provider:?}");
            let told = mint(&config, &keys, 50, |mint| mint.with_payload(&session, &first, None));
            assert_eq!(told.expires_at, at(lives.saturating_add(puts_off)), "{ttl} {provider:?}");
        }
    }
}
