//! What a route asks of a request before its function runs: one row for each route.
//!
//! The order of the checks is the same for all routes; `edge/guard.rs` carries them out:
//!
//! 1. **method**: 405 with `Allow`;
//! 2. **pending logouts** of this browser are completed, whatever becomes of the request;
//! 3. **provenance**: an unsafe request or a WebSocket handshake of another site, 403;
//! 4. **proof**: what `ANTI_CSRF` asks for, where the credentials are genuine, 401 or 403;
//! 5. the pending logouts of 2 could not be completed: 503;
//! 6. **limit**: 429, where the request would cost a call to an object;
//! 7. **body**: 400, 408, 413 or 415; read only where the request shows a credential.
//!
//! Invariant: a check of this list is made nowhere else for a route of the gate's own.

use super::route::Route;

/// What a route asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which methods it has.
    pub methods: Methods,
    /// Which credentials it reads.
    pub reads: Reads,
    /// Which unsafe requests of other sites it refuses.
    pub provenance: Provenance,
    /// Whether it asks for the proof of `ANTI_CSRF`, and how it refuses without.
    pub proof: Proof,
    /// What is limited for each client.
    pub limit: Option<Limit>,
    /// Whether it reads a form.
    pub body: ReadBody,
}

/// The methods of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Methods {
    /// All of them.
    Any,
    /// These, as `Allow` lists them.
    Only(&'static str),
}

/// Which credentials a route reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// None.
    Nothing,
    /// Those of the request's session.
    Session,
    /// Enough to end the request's session. Pending logouts are left to the route, which ends them with its own.
    ForLogout,
    /// Those of the session, and the refresh token wherever it came.
    ForRenewal,
}

/// Which unsafe requests of other sites are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// All, unless the access token came in a header, which no other site can make a browser send.
    Always,
    /// Of these, those with a session cookie. Without one, the request is the application's own affair.
    WithCookie,
    /// All, unless the refresh token came in a header.
    UnlessRefreshHeader,
    /// None: what the request brings proves where it comes from.
    OwnProof,
}

/// How a request without the proof of `ANTI_CSRF` is refused (`token` and `custom-header` only).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is not asked for.
    None,
    /// 403: the paths of the application.
    Forbidden,
    /// 401 `try refresh token`, which makes an SDK refresh. A form of the gate's own pages has no header to show.
    TryRefreshUnlessForm,
    /// 401 `try refresh token`.
    TryRefresh,
    /// 401 `unauthorised`, cookies cleared: a renewal without the custom header. The object checks the token itself.
    Unauthorised,
}

/// What is limited for each client, by the binding `RATE_LIMITER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Logins.
    Login,
    /// Renewals by an SDK.
    Refresh,
}

/// Whether a route reads a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBody {
    /// No.
    No,
    /// Of an unsafe request.
    Form,
}

impl Entry {
    /// The paths of the application that may need a session.
    pub const APPLICATION: Self = Self {
        methods: Methods::Any,
        reads: Reads::Session,
        provenance: Provenance::WithCookie,
        proof: Proof::Forbidden,
        limit: None,
        body: ReadBody::No,
    };

    const LOGOUT: Self = Self {
        methods: Methods::Only("GET, POST"),
        reads: Reads::ForLogout,
        provenance: Provenance::Always,
        proof: Proof::None,
        limit: None,
        body: ReadBody::Form,
    };

    const SESSION: Self = Self {
        methods: Methods::Only("GET"),
        reads: Reads::Session,
        provenance: Provenance::Always,
        proof: Proof::None,
        limit: None,
        body: ReadBody::No,
    };

    const REVOKE: Self = Self {
        methods: Methods::Only("POST"),
        proof: Proof::TryRefreshUnlessForm,
        body: ReadBody::Form,
        ..Self::SESSION
    };

    const PUBLIC: Self = Self { methods: Methods::Only("GET, HEAD"), reads: Reads::Nothing, ..Self::SESSION };

    const REFRESH: Self = Self {
        methods: Methods::Only("POST"),
        reads: Reads::ForRenewal,
        provenance: Provenance::UnlessRefreshHeader,
        proof: Proof::Unauthorised,
        limit: Some(Limit::Refresh),
        body: ReadBody::No,
    };

    const SIGN_OUT: Self = Self {
        methods: Methods::Only("POST"),
        reads: Reads::ForLogout,
        proof: Proof::TryRefresh,
        ..Self::SESSION
    };

    /// A provider's answer, which some send as a form.
    const CALLBACK: Self =
        Self { methods: Methods::Only("GET, POST"), provenance: Provenance::OwnProof, ..Self::SESSION };

    const BACKCHANNEL: Self = Self {
        methods: Methods::Only("POST"),
        reads: Reads::Nothing,
        provenance: Provenance::OwnProof,
        ..Self::SESSION
    };

    /// Nothing is there, but cookies that prove nothing are read, so that the answer expires them.
    const UNKNOWN: Self = Self { methods: Methods::Any, ..Self::SESSION };

    /// What a route of the gate's own asks. The SuperTokens core asks for an API key instead (`edge/routes/core.rs`).
    #[must_use]
    pub const fn of(route: Route<'_>) -> Self {
        match route {
            Route::Application => Self::APPLICATION,
            Route::Logout { .. } => Self::LOGOUT,
            Route::Session | Route::Sessions | Route::Login => Self::SESSION,
            Route::RevokeSession => Self::REVOKE,
            Route::Jwks | Route::Health => Self::PUBLIC,
            Route::Refresh => Self::REFRESH,
            Route::Callback(_) => Self::CALLBACK,
            Route::BackchannelLogout(_) => Self::BACKCHANNEL,
            Route::FrontchannelLogout(_) | Route::SignedOut => {
                Self { methods: Methods::Only("GET"), ..Self::PUBLIC }
            }
            Route::SignOut => Self::SIGN_OUT,
            Route::Core(_) | Route::Unknown => Self::UNKNOWN,
        }
    }
}

impl Methods {
    /// What `Allow` says to a request by another method.
    #[must_use]
    pub fn refusal(self, method: &str) -> Option<&'static str> {
        match self {
            Self::Only(allowed) if !allowed.split(", ").any(|one| one == method) => Some(allowed),
            Self::Any | Self::Only(_) => None,
        }
    }
}

impl Limit {
    /// What the limiter counts it under.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: [Route<'static>; 16] = [
        Route::Application,
        Route::Logout { all: false },
        Route::Session,
        Route::Sessions,
        Route::RevokeSession,
        Route::Jwks,
        Route::Health,
        Route::Refresh,
        Route::SignOut,
        Route::Login,
        Route::Callback("corp"),
        Route::BackchannelLogout("corp"),
        Route::FrontchannelLogout("corp"),
        Route::SignedOut,
        Route::Core(""),
        Route::Unknown,
    ];

    #[test]
    fn a_route_that_changes_something_refuses_other_sites() {
        for entry in ROUTES.map(Entry::of) {
            let changes = entry.methods.refusal("POST").is_none();
            let is_proven = entry.provenance == Provenance::OwnProof;
            assert!(!changes || is_proven || entry.reads != Reads::Nothing, "{entry:?}");
        }
    }

    #[test]
    fn a_logout_is_never_limited() {
        for entry in ROUTES.map(Entry::of).into_iter().filter(|entry| entry.reads == Reads::ForLogout) {
            assert_eq!(entry.limit, None, "{entry:?}");
        }
        assert_eq!(Entry::of(Route::RevokeSession).limit, None);
    }

    #[test]
    fn a_method_is_compared_whole() {
        let methods = Methods::Only("GET, HEAD");
        assert_eq!(methods.refusal("GET"), None);
        assert_eq!(methods.refusal("HEAD"), None);
        for other in ["POST", "get", "GE", "GET, HEAD", "", "EAD"] {
            assert_eq!(methods.refusal(other), Some("GET, HEAD"), "{other}");
        }
        assert_eq!(Methods::Any.refusal("BREW"), None);
    }
}
