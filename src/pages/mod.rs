//! The gate's pages: one look, made by templates that escape, without script, in the reader's language.
//!
//! Invariant: a page works under `default-src 'none'`; its one style is allowed by its hash, no other site can put it in
//! a frame (ASVS 3.4), and it has a way on.

mod colour;
mod devices;
mod problem;
mod provider;
mod text;

use askama::Template;
use sha2::{Digest as _, Sha256};

use crate::base::bytes;
use crate::config::{Config, Look};
use crate::request::{Head, Language, Origin, is_path};
use crate::response::{Answer, Body, Reason};
use crate::session::Scope;

pub use devices::{DeviceNames, ListedDevice, PER_PAGE, own_session_json, page_number, session_json};
pub use problem::Problem;
pub use provider::ProviderPage;
pub use text::Text;

/// Makes pages for the reader of one request.
#[derive(Clone, Copy)]
pub struct Pages<'a> {
    head: &'a Head,
    config: &'a Config,
    /// The language that they are in.
    pub language: Language,
}

/// What all pages share.
struct Frame {
    language: Language,
    title: String,
    style: String,
    stylesheet: Option<String>,
    logo: Option<String>,
}

/// Content in the frame.
#[derive(Template)]
#[template(path = "layout.html")]
struct Layout<'a> {
    frame: &'a Frame,
    heading: &'a str,
    /// HTML.
    content: String,
    /// The address that the page opens at once.
    opens: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    text: &'a str,
    href: &'a str,
    label: &'a str,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    frame: &'a Frame,
    text: &'a str,
    action: &'a str,
    scope: &'a str,
    return_to: Option<&'a str>,
    stay: &'a str,
}

#[derive(Template)]
#[template(path = "go_on.html")]
struct GoOn<'a> {
    frame: &'a Frame,
    target: &'a str,
}

impl<'a> Pages<'a> {
    /// Pages for whoever sent the request: in the configured language, or one that they accept.
    #[must_use]
    pub fn new(head: &'a Head, config: &'a Config) -> Self {
        let accepted = || head.header("accept-language").and_then(Language::accepted);
        Self { head, config, language: config.look.language.or_else(accepted).unwrap_or_default() }
    }

    /// For a person who is signed in with an account that may not see this.
    #[must_use]
    pub fn forbidden(self, user_id: &str, other_account: Option<&str>) -> Answer {
        let text = Text::MayNotOpen.with(self.language, &[user_id]);
        let way = match other_account {
            Some(url) => (url, Text::UseAnotherAccount),
            None => (self.config.logout_path.as_str(), Text::LogOut),
        };
        self.message(403, Reason::Forbidden, Text::NotForThisAccount, &text, way)
    }

    /// For a person who has to prove once more who they are, and came back from the login without that.
    #[must_use]
    pub fn step_up(self, login: Option<&str>) -> Answer {
        let way = login.map_or(("/", Text::Continue), |url| (url, Text::LogInAgain));
        let text = self.say(Text::ProveAgain);
        self.message(401, Reason::StepUp, Text::ConfirmIdentity, text, way)
    }

    /// After logout.
    #[must_use]
    pub fn signed_out(self) -> Answer {
        let text = self.say(Text::SignedOutHere);
        self.message(200, Reason::LoggedOut, Text::SignedOut, text, self.login(Text::LogInAgain))
    }

    /// After the logout of the other devices.
    #[must_use]
    pub fn others_signed_out(self) -> Answer {
        let text = self.say(Text::OthersSignedOut);
        self.message(200, Reason::LoggedOut, Text::Done, text, ("/", Text::Continue))
    }

    /// While a logout cannot be done.
    #[must_use]
    pub fn not_signed_out_yet(self, retry: &str) -> Answer {
        let text = self.say(Text::LogoutPending);
        let way = (retry, Text::TryNow);
        // Not `<meta http-equiv="refresh">`, which is hard on people who read slowly (WCAG 2.2.1).
        self.message(503, Reason::StoreUnavailable, Text::StillLoggingOut, text, way)
            .with("refresh", format!("5; url={retry}"))
    }

    /// Before a logout that the person may not have asked for.
    #[must_use]
    pub fn confirm(self, action: &str, scope: Scope, return_to: Option<&str>, status: u16) -> Answer {
        let text = match scope {
            Scope::Current => Text::AskedForCurrent,
            Scope::All => Text::AskedForAll,
            Scope::Others => Text::AskedForOthers,
        };
        let frame = self.frame();
        let page = Confirm {
            frame: &frame,
            text: self.say(text),
            action,
            scope: scope.as_str(),
            return_to,
            stay: "/",
        };
        self.html(status, Reason::Ask, Text::AskLogOut, &page, &frame)
    }

    /// Before the logout of all devices.
    #[must_use]
    pub fn confirm_everywhere(self) -> Answer {
        let frame = self.frame();
        let devices = format!("{}/sessions", self.config.base_path);
        let page = Confirm {
            frame: &frame,
            text: self.say(Text::EndsEverywhere),
            action: &format!("{devices}/revoke"),
            scope: Scope::All.as_str(),
            return_to: None,
            stay: &devices,
        };
        self.html(200, Reason::Ask, Text::LogOutEverywhere, &page, &frame).with("cache-control", "no-store")
    }

    /// A page that opens an address of this site at once: from here, the browser shows its strict cookies.
    #[must_use]
    pub fn go_on(self, target: &str, reason: Reason) -> Answer {
        let frame = self.frame();
        let content = rendered(&GoOn { frame: &frame, target });
        self.framed(200, reason, Text::OneMoment, content, Some(target), &frame)
    }

    fn say(self, text: Text) -> &'static str {
        text.of(self.language)
    }

    /// The way to the login under a label, or to the application where there is none.
    fn login(self, label: Text) -> (&'a str, Text) {
        self.config.login_url.as_deref().map_or(("/", Text::Continue), |url| (url, label))
    }

    /// Where a link leads that tries again.
    fn here(self) -> &'a str {
        let target = self.head.target();
        if self.head.method() == "GET" && is_path(target) { target } else { "/" }
    }

    fn frame(self) -> Frame {
        Frame::of(&self.config.look, self.language)
    }

    fn message(
        self,
        status: u16,
        reason: Reason,
        heading: Text,
        text: &str,
        (href, label): (&str, Text),
    ) -> Answer {
        let page = Message { text, href, label: self.say(label) };
        self.html(status, reason, heading, &page, &self.frame())
    }

    fn html(
        self,
        status: u16,
        reason: Reason,
        heading: Text,
        content: &impl Template,
        frame: &Frame,
    ) -> Answer {
        self.framed(status, reason, heading, rendered(content), None, frame)
    }

    fn framed(
        self,
        status: u16,
        reason: Reason,
        heading: Text,
        content: String,
        opens: Option<&str>,
        frame: &Frame,
    ) -> Answer {
        let page = Layout { frame, heading: self.say(heading), content, opens };
        answer(status, reason, &page, content_security_policy(frame, self.config))
    }
}

/// The page of a gate whose configuration is wrong: there is none to go by.
#[must_use]
pub fn misconfigured(head: &Head) -> Answer {
    let language = head.header("accept-language").and_then(Language::accepted).unwrap_or_default();
    let frame = Frame::of(&Look::default(), language);
    let (heading, text) = Problem::Misconfigured.words();
    // The page itself, once more.
    let message = Message { text: frame.say(text), href: "", label: frame.say(Text::TryAgain) };
    let page =
        Layout { frame: &frame, heading: frame.say(heading), content: rendered(&message), opens: None };
    let policy = format!("{}; form-action 'none'", frame.content_security_policy());
    answer(Problem::Misconfigured.status(), Problem::Misconfigured.reason(), &page, policy)
}

fn answer(status: u16, reason: Reason, page: &Layout<'_>, policy: String) -> Answer {
    Answer::new(status, reason, Body::Html(rendered(page)))
        .with("content-security-policy", policy)
        // Not `no-referrer`: it would turn the `Origin` of the page's own forms into `null`.
        .with("referrer-policy", "same-origin")
        .with("cross-origin-opener-policy", "same-origin")
}

fn rendered(template: &impl Template) -> String {
    // Rendering to a string has nothing to fail on.
    template.render().unwrap_or_default()
}

/// `form-action` names where a form may lead after its redirect, too.
fn content_security_policy(frame: &Frame, config: &Config) -> String {
    let redirect = config.logout_redirect.as_deref().map(source);
    let origins = config.return_to_origins.iter().map(|origin| origin.as_str().to_owned());
    let targets =
        ["'self'".to_owned()].into_iter().chain(origins).chain(redirect).collect::<Vec<_>>().join(" ");
    format!("{}; form-action {targets}", frame.content_security_policy())
}

fn source(url: &str) -> String {
    Origin::of_url(url).map_or_else(|| "'self'".to_owned(), |origin| origin.as_str().to_owned())
}

impl Frame {
    fn of(look: &Look, language: Language) -> Self {
        let [light, dark] = colour::accents(&look.accent);
        let style = include_str!("../../templates/style.css");
        Self {
            language,
            title: look.title.clone(),
            style: style.replace("__LIGHT__", &light).replace("__DARK__", &dark),
            stylesheet: look.stylesheet.clone(),
            logo: look.logo.clone(),
        }
    }

    fn say(&self, text: Text) -> &'static str {
        text.of(self.language)
    }

    fn content_security_policy(&self) -> String {
        let hash = bytes::encode_standard(&Sha256::digest(self.style.as_bytes()));
        let stylesheet =
            self.stylesheet.as_deref().map(|url| format!(" {}", source(url))).unwrap_or_default();
        let logo = self.logo.as_deref().map(|url| format!("; img-src {}", source(url))).unwrap_or_default();
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'{stylesheet}{logo}; frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use crate::request::head::tests::head;
    use serde_json::{Value, json};

    fn content(answer: &Answer) -> &str {
        match &answer.body {
            Body::Html(html) => html,
            other => panic!("{other:?}"),
        }
    }

    fn signed_out(pages: Pages<'_>) -> Answer {
        pages.signed_out()
    }

    fn with(variables: Value, headers: &[(&str, &str)], make: impl Fn(Pages<'_>) -> Answer) -> Answer {
        let config = config(variables).ok().unwrap();
        make(Pages::new(&head("GET", "https://a.example/x?y", headers), &config))
    }

    #[test]
    fn whatever_a_request_says_is_escaped() {
        let confirm = |pages: Pages<'_>| pages.confirm("/logout", Scope::All, Some("\"><script>"), 200);
        let answer = with(json!({ "PAGE_TITLE": "<b>&" }), &[], confirm);
        assert!(!content(&answer).contains("<script>") && !content(&answer).contains("<b>&"));
        assert!(content(&answer).contains("&#60;script&#62;"));
    }

    #[test]
    fn style_and_logo_are_all_that_is_allowed() {
        let policy = |variables| {
            let answer = with(variables, &[], signed_out);
            let found = answer.headers.iter().find(|(name, _)| *name == "content-security-policy");
            found.map(|(_, policy)| policy.to_owned()).unwrap()
        };
        let plain = policy(json!({ "RETURN_TO_ORIGINS": ["https://www.example"] }));
        assert!(plain.starts_with("default-src 'none'; style-src 'sha256-") && !plain.contains("img-src"));
        assert!(
            plain.ends_with("; form-action 'self' https://www.example")
                && plain.contains("frame-ancestors 'none'")
        );
        assert!(policy(json!({ "PAGE_LOGO": "/logo.svg" })).contains("; img-src 'self';"));
        assert!(
            policy(json!({ "PAGE_LOGO": "https://i.example/x" })).contains("; img-src https://i.example;")
        );
    }

    #[test]
    fn the_page_of_a_pending_logout_never_says_that_it_is_done() {
        let answer = with(json!({}), &[], |pages| pages.not_signed_out_yet("/logout?scope=current"));
        assert!(!content(&answer).to_lowercase().contains("signed out"));
        let refresh = answer.headers.iter().find(|(name, _)| *name == "refresh");
        assert_eq!(refresh, Some(("refresh", "5; url=/logout?scope=current")));
    }

    #[test]
    fn a_page_is_in_the_configured_language_or_one_that_is_accepted() {
        let heading = |variables, accepted| {
            let answer = with(variables, &[("accept-language", accepted)], signed_out);
            let start = content(&answer).find("<html").unwrap();
            content(&answer)[start..].lines().next().unwrap().to_owned()
        };
        assert_eq!(heading(json!({}), "nl"), "<html lang=\"nl\">");
        assert_eq!(heading(json!({}), "he, en"), "<html lang=\"he\" dir=\"rtl\">");
        assert_eq!(heading(json!({}), "sv"), "<html lang=\"en\">");
        assert_eq!(heading(json!({ "PAGE_LANGUAGE": "de" }), "nl"), "<html lang=\"de\">");
    }

    #[test]
    fn every_problem_has_a_way_on() {
        for problem in [
            Problem::BadRequest("why"),
            Problem::NoSession,
            Problem::CrossSite,
            Problem::AntiCsrf,
            Problem::UnknownSession,
            Problem::NotFound,
            Problem::Method,
            Problem::BrokenBody,
            Problem::TooLarge,
            Problem::TooSlow,
            Problem::UnknownForm,
            Problem::TooMany,
            Problem::Prefetch,
            Problem::BadGateway { why: "why", cause: "why".to_owned() },
            Problem::OriginHeaders("why".to_owned()),
            Problem::GatewayTimeout,
            Problem::Unavailable,
            Problem::Failed,
            Problem::Misconfigured,
            Problem::Loop,
        ] {
            let answer = with(json!({}), &[], |pages| pages.problem(&problem));
            assert!(content(&answer).contains("<a class=\"button main\" href=\"/"), "{problem:?}");
            assert!(!content(&answer).contains("why"), "{problem:?}");
        }
    }
}
