//! What a request shows of a session: access token, refresh token, logout marker.
//!
//! Invariant: only tokens with a good signature are in here. A gate name that occurs twice counts as
//! missing. An access token in `Authorization: Bearer` takes the place of the cookies, if it is ours.

use std::rc::Rc;

use super::tokens::Delivery;
use crate::config::Config;
use crate::request::{Head, Held, hold};
use crate::response::cookies::GateCookie;
use crate::session::{Handle, Logout, Proof, Scope};
use crate::time::Timestamp;
use crate::token::{AccessToken, Keys, RefreshToken, Verified, open_marker};

/// The session tokens of a request.
pub struct Credentials {
    /// The access token, if it was made by us.
    pub access: Access,
    /// Its text.
    pub access_text: String,
    /// The refresh token, if it was made by us.
    pub refresh: Option<RefreshToken>,
    /// Logouts that could not be done yet.
    pub pending: Vec<Logout>,
    /// Whether the access token came as a bearer token, which no other site can make a browser send.
    pub header_mode: bool,
    /// Which session cookies were sent, good or not.
    pub sent: Sent,
    /// Whether cookies are in the way of each other and want clearing.
    pub in_conflict: bool,
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
    /// Good once.
    Expired(Rc<AccessToken>),
}

impl Credentials {
    /// Reads them.
    #[must_use]
    pub fn read(head: &Head, config: &Config, keys: &Keys, now: Timestamp) -> Self {
        let cookies = head.header("cookie").unwrap_or_default();
        let held = |cookie| hold(cookies, &config.cookies.name(cookie));
        let (access, refresh) = (held(GateCookie::Access), held(GateCookie::Refresh));
        let pending = held(GateCookie::Pending).value().and_then(|text| open_marker(text, keys));
        let bearer = head.bearer().and_then(|text| Some((text, keys.verify(text, now)?)));
        let header_mode = bearer.is_some();
        let (text, token) = match bearer {
            Some((text, token)) => (text, Some(token)),
            None => {
                let text = access.value().unwrap_or_default();
                (text, Some(text).filter(|text| !text.is_empty()).and_then(|text| keys.verify(text, now)))
            }
        };
        let mut credentials = Self {
            access: Access::of(token),
            access_text: text.to_owned(),
            refresh: refresh.value().filter(|_| !header_mode).and_then(|text| RefreshToken::open(text, keys)),
            pending: pending.unwrap_or_default(),
            header_mode,
            sent: match (access, refresh) {
                (Held::Nothing, Held::Nothing) => Sent::Nothing,
                (_, Held::Nothing) => Sent::Access,
                _ => Sent::Refresh,
            },
            in_conflict: access == Held::Several || refresh == Held::Several,
        };
        credentials.in_conflict |= credentials.name_two_sessions();
        credentials
    }

    /// Whether a session cookie was sent, good or not: one that a browser adds by itself.
    #[must_use]
    pub fn has_cookie(&self) -> bool {
        self.sent != Sent::Nothing
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
    pub fn logouts(&self, scope: Scope, now: Timestamp) -> Vec<Logout> {
        let logout = |handle, proof| Logout { handle, scope, proof, as_of: now };
        let access = self.access.token().map(|token| logout(token.handle, self.access.proof(token)));
        let refresh = self.refresh.map(|token| logout(token.handle, Proof::Refresh(token.generation)));
        match (access, refresh) {
            (Some(access), Some(refresh)) if access.handle == refresh.handle => {
                // The refresh token shows that the session lives where the access token has expired.
                vec![if access.proof.may_be_living() { access } else { refresh }]
            }
            (access, refresh) => access.into_iter().chain(refresh).collect(),
        }
    }
}

impl Access {
    fn of(verified: Option<Verified>) -> Self {
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

    fn proof(&self, token: &AccessToken) -> Proof {
        match self {
            Self::Good(_) => Proof::Access(token.first_use()),
            Self::Missing | Self::Expired(_) => Proof::Expired,
        }
    }
}
