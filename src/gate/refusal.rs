//! The gate's refusals: no session, cross-site, object or origin out of reach, wrong configuration.
//!
//! Invariant: a person gets a page and a program gets JSON, with the same status, and neither says
//! more than what to do next.

use std::borrow::Cow;

use serde_json::json;

use crate::base::time::Timestamp;
use crate::config::{Config, Demands};
use crate::cookies::{GateCookie, SameSite};
use crate::pages::{self, Pages, Problem};
use crate::request::{Head, Origin, find_cookie, is_path, is_speculative, percent_encode};
use crate::response::{Answer, Reason};
use crate::supertokens::wire::Delivery;

use super::admission::Absence;
use super::change::Answered;
use super::credentials::Credentials;
use super::person::Person;
use super::require::Lack;
use super::route::Route;
use super::step_up::{MARKER_LIFETIME, StepUpMarker, StepUpWay, acr_values, step_up_way};

/// Seconds after which trying again is worthwhile.
pub const RETRY_AFTER: u32 = 5;

/// The answer to a request that needs a session and has none.
#[must_use]
pub fn no_session(head: &Head, config: &Config, credentials: &Credentials, absence: Absence) -> Answered {
    if hides_strict_cookies(head, config, credentials) {
        return Pages::new(head, config)
            .go_on(&local(head.target()), Reason::Strict)
            .with("cache-control", "no-store")
            .into();
    }
    let answer = match (&config.login_url, head.is_navigation()) {
        (Some(login), true) => {
            let location = login_location(login, way_back(head, config), "", head.origin());
            Answer::see_other(absence.reason(), location)
        }
        (None, true) => problem(head, config, &Problem::NoSession).because(absence.reason()),
        (_, false) => unauthorised(head, config, absence),
    };
    let delivery = if credentials.has_cookie() { credentials.delivery() } else { Delivery::Cookies };
    absence.answered(answer.with("cache-control", "no-store"), delivery)
}

/// The JSON of a 401. Where a login would help it says where the login is.
#[must_use]
pub fn unauthorised(head: &Head, config: &Config, absence: Absence) -> Answer {
    let mut json = json!({ "message": absence.message() });
    if let (Some(login), Some(members)) = (&config.login_url, json.as_object_mut())
        && absence != Absence::TryRefresh
    {
        members.insert(
            "login".to_owned(),
            login_location(login, page_of(head, config), "", head.origin()).into(),
        );
    }
    Answer::json(401, absence.reason(), &json).with("cache-control", "no-store")
}

/// The answer to a person who is signed in and lacks something that the rule asks for.
#[must_use]
pub fn lacking(
    lack: Lack,
    demands: &Demands,
    person: &Person<'_>,
    head: &Head,
    config: &Config,
    now: Timestamp,
) -> Answer {
    let answer = match lack {
        Lack::Claim => forbidden(person, head, config),
        Lack::Acr | Lack::Age => step_up(lack, demands, person, head, config, now),
    };
    answer.with("cache-control", "no-store")
}

fn forbidden(person: &Person<'_>, head: &Head, config: &Config) -> Answer {
    if !head.wants_page() {
        return Answer::message(403, Reason::Forbidden, "forbidden");
    }
    let login = config.login_url.as_ref();
    let other =
        login.map(|login| login_location(login, way_back(head, config), "&account=other", head.origin()));
    Pages::new(head, config).forbidden(person.user_id, other.as_deref())
}

fn step_up(
    lack: Lack,
    demands: &Demands,
    person: &Person<'_>,
    head: &Head,
    config: &Config,
    now: Timestamp,
) -> Answer {
    let acr = acr_values(demands);
    let max_age = demands.max_age.map(|max_age| max_age.get().to_string());
    let mut asked = max_age.as_ref().map(|max_age| format!("&max_age={max_age}")).unwrap_or_default();
    if !acr.is_empty() {
        asked = format!("{asked}&acr={}", percent_encode(&acr));
    }
    let location = |way_back| {
        config.login_url.as_ref().map(|login| login_location(login, way_back, &asked, head.origin()))
    };
    let challenge = challenge(max_age.as_deref(), &acr);
    if !head.is_navigation() {
        let mut json = json!({ "message": "insufficient_user_authentication" });
        if let (Some(login), Some(members)) = (location(page_of(head, config)), json.as_object_mut()) {
            members.insert("login".to_owned(), login.into());
        }
        return Answer::json(401, Reason::StepUp, &json).with("www-authenticate", challenge);
    }
    let location = location(way_back(head, config));
    let sent =
        find_cookie(head.header("cookie").unwrap_or_default(), config.cookies.name(GateCookie::StepUp));
    let marker = sent.value().and_then(StepUpMarker::read);
    match (location, step_up_way(lack, demands, person, marker.as_ref(), now)) {
        (Some(location), Some(StepUpWay::Login(marker))) => {
            let answer = Answer::see_other(Reason::StepUp, location);
            // What the browser only guesses at is no way that a person went.
            if is_speculative(head) {
                return answer;
            }
            let lifetime = MARKER_LIFETIME.get();
            answer.with("set-cookie", config.cookies.set(GateCookie::StepUp, &marker.write(), lifetime))
        }
        (location, _) => {
            Pages::new(head, config).step_up(location.as_deref()).with("www-authenticate", challenge)
        }
    }
}

/// What is asked for, as RFC 9470 §3 says it.
fn challenge(max_age: Option<&str>, acr: &str) -> String {
    let mut challenge = vec!["Bearer error=\"insufficient_user_authentication\"".to_owned()];
    challenge.extend(max_age.map(|max_age| format!("max_age=\"{max_age}\"")));
    challenge.extend((!acr.is_empty()).then(|| format!("acr_values=\"{acr}\"")));
    challenge.join(", ")
}

/// The answer with the challenge that every 401 needs (RFC 9110 §15.5.2), which says so if a bearer token was
/// no good (RFC 6750 §3.1).
#[must_use]
pub fn challenged(answer: Answer, head: &Head) -> Answer {
    match (answer.status, head.bearer()) {
        // One that says more stands already.
        (401, _) if answer.headers.has("www-authenticate") => answer,
        (401, Some(_)) => answer.with("www-authenticate", "Bearer error=\"invalid_token\""),
        (401, None) => answer.with("www-authenticate", "Bearer"),
        _ => answer,
    }
}

/// Whether a browser may hold cookies that it does not show, because they are strict and another site has led it
/// here. A page of this site that leads to the same address makes it show them; that request no longer comes
/// from another site, so there is one such page at the most.
fn hides_strict_cookies(head: &Head, config: &Config, credentials: &Credentials) -> bool {
    config.cookies.same_site == SameSite::Strict
        && head.method() == "GET"
        && head.is_navigation()
        && head.header("sec-fetch-dest").is_none_or(|dest| dest == "document")
        && !credentials.has_cookie()
        && comes_from_another_site(head)
}

fn comes_from_another_site(head: &Head) -> bool {
    match head.header("sec-fetch-site") {
        Some(site) => site == "cross-site",
        None => head.header("referer").is_some_and(|referer| path_on(head.origin(), referer).is_none()),
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
        Pages::new(head, config).problem(problem)
    } else {
        Answer::message(problem.status(), problem.reason(), &problem.message())
    };
    answer.with("cache-control", "no-store")
}

/// The answer of a gate whose configuration is wrong: nothing is served, and only the log says why.
#[must_use]
pub fn misconfigured(head: &Head, base_path: &str) -> Answer {
    let problem = Problem::Misconfigured;
    let path = head.path().strip_suffix('/').unwrap_or(head.path());
    let answer = if path.strip_prefix(base_path) == Some("/health") {
        Answer::json(problem.status(), problem.reason(), &json!({ "status": "misconfigured" }))
    } else if head.wants_page() {
        pages::misconfigured(head)
    } else {
        Answer::message(problem.status(), problem.reason(), &problem.message())
    };
    answer.with("cache-control", "no-store")
}

/// Where the login is, with where it leads afterwards, and what else is `asked` of it.
fn login_location(login: &str, way_back: &str, asked: &str, own: &Origin) -> String {
    let (login, fragment) = login.split_at(login.find('#').unwrap_or(login.len()));
    let separator = if login.contains('?') { '&' } else { '?' };
    // Only a page on this origin can follow a path.
    let is_elsewhere = Origin::of_url(login).is_some_and(|origin| origin != *own);
    let way_back = if is_elsewhere { Cow::Owned(format!("{own}{way_back}")) } else { local(way_back) };
    format!("{login}{separator}return_to={}{asked}{fragment}", percent_encode(&way_back))
}

/// Where a navigation leads after the login: where it was to lead, unless that was asked for by another method than
/// `GET`, since a redirect would ask for it by `GET` (RFC 9110 §15.4.4).
fn way_back<'a>(head: &'a Head, config: &Config) -> &'a str {
    if head.method() == "GET" { head.target() } else { page_of(head, config) }
}

/// The page that a request comes from, if it is one to come back to: of this origin, and not the login or a route
/// of the gate's own, the logout above all.
fn page_of<'a>(head: &'a Head, config: &Config) -> &'a str {
    let page = head.header("referer").and_then(|referer| path_on(head.origin(), referer));
    let leads_back = |target: &&str| {
        let path = target.split('?').next().unwrap_or_default();
        Route::of(path, config) == Route::Application && !config.is_login_path(path, head.origin())
    };
    page.filter(leads_back).unwrap_or("/")
}

/// Path and query of a URL on `origin`.
fn path_on<'a>(origin: &Origin, url: &'a str) -> Option<&'a str> {
    let rest = url.strip_prefix(origin.as_str())?;
    match rest.split('#').next().unwrap_or_default() {
        "" => Some("/"),
        target if target.starts_with('/') => Some(target),
        _ => None,
    }
}

/// A path that no browser takes for another host's: `//host` would lead there, `/.//host` is the same path here.
fn local(target: &str) -> Cow<'_, str> {
    if is_path(target) { Cow::Borrowed(target) } else { Cow::Owned(format!("/.{target}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::request::head::tests::head;

    #[test]
    fn the_way_back_is_one_query_value() {
        let own = Origin::parse("https://a.example").unwrap();
        let login = |login: &str, way_back: &str| login_location(login, way_back, "", &own);
        assert_eq!(login("/login", "/a?b=c&d"), "/login?return_to=/a%3Fb%3Dc%26d");
        assert_eq!(login("/login", "//evil.example"), "/login?return_to=/.//evil.example");
        assert_eq!(login("https://a.example/login?x=1", "/"), "https://a.example/login?x=1&return_to=/");
        assert_eq!(
            login("https://id.example/?x=1", "/b?c"),
            "https://id.example/?x=1&return_to=https%3A//a.example/b%3Fc"
        );
        assert_eq!(login("/app#/login", "/b"), "/app?return_to=/b#/login");
        let asked = login_location("/app#/login", "/b", "&max_age=600", &own);
        assert_eq!(asked, "/app?return_to=/b&max_age=600#/login");
    }

    #[test]
    fn a_login_leads_back_to_a_page_and_to_nothing_that_acts() {
        let config = config(json!({ "LOGIN_URL": "/login" })).ok().unwrap();
        let back = |method: &str, referer: &str| {
            let head = head(method, "https://a.example/x?y", &[("referer", referer)]);
            way_back(&head, &config).to_owned()
        };
        assert_eq!(back("GET", "https://a.example/form"), "/x?y");
        assert_eq!(back("POST", "https://a.example/form?id=1#part"), "/form?id=1");
        assert_eq!(back("POST", "https://a.example"), "/");
        for other in [
            "https://b.example/form",
            "https://a.example.b.example/form",
            "https://a.example:8443/form",
            "http://a.example/form",
            "about:blank",
            "",
            "https://a.example/login?return_to=/",
            "https://a.example/logout",
            "https://a.example/logout/all",
            "https://a.example/auth/sessions",
        ] {
            assert_eq!(back("POST", other), "/", "{other}");
        }
    }
}
