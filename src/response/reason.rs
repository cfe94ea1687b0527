//! `Gate-Reason`: the one word by which an answer of the gate's own says why it is what it is.
//!
//! Invariant: every [`Answer`](super::Answer) has one, and no answer of the application does, so the header alone
//! tells the two apart. The list is part of the wire: a word is added, never changed (docs/reasons.md).

/// Why the gate answered by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What was asked for was done.
    Ok,
    /// The logout was done.
    LoggedOut,
    /// A person is asked first; nothing has happened.
    Ask,
    /// No token of the gate's came with the request.
    NoSession,
    /// The access token or the session has expired and could not be renewed.
    Expired,
    /// The session has been ended.
    Revoked,
    /// A replaced refresh token came back.
    TokenTheft,
    /// Cookies of the gate's came twice, or are those of two sessions.
    CookiesConflict,
    /// A person is on the way to or from an identity provider.
    Provider,
    /// A login at an identity provider failed.
    LoginRefused,
    /// An identity provider does not answer as it should.
    ProviderUnreachable,
    /// A strict cookie did not come with a navigation from another site, which is made once more from here.
    Strict,
    /// Another site may have made the browser send the request.
    CrossSite,
    /// The proof that `ANTI_CSRF` asks for is missing.
    AntiCsrf,
    /// The person is signed in and lacks a claim that a rule requires.
    Forbidden,
    /// The person is signed in, and a rule asks for a later or another proof of who they are.
    StepUp,
    /// The browser only guesses where its user goes next.
    Prefetch,
    /// Too many requests.
    RateLimited,
    /// No key of `API_KEYS` came with the request.
    ApiKey,
    /// A parameter or field has a wrong value.
    Request,
    /// The body is too large, broken, or of an unknown type.
    Body,
    /// There is nothing at this path, or no such session.
    NotFound,
    /// The path does not have this method.
    Method,
    /// The session's object does not answer.
    StoreUnavailable,
    /// The application does not answer.
    OriginUnreachable,
    /// The application takes longer than `ORIGIN_TIMEOUT`.
    OriginTimeout,
    /// A header of the application makes no sense.
    OriginHeaders,
    /// The way to the application leads back to the gate.
    Loop,
    /// A variable or binding has a wrong value.
    Misconfigured,
    /// The gate failed.
    Error,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 30] = [
        Self::Ok,
        Self::LoggedOut,
        Self::Ask,
        Self::NoSession,
        Self::Expired,
        Self::Revoked,
        Self::TokenTheft,
        Self::CookiesConflict,
        Self::Provider,
        Self::LoginRefused,
        Self::ProviderUnreachable,
        Self::Strict,
        Self::CrossSite,
        Self::AntiCsrf,
        Self::Forbidden,
        Self::StepUp,
        Self::Prefetch,
        Self::RateLimited,
        Self::ApiKey,
        Self::Request,
        Self::Body,
        Self::NotFound,
        Self::Method,
        Self::StoreUnavailable,
        Self::OriginUnreachable,
        Self::OriginTimeout,
        Self::OriginHeaders,
        Self::Loop,
        Self::Misconfigured,
        Self::Error,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::LoggedOut => "logged-out",
            Self::Ask => "ask",
            Self::NoSession => "no-session",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::TokenTheft => "token-theft",
            Self::CookiesConflict => "cookies-conflict",
            Self::Provider => "provider",
            Self::LoginRefused => "login-refused",
            Self::ProviderUnreachable => "provider-unreachable",
            Self::Strict => "strict",
            Self::CrossSite => "cross-site",
            Self::AntiCsrf => "anti-csrf",
            Self::Forbidden => "forbidden",
            Self::StepUp => "step-up",
            Self::Prefetch => "prefetch",
            Self::RateLimited => "rate-limited",
            Self::ApiKey => "api-key",
            Self::Request => "request",
            Self::Body => "body",
            Self::NotFound => "not-found",
            Self::Method => "method",
            Self::StoreUnavailable => "store-unavailable",
            Self::OriginUnreachable => "origin-unreachable",
            Self::OriginTimeout => "origin-timeout",
            Self::OriginHeaders => "origin-headers",
            Self::Loop => "loop",
            Self::Misconfigured => "misconfigured",
            Self::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_documented_by_its_word() {
        let documented = include_str!("../../docs/reasons.md");
        for (n, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, n, "{} is listed in its place", reason.as_str());
            assert!(documented.contains(&format!("| `{}` |", reason.as_str())), "{}", reason.as_str());
        }
    }
}
