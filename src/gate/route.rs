//! Which part of the gate a path belongs to.
//!
//! Rule: a slash at the end of a path means nothing on the gate's own routes.
//!
//! Invariant: every path under `BASE_PATH` and `CORE_PATH` is the gate's; none of them reaches the application.

use crate::config::Config;

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// Through the gate to the application.
    Application,
    /// Log out; of every device if the path says so.
    Logout {
        /// `…/all`.
        all: bool,
    },
    /// The session of this browser.
    Session,
    /// The user's devices.
    Sessions,
    /// End one of them.
    RevokeSession,
    /// The public keys.
    Jwks,
    /// Is the gate up?
    Health,
    /// SuperTokens browser SDK: refresh.
    Refresh,
    /// SuperTokens browser SDK: sign out.
    SignOut,
    /// Log in at a provider.
    Login,
    /// What a provider answers: the provider's key.
    Callback(&'a str),
    /// A provider's logout, by its servers: the provider's key.
    BackchannelLogout(&'a str),
    /// A provider's logout, by the browser: the provider's key.
    FrontchannelLogout(&'a str),
    /// Where a provider leads back to after a logout.
    SignedOut,
    /// SuperTokens backend SDK: the path below `CORE_PATH`.
    Core(&'a str),
    /// Nothing there.
    Unknown,
}

impl<'a> Route<'a> {
    /// The kind of route, in a word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Logout { .. } => "logout",
            Self::Session => "session",
            Self::Sessions => "sessions",
            Self::RevokeSession => "revoke",
            Self::Jwks => "jwks",
            Self::Health => "health",
            Self::Refresh => "refresh",
            Self::SignOut => "signout",
            Self::Login => "login",
            Self::Callback(_) => "callback",
            Self::BackchannelLogout(_) => "backchannel-logout",
            Self::FrontchannelLogout(_) => "frontchannel-logout",
            Self::SignedOut => "signed-out",
            Self::Core(_) => "core",
            Self::Unknown => "unknown",
        }
    }

    /// The route of `path`.
    #[must_use]
    pub fn of(path: &'a str, config: &Config) -> Self {
        if let Some(rest) = below(path, &config.core_path) {
            return Self::Core(rest);
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        if let Some(rest) = below(path, &config.logout_path) {
            match rest {
                "" => return Self::Logout { all: false },
                "/all" => return Self::Logout { all: true },
                _ => {}
            }
        }
        match below(path, &config.base_path) {
            None => Self::Application,
            Some("/session") => Self::Session,
            Some("/sessions") => Self::Sessions,
            Some("/sessions/revoke") => Self::RevokeSession,
            Some("/jwt/jwks.json") => Self::Jwks,
            Some("/health") => Self::Health,
            Some("/session/refresh") => Self::Refresh,
            Some("/signout") => Self::SignOut,
            Some(rest) if !config.providers.is_empty() => Self::of_provider(rest),
            Some(_) => Self::Unknown,
        }
    }

    fn of_provider(rest: &'a str) -> Self {
        let key = |prefix| rest.strip_prefix(prefix).filter(|key| !key.contains('/'));
        match rest {
            "/login" => Self::Login,
            "/signed-out" => Self::SignedOut,
            _ => key("/callback/")
                .map(Self::Callback)
                .or_else(|| key("/backchannel-logout/").map(Self::BackchannelLogout))
                .or_else(|| key("/frontchannel-logout/").map(Self::FrontchannelLogout))
                .unwrap_or(Self::Unknown),
        }
    }
}

/// What follows `base` in `path`: nothing, or a further path.
fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use serde_json::json;

    #[test]
    fn paths_find_their_routes() {
        let config = config(json!({})).ok().unwrap();
        for (path, route) in [
            ("/", Route::Application),
            ("/logout", Route::Logout { all: false }),
            ("/logout/all", Route::Logout { all: true }),
            ("/logout/x", Route::Application),
            ("/logouts", Route::Application),
            ("/logout/", Route::Logout { all: false }),
            ("/logout/all/", Route::Logout { all: true }),
            ("/logout//", Route::Application),
            ("/auth/", Route::Unknown),
            ("/auth/session/", Route::Session),
            ("/auth/sessions/revoke/", Route::RevokeSession),
            ("/auth/signout/", Route::SignOut),
            ("/auth/x/", Route::Unknown),
            ("/auth/core/hello/", Route::Core("/hello/")),
            ("/auth", Route::Unknown),
            ("/auth/x", Route::Unknown),
            ("/authors", Route::Application),
            ("/auth/session", Route::Session),
            ("/auth/session/refresh", Route::Refresh),
            ("/auth/core/hello", Route::Core("/hello")),
            ("/auth/core", Route::Core("")),
            ("/auth/cores", Route::Unknown),
        ] {
            assert_eq!(Route::of(path, &config), route, "{path}");
        }
    }
}
