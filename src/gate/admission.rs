//! Admission: what to ask the object about a request's credentials, and what its reply means.
//!
//! Invariant: only a reply of the object signs anybody in, or one that is at most `fresh` seconds old. At most one
//! question; none for credentials that fail their own check.

use std::rc::Rc;

use crate::base::time::{Seconds, Timestamp};
use crate::config::Config;
use crate::memory::{Memory, Recalled};
use crate::response::{Answer, Reason};
use crate::session::{Command, Handle, Login, Nonce, Policy, Reply, Session};
use crate::supertokens::wire::Delivery;
use crate::token::AccessToken;

use super::change::{Answered, SessionChange};
use super::credentials::{Access, Credentials, Sent};
use super::csrf::anti_csrf_on_renewal;
use super::mint::{Mint, TokenPair, Unsigned};
use super::person::Person;

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
    /// When it was not: what it said the last time.
    pub recalled: Option<Recalled>,
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
    /// The cookies belong to different sessions, or one was sent twice.
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
    /// The answer, which takes the tokens back if they are of no use any more.
    #[must_use]
    pub fn answered(self, answer: Answer, delivery: Delivery) -> Answered {
        let change = match self {
            Self::None | Self::Unrenewed | Self::TryRefresh => SessionChange::Nothing,
            Self::Conflict | Self::Ended | Self::Lapsed | Self::Theft => SessionChange::TakenBack(delivery),
        };
        Answered { answer, change }
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

/// Who the request is from if the session lives and nothing about it has changed.
#[must_use]
pub fn identity_if_unchanged(
    credentials: &Credentials,
    memory: &Memory,
    policy: &Policy,
    now: Timestamp,
) -> Option<Identity> {
    let Access::Good(token) = &credentials.access else { return None };
    let is_settled = token.parent.is_none()
        && credentials.pending.is_empty()
        && !credentials.name_two_sessions()
        && !memory.has_ended(token.handle)
        && !is_too_early(token, policy, now);
    let recalled = memory.recall(token.handle);
    is_settled.then(|| Identity { recalled, ..Identity::unchanged(token, credentials, None) })
}

/// Whether the token was issued before the moment from which on sessions count: so its session was made before it, too.
#[must_use]
pub fn is_too_early(token: &AccessToken, policy: &Policy, now: Timestamp) -> bool {
    let latest = token.issued_at.millis().saturating_add(999);
    policy.over_from(latest, Some(&token.tenant_id), None).is_some_and(|over| over <= now)
}

/// Decides whether to ask, and what; `nonce` is drawn for a new refresh token, should one be needed.
/// `None` only if it cannot be drawn.
#[must_use]
pub fn admit(
    credentials: &Credentials,
    config: &Config,
    memory: &Memory,
    fresh: Seconds,
    nonce: impl FnOnce() -> Option<Nonce>,
    now: Timestamp,
) -> Option<Admission> {
    let signed_out = |absence| Some(Admission::Settled(Standing::SignedOut(absence)));
    // Two access cookies beside one good refresh cookie: the refresh cookie decides.
    if credentials.name_two_sessions() {
        return signed_out(Absence::Conflict);
    }
    if let Access::Good(token) = &credentials.access {
        if memory.has_ended(token.handle) || is_too_early(token, &config.policy, now) {
            return signed_out(Absence::of_ended(credentials, &config.policy, now));
        }
        if token.parent.is_none()
            && let Some(recalled) = memory.recall_fresh(token.handle, fresh, now)
            && !recalled.may_be_over(&token.tenant_id, &config.policy, now)
        {
            let recalled = Some(recalled);
            let identity = Identity { recalled, ..Identity::unchanged(token, credentials, None) };
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

/// What the object's reply means; `None` if it does not answer what was asked.
#[must_use]
pub fn interpret(reply: Reply, handle: Handle, credentials: &Credentials, mint: Mint<'_>) -> Option<Verdict> {
    let signed_out = |absence| Some(Verdict::Settled(Standing::SignedOut(absence)));
    match reply {
        Reply::Live(session) => checked(session, credentials, mint),
        Reply::Renewed { session, issued, .. } => {
            let unsigned = mint.issue(&session, &issued, handle)?;
            Some(Verdict::NewTokens(session.into(), unsigned))
        }
        Reply::Gone => signed_out(Absence::of_ended(credentials, mint.policy, mint.now)),
        Reply::Superseded => signed_out(Absence::Ended),
        Reply::Reuse { .. } => signed_out(Absence::Theft),
        Reply::AntiCsrfMissing => signed_out(Absence::TryRefresh),
        Reply::Created(_)
        | Reply::Revoked { .. }
        | Reply::Listed(_)
        | Reply::Read { .. }
        | Reply::Updated(_)
        | Reply::TooLarge
        | Reply::EndedAtProvider => None,
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
        let text = credentials.access_text.clone();
        Self { token: Rc::clone(token), text, session, recalled: None, tokens: None }
    }

    /// The person, as far as is known. Only of a session that is still being asked about may it be unknown when it was
    /// made, and what its login said.
    #[must_use]
    pub fn person(&self) -> Person<'_> {
        let known = self.session.as_ref().map(|session| (session.login(), session.created_at));
        let recalled = || self.recalled.as_ref().map(|recalled| (recalled.login(), recalled.created_at));
        let (login, created_at) = known.or_else(recalled).unzip();
        Person {
            user_id: &self.token.user_id,
            handle: Some(self.token.handle),
            login: login.unwrap_or(Login::PLAIN),
            created_at,
        }
    }

    /// A session whose browser gets new tokens.
    #[must_use]
    pub fn with(tokens: TokenPair, session: Session) -> Self {
        Self {
            token: Rc::clone(&tokens.token),
            text: tokens.access.clone(),
            session: Some(session),
            recalled: None,
            tokens: Some(tokens),
        }
    }
}
