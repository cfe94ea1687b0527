//! The browser protocol (FDI): what `supertokens-website` sends and needs to hear.
//!
//! Invariant: an answer that sets or clears tokens says so in `front-token`, which is all that the
//! SDK goes by; a status of 401 makes it refresh, any other refusal does not.

use super::wire::{self, Delivery};
use crate::config::{AntiCsrfMode, Config};
use crate::cookies::GateCookie;
use crate::gate::{Absence, Answered, SessionChange, shows_anti_csrf};
use crate::request::{Head, find_cookie};
use crate::response::{Answer, Body, Reason, ResponseHeaders};
use crate::session::{AntiCsrf, Handle};
use crate::token::{Keys, RefreshToken};

/// Headers that a preflight allows: what the SDK sends.
const ALLOWED_HEADERS: &str = "content-type, rid, fdi-version, anti-csrf, authorization, st-auth-mode";
const ALLOWED_METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";

/// The refresh token of a refresh request, and how it came.
#[must_use]
pub fn refresh_token(head: &Head, config: &Config, keys: &Keys) -> (Option<RefreshToken>, Delivery) {
    if let Some(token) = head.bearer().and_then(|text| RefreshToken::open(text, keys)) {
        return (Some(token), Delivery::Headers);
    }
    let cookies = head.header("cookie").unwrap_or_default();
    let held = find_cookie(cookies, config.cookies.name(GateCookie::Refresh));
    match held.value().and_then(|text| RefreshToken::open(text, keys)) {
        // Whatever the caller asks for: what came in a cookie never gets into reach of a script.
        Some(token) => (Some(token), Delivery::Cookies),
        None => (None, Delivery::wanted(head)),
    }
}

/// What a refresh request shows of the anti-CSRF token; asked for only where cookies are sent by themselves.
#[must_use]
pub fn anti_csrf(head: &Head, handle: Handle, delivery: Delivery, config: &Config, keys: &Keys) -> AntiCsrf {
    match (config.anti_csrf, delivery) {
        (AntiCsrfMode::Token, Delivery::Cookies) if shows_anti_csrf(head, handle, keys) => AntiCsrf::Proved,
        (AntiCsrfMode::Token, Delivery::Cookies) => AntiCsrf::Missing,
        (_, Delivery::Headers)
        | (AntiCsrfMode::FetchMetadata | AntiCsrfMode::CustomHeader | AntiCsrfMode::None, _) => {
            AntiCsrf::Keep
        }
    }
}

/// Whether the header is missing that `ANTI_CSRF = custom-header` asks for.
#[must_use]
pub fn lacks_custom_header(head: &Head, delivery: Delivery, config: &Config) -> bool {
    config.anti_csrf == AntiCsrfMode::CustomHeader && delivery == Delivery::Cookies && !wire::has_rid(head)
}

/// A refresh that failed: the browser holds no session any more, but for that of cookies beside a bearer token.
#[must_use]
pub fn refresh_refused(absence: Absence, delivery: Delivery) -> Answered {
    let answer = Answer::message(401, absence.reason(), absence.message()).with("cache-control", "no-store");
    Answered { answer, change: SessionChange::TakenBack(delivery) }
}

/// Sign-out without anything to sign out of. Nothing is cleared, so that the SDK may refresh first.
#[must_use]
pub fn nothing_to_sign_out_of(absence: Absence) -> Answer {
    Answer::message(401, absence.reason(), absence.message()).with("cache-control", "no-store")
}

/// The answer to a preflight from an allowed origin; `None` for any other.
#[must_use]
pub fn preflight(head: &Head, config: &Config) -> Option<Answer> {
    let additions = cors(head, config);
    if !head.is_preflight() || additions.is_empty() {
        return None;
    }
    let answer = Answer::new(204, Reason::Ok, Body::Empty)
        .with_all(additions)
        .with("access-control-allow-methods", ALLOWED_METHODS)
        .with("access-control-allow-headers", ALLOWED_HEADERS)
        .with("access-control-max-age", "600");
    Some(answer)
}

/// The CORS headers for a request from an allowed origin; none for any other.
#[must_use]
pub fn cors(head: &Head, config: &Config) -> ResponseHeaders {
    let mut additions = ResponseHeaders::default();
    let origin = head.header("origin").unwrap_or_default();
    if config.cors_origins.iter().any(|allowed| allowed.as_str() == origin) {
        additions.add("access-control-allow-origin", origin);
        additions.add("access-control-allow-credentials", "true");
        additions.add("vary", "Origin");
    }
    additions
}
