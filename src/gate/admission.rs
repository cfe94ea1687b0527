//! Admission: what to ask the object about a request's credentials, and what its answer means.
//!
//! Invariant: nobody is signed in by anything but the object's word, or its word of at most `fresh`
//! seconds ago. One question at the most; none for credentials that fail their own check.

use std::rc::Rc;

use crate::base::bytes::Random;
use crate::base::time::{Seconds, Timestamp};
use crate::config::{AntiCsrfMode, Config};
use crate::request::{Head, Trust, cross_site};
use crate::response::Reason;
use crate::session::{AntiCsrf, Command, Handle, Policy, Reply, Session};
use crate::token::{AccessToken, Keys};

use super::credentials::{Access, Credentials, Sent};
use super::tokens::{Mint, TokenPair, Unsigned};
use crate::memory::{Asked, Memory};

/// What to do about the credentials of a request.
pub enum Admission {
    /// There is nothing to ask.
    Settled(Standing),
    /// Ask the session's object.
    Ask(Handle, Box<Command>),
}

/// Who the request is from.
pub enum Standing {
    /// A session.
    SignedIn(Box<Identity>),
    /// None.
    SignedOut(Absence),
}

/// What the object's answer comes to.
pub enum Verdict {
    /// Nothing is left to do.
    Settled(Standing),
    /// The session lives, and its browser gets these tokens once they are signed.
    NewTokens(Box<Session>, Unsigned),
}

/// A session that was admitted.
pub struct Identity {
    /// The access token, as it is from now on.
    pub token: Rc<AccessToken>,
    /// Its text, for the origin.
    pub text: String,
    /// When the object was asked: the session as it keeps it.
    pub session: Option<Session>,
    /// Tokens that the browser has to get.
    pub tokens: Option<TokenPair>,
}

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// There were no credentials of the gate's.
    None,
    /// The access token has expired, and nothing was there to renew it with.
    Unrenewed,
    /// They are in each other's way.
    Conflict,
    /// There is a refresh cookie, but only the refresh route may use it.
    TryRefresh,
    /// The session has been ended, or moved on without this token.
    Ended,
    /// The session has ended, and its lifetime had passed.
    Lapsed,
    /// A replaced refresh token came back.
    Theft,
}

impl Absence {
    /// Whether the browser's cookies are of no use any more.
    #[must_use]
    pub const fn clears(self) -> bool {
        match self {
            Self::None | Self::Unrenewed | Self::TryRefresh => false,
            Self::Conflict | Self::Ended | Self::Lapsed | Self::Theft => true,
        }
    }

    /// The message of a 401.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::None | Self::Unrenewed | Self::Conflict | Self::Ended | Self::Lapsed => "unauthorised",
            Self::TryRefresh => "try refresh token",
            Self::Theft => "token theft detected",
        }
    }

    /// The word of `Gate-Reason`.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::None => Reason::NoSession,
            Self::Unrenewed | Self::TryRefresh | Self::Lapsed => Reason::Expired,
            Self::Conflict => Reason::CookiesConflict,
            Self::Ended => Reason::Revoked,
            Self::Theft => Reason::TokenTheft,
        }
    }

    /// Why credentials that nothing can be asked about are of no use.
    #[must_use]
    pub fn of_no_use(credentials: &Credentials) -> Self {
        if credentials.in_conflict() {
            Self::Conflict
        } else if matches!(credentials.access, Access::Expired(_)) {
            Self::Unrenewed
        } else {
            Self::None
        }
    }

    /// Why a session that the object does not have has ended. The object keeps no record of it, so its tokens
    /// tell: nobody uses a token longer than a session lives without being renewed.
    fn of_ended(credentials: &Credentials, policy: &Policy, now: Timestamp) -> Self {
        let lifetime = policy.idle.min(policy.absolute);
        match credentials.access.token() {
            Some(token) if !token.issued_at.within(lifetime, now) => Self::Lapsed,
            _ => Self::Ended,
        }
    }
}

/// Whether an unsafe request must be refused because another site may have made the browser send it.
///
/// `needs_cookie` is for the origin's routes, where a request without a session cookie is the
/// application's own affair.
#[must_use]
pub fn csrf_refusal(head: &Head, credentials: &Credentials, config: &Config, needs_cookie: bool) -> bool {
    let unsafe_request = !head.is_safe() || head.is_upgrade();
    let ambient = credentials.has_cookie() || !needs_cookie;
    if !unsafe_request || !ambient || credentials.header_mode || config.anti_csrf == AntiCsrfMode::None {
        return false;
    }
    cross_site(head, Trust { origins: &config.cors_origins, same_site: config.allow_same_site })
}

/// Whether an unsafe request lacks the proof that `ANTI_CSRF` asks for besides the provenance. A browser
/// cannot put headers on a WebSocket handshake; its `Origin` has to do.
///
/// Only cookies that this gate signed, dead or alive, call for the proof. Others act for nobody, and nobody
/// could prove anything for them: a browser that holds some would be locked out of the login.
#[must_use]
pub fn lacks_anti_csrf(head: &Head, credentials: &Credentials, config: &Config, keys: &Keys) -> bool {
    if head.is_safe() || !credentials.has_genuine_cookie() || credentials.header_mode {
        return false;
    }
    match config.anti_csrf {
        AntiCsrfMode::FetchMetadata | AntiCsrfMode::None => false,
        AntiCsrfMode::CustomHeader => head.header("rid").is_none(),
        AntiCsrfMode::Token => {
            !credentials.handle().is_some_and(|handle| shows_anti_csrf(head, handle, keys))
        }
    }
}

/// What a renewal by the gate knows of the anti-CSRF token.
#[must_use]
pub fn anti_csrf_on_renewal(config: &Config) -> AntiCsrf {
    match config.anti_csrf {
        AntiCsrfMode::Token => AntiCsrf::Proved,
        AntiCsrfMode::FetchMetadata | AntiCsrfMode::CustomHeader | AntiCsrfMode::None => AntiCsrf::Keep,
    }
}

/// Whether the `anti-csrf` header has the session's token.
#[must_use]
pub fn shows_anti_csrf(head: &Head, handle: Handle, keys: &Keys) -> bool {
    head.header("anti-csrf").is_some_and(|shown| keys.accepts_anti_csrf(handle, shown))
}

/// Who the request will turn out to be from if the session lives and nothing about it has changed.
#[must_use]
pub fn expected(credentials: &Credentials, memory: &Memory) -> Option<Identity> {
    let Access::Good(token) = &credentials.access else { return None };
    let is_settled = token.parent.is_none()
        && credentials.pending.is_empty()
        && !credentials.name_two_sessions()
        && !memory.has_ended(token.handle);
    is_settled.then(|| Identity::unchanged(token, credentials, None))
}

/// Decides whether to ask, and what; `nonce` is drawn for a new refresh token, should one be needed.
/// `None` only if it cannot be drawn.
#[must_use]
pub fn admit(
    credentials: &Credentials,
    config: &Config,
    memory: &Memory,
    fresh: Seconds,
    nonce: impl FnOnce() -> Option<Random>,
    now: Timestamp,
) -> Option<Admission> {
    let signed_out = |absence| Some(Admission::Settled(Standing::SignedOut(absence)));
    // Two access cookies beside one good refresh cookie: the refresh cookie decides.
    if credentials.name_two_sessions() {
        return signed_out(Absence::Conflict);
    }
    if let Access::Good(token) = &credentials.access {
        if memory.has_ended(token.handle) {
            return signed_out(Absence::of_ended(credentials, &config.policy, now));
        }
        if token.parent.is_none() && memory.is_fresh(token.handle, fresh, now) {
            let identity = Identity::unchanged(token, credentials, None);
            return Some(Admission::Settled(Standing::signed_in(identity)));
        }
        let check = Command::Check { id: token.handle.id, first_use: token.first_use() };
        return Some(Admission::Ask(token.handle, Box::new(check)));
    }
    if let Some(refresh) = credentials.refresh
        && config.renews_transparently()
    {
        if memory.has_ended(refresh.handle) {
            return signed_out(Absence::of_ended(credentials, &config.policy, now));
        }
        let command = Command::Renew {
            id: refresh.handle.id,
            presented: refresh.generation,
            nonce: nonce()?,
            anti_csrf: anti_csrf_on_renewal(config),
            static_key: None,
        };
        return Some(Admission::Ask(refresh.handle, Box::new(command)));
    }
    signed_out(
        if credentials.sent == Sent::Refresh && !config.renews_transparently() && !credentials.in_conflict() {
            Absence::TryRefresh
        } else {
            Absence::of_no_use(credentials)
        },
    )
}

/// What the object's answer means; `None` if it is no answer to what was asked.
#[must_use]
pub fn judge(
    reply: Reply,
    handle: Handle,
    credentials: &Credentials,
    memory: &Memory,
    asked: Asked,
    mint: Mint<'_>,
) -> Option<Verdict> {
    let signed_out = |absence| Some(Verdict::Settled(Standing::SignedOut(absence)));
    match reply {
        // It ended in this isolate while the object was asked: its tokens are not handed out, and the browser may
        // hold a newer session, so nothing is taken back.
        Reply::Live(_) | Reply::Renewed { .. } if memory.has_ended(handle) => signed_out(Absence::None),
        Reply::Live(session) => {
            memory.lives(handle, asked);
            checked(session, credentials, mint)
        }
        Reply::Renewed { session, issued } => {
            memory.lives(handle, asked);
            let unsigned = mint.issue(&session, &issued, handle)?;
            Some(Verdict::NewTokens(session.into(), unsigned))
        }
        Reply::Gone => {
            memory.ended(handle);
            signed_out(Absence::of_ended(credentials, mint.policy, mint.now))
        }
        Reply::Superseded => signed_out(Absence::Ended),
        Reply::Reuse { .. } => {
            memory.ended(handle);
            signed_out(Absence::Theft)
        }
        Reply::AntiCsrfMissing => signed_out(Absence::TryRefresh),
        Reply::Created(_)
        | Reply::Revoked { .. }
        | Reply::Listed(_)
        | Reply::Read { .. }
        | Reply::Updated(_)
        | Reply::TooLarge => None,
    }
}

/// A session that lives. Its access token is replaced when it names a parent, or when the
/// application has changed the payload since.
fn checked(session: Session, credentials: &Credentials, mint: Mint<'_>) -> Option<Verdict> {
    let Access::Good(token) = &credentials.access else { return None };
    if token.parent.is_none() && token.payload == session.payload {
        let identity = Identity::unchanged(token, credentials, Some(session));
        return Some(Verdict::Settled(Standing::signed_in(identity)));
    }
    let unsigned = mint.replace(&session, token)?;
    Some(Verdict::NewTokens(session.into(), unsigned))
}

impl Standing {
    /// A session.
    #[must_use]
    pub fn signed_in(identity: Identity) -> Self {
        Self::SignedIn(Box::new(identity))
    }
}

impl Identity {
    /// A session whose browser keeps the tokens it has.
    fn unchanged(token: &Rc<AccessToken>, credentials: &Credentials, session: Option<Session>) -> Self {
        Self { token: Rc::clone(token), text: credentials.access_text.clone(), session, tokens: None }
    }

    /// A session whose browser gets new tokens.
    #[must_use]
    pub fn with(tokens: TokenPair, session: Session) -> Self {
        Self {
            token: Rc::clone(&tokens.token),
            text: tokens.access.clone(),
            session: Some(session),
            tokens: Some(tokens),
        }
    }
}
