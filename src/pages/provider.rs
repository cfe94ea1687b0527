//! The pages of logins at identity providers.
//!
//! Invariant: each says what happened in a sentence and has a way on; nothing that a provider wrote is on it but the
//! name that the operator chose.

use askama::Template;

use super::{Frame, html, message};
use crate::config::{Config, Provider};
use crate::request::percent_encode;
use crate::response::{Answer, Reason};

/// What became of a login.
pub enum ProviderPage<'a> {
    /// The browser came back too late, or twice.
    Late,
    /// The person, or the provider, said no.
    Denied,
    /// The account is not one of those that `allow` lets in: this claim is missing.
    NotAllowed(&'a str),
    /// A check failed.
    Refused,
    /// The provider does not answer as it should.
    Trouble,
}

#[derive(Template)]
#[template(path = "choose.html")]
struct Choose<'a> {
    frame: &'a Frame,
    ways: Vec<(String, &'a str)>,
}

/// Where to sign in: a link for each provider.
#[must_use]
pub fn choose_provider(return_to: &str, config: &Config) -> Answer {
    let frame = Frame::of(&config.look);
    let ways = config
        .providers
        .iter()
        .map(|provider| (login_link(provider, return_to, config), provider.name.as_str()));
    let page = Choose { frame: &frame, ways: ways.collect() };
    html(200, Reason::Provider, &page, &frame, config).with("cache-control", "no-store")
}

/// After a logout of a session that came from a provider whose own session cannot be ended from here.
#[must_use]
pub fn still_signed_in(name: &str, config: &Config) -> Answer {
    let link = config.login_url.as_deref().map(|url| (url, "Log in again"));
    let text = format!(
        "You are no longer signed in on this device. You may still be signed in at {name}: sign out there as well if \
         others use this device."
    );
    message(200, Reason::LoggedOut, "You are signed out", &text, link, config)
}

/// The page that says what became of a login. Its way on leads to `return_to`.
#[must_use]
pub fn provider(page: &ProviderPage<'_>, return_to: &str, provider: &Provider, config: &Config) -> Answer {
    let name = &provider.name;
    let (status, reason, heading, text) = match page {
        ProviderPage::Late => (
            400,
            Reason::LoginRefused,
            "Please sign in again",
            "This sign-in was begun too long ago, or in another browser.".to_owned(),
        ),
        ProviderPage::Denied => (
            400,
            Reason::LoginRefused,
            "You are not signed in",
            format!("The sign-in at {name} was cancelled or not allowed."),
        ),
        ProviderPage::NotAllowed(claim) => (
            403,
            Reason::Forbidden,
            "This account is not allowed",
            format!("You signed in at {name}, but this account lacks what is needed here ({claim})."),
        ),
        ProviderPage::Refused => (
            400,
            Reason::LoginRefused,
            "You are not signed in",
            format!("The answer of {name} could not be accepted. Nothing was changed."),
        ),
        ProviderPage::Trouble => (
            503,
            Reason::ProviderUnreachable,
            "Please try again",
            format!("{name} does not answer as it should. If you were signed in here, you still are."),
        ),
    };
    let (other, label) = match page {
        ProviderPage::NotAllowed(_) => ("&account=other", "Use another account"),
        _ => ("", "Try again"),
    };
    let link = format!("{}{other}", login_link(provider, return_to, config));
    let answer = message(status, reason, heading, &text, Some((&link, label)), config)
        .with("cache-control", "no-store");
    if status == 503 { answer.with("retry-after", "5") } else { answer }
}

fn login_link(provider: &Provider, return_to: &str, config: &Config) -> String {
    format!("{}/login?provider={}&return_to={}", config.base_path, provider.key, percent_encode(return_to))
}
