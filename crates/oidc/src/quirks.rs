//! What providers do otherwise than the specifications say, as data. Whoever configures a provider may know better.
//!
//! Invariant: a quirk changes what is sent, never what is checked.

use crate::authorize::Prompt;
use crate::issuer::Issuer;

/// What is other at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// How a logout goes there.
    pub end_session: EndSessionStyle,
    /// What makes it ask who somebody is, if its metadata does not say.
    pub prompt_again: Prompt,
    /// Whom a client's assertion is for.
    pub assertion_audience: AssertionAudience,
    /// How it answers.
    pub response_mode: ResponseMode,
    /// Whether a refresh token is good more than once.
    pub refresh_tokens: RefreshTokens,
}

/// How a browser is sent to log out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSessionStyle {
    /// As RP-Initiated Logout says.
    Standard,
    /// `client_id` and `logout_uri`.
    Cognito,
}

/// Whom a client's assertion is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer, so that no other server can use it.
    Issuer,
    /// The token endpoint.
    TokenEndpoint,
}

/// How a provider answers an authorization request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query, unless asked otherwise.
    Query,
    /// By a form that the browser posts, as soon as any scope but `openid` is asked.
    FormPost,
}

/// Whether a refresh token is good more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokens {
    /// It may be; a new one in the answer takes its place in any case.
    AsAnswered,
    /// It is not: two who use it at once lose the session.
    SingleUse,
}

/// The quirks of none.
const NONE: Quirks = Quirks {
    end_session: EndSessionStyle::Standard,
    prompt_again: Prompt::Login,
    assertion_audience: AssertionAudience::Issuer,
    response_mode: ResponseMode::Query,
    refresh_tokens: RefreshTokens::AsAnswered,
};

impl Quirks {
    /// Those of the provider with this issuer, as far as they are known.
    #[must_use]
    pub fn of(issuer: &Issuer) -> Self {
        let (_, authority) = issuer.origin().split_once("://").unwrap_or_default();
        match authority {
            // Has no `login`, and no end_session_endpoint.
            "accounts.google.com" => Self { prompt_again: Prompt::SelectAccount, ..NONE },
            // Its documents have the token endpoint as the audience.
            "login.microsoftonline.com" | "login.microsoftonline.us" | "login.partner.microsoftonline.cn" => {
                Self { assertion_audience: AssertionAudience::TokenEndpoint, ..NONE }
            }
            // Has neither UserInfo nor an end_session_endpoint.
            "appleid.apple.com" => Self { response_mode: ResponseMode::FormPost, ..NONE },
            "gitlab.com" => Self { refresh_tokens: RefreshTokens::SingleUse, ..NONE },
            host if host.starts_with("cognito-idp.") && host.ends_with(".amazonaws.com") => {
                Self { end_session: EndSessionStyle::Cognito, ..NONE }
            }
            _ => NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(issuer: &str) -> Quirks {
        Quirks::of(&Issuer::parse(issuer).unwrap())
    }

    #[test]
    fn providers_are_known_by_their_host() {
        assert_eq!(of("https://accounts.google.com").prompt_again, Prompt::SelectAccount);
        assert_eq!(
            of("https://login.microsoftonline.com/t/v2.0").assertion_audience,
            AssertionAudience::TokenEndpoint
        );
        assert_eq!(of("https://appleid.apple.com").response_mode, ResponseMode::FormPost);
        assert_eq!(of("https://gitlab.com").refresh_tokens, RefreshTokens::SingleUse);
        let cognito = of("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x");
        assert_eq!(cognito.end_session, EndSessionStyle::Cognito);
    }

    #[test]
    fn all_others_are_as_the_specifications_say() {
        for issuer in [
            "https://idp.example",
            "https://accounts.google.com.example",
            "https://xaccounts.google.com",
            "https://gitlab.com:8443",
            "https://idp.example/gitlab.com",
            "https://cognito-idp.example",
        ] {
            assert_eq!(of(issuer), NONE, "{issuer}");
        }
    }
}
