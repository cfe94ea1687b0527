//! The claims that ID tokens and logout tokens have in common (RFC 7519 §4.1, Core §2), each checked in one place.
//!
//! Clocks may differ by a minute: what has just expired is good for 60 seconds more, what is dated ahead is taken up to
//! 60 seconds early.

use base::time::{Seconds, Timestamp};
use serde_json::Value;

use crate::check::FailedCheck;
use crate::issuer::Issuers;
use crate::json::{Members, texts_of};
use crate::names::{SessionId, Subject};

/// How far clocks may differ.
pub(crate) const SKEW: Seconds = Seconds::new(60);

/// `iss`, and `tid` where tenants are listed.
pub(crate) fn issuer(claims: &Members, issuers: &Issuers) -> Result<String, FailedCheck> {
    let issuer = claims.text("iss")?.ok_or(FailedCheck::Issuer)?;
    issuers.admit(issuer, claims.text("tid")?)?;
    Ok(issuer.to_owned())
}

/// `aud` and `azp` (Core §3.1.3.7, 3 to 5): the client is an audience, and nobody else is one unless the token was made
/// for the client.
pub(crate) fn audience(claims: &Members, client_id: &str) -> Result<(), FailedCheck> {
    let audiences = match claims.value("aud") {
        Some(Value::String(audience)) => vec![audience.clone()],
        Some(list @ Value::Array(_)) => texts_of(list).ok_or(FailedCheck::ClaimType("aud"))?,
        Some(_) => return Err(FailedCheck::ClaimType("aud")),
        None => return Err(FailedCheck::Audience),
    };
    if audiences.iter().all(|audience| audience != client_id) {
        return Err(FailedCheck::Audience);
    }
    let has_others = audiences.iter().any(|audience| audience != client_id);
    match claims.text("azp")? {
        Some(party) if party == client_id => Ok(()),
        None if !has_others => Ok(()),
        Some(_) | None => Err(FailedCheck::AuthorizedParty),
    }
}

/// `exp`: the token is not good at or after that moment (RFC 7519 §4.1.4). Returns whether there is one.
pub(crate) fn expiry(claims: &Members, now: Timestamp) -> Result<Option<Timestamp>, FailedCheck> {
    let expires_at = claims.time("exp")?;
    if expires_at.is_some_and(|expires_at| expires_at.after(SKEW) <= now) {
        return Err(FailedCheck::Expired);
    }
    Ok(expires_at)
}

/// `iat`, which is there and not ahead.
pub(crate) fn issued_at(claims: &Members, now: Timestamp) -> Result<Timestamp, FailedCheck> {
    let issued_at = claims.time("iat")?.ok_or(FailedCheck::IssuedAtMissing)?;
    if issued_at > now.after(SKEW) { Err(FailedCheck::IssuedAhead) } else { Ok(issued_at) }
}

/// Whether what was issued then is no older than `span`.
pub(crate) fn is_recent(issued_at: Timestamp, span: Seconds, now: Timestamp) -> bool {
    issued_at.after(SKEW).within(span, now)
}

/// `nbf`, if it is there (RFC 7519 §4.1.5).
pub(crate) fn not_before(claims: &Members, now: Timestamp) -> Result<(), FailedCheck> {
    let is_early = claims.time("nbf")?.is_some_and(|not_before| not_before > now.after(SKEW));
    if is_early { Err(FailedCheck::NotBefore) } else { Ok(()) }
}

/// `sub`, if it is there.
pub(crate) fn subject(claims: &Members) -> Result<Option<Subject>, FailedCheck> {
    let Some(subject) = claims.text("sub")? else { return Ok(None) };
    Subject::parse(subject).map(Some).ok_or(FailedCheck::Subject)
}

/// `sid`, if it is there and not empty.
pub(crate) fn session_id(claims: &Members) -> Result<Option<SessionId>, FailedCheck> {
    let Some(session_id) = claims.text("sid")?.filter(|text| !text.is_empty()) else { return Ok(None) };
    SessionId::parse(session_id).map(Some).ok_or(FailedCheck::SessionId)
}
