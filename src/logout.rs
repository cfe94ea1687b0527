//! Logout: what is asked, whether it may be done, and what the browser is told.
//!
//! The order is fixed: read, delete in the object, clear cookies, answer. Invariant: "signed out" is
//! said only after the object has said that the records are gone; done twice is success.

use serde_json::json;

use crate::base::time::Timestamp;
use crate::config::Config;
use crate::gate::{Answered, Credentials, RETRY_AFTER, SessionChange, problem};
use crate::pages::{Pages, Problem};
use crate::request::{Form, Head, LogoutLink, first_parameter, logout_link, percent_encode, return_target};
use crate::response::{Answer, Reason};
use crate::session::{Logout, Scope};
use crate::token::{Keys, seal_marker};

/// What a logout request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Which sessions are to end.
    pub scope: Scope,
    /// Where to go afterwards, as wished.
    pub return_to: Option<String>,
}

impl LogoutRequest {
    /// The same without a way back that is not allowed.
    fn allowed(&self, head: &Head, config: &Config) -> Self {
        let wish = self.return_to.as_deref();
        let wish =
            wish.filter(|wish| return_target(wish, head.origin(), &config.return_to_origins).is_some());
        Self { scope: self.scope, return_to: wish.map(str::to_owned) }
    }
}

/// What a request of the logout URL leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum LogoutStep {
    /// Do it.
    Act,
    /// Answer this; nothing happens.
    Answer(Answer),
}

/// Not a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScope;

/// Reads what is asked: the path before the query before the form, and of a repeated parameter the first.
///
/// # Errors
/// [`UnknownScope`] when the parameter that counts is no scope.
pub fn asked(all_by_path: bool, query: &str, form: &Form) -> Result<LogoutRequest, UnknownScope> {
    let parameter = |name| first_parameter(query, name).or_else(|| form.first(name));
    let scope = match parameter("scope") {
        _ if all_by_path => Scope::All,
        None => Scope::Current,
        Some(scope) => Scope::parse(&scope).ok_or(UnknownScope)?,
    };
    Ok(LogoutRequest { scope, return_to: parameter("return_to") })
}

/// Whether a `GET` of the logout URL may act ([`logout_link`] says what it is).
#[must_use]
pub fn step_of_link(head: &Head, config: &Config, asked: &LogoutRequest) -> LogoutStep {
    let refuse = |why| LogoutStep::Answer(problem(head, config, &why));
    match logout_link(head) {
        LogoutLink::Followed => LogoutStep::Act,
        LogoutLink::Foreign => LogoutStep::Answer(confirm(head, config, asked, 200)),
        LogoutLink::Hidden => LogoutStep::Answer(confirm(head, config, asked, 403)),
        LogoutLink::Embedded => refuse(Problem::CrossSite),
        LogoutLink::Prefetch => refuse(Problem::Prefetch),
    }
}

/// The page that asks. Only a way back that is allowed is on it: it is a page of this site.
fn confirm(head: &Head, config: &Config, asked: &LogoutRequest, status: u16) -> Answer {
    let LogoutRequest { scope, return_to } = asked.allowed(head, config);
    Pages::new(head, config)
        .confirm(head.path(), scope, return_to.as_deref(), status)
        .with("cache-control", "no-store")
}

/// Where the browser goes after logout, and whether it wished to go where it may not.
#[must_use]
pub fn redirect_target(head: &Head, config: &Config, asked: &LogoutRequest) -> (Option<String>, bool) {
    let wish = asked.return_to.as_deref();
    let target = wish.and_then(|wish| return_target(wish, head.origin(), &config.return_to_origins));
    let refused = wish.is_some() && target.is_none();
    (target.or_else(|| config.logout_redirect.clone()), refused)
}

/// Whether a logout left this device alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    /// No: its session has ended.
    Nobody,
    /// Yes: only others have ended.
    ThisDevice,
}

/// What is to say and to do about the provider that the session came from.
pub struct ProviderLogout {
    /// Its key.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// Where its own session is ended, if that can be.
    pub url: Option<String>,
}

/// The answer once the records are gone, where the session came from a provider: the browser goes on to end the
/// provider's, or is told that it may still be signed in there.
#[must_use]
pub fn done_at_provider(
    head: &Head,
    config: &Config,
    target: Option<String>,
    revoked: usize,
    provider: ProviderLogout,
    change: SessionChange,
) -> Answered {
    let ProviderLogout { name, url, .. } = provider;
    let answer = match (head.wants_page(), url) {
        // Browsers hold a form's redirects to `form-action` (W3C CSP), so a page goes on instead.
        (true, Some(url)) if head.method() == "POST" => {
            Pages::new(head, config).go_on(&url, Reason::LoggedOut)
        }
        (true, Some(url)) => Answer::see_other(Reason::LoggedOut, url),
        (true, None) => match target {
            Some(target) => Answer::see_other(Reason::LoggedOut, target),
            None => Pages::new(head, config).still_signed_in(&name),
        },
        (false, Some(url)) => Answer::json(
            200,
            Reason::LoggedOut,
            &json!({ "status": "OK", "revoked": revoked, "providerLogout": url }),
        ),
        (false, None) => Answer::json(200, Reason::LoggedOut, &json!({ "status": "OK", "revoked": revoked })),
    };
    let answer = clear_site_data(answer.with("cache-control", "no-store"), config);
    Answered { answer, change }
}

/// The answer once the records are gone.
#[must_use]
pub fn done(
    head: &Head,
    config: &Config,
    target: Option<String>,
    revoked: usize,
    spared: Spared,
    change: SessionChange,
) -> Answered {
    let answer = match (head.wants_page(), target) {
        (true, Some(target)) => Answer::see_other(Reason::LoggedOut, target),
        (true, None) if spared == Spared::ThisDevice => Pages::new(head, config).others_signed_out(),
        (true, None) => Pages::new(head, config).signed_out(),
        (false, _) => Answer::json(200, Reason::LoggedOut, &json!({ "status": "OK", "revoked": revoked })),
    };
    let answer = answer.with("cache-control", "no-store");
    let is_over = matches!(change, SessionChange::Ended(_));
    Answered { answer: if is_over { clear_site_data(answer, config) } else { answer }, change }
}

/// The answer of a logout, with `Clear-Site-Data` if it is configured.
#[must_use]
pub fn clear_site_data(answer: Answer, config: &Config) -> Answer {
    if config.clear_site_data.is_empty() {
        answer
    } else {
        answer.with("clear-site-data", config.clear_site_data.clone())
    }
}

/// The same logouts, to be done later: they end what exists now.
#[must_use]
pub fn postponed(logouts: &[Logout], now: Timestamp) -> Vec<Logout> {
    logouts.iter().map(|logout| logout.postponed(now)).collect()
}

/// The answer while the object cannot be reached: the session cookies go all the same, and a marker
/// stays that can do this very logout and nothing else.
#[must_use]
pub fn pending(
    head: &Head,
    config: &Config,
    asked: &LogoutRequest,
    logouts: &[Logout],
    keys: &Keys,
) -> Answer {
    let retry = retry_location(head.path(), &asked.allowed(head, config));
    let answer = if head.wants_page() {
        Pages::new(head, config).not_signed_out_yet(&retry)
    } else {
        Answer::message(
            503,
            Reason::StoreUnavailable,
            "the logout could not be completed yet; it is tried again",
        )
    };
    let answer = answer.with("retry-after", RETRY_AFTER.to_string()).with("cache-control", "no-store");
    if asked.scope == Scope::Others {
        return answer;
    }
    with_marker(answer, head, config, logouts, keys)
}

fn with_marker(mut answer: Answer, head: &Head, config: &Config, logouts: &[Logout], keys: &Keys) -> Answer {
    for cookie in config.cookies.clear_sessions(head.origin().host(), &config.base_path) {
        answer = answer.with("set-cookie", cookie);
    }
    answer.with("set-cookie", config.cookies.set_pending(&seal_marker(logouts, keys)))
}

fn retry_location(path: &str, asked: &LogoutRequest) -> String {
    let return_to = asked.return_to.as_deref();
    let return_to = return_to.map(|wish| format!("&return_to={}", percent_encode(wish))).unwrap_or_default();
    format!("{path}?scope={}{return_to}", asked.scope.as_str())
}

/// All logouts that a request asks for: its own, and those that could not be done before.
#[must_use]
pub fn all_logouts(credentials: &Credentials, own: Vec<Logout>) -> Vec<Logout> {
    let mut all = own;
    for earlier in &credentials.pending {
        let repeats =
            all.iter().any(|logout| logout.handle == earlier.handle && logout.scope == earlier.scope);
        if !repeats {
            all.push(*earlier);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::FormType;

    fn scope(all_by_path: bool, query: &str, form: &str) -> Result<Scope, UnknownScope> {
        let form = Form::read(&FormType::UrlEncoded, form.as_bytes()).unwrap();
        asked(all_by_path, query, &form).map(|asked| asked.scope)
    }

    #[test]
    fn the_path_goes_before_the_query_before_the_form() {
        assert_eq!(scope(true, "scope=others", "scope=current"), Ok(Scope::All));
        assert_eq!(scope(false, "scope=others", "scope=all"), Ok(Scope::Others));
        assert_eq!(scope(false, "", "scope=all"), Ok(Scope::All));
        assert_eq!(scope(false, "", ""), Ok(Scope::Current));
    }

    #[test]
    fn the_first_of_a_repeated_parameter_counts() {
        assert_eq!(scope(false, "scope=others&scope=all", ""), Ok(Scope::Others));
        assert_eq!(scope(false, "scope=nonsense&scope=all", ""), Err(UnknownScope));
    }

    #[test]
    fn parameters_are_decoded() {
        let asked = asked(false, "x&return_to=%2Fa+b%3Fc", &Form::default()).unwrap();
        assert_eq!(asked.return_to.as_deref(), Some("/a b?c"));
    }

    #[test]
    fn the_retry_asks_for_the_same() {
        let asked = LogoutRequest { scope: Scope::All, return_to: Some("/a?b".into()) };
        assert_eq!(retry_location("/logout", &asked), "/logout?scope=all&return_to=/a%3Fb");
    }
}
