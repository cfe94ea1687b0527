//! The gate's pages: one look, made by templates that escape, without script.
//!
//! Invariant: a page works under `default-src 'none'`; its one style is allowed by its hash, and no
//! other site can put it in a frame (ASVS 3.4).

mod device;
mod provider;

use askama::Template;
use sha2::{Digest as _, Sha256};

use crate::base::bytes;
use crate::base::time::Timestamp;
use crate::config::{Config, Look};
use crate::request::Origin;
use crate::response::{Answer, Body, Reason};
use crate::session::{Handle, Login, Policy, Scope, Session};

pub use device::{device_name, relative};
pub use provider::{ProviderPage, choose_provider, provider, still_signed_in};

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The request itself.
    BadRequest(&'static str),
    /// No session.
    NoSession,
    /// The request came from another site.
    CrossSite,
    /// The request does not show what `ANTI_CSRF` asks for.
    AntiCsrf,
    /// No such session, or none of this user's.
    UnknownSession,
    /// No such page of the gate.
    NotFound,
    /// A body that breaks off, or is not what its framing says.
    BrokenBody,
    /// A body over its limit.
    TooLarge,
    /// A body that does not come.
    TooSlow,
    /// A body that is no form.
    UnknownForm,
    /// A client that asks too often.
    TooMany,
    /// A browser that only guesses where its user goes next.
    Prefetch,
    /// The application does not answer, or with a status that HTTP does not know.
    BadGateway(String),
    /// The application sent a header that makes no sense.
    OriginHeaders(String),
    /// The origin takes longer than it may.
    GatewayTimeout,
    /// The object does not answer.
    Unavailable,
}

/// What all pages share.
struct Frame {
    title: String,
    style: String,
    stylesheet: Option<String>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    frame: &'a Frame,
    heading: &'a str,
    text: &'a str,
    link: Option<(&'a str, &'a str)>,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    frame: &'a Frame,
    text: &'a str,
    action: &'a str,
    scope: &'a str,
    return_to: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "go_on.html")]
struct GoOn<'a> {
    frame: &'a Frame,
    target: &'a str,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct Sessions<'a> {
    frame: &'a Frame,
    user_id: &'a str,
    base_path: &'a str,
    devices: Vec<Device>,
}

struct Device {
    handle: String,
    current: bool,
    name: String,
    country: Option<String>,
    provider: Option<String>,
    created: String,
    seen: String,
}

impl Problem {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) | Self::BrokenBody => 400,
            Self::NoSession => 401,
            Self::CrossSite | Self::AntiCsrf => 403,
            Self::UnknownSession | Self::NotFound => 404,
            Self::TooSlow => 408,
            Self::TooLarge => 413,
            Self::UnknownForm => 415,
            Self::TooMany => 429,
            Self::BadGateway(_) | Self::OriginHeaders(_) => 502,
            Self::Prefetch | Self::Unavailable => 503,
            Self::GatewayTimeout => 504,
        }
    }

    /// What an API says.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::BadRequest(why) => (*why).to_owned(),
            Self::NoSession => "unauthorised".to_owned(),
            Self::CrossSite => "cross-site request refused".to_owned(),
            Self::AntiCsrf => "the proof that ANTI_CSRF asks for is missing".to_owned(),
            Self::UnknownSession => "no such session".to_owned(),
            Self::NotFound => "not found".to_owned(),
            Self::BrokenBody => "the body cannot be read".to_owned(),
            Self::TooLarge => "the body is too large".to_owned(),
            Self::TooSlow => "the body took too long".to_owned(),
            Self::UnknownForm => "the body must be a form: urlencoded, multipart or JSON".to_owned(),
            Self::TooMany => "too many requests; try again in a minute".to_owned(),
            Self::Prefetch => "not for prefetching".to_owned(),
            Self::BadGateway(why) | Self::OriginHeaders(why) => why.clone(),
            Self::GatewayTimeout => "the origin does not answer in time".to_owned(),
            Self::Unavailable => "the session store does not answer; try again".to_owned(),
        }
    }

    /// The word of `Gate-Reason`.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::BadRequest(_) => Reason::Request,
            Self::NoSession => Reason::NoSession,
            Self::CrossSite => Reason::CrossSite,
            Self::AntiCsrf => Reason::AntiCsrf,
            Self::UnknownSession | Self::NotFound => Reason::NotFound,
            Self::BrokenBody | Self::TooLarge | Self::TooSlow | Self::UnknownForm => Reason::Body,
            Self::TooMany => Reason::RateLimited,
            Self::Prefetch => Reason::Prefetch,
            Self::BadGateway(_) => Reason::OriginUnreachable,
            Self::OriginHeaders(_) => Reason::OriginHeaders,
            Self::GatewayTimeout => Reason::OriginTimeout,
            Self::Unavailable => Reason::StoreUnavailable,
        }
    }

    const fn heading(&self) -> &'static str {
        match self {
            Self::BadRequest(_) | Self::BrokenBody | Self::TooSlow | Self::UnknownForm => "Bad request",
            Self::NoSession => "Please log in",
            Self::CrossSite | Self::AntiCsrf => "Refused",
            Self::UnknownSession | Self::NotFound => "Not found",
            Self::TooLarge => "Too large",
            Self::TooMany => "Please wait a minute",
            Self::BadGateway(_) | Self::OriginHeaders(_) | Self::GatewayTimeout => {
                "The application does not answer"
            }
            Self::Prefetch | Self::Unavailable => "Please try again",
        }
    }

    const fn text(&self) -> &'static str {
        match self {
            Self::BadRequest(why) => why,
            Self::NoSession => "You need to log in to see this page.",
            Self::CrossSite => "This request came from another site. Nothing was changed.",
            Self::AntiCsrf => {
                "This request does not prove that it comes from this site. Nothing was changed."
            }
            Self::UnknownSession => {
                "There is no such device among yours. It may have been logged out already."
            }
            Self::NotFound => "There is no such page.",
            Self::BrokenBody => "The request cannot be read.",
            Self::TooLarge => "The request is too large.",
            Self::TooSlow => "The request did not arrive in time. Nothing was changed.",
            Self::UnknownForm => "The request holds no form. Nothing was changed.",
            Self::TooMany => {
                "Too many requests from your network. Nothing was changed. Please try again in a minute."
            }
            Self::Prefetch => "This address does nothing until it is really opened.",
            Self::BadGateway(_) | Self::OriginHeaders(_) => {
                "The gate is up, but the application behind it sent no usable answer."
            }
            Self::GatewayTimeout => "The gate is up, but the application behind it takes too long.",
            Self::Unavailable => "Your session could not be checked just now. You are not logged out.",
        }
    }
}

/// A page that says what went wrong.
#[must_use]
pub fn problem(problem: &Problem, config: &Config) -> Answer {
    let link =
        config.login_url.as_deref().filter(|_| *problem == Problem::NoSession).map(|url| (url, "Log in"));
    message(problem.status(), problem.reason(), problem.heading(), problem.text(), link, config)
}

/// For a person who is signed in with an account that may not see this.
#[must_use]
pub fn forbidden(user_id: &str, other_account: Option<&str>, config: &Config) -> Answer {
    let text = format!("You are signed in as {user_id}, and this account may not open this page.");
    let link = match other_account {
        Some(url) => (url, "Use another account"),
        None => (config.logout_path.as_str(), "Log out"),
    };
    message(403, Reason::Forbidden, "Not for this account", &text, Some(link), config)
}

/// For a person who has to prove once more who they are, and came back from the login without that.
#[must_use]
pub fn step_up(login: Option<&str>, config: &Config) -> Answer {
    let text = "This page asks you to prove again, or in another way, who you are. You are still signed in.";
    let link = login.map_or(("/", "Continue"), |url| (url, "Log in again"));
    message(401, Reason::StepUp, "Please confirm that it is you", text, Some(link), config)
}

/// After logout.
#[must_use]
pub fn signed_out(config: &Config) -> Answer {
    let link = config.login_url.as_deref().map(|url| (url, "Log in again"));
    let text = "You are no longer signed in on this device.";
    message(200, Reason::LoggedOut, "You are signed out", text, link, config)
}

/// After the logout of the other devices.
#[must_use]
pub fn others_signed_out(config: &Config) -> Answer {
    let text = "Every other device is signed out. This device is still signed in.";
    message(200, Reason::LoggedOut, "Done", text, Some(("/", "Continue")), config)
}

/// While a logout cannot be done.
#[must_use]
pub fn not_signed_out_yet(retry: &str, config: &Config) -> Answer {
    let text = "Your session could not be ended just now. This page tries again by itself every few seconds; \
                you can also close it, and the logout is completed as soon as possible.";
    // Not `<meta http-equiv="refresh">`, which is hard on people who read slowly (WCAG 2.2.1).
    message(
        503,
        Reason::StoreUnavailable,
        "Still logging you out",
        text,
        Some((retry, "Try again now")),
        config,
    )
    .with("refresh", format!("5; url={retry}"))
}

/// Before a logout that the person may not have asked for.
#[must_use]
pub fn confirm(action: &str, scope: Scope, return_to: Option<&str>, status: u16, config: &Config) -> Answer {
    let text = match scope {
        Scope::Current => "Another page asks to log you out of this device.",
        Scope::All => "Another page asks to log you out of all your devices.",
        Scope::Others => "Another page asks to log you out of all your other devices.",
    };
    let frame = Frame::of(&config.look);
    let page = Confirm { frame: &frame, text, action, scope: scope.as_str(), return_to };
    html(status, Reason::Ask, &page, &frame, config)
}

/// A page that opens an address of this site at once: from here, the browser shows its strict cookies.
#[must_use]
pub fn go_on(target: &str, reason: Reason, config: &Config) -> Answer {
    let frame = Frame::of(&config.look);
    html(200, reason, &GoOn { frame: &frame, target }, &frame, config)
}

/// The user's devices, each under its name.
#[must_use]
pub fn sessions(current: Handle, sessions: &[(Session, String)], config: &Config, now: Timestamp) -> Answer {
    let frame = Frame::of(&config.look);
    let devices =
        sessions.iter().map(|(session, name)| Device::of(session, name, current, config, now)).collect();
    let user_id = sessions.first().map_or("", |(session, _)| session.user_id.as_str());
    let page = Sessions { frame: &frame, user_id, base_path: &config.base_path, devices };
    html(200, Reason::Ok, &page, &frame, config).with("cache-control", "no-store")
}

/// A person's own session, for programs: claims and provider where there are any.
#[must_use]
pub fn own_session_json(handle: Handle, session: &Session, policy: &Policy) -> serde_json::Value {
    let mut json = serde_json::json!({
        "userId": session.user_id,
        "handle": handle,
        "payload": session.payload,
        "createdAt": session.created_at.millis(),
        "expiresAt": session.ends_at(policy).millis(),
    });
    let Login { claims, provider, .. } = session.login();
    if let Some(members) = json.as_object_mut() {
        if !claims.is_empty() {
            members.insert("claims".to_owned(), serde_json::json!(claims));
        }
        if let Some(provider) = provider {
            members.insert("provider".to_owned(), provider.as_str().into());
        }
    }
    json
}

/// A device, for programs.
#[must_use]
pub fn session_json(
    current: Handle,
    session: &Session,
    device: &str,
    ends_at: Timestamp,
) -> serde_json::Value {
    let handle = Handle { object: current.object, id: session.id };
    serde_json::json!({
        "handle": handle,
        "current": handle == current,
        "createdAt": session.created_at.millis(),
        "lastSeenAt": session.last_seen_at.millis(),
        "expiresAt": ends_at.millis(),
        "device": device,
        "country": session.country,
    })
}

fn message(
    status: u16,
    reason: Reason,
    heading: &str,
    text: &str,
    link: Option<(&str, &str)>,
    config: &Config,
) -> Answer {
    let frame = Frame::of(&config.look);
    html(status, reason, &Message { frame: &frame, heading, text, link }, &frame, config)
}

fn html(status: u16, reason: Reason, page: &impl Template, frame: &Frame, config: &Config) -> Answer {
    // Rendering to a string has nothing to fail on.
    let content = page.render().unwrap_or_default();
    Answer::new(status, reason, Body::Html(content))
        .with("content-security-policy", content_security_policy(frame, config))
        // Not `no-referrer`: it would turn the `Origin` of the page's own forms into `null`.
        .with("referrer-policy", "same-origin")
        .with("cross-origin-opener-policy", "same-origin")
}

/// `form-action` names where a form may lead after its redirect, too.
fn content_security_policy(frame: &Frame, config: &Config) -> String {
    let hash = bytes::encode_standard(&Sha256::digest(frame.style.as_bytes()));
    let stylesheet = frame.stylesheet.as_deref().map(|url| format!(" {}", source(url))).unwrap_or_default();
    let redirect = config.logout_redirect.as_deref().map(source);
    let origins = config.return_to_origins.iter().map(|origin| origin.as_str().to_owned());
    let targets =
        ["'self'".to_owned()].into_iter().chain(origins).chain(redirect).collect::<Vec<_>>().join(" ");
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'{stylesheet}; form-action {targets}; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

fn source(url: &str) -> String {
    Origin::of_url(url).map_or_else(|| "'self'".to_owned(), |origin| origin.as_str().to_owned())
}

impl Frame {
    fn of(look: &Look) -> Self {
        let style = include_str!("../../templates/style.css").replace("__ACCENT__", &look.accent);
        Self { title: look.title.clone(), style, stylesheet: look.stylesheet.clone() }
    }
}

impl Device {
    fn of(session: &Session, name: &str, current: Handle, config: &Config, now: Timestamp) -> Self {
        let handle = Handle { object: current.object, id: session.id };
        Self {
            handle: handle.to_string(),
            current: handle == current,
            name: name.to_owned(),
            country: session.country.clone(),
            provider: session.login().provider.as_ref().map(|key| {
                config.provider(key).map_or_else(|| key.clone(), |provider| provider.name.clone())
            }),
            created: relative(session.created_at, now),
            seen: relative(session.last_seen_at, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use serde_json::json;

    fn content(answer: &Answer) -> &str {
        match &answer.body {
            Body::Html(html) => html,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whatever_a_request_says_is_escaped() {
        let config = config(json!({ "PAGE_TITLE": "<b>&" })).ok().unwrap();
        let answer = confirm("/logout", Scope::All, Some("\"><script>"), 200, &config);
        assert!(!content(&answer).contains("<script>") && !content(&answer).contains("<b>&"));
        assert!(content(&answer).contains("&#60;script&#62;"));
    }

    #[test]
    fn the_style_is_allowed_by_its_hash_alone() {
        let config = config(json!({ "RETURN_TO_ORIGINS": ["https://www.example"] })).ok().unwrap();
        let answer = signed_out(&config);
        let (_, csp) = answer.headers.iter().find(|(name, _)| *name == "content-security-policy").unwrap();
        assert!(csp.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(
            csp.contains("form-action 'self' https://www.example;") && csp.contains("frame-ancestors 'none'")
        );
    }

    #[test]
    fn the_page_of_a_pending_logout_never_says_that_it_is_done() {
        let config = config(json!({})).ok().unwrap();
        let answer = not_signed_out_yet("/logout?scope=current", &config);
        assert!(!content(&answer).to_lowercase().contains("signed out"));
        let refresh = answer.headers.iter().find(|(name, _)| *name == "refresh");
        assert_eq!(refresh, Some(("refresh", "5; url=/logout?scope=current")));
    }
}
