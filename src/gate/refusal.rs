//! The gate's refusals: no session, cross-site, object or origin out of reach, wrong configuration.
//!
//! Invariant: a person gets a page and a program gets JSON, with the same status, and neither says
//! more than what to do next.

use crate::config::Config;
use crate::pages::{self, Problem};
use crate::request::{Head, is_path, percent_encode};
use crate::response::{Answer, Body};

use super::admission::Absence;
use super::tokens::{Delivery, cleared};

/// Seconds after which trying again is worthwhile.
pub const RETRY_AFTER: u32 = 5;

/// The answer to a request that needs a session and has none.
#[must_use]
pub fn no_session(head: &Head, config: &Config, absence: Absence) -> Answer {
    let answer = match (&config.login_url, head.is_navigation()) {
        (Some(login), true) => Answer::see_other(login_location(login, head.target())),
        (None, true) => problem(head, config, &Problem::NoSession),
        (_, false) => Answer::message(401, absence.message()),
    };
    if absence.clears() {
        answer.with_all(cleared(Delivery::Cookies, head.origin().host(), config))
    } else {
        answer.with("cache-control", "no-store")
    }
}

/// The answer while the object cannot be asked. Cookies stay as they are.
#[must_use]
pub fn unavailable(head: &Head, config: &Config) -> Answer {
    problem(head, config, &Problem::Unavailable).with("retry-after", RETRY_AFTER.to_string())
}

/// The longest period of the platform's rate limiter, in seconds.
const RATE_PERIOD: u32 = 60;

/// The answer to a client that asks too often: nothing was done (RFC 6585 §4).
#[must_use]
pub fn too_many(head: &Head, config: &Config) -> Answer {
    problem(head, config, &Problem::TooMany).with("retry-after", RATE_PERIOD.to_string())
}

/// A page or JSON that says what is wrong.
#[must_use]
pub fn problem(head: &Head, config: &Config, problem: &Problem) -> Answer {
    let answer = if head.wants_page() {
        pages::problem(problem, config)
    } else {
        Answer::message(problem.status(), &problem.message())
    };
    answer.with("cache-control", "no-store")
}

/// The answer of a gate whose configuration is wrong: nothing is served, and only the log says why.
#[must_use]
pub fn misconfigured() -> Answer {
    Answer::new(500, Body::Json(r#"{"message":"the gate is not configured correctly"}"#.to_owned()))
        .with("cache-control", "no-store")
}

fn login_location(login: &str, target: &str) -> String {
    let separator = if login.contains('?') { '&' } else { '?' };
    // `//host` would lead a login page that follows it elsewhere; `/.//host` is the same path.
    let dot = if is_path(target) { "" } else { "/." };
    format!("{login}{separator}return_to={}", percent_encode(&format!("{dot}{target}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_one_query_value() {
        assert_eq!(login_location("/login", "/a?b=c&d"), "/login?return_to=/a%3Fb%3Dc%26d");
        assert_eq!(login_location("/login", "//evil.example"), "/login?return_to=/.//evil.example");
        assert_eq!(login_location("https://id.example/?x=1", "/"), "https://id.example/?x=1&return_to=/");
    }
}
