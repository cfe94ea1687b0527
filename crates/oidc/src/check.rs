//! The checks of a signed token, by name: what a log may say of a token that is refused.
//!
//! Invariant: a name is all there is. It holds nothing of the token.

use std::fmt;

use crate::json::{JsonFault, Mistyped};

/// The check that a token failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedCheck {
    /// It is longer than a token may be.
    Length,
    /// It is no JWS of three parts in base64url.
    Form,
    /// Its header is no JSON object, or has a member twice or of another type.
    Header,
    /// Its header asks for an extension (`crit`, RFC 7515 §4.1.11).
    Critical,
    /// Its header has `b64` (RFC 7797).
    UnencodedPayload,
    /// Its header says that it is another kind of token (`typ`).
    Kind,
    /// Its algorithm is none of ours, or none that the provider lists.
    Algorithm,
    /// No key has its `kid`, or none fits where it has none.
    UnknownKey,
    /// It has no `kid`, and several keys fit.
    AmbiguousKey,
    /// The key with its `kid` is for another algorithm.
    UnfitKey,
    /// Its signature has not the length that its algorithm makes.
    SignatureLength,
    /// Its signature is not good.
    Signature,
    /// Its claims are no JSON object, or have a member twice.
    Claims,
    /// A claim has another type than it must have.
    ClaimType(&'static str),
    /// An ID token has `events`: it is a logout token or another event.
    Events,
    /// Its `iss` is missing or another.
    Issuer,
    /// Its `tid` is missing or of no listed tenant.
    Tenant,
    /// Its `aud` is missing or does not name the client.
    Audience,
    /// Its `azp` is another client, or is missing beside several audiences.
    AuthorizedParty,
    /// It has no `exp`.
    ExpiryMissing,
    /// It has expired.
    Expired,
    /// It has no `iat`.
    IssuedAtMissing,
    /// Its `iat` is ahead of the clock.
    IssuedAhead,
    /// Its `iat` is too long ago.
    IssuedLongAgo,
    /// Its `nbf` is ahead of the clock.
    NotBefore,
    /// It has no `nonce`.
    NonceMissing,
    /// Its `nonce` is another attempt's.
    Nonce,
    /// Its `at_hash` is another access token's.
    AccessTokenHash,
    /// It has no `auth_time`, or one of 0, where a `max_age` was asked.
    AuthTimeMissing,
    /// Its `auth_time` is longer ago than was asked.
    AuthTimeLongAgo,
    /// Its `acr` is none of those that were asked.
    Acr,
    /// It has no `sub`.
    SubjectMissing,
    /// Its `sub` is empty, too long, or not printable ASCII.
    Subject,
    /// Its `sub` is another user's.
    OtherSubject,
    /// Its `sid` is too long or not printable ASCII.
    SessionId,
    /// A logout token has neither `sub` nor `sid`.
    Nobody,
    /// A logout token has not the one event that makes it one.
    LogoutEvent,
    /// A logout token has a `nonce`.
    NoncePresent,
    /// A logout token has no `jti`.
    TokenIdMissing,
}

impl FailedCheck {
    /// The name, as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Form => "form",
            Self::Header => "header",
            Self::Critical => "crit",
            Self::UnencodedPayload => "b64",
            Self::Kind => "typ",
            Self::Algorithm => "alg",
            Self::UnknownKey => "kid unknown",
            Self::AmbiguousKey => "kid missing",
            Self::UnfitKey => "key unfit",
            Self::SignatureLength => "signature length",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::ClaimType(_) => "claim type",
            Self::Events => "events",
            Self::Issuer => "iss",
            Self::Tenant => "tid",
            Self::Audience => "aud",
            Self::AuthorizedParty => "azp",
            Self::ExpiryMissing => "exp missing",
            Self::Expired => "exp",
            Self::IssuedAtMissing => "iat missing",
            Self::IssuedAhead => "iat ahead",
            Self::IssuedLongAgo => "iat long ago",
            Self::NotBefore => "nbf",
            Self::NonceMissing => "nonce missing",
            Self::Nonce => "nonce",
            Self::AccessTokenHash => "at_hash",
            Self::AuthTimeMissing => "auth_time missing",
            Self::AuthTimeLongAgo => "auth_time",
            Self::Acr => "acr",
            Self::SubjectMissing => "sub missing",
            Self::Subject => "sub",
            Self::OtherSubject => "sub differs",
            Self::SessionId => "sid",
            Self::Nobody => "sub and sid missing",
            Self::LogoutEvent => "logout event",
            Self::NoncePresent => "nonce present",
            Self::TokenIdMissing => "jti missing",
        }
    }
}

impl fmt::Display for FailedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClaimType(name) => write!(f, "{} of {name}", self.as_str()),
            _ => f.write_str(self.as_str()),
        }
    }
}

impl From<Mistyped> for FailedCheck {
    fn from(Mistyped(name): Mistyped) -> Self {
        Self::ClaimType(name)
    }
}

impl From<JsonFault> for FailedCheck {
    fn from(_: JsonFault) -> Self {
        Self::Claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_names_the_check_and_the_claim() {
        assert_eq!(FailedCheck::Nonce.to_string(), "nonce");
        assert_eq!(FailedCheck::from(Mistyped("exp")).to_string(), "claim type of exp");
    }
}
