//! The CSRF decisions: where an unsafe request comes from, and the proof that `ANTI_CSRF` asks for besides.
//!
//! Invariant: what came in a header is never refused here, because no other site can make a browser send it.

use super::credentials::Credentials;
use super::entry::Provenance;
use crate::config::{AntiCsrfMode, Config};
use crate::request::{Head, Trust, cross_site};
use crate::session::{AntiCsrf, Handle};
use crate::supertokens::wire;
use crate::token::Keys;

/// Whether a request could change something: by an unsafe method, or by opening a WebSocket.
#[must_use]
pub fn is_unsafe(head: &Head) -> bool {
    !head.is_safe() || head.is_upgrade()
}

/// Whether an unsafe request must be refused because another site may have made the browser send it.
/// `in_header` says that the token which it acts by came in a header.
#[must_use]
pub fn is_forged(
    head: &Head,
    credentials: &Credentials,
    provenance: Provenance,
    in_header: bool,
    config: &Config,
) -> bool {
    let is_asked = match provenance {
        Provenance::Always | Provenance::UnlessRefreshHeader => true,
        Provenance::WithCookie => credentials.has_cookie(),
        Provenance::OwnProof => false,
    };
    if !is_asked || !is_unsafe(head) || in_header || config.anti_csrf == AntiCsrfMode::None {
        return false;
    }
    cross_site(head, Trust { origins: &config.cors_origins, same_site: config.allow_same_site })
}

/// Whether an unsafe request lacks the proof that `ANTI_CSRF` asks for besides its provenance. A browser cannot put
/// headers on a WebSocket handshake; its `Origin` has to do.
///
/// Only cookies that this gate signed, dead or alive, call for the proof. Others act for nobody, and nobody could
/// prove anything for them: a browser that holds some would be locked out of the login.
#[must_use]
pub fn lacks_anti_csrf(head: &Head, credentials: &Credentials, config: &Config, keys: &Keys) -> bool {
    if head.is_safe() || !credentials.has_genuine_cookie() || credentials.header_mode {
        return false;
    }
    match config.anti_csrf {
        AntiCsrfMode::FetchMetadata | AntiCsrfMode::None => false,
        AntiCsrfMode::CustomHeader => !wire::has_rid(head),
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

/// Whether the `anti-csrf` header holds the session's token.
#[must_use]
pub fn shows_anti_csrf(head: &Head, handle: Handle, keys: &Keys) -> bool {
    wire::anti_csrf(head).is_some_and(|shown| keys.accepts_anti_csrf(handle, shown))
}
