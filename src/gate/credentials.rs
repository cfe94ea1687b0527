//! What a request shows of a session: access token, refresh token, logout marker.
//!
//! Invariant: only tokens with a good signature are in here. A gate name that occurs twice counts as
//! missing. An access token in `Authorization: Bearer` takes the place of the cookies, if it is ours.
//!
//! So a request may show sessions that it is not from: in cookies beside a bearer token, and in doubled
//! cookies. An answer that clears the cookies or replaces them takes those from the browser as well, so
//! a logout and a login end them too: [`Beside`] names them.

use std::rc::Rc;

use crate::config::Config;
use crate::cookies::GateCookie;
use crate::request::{CookieMatch, Head, find_cookie, values};
use crate::session::{Handle, Logout, Proof, Scope};
use crate::supertokens::wire::Delivery;
use crate::token::{AccessToken, Keys, RefreshToken, Verified, claims_session, open_marker};

/// The session tokens of a request.
pub struct Credentials {
    /// The access token, if it was made by us.
    pub access: Access,
    /// Its text.
    pub access_text: String,
    /// The refresh token, if it was made by us. Not checked where a good access token of its session is there,
    /// which can do all that it could: its check costs more than everything else about a request.
    pub refresh: Option<RefreshToken>,
    /// Logouts that could not be done yet.
    pub pending: Vec<Logout>,
    /// Whether the access token came as a bearer token, which no other site can make a browser send.
    pub header_mode: bool,
    /// Which session cookies were sent, good or not.
    pub sent: Sent,
    /// Whether a session cookie came twice.
    pub is_doubled: bool,
    /// Which cookies of the gate's prove nothing.
    pub strays: Strays,
}

/// Cookies of the gate's names that prove nothing: this gate did not make them, or they came twice. The gate's
/// next answer expires them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strays {
    access: bool,
    refresh: bool,
    pending: bool,
}

impl Strays {
    /// The cookies.
    pub fn iter(self) -> impl Iterator<Item = GateCookie> {
        let all = [
            (GateCookie::Access, self.access),
            (GateCookie::Refresh, self.refresh),
            (GateCookie::Pending, self.pending),
        ];
        all.into_iter().filter_map(|(cookie, is_stray)| is_stray.then_some(cookie))
    }

    /// Whether there is one.
    #[must_use]
    pub const fn any(self) -> bool {
        self.access || self.refresh || self.pending
    }
}

/// Which session cookies a browser sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// None.
    Nothing,
    /// An access cookie alone.
    Access,
    /// A refresh cookie, with or without an access cookie.
    Refresh,
}

/// The access token of a request.
#[derive(Clone)]
pub enum Access {
    /// None of ours.
    Missing,
    /// Good now.
    Good(Rc<AccessToken>),
    /// Signature valid, but expired.
    Expired(Rc<AccessToken>),
}

/// How many values of one cookie name are looked at besides the session's own: more than a browser ever
/// holds, and few enough that no request can ask for a crowd of objects.
const MAX_BESIDE: usize = 16;

/// The texts that may be tokens of sessions which the request shows and is not from.
pub struct Beside<'a> {
    /// Access tokens.
    pub access: Vec<&'a str>,
    /// Refresh tokens.
    pub refresh: Vec<&'a str>,
}

/// What a request presents, unread but for the cookies' names.
pub struct Presented<'a> {
    cookies: &'a str,
    bearer: Option<&'a str>,
    access: CookieMatch<'a>,
    refresh: CookieMatch<'a>,
    pending: CookieMatch<'a>,
}

impl<'a> Presented<'a> {
    /// Finds it in the head.
    #[must_use]
    pub fn find(head: &'a Head, config: &Config) -> Self {
        let cookies = head.header("cookie").unwrap_or_default();
        let held = |cookie| find_cookie(cookies, config.cookies.name(cookie));
        Self {
            cookies,
            bearer: head.bearer(),
            access: held(GateCookie::Access),
            refresh: held(GateCookie::Refresh),
            pending: held(GateCookie::Pending),
        }
    }

    /// The bearer token, which may be an access token of ours.
    #[must_use]
    pub const fn bearer(&self) -> Option<&'a str> {
        self.bearer
    }

    /// The access cookie.
    #[must_use]
    pub const fn cookie(&self) -> Option<&'a str> {
        self.access.value()
    }

    /// The credentials with this bearer token, which is ours.
    #[must_use]
    pub fn with_bearer(self, token: Verified, keys: &Keys) -> Credentials {
        let text = self.bearer.unwrap_or_default();
        Credentials { header_mode: true, refresh: None, ..self.read(text, Some(token), keys) }
    }

    /// The credentials in cookies, with what the access cookie was found to be.
    #[must_use]
    pub fn with_cookie(self, token: Option<Verified>, keys: &Keys) -> Credentials {
        let text = self.access.value().unwrap_or_default();
        let (access, refresh, pending) = (self.access, self.refresh, self.pending);
        let credentials = self.read(text, token, keys);
        let is_stray =
            |held, proves: bool| held == CookieMatch::Several || (held != CookieMatch::Nothing && !proves);
        let unread = refresh.value().is_some_and(|text| credentials.access.speaks_for(text));
        let strays = Strays {
            access: is_stray(access, credentials.access.token().is_some()),
            refresh: is_stray(refresh, unread || credentials.refresh.is_some()),
            pending: is_stray(pending, !credentials.pending.is_empty()),
        };
        Credentials { strays, ..credentials }
    }

    /// The credentials for ending the session of the cookies and no other, where the refresh token is enough: to
    /// check its tag costs a tenth of verifying the access token. The access token is then not verified, and is
    /// missing from the result. Returns `None` if it names another session.
    #[must_use]
    pub fn for_logout(self, keys: &Keys) -> Option<Credentials> {
        let refresh = self.refresh.value().and_then(|text| RefreshToken::open(text, keys))?;
        let is_same = self.access.value().is_none_or(|text| claims_session(text, refresh.handle));
        (self.bearer.is_none() && is_same).then(|| self.with(Access::Missing, "", Some(refresh), keys))
    }

    /// What the request shows beside `credentials`, which were read from it.
    #[must_use]
    pub fn beside(&self, credentials: &Credentials, config: &Config) -> Beside<'a> {
        let texts = |held: CookieMatch<'_>, cookie| match held {
            CookieMatch::Several => {
                values(self.cookies, config.cookies.name(cookie)).take(MAX_BESIDE).collect()
            }
            CookieMatch::One(_) if credentials.header_mode => {
                values(self.cookies, config.cookies.name(cookie)).take(1).collect()
            }
            CookieMatch::One(_) | CookieMatch::Nothing => Vec::new(),
        };
        Beside {
            access: texts(self.access, GateCookie::Access),
            refresh: texts(self.refresh, GateCookie::Refresh),
        }
    }

    fn read(self, text: &str, token: Option<Verified>, keys: &Keys) -> Credentials {
        let access = Access::of(token);
        let refresh = self.refresh.value().filter(|refresh| !access.speaks_for(refresh));
        self.with(access, text, refresh.and_then(|text| RefreshToken::open(text, keys)), keys)
    }

    fn with(self, access: Access, text: &str, refresh: Option<RefreshToken>, keys: &Keys) -> Credentials {
        Credentials {
            access,
            access_text: text.to_owned(),
            refresh,
            pending: self.pending.value().and_then(|text| open_marker(text, keys)).unwrap_or_default(),
            header_mode: false,
            sent: match (self.access, self.refresh) {
                (CookieMatch::Nothing, CookieMatch::Nothing) => Sent::Nothing,
                (_, CookieMatch::Nothing) => Sent::Access,
                _ => Sent::Refresh,
            },
            is_doubled: self.access == CookieMatch::Several || self.refresh == CookieMatch::Several,
            strays: Strays::default(),
        }
    }
}

impl Credentials {
    /// Whether a session cookie was sent, good or not: one that a browser adds by itself.
    #[must_use]
    pub fn has_cookie(&self) -> bool {
        self.sent != Sent::Nothing
    }

    /// Whether a session cookie was sent that this gate made, whether its session lives or not.
    #[must_use]
    pub fn has_genuine_cookie(&self) -> bool {
        self.has_cookie() && (self.access.token().is_some() || self.refresh.is_some())
    }

    /// Whether cookies are in the way of each other and want clearing.
    #[must_use]
    pub fn in_conflict(&self) -> bool {
        self.is_doubled || self.name_two_sessions()
    }

    /// How the tokens of the session travel: as they came.
    #[must_use]
    pub const fn delivery(&self) -> Delivery {
        if self.header_mode { Delivery::Headers } else { Delivery::Cookies }
    }

    /// Whether access and refresh token are of different sessions: one was put beside the other.
    #[must_use]
    pub fn name_two_sessions(&self) -> bool {
        match (self.access.token(), &self.refresh) {
            (Some(access), Some(refresh)) => access.handle != refresh.handle,
            _ => false,
        }
    }

    /// The session of the request, whether it lives or not.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        self.access.token().map(|token| token.handle).or_else(|| self.refresh.map(|token| token.handle))
    }

    /// The logouts that these credentials can ask for: of the one session they name, or of both.
    #[must_use]
    pub fn logouts(&self, scope: Scope) -> Logouts {
        let mut logouts = Logouts { scope, all: Vec::new() };
        logouts.access(&self.access);
        if let Some(refresh) = self.refresh {
            logouts.refresh(refresh);
        }
        logouts
    }
}

/// The logouts that a request asks for, one for each session that it shows.
pub struct Logouts {
    scope: Scope,
    all: Vec<Logout>,
}

impl Logouts {
    /// That of an access token's session.
    pub fn access(&mut self, access: &Access) {
        if let Some(token) = access.token() {
            self.add(token.handle, access.proof(token));
        }
    }

    /// That of a refresh token's session.
    pub fn refresh(&mut self, token: RefreshToken) {
        self.add(token.handle, Proof::Refresh(token.generation));
    }

    /// Those of sessions whose cookies were doubled. Such cookies are no session's, so `others` has
    /// none to spare: it does what `current` does.
    pub fn of_doubled(&mut self) {
        if self.scope == Scope::Others {
            self.scope = Scope::Current;
        }
    }

    /// The logouts.
    #[must_use]
    pub fn into_vec(self) -> Vec<Logout> {
        self.all
    }

    fn add(&mut self, handle: Handle, proof: Proof) {
        match self.all.iter_mut().find(|logout| logout.handle == handle) {
            // A refresh token shows that the session lives where the access token has expired.
            Some(logout) if !logout.proof.may_be_living() => logout.proof = proof,
            Some(_) => {}
            None => self.all.push(Logout { handle, scope: self.scope, proof, as_of: None }),
        }
    }
}

impl Access {
    /// The access token that a text was found to be.
    #[must_use]
    pub fn of(verified: Option<Verified>) -> Self {
        match verified {
            None => Self::Missing,
            Some(Verified::Good(token)) => Self::Good(token),
            Some(Verified::Expired(token)) => Self::Expired(token),
        }
    }

    /// The token, good or not.
    #[must_use]
    pub const fn token(&self) -> Option<&Rc<AccessToken>> {
        match self {
            Self::Missing => None,
            Self::Good(token) | Self::Expired(token) => Some(token),
        }
    }

    /// Whether it is good, and of the session that a refresh token says it is for.
    fn speaks_for(&self, refresh: &str) -> bool {
        match self {
            Self::Good(token) => refresh.starts_with(&token.handle.to_string()),
            Self::Missing | Self::Expired(_) => false,
        }
    }

    fn proof(&self, token: &AccessToken) -> Proof {
        match self {
            Self::Good(_) => Proof::Access(token.first_use()),
            Self::Missing | Self::Expired(_) => Proof::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::bytes;
    use crate::base::time::Timestamp;
    use crate::config::tests::config;
    use crate::request::head::tests::head;
    use crate::session::{Lineage, Nonce, ObjectId, SessionId};
    use serde_json::json;

    fn handle(n: u8) -> Handle {
        Handle { object: ObjectId::default(), id: SessionId::from_bytes([n; 16]) }
    }

    /// The refresh token of a session, good or of a stranger's making.
    fn refresh(n: u8, keys: &Keys) -> String {
        let lineage = Lineage::start(Nonce::from_bytes([n; 16]), Timestamp::default());
        RefreshToken { handle: handle(n), generation: lineage.current().refresh }.seal(keys)
    }

    /// A JWT that nobody signed.
    fn unsigned(n: u8) -> String {
        let part = |value: serde_json::Value| bytes::encode(value.to_string().as_bytes());
        format!("{}.{}.AAAA", part(json!({ "alg": "EdDSA" })), part(json!({ "sessionHandle": handle(n) })))
    }

    fn session_left(cookies: &str, headers: &[(&str, &str)]) -> Option<Handle> {
        let config = config(json!({})).ok().unwrap();
        let headers = [&[("cookie", cookies)], headers].concat();
        let head = head("POST", "https://a.example/logout", &headers);
        Presented::find(&head, &config).for_logout(&config.keys())?.handle()
    }

    #[test]
    fn a_refresh_token_is_enough_to_leave_its_session_by() {
        let keys = config(json!({})).ok().unwrap().keys();
        let cookies = |access: &str, refresh: &str| {
            format!("__Host-sAccessToken={access}; __Host-sRefreshToken={refresh}")
        };
        let (good, forged) =
            (refresh(1, &keys), refresh(1, &config(json!({ "APP_ID": "b" })).ok().unwrap().keys()));
        assert_eq!(session_left(&format!("__Host-sRefreshToken={good}"), &[]), Some(handle(1)));
        assert_eq!(session_left(&cookies(&unsigned(1), &good), &[]), Some(handle(1)));
        assert_eq!(session_left(&cookies(&unsigned(2), &good), &[]), None, "two sessions may have to end");
        assert_eq!(session_left(&cookies("noise", &good), &[]), None);
        assert_eq!(session_left(&cookies(&unsigned(1), &forged), &[]), None);
        assert_eq!(session_left(&format!("__Host-sAccessToken={}", unsigned(1)), &[]), None);
        let bearer = [("authorization", "Bearer x")];
        assert_eq!(session_left(&cookies(&unsigned(1), &good), &bearer), None, "it may be another session's");
    }
}
