//! What an answer tells the browser about its session, and the headers that tell it.
//!
//! Invariant: **no answer takes cookies from a browser whose sessions it has not ended**, except those of a session
//! that the object says is over ([`SessionChange::TakenBack`]), and these only while the browser can be taken to hold
//! them still. Whenever tokens are set or cleared, the answer says so to the page's script (`front-token`), exposes
//! what it says, and is stored by no cache (ASVS 14.3.2).
//!
//! One answer is outside of this: that of a logout which is pending clears the session cookies and says nothing to the
//! script (`logout`).

use super::credentials::{Credentials, Strays};
use super::mint::TokenPair;
use crate::base::time::Instant;
use crate::config::Config;
use crate::cookies::GateCookie;
use crate::request::{CookieMatch, Head, find_cookie};
use crate::response::{Answer, ResponseHeaders};
use crate::supertokens::wire::{self, Delivery};

/// What an answer tells the browser about its session.
///
/// Late answers: by the time that an answer goes out, the browser may hold the cookies of a newer session. So an answer
/// of the application's never says [`SessionChange::TakenBack`], and a late answer of the gate's own does not either.
/// Renewed tokens are set only if their session is known to live and has not moved on to later ones.
pub enum SessionChange {
    /// Nothing.
    Nothing,
    /// New tokens of its session.
    Tokens(Renewed),
    /// The tokens of a session that was made just now.
    NewSession(TokenPair),
    /// Every session that the browser showed has been ended.
    Ended(Delivery),
    /// The session of the bearer token has been ended, and not that of the cookies.
    BearerEnded,
    /// The session that the browser showed is over, or its cookies contradict each other.
    TakenBack(Delivery),
}

/// For how many milliseconds the browser is taken to hold the cookies that it sent, and a session to live of which
/// the object said so.
pub const IN_TIME_MS: u32 = 1000;

/// New tokens, and when the object last said that their session lives.
pub struct Renewed {
    /// The tokens.
    pub tokens: TokenPair,
    /// How they travel.
    pub delivery: Delivery,
    /// When the object last said so.
    pub known: Instant,
}

impl Renewed {
    /// Whether the object has to be asked again before the tokens go out.
    #[must_use]
    pub fn is_outdated(&self, now: Instant) -> bool {
        now.millis_since(self.known) > i64::from(IN_TIME_MS)
    }
}

/// An answer of the gate's own.
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// What it tells the browser about its session.
    pub change: SessionChange,
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        Self { answer, change: SessionChange::Nothing }
    }
}

impl Answered {
    /// The answer for another reason.
    #[must_use]
    pub fn because(self, reason: crate::response::Reason) -> Self {
        Self { answer: self.answer.because(reason), ..self }
    }
}

impl SessionChange {
    /// Whether the answer itself has ended the session that it was made for, so that it goes on without it.
    #[must_use]
    pub const fn ends_session(&self) -> bool {
        matches!(self, Self::NewSession(_) | Self::Ended(_) | Self::BearerEnded)
    }

    /// The same in an answer that goes out so late that the browser may hold other cookies than it sent.
    #[must_use]
    pub fn late(self) -> Self {
        match self {
            Self::TakenBack(_) => Self::Nothing,
            other => other,
        }
    }

    /// The headers that tell it.
    #[must_use]
    pub fn headers(&self, head: &Head, credentials: &Credentials, config: &Config) -> ResponseHeaders {
        let host = head.origin().host();
        match self {
            Self::Nothing => ResponseHeaders::default(),
            Self::Tokens(Renewed { tokens, delivery, .. }) => {
                let mut headers = delivered(tokens, *delivery, config);
                let has_rivals = credentials.in_conflict();
                headers.extend(rivals_expired(*delivery, has_rivals, host, credentials, config));
                headers
            }
            Self::NewSession(tokens) => {
                let delivery = Delivery::wanted(head);
                let mut headers = delivered(tokens, delivery, config);
                headers.extend(rivals_expired(delivery, credentials.has_cookie(), host, credentials, config));
                headers
            }
            Self::BearerEnded => stored_nowhere(wire::taken_back(Delivery::Headers)),
            // Of cookies beside a bearer token nothing is known: their session has not been asked about, so they stay.
            Self::TakenBack(Delivery::Headers) if credentials.has_cookie() => {
                stored_nowhere(wire::taken_back(Delivery::Headers))
            }
            // Nor of the refresh cookie that the browser keeps for another path than this one.
            Self::TakenBack(_) if credentials.is_doubled && config.cookies.hides_refresh(head.path()) => {
                doubled_expired(credentials.strays, host, config)
            }
            Self::Ended(delivery) => {
                let mut headers = cleared(*delivery, host, config);
                let sent = head.header("cookie").unwrap_or_default();
                if find_cookie(sent, config.cookies.name(GateCookie::StepUp)) != CookieMatch::Nothing {
                    headers.add("set-cookie", config.cookies.set(GateCookie::StepUp, "", 0));
                }
                headers
            }
            Self::TakenBack(delivery) => cleared(*delivery, host, config),
        }
    }
}

/// The headers that expire the cookies which would rival new tokens.
fn rivals_expired(
    delivery: Delivery,
    has_rivals: bool,
    host: &str,
    credentials: &Credentials,
    config: &Config,
) -> ResponseHeaders {
    let (cookies, strays) = (&config.cookies, credentials.strays);
    let mut expired = match delivery {
        Delivery::Cookies if has_rivals || strays.any() => cookies.clear_rivals(host, &config.base_path),
        Delivery::Cookies => Vec::new(),
        Delivery::Headers => strays_expired(strays, host, config),
    };
    if delivery == Delivery::Cookies && strays.iter().any(|stray| stray == GateCookie::Pending) {
        expired.push(cookies.clear_pending());
    }
    let mut headers = ResponseHeaders::default();
    for cookie in expired {
        headers.add("set-cookie", cookie);
    }
    headers
}

/// The headers that expire the doubled cookies. The page's script is told nothing: it may still renew its session.
fn doubled_expired(strays: Strays, host: &str, config: &Config) -> ResponseHeaders {
    let mut headers = ResponseHeaders::default();
    for cookie in strays_expired(strays, host, config) {
        headers.add("set-cookie", cookie);
    }
    stored_nowhere(headers)
}

/// The `Set-Cookie` values that expire cookies of the gate's names that prove nothing.
#[must_use]
pub fn strays_expired(strays: Strays, host: &str, config: &Config) -> Vec<String> {
    if !strays.any() {
        return Vec::new();
    }
    config.cookies.clear_named(strays.iter(), host, &config.base_path)
}

/// The headers that hand out tokens.
fn delivered(tokens: &TokenPair, delivery: Delivery, config: &Config) -> ResponseHeaders {
    let TokenPair { token, access, refresh, .. } = tokens;
    let mut headers = ResponseHeaders::default();
    if delivery == Delivery::Cookies {
        let lifetime = tokens.lifetime();
        headers.add("set-cookie", config.cookies.set(GateCookie::Access, access, lifetime));
        if let Some(refresh) = refresh {
            headers.add("set-cookie", config.cookies.set(GateCookie::Refresh, refresh, lifetime));
        }
    }
    headers.extend(wire::handed_out(delivery, token, access, refresh.as_deref()));
    stored_nowhere(headers)
}

/// The headers that take tokens back, from cookies always and from an SDK's own store if it has one.
fn cleared(delivery: Delivery, host: &str, config: &Config) -> ResponseHeaders {
    let mut headers = ResponseHeaders::default();
    for cookie in config.cookies.clear(host, &config.base_path) {
        headers.add("set-cookie", cookie);
    }
    headers.extend(wire::taken_back(delivery));
    stored_nowhere(headers)
}

fn stored_nowhere(mut headers: ResponseHeaders) -> ResponseHeaders {
    headers.add("cache-control", "no-store");
    headers
}
