//! The pages of logins at identity providers.
//!
//! Invariant: each says what happened in a sentence and has a way on; nothing that a provider wrote is on it but the
//! name that the operator chose.

use askama::Template;

use super::{Pages, Text};
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
    ways: Vec<(String, &'a str)>,
}

impl Pages<'_> {
    /// Where to sign in: a link for each provider.
    #[must_use]
    pub fn choose_provider(self, return_to: &str) -> Answer {
        let ways = self
            .config
            .providers
            .iter()
            .map(|provider| (login_link(provider, return_to, self.config), provider.name.as_str()));
        let page = Choose { ways: ways.collect() };
        self.html(200, Reason::Provider, Text::SignIn, &page, &self.frame()).with("cache-control", "no-store")
    }

    /// After a logout of a session that came from a provider whose own session cannot be ended from here.
    #[must_use]
    pub fn still_signed_in(self, name: &str) -> Answer {
        let still = Text::StillAtProvider.with(self.language, &[name]);
        let text = format!("{} {still}", self.say(Text::SignedOutHere));
        self.message(200, Reason::LoggedOut, Text::SignedOut, &text, self.login(Text::LogInAgain))
    }

    /// The page that says what became of a login. Its way on leads to `return_to`.
    #[must_use]
    pub fn provider(self, page: &ProviderPage<'_>, return_to: &str, provider: &Provider) -> Answer {
        let (status, reason, heading, text) = match page {
            ProviderPage::Late => (400, Reason::LoginRefused, Text::SignInAgain, Text::LoginTooLate),
            ProviderPage::Denied => (400, Reason::LoginRefused, Text::NotSignedIn, Text::LoginCancelled),
            ProviderPage::NotAllowed(_) => (403, Reason::Forbidden, Text::NotAllowed, Text::LacksClaim),
            ProviderPage::Refused => (400, Reason::LoginRefused, Text::NotSignedIn, Text::AnswerRefused),
            ProviderPage::Trouble => {
                (503, Reason::ProviderUnreachable, Text::PleaseTryAgain, Text::ProviderTrouble)
            }
        };
        let (claim, other, label) = match page {
            ProviderPage::NotAllowed(claim) => (*claim, "&account=other", Text::UseAnotherAccount),
            _ => ("", "", Text::TryAgain),
        };
        let text = text.with(self.language, &[&provider.name, claim]);
        let link = format!("{}{other}", login_link(provider, return_to, self.config));
        let answer =
            self.message(status, reason, heading, &text, (&link, label)).with("cache-control", "no-store");
        if status == 503 { answer.with("retry-after", "5") } else { answer }
    }
}

fn login_link(provider: &Provider, return_to: &str, config: &Config) -> String {
    format!("{}/login?provider={}&return_to={}", config.base_path, provider.key, percent_encode(return_to))
}
