//! The gate's configuration: every variable, its default and its bounds, in one place.
//!
//! Invariant: a [`Config`] is complete and consistent. Of what is wrong, all is said at once, each by the variable and
//! what it must be, never its value, and the gate then serves nothing (fails closed).

mod at_odds;
mod claim_headers;
mod demands;
mod entry;
mod fault;
mod not_before;
mod providers;
mod readings;
mod rules;
mod services;
mod table;
mod targets;
mod unknown;
mod vars;

pub use claim_headers::ClaimHeaders;
pub use demands::{Demands, Requirement, read_requirements};
pub use entry::{Asked, Live, Rule, SessionNeed};
pub use fault::{Broken, Faults, Invalid};
pub use providers::{ClientAuth, LogoutTokenScope, Provider, SecretText};
pub use rules::Rules;
pub use services::{SERVICE, Services};
pub use unknown::misspelt;

use std::rc::Rc;

use serde_json::Value;

use crate::base::names::{is_domain, is_name_space_id};
use crate::base::time::{Seconds, Timestamp};
use crate::cookies::{ClearCookie, CookieSettings, SameSite};
use crate::request::{Head, Language, Origin, is_path};
use crate::session::{DEFAULT_APP, Policy};
use crate::token::{Keys, Secret};
use at_odds::NOT_OWN;
use table::{span, whole_number};
use targets::OwnTargets;
use vars::{POSITIVE, Vars};

/// The longest that a browser keeps a cookie: 400 days (RFC 6265bis §5.5).
const COOKIE_LIFETIME_LIMIT: u32 = 34_560_000;

/// The shortest API key, in characters.
const MIN_API_KEY: usize = 20;

/// How many different bytes a secret has: fewer are a pattern that somebody typed.
const MIN_DIFFERENT: usize = 12;

/// The configuration of one gate.
pub struct Config {
    /// `ORIGIN_URL`: where the application is, unless the binding `ORIGIN` says so.
    pub origin_url: Option<Origin>,
    /// `BASE_PATH`: where the gate's own routes are.
    pub base_path: String,
    /// `CORE_PATH`: where backend SDKs find their core.
    pub core_path: String,
    /// `LOGOUT_PATH`.
    pub logout_path: String,
    /// `LOGIN_URL`: where a navigation without a session is sent.
    pub login_url: Option<String>,
    /// `LOGOUT_REDIRECT`: where a navigation goes after logout.
    pub logout_redirect: Option<String>,
    /// `RETURN_TO_ORIGINS`: where else `return_to` may lead.
    pub return_to_origins: Vec<Origin>,
    /// `CORS_ORIGINS`: which other origins may call with credentials.
    pub cors_origins: Vec<Origin>,
    /// `RULES`.
    pub rules: Rules,
    /// `CLAIM_HEADERS`: which claims the application gets under names of its own.
    pub claim_headers: ClaimHeaders,
    /// The lifetimes and limits of sessions.
    pub policy: Policy,
    /// `SESSION_IDLE_TTL` and the rest of what the cookies are made of.
    pub cookies: CookieSettings,
    /// `CLEAR_SITE_DATA`, as the header's value; empty sends none.
    pub clear_site_data: String,
    /// `ANTI_CSRF`.
    pub anti_csrf: AntiCsrfMode,
    /// `ALLOW_SAME_SITE`: sibling sub-domains are trusted with unsafe requests.
    pub allow_same_site: bool,
    /// `ORIGIN_CONTROL`: whether the origin's control headers have effect.
    pub origin_control: bool,
    /// `SERVER_TIMING`: whether responses say where the time went.
    pub server_timing: bool,
    /// `ORIGIN_TIMEOUT`: for how long the head of the application's response is waited for.
    pub origin_timeout: Option<Seconds>,
    /// `API_KEYS`: who may use the core; empty is nobody.
    pub api_keys: Vec<String>,
    /// `SERVICE_TOKENS`: programs that need no session where a rule says so.
    pub services: Services,
    /// `PROVIDERS`: where people log in; none where the application says who did.
    pub providers: Vec<Rc<Provider>>,
    /// `PAGE_TITLE`, `PAGE_ACCENT`, `PAGE_STYLESHEET`, `PAGE_LOGO`, `PAGE_LANGUAGE`.
    pub look: Look,
    own_targets: OwnTargets,
    secrets: Rc<[Secret]>,
    rotation: Seconds,
    access_ttl: Seconds,
    app_id: String,
}

/// `ANTI_CSRF`: what is asked of an unsafe request besides its provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AntiCsrfMode {
    /// Nothing more.
    FetchMetadata,
    /// The session's token in the `anti-csrf` header.
    Token,
    /// A `rid` header, which no form can send.
    CustomHeader,
    /// Not even the provenance.
    None,
}

/// How the gate's pages look.
#[derive(Clone, Debug)]
pub struct Look {
    /// The name in their titles.
    pub title: String,
    /// The accent colour, `#rrggbb`.
    pub accent: String,
    /// A further stylesheet.
    pub stylesheet: Option<String>,
    /// An image before the name.
    pub logo: Option<String>,
    /// The language, whatever a browser accepts.
    pub language: Option<Language>,
}

/// Whether a URL, or a path of this site, leads to `path` on `origin`.
fn is_at(url: &str, path: &str, origin: &Origin) -> bool {
    let target = url.strip_prefix(origin.as_str()).unwrap_or(url);
    let target = target.split(['?', '#']).next().unwrap_or_default();
    path == if target.is_empty() { "/" } else { target }
}

impl Config {
    /// Reads the configuration from what `lookup` returns for each variable.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse(lookup: impl Fn(&str) -> Option<Value>) -> Result<Self, Broken> {
        let vars = &mut Vars::new(&lookup);
        let base_path = vars.path("BASE_PATH", "/auth");
        let providers = providers::read(vars);
        let recheck = |provider: &Rc<Provider>| Some((provider.key.clone(), provider.recheck?));
        let policy = Policy {
            rechecks: providers.iter().filter_map(recheck).collect(),
            idle: vars.seconds("SESSION_IDLE_TTL", 8_640_000),
            absolute: vars.seconds("SESSION_ABSOLUTE_TTL", 31_536_000),
            grace: grace(vars),
            not_before: not_before::read(vars),
            max_sessions: vars.positive("MAX_SESSIONS", 100).try_into().unwrap_or(usize::MAX),
        };
        let mut config = Self {
            origin_url: vars.origin("ORIGIN_URL"),
            core_path: vars.path("CORE_PATH", "/auth/core"),
            logout_path: vars.path("LOGOUT_PATH", "/logout"),
            login_url: vars
                .url("LOGIN_URL")
                .or_else(|| vars.value("PROVIDERS").map(|_| format!("{base_path}/login"))),
            logout_redirect: vars.url("LOGOUT_REDIRECT"),
            return_to_origins: vars.origins("RETURN_TO_ORIGINS"),
            cors_origins: vars.origins("CORS_ORIGINS"),
            rules: rules(vars),
            claim_headers: ClaimHeaders::read(vars.value("CLAIM_HEADERS"), &mut vars.faults),
            cookies: cookies(vars, &base_path),
            base_path,
            policy,
            clear_site_data: clear_site_data(vars),
            anti_csrf: anti_csrf(vars),
            allow_same_site: vars.switch("ALLOW_SAME_SITE", false),
            origin_control: vars.switch("ORIGIN_CONTROL", true),
            server_timing: vars.switch("SERVER_TIMING", false),
            // Without a value there is no limit but the platform's.
            origin_timeout: vars.read("ORIGIN_TIMEOUT", POSITIVE, span),
            api_keys: api_keys(vars),
            services: Services::read(vars),
            providers,
            look: look(vars),
            own_targets: OwnTargets::new(),
            secrets: secrets(vars),
            rotation: vars.seconds("SIGNING_KEY_ROTATION", 604_800),
            access_ttl: vars.seconds("ACCESS_TOKEN_TTL", 3600),
            app_id: app_id(vars),
        };
        let faults = std::mem::take(&mut vars.faults);
        let faults = config.at_odds(faults).into_all();
        if faults.is_empty() { Ok(config) } else { Err(Broken { faults, base_path: config.base_path }) }
    }

    /// The keys of the app that the gate serves.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.keys_of(&self.app_id)
    }

    /// The keys of any app.
    #[must_use]
    pub fn keys_of(&self, app_id: &str) -> Keys {
        Keys::new(app_id, Rc::clone(&self.secrets), self.rotation, self.access_ttl)
    }

    /// Whether a request without an access token is renewed on the way: it needs the refresh cookie.
    #[must_use]
    pub fn renews_transparently(&self) -> bool {
        self.cookies.refresh_path == "/"
    }

    /// The rule for a request. Neither the login page nor what the gate's own pages show is ever behind the login.
    #[must_use]
    pub fn rule(&self, head: &Head) -> Rule {
        let rule = self.rules.find(Asked::of(head));
        let (path, own) = (head.path(), head.origin());
        let is_shown = || {
            [&self.look.logo, &self.look.stylesheet].into_iter().flatten().any(|url| is_at(url, path, own))
        };
        let is_open = rule.session == SessionNeed::Required && (self.is_login_path(path, own) || is_shown());
        if is_open { rule.optional() } else { rule }
    }

    /// The number in `RULES` of the rule for a request; -1 if it is in none.
    #[must_use]
    pub fn rule_number(&self, head: &Head) -> String {
        self.rules.number(Asked::of(head)).map_or_else(|| "-1".to_owned(), |number| number.to_string())
    }

    /// The provider with this key.
    #[must_use]
    pub fn provider(&self, key: &str) -> Option<&Rc<Provider>> {
        self.providers.iter().find(|provider| provider.key == key)
    }

    /// Whether a path on `origin` is that of the login.
    #[must_use]
    pub fn is_login_path(&self, path: &str, origin: &Origin) -> bool {
        self.login_url.as_deref().is_some_and(|login| is_at(login, path, origin))
    }

    /// What is wrong with the settings at this time, and may be right later.
    ///
    /// # Errors
    /// The variable that names a moment too far ahead.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Invalid> {
        not_before::check(&self.policy.not_before, now)
    }

    /// Whether cookies can be set at this origin. On this machine nobody is led in a circle: that is where one tries things.
    #[must_use]
    pub fn covers(&self, origin: &Origin) -> bool {
        let is_in = |domain: &String| {
            let rest = origin.host().strip_suffix(domain.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.cookies.domain.as_ref().is_none_or(is_in) || origin.is_loopback()
    }

    /// What is wrong with a gate at this origin.
    ///
    /// # Errors
    /// The variable that leads from there to a route of the gate's own.
    pub fn check_at(&self, origin: &Origin) -> Result<(), Invalid> {
        match self.own_targets.iter().find(|(_, at)| at == origin) {
            Some((variable, _)) => Err(Invalid::new(variable, NOT_OWN)),
            None => Ok(()),
        }
    }
}

const RULES: &str = "an array of tables like { path = \"/x/*\", session = \"required\" }";
const LANGUAGES: &str = "en, de, fr, es, pt, it, nl, pl, ja, zh, ar or he";
const REFRESH_PATH: &str = "/ or a path that covers BASE_PATH/session/refresh";

fn rules(vars: &mut Vars<'_>) -> Rules {
    Rules::read(vars.list("RULES", RULES), &mut vars.faults)
}

fn grace(vars: &mut Vars<'_>) -> Seconds {
    let must_be = "a whole number of seconds, 0 to switch it off";
    Seconds::new(vars.read("REFRESH_GRACE", must_be, whole_number).unwrap_or(30))
}

fn cookies(vars: &mut Vars<'_>, base_path: &str) -> CookieSettings {
    let domain = |text: &str| text.strip_prefix('.').unwrap_or(text).to_ascii_lowercase();
    let is_domain = |text: &str| is_domain(&domain(text));
    // A browser sends the cookie where it is needed only if the path covers the refresh route.
    let refresh_route = format!("{base_path}/session/refresh");
    let covers = |path: &str| {
        let rest = refresh_route.strip_prefix(path.trim_end_matches('/'));
        is_path(path)
            && !path.contains([';', '?', '#', ','])
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let same_site =
        vars.read("COOKIE_SAMESITE", "Lax, Strict or None", |value| SameSite::parse(value.as_str()?));
    CookieSettings {
        domain: vars
            .text("COOKIE_DOMAIN", "a domain name like example.com", &is_domain)
            .as_deref()
            .map(domain),
        same_site: same_site.unwrap_or(SameSite::Lax),
        refresh_path: vars
            .text("REFRESH_COOKIE_PATH", REFRESH_PATH, &covers)
            .unwrap_or_else(|| "/".to_owned()),
        clear: clear_cookies(vars),
        lifetime_limit: COOKIE_LIFETIME_LIMIT,
    }
}

fn clear_cookies(vars: &mut Vars<'_>) -> Vec<ClearCookie> {
    let must_be = "a cookie name or a table like { name = \"x\", path = \"/\", domain = \"example.com\" }; \
                   with a __Host- name, without domain and with the path /";
    let mut cookies = Vec::new();
    vars.each("CLEAR_COOKIES", "an array of cookie names or tables", must_be, &mut |value| {
        let cookie = ClearCookie::read(value)?;
        (cookie.is_well_formed() && cookie.obeys_its_prefix()).then(|| cookies.push(cookie))
    });
    cookies
}

fn clear_site_data(vars: &mut Vars<'_>) -> String {
    let variable = "CLEAR_SITE_DATA";
    if vars.value(variable).is_none() {
        // An empty text switches the header off; a missing variable is the default.
        let off = vars.raw(variable).is_some();
        return if off { String::new() } else { "\"storage\"".to_owned() };
    }
    let must_be = "an array of types like [\"storage\"], or [] for none";
    let mut types = Vec::new();
    vars.each(variable, must_be, "a type like storage", &mut |value| {
        let kind = value.as_str()?;
        let is_type =
            kind == "*" || (!kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphabetic()));
        is_type.then(|| types.push(format!("\"{kind}\"")))
    });
    types.join(", ")
}

fn anti_csrf(vars: &mut Vars<'_>) -> AntiCsrfMode {
    let must_be = "fetch-metadata, token, custom-header or none";
    let mode = vars.read("ANTI_CSRF", must_be, |value| match value.as_str()? {
        "fetch-metadata" => Some(AntiCsrfMode::FetchMetadata),
        "token" => Some(AntiCsrfMode::Token),
        "custom-header" => Some(AntiCsrfMode::CustomHeader),
        "none" => Some(AntiCsrfMode::None),
        _ => None,
    });
    mode.unwrap_or(AntiCsrfMode::FetchMetadata)
}

/// An empty list, or one with nothing but commas in it, means none.
fn api_keys(vars: &mut Vars<'_>) -> Vec<String> {
    let must_be = "keys of at least 20 characters, separated by commas";
    let keys = vars.read("API_KEYS", must_be, |value| {
        let keys: Vec<String> = value
            .as_str()?
            .split(',')
            .map(str::trim)
            .filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect();
        keys.iter().all(|key| key.chars().count() >= MIN_API_KEY).then_some(keys)
    });
    keys.unwrap_or_default()
}

fn look(vars: &mut Vars<'_>) -> Look {
    let is_colour = |text: &str| {
        let digits = text.strip_prefix('#').unwrap_or_default();
        digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let look = Look::default();
    Look {
        title: vars.text("PAGE_TITLE", "a text", &|_| true).unwrap_or(look.title),
        accent: vars.text("PAGE_ACCENT", "a colour like #3451b2", &is_colour).unwrap_or(look.accent),
        stylesheet: vars.url("PAGE_STYLESHEET"),
        logo: vars.url("PAGE_LOGO"),
        language: vars.read("PAGE_LANGUAGE", LANGUAGES, |value| Language::of_tag(value.as_str()?)),
    }
}

fn secrets(vars: &mut Vars<'_>) -> Rc<[Secret]> {
    let must_be = "a secret of at least 32 bytes, of which at least 12 are different";
    let mut secret = |variable| {
        vars.read(variable, must_be, |value| {
            let text = value.as_str()?;
            let is_new = |(at, byte): &(usize, u8)| !text.bytes().take(*at).any(|earlier| earlier == *byte);
            Secret::new(text).filter(|_| text.bytes().enumerate().filter(is_new).count() >= MIN_DIFFERENT)
        })
    };
    let (current, previous) = (secret("GATE_SECRET"), secret("GATE_SECRET_PREVIOUS"));
    if vars.value("GATE_SECRET").is_none() {
        vars.faults.add("GATE_SECRET", must_be);
    }
    let mut secrets: Vec<Secret> = current.into_iter().collect();
    secrets.extend(previous);
    secrets.into()
}

fn app_id(vars: &mut Vars<'_>) -> String {
    let must_be = "lower-case letters, digits and hyphens, at most 64";
    vars.text("APP_ID", must_be, &is_name_space_id).unwrap_or_else(|| DEFAULT_APP.to_owned())
}

impl Default for Look {
    fn default() -> Self {
        Self {
            title: "Your account".to_owned(),
            accent: "#3451b2".to_owned(),
            stylesheet: None,
            logo: None,
            language: None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use super::claim_headers::tests::claim_headers;
    pub(crate) use super::demands::tests::demands;
    use super::*;
    use crate::session::{NotBefore, Whose};
    use serde_json::json;

    pub(crate) fn config(vars: Value) -> Result<Config, Broken> {
        Config::parse(move |variable| match (vars.get(variable), variable) {
            (None, "GATE_SECRET") => Some(json!("0123456789abcdef0123456789abcdef")),
            (value, _) => value.cloned(),
        })
    }

    /// Where the faults are.
    pub(crate) fn faults(vars: Value) -> Vec<String> {
        let faults = config(vars).err().map(|broken| broken.faults).unwrap_or_default();
        faults.into_iter().map(|fault| fault.at).collect()
    }

    #[track_caller]
    fn refused(vars: Value, at: &str) {
        assert_eq!(faults(vars.clone()), [at], "{vars}");
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let config = config(json!({})).ok().unwrap();
        assert_eq!(config.base_path, "/auth");
        assert_eq!(config.core_path, "/auth/core");
        assert_eq!(config.logout_path, "/logout");
        assert_eq!(config.policy.idle, Seconds::new(8_640_000));
        assert_eq!(config.policy.absolute, Seconds::new(31_536_000));
        assert_eq!(config.policy.grace, Seconds::new(30));
        assert_eq!(config.policy.max_sessions, 100);
        assert_eq!(config.clear_site_data, "\"storage\"");
        assert_eq!(config.anti_csrf, AntiCsrfMode::FetchMetadata);
        assert!(config.origin_control && !config.allow_same_site && config.renews_transparently());
        assert!(config.api_keys.is_empty() && config.origin_timeout.is_none());
    }

    #[test]
    fn moments_are_read_and_may_be_five_minutes_ahead() {
        let moments = json!({
            "all": "1970-01-01T00:10:00Z",
            "tenant": { "acme": "1970-01-01T00:00:01Z" },
            "provider": { "corp": "1970-01-01T00:00:02.5Z" },
        });
        let config = config(json!({ "NOT_BEFORE": moments })).ok().unwrap();
        let at = |whose, at| NotBefore { whose, at };
        let expected = [
            at(Whose::All, 600_000),
            at(Whose::Tenant("acme".into()), 1000),
            at(Whose::Provider("corp".into()), 2500),
        ];
        assert_eq!(config.policy.not_before, expected);
        let is_right = |seconds| config.check_time(Timestamp::from_seconds(seconds)).is_ok();
        assert!(!is_right(299) && is_right(300) && is_right(601));
    }

    #[test]
    fn a_wrong_value_is_named() {
        refused(json!({ "GATE_SECRET": "short" }), "GATE_SECRET");
        refused(json!({ "GATE_SECRET": null }), "GATE_SECRET");
        refused(json!({ "GATE_SECRET_PREVIOUS": "short" }), "GATE_SECRET_PREVIOUS");
        for variable in ["GATE_SECRET", "GATE_SECRET_PREVIOUS"] {
            refused(json!({ variable: "0123456789a".repeat(4) }), variable);
            refused(json!({ variable: "x".repeat(64) }), variable);
            assert!(config(json!({ variable: "0123456789ab".repeat(3) })).is_ok());
        }
        for variable in [
            "ACCESS_TOKEN_TTL",
            "SESSION_IDLE_TTL",
            "SESSION_ABSOLUTE_TTL",
            "SIGNING_KEY_ROTATION",
            "MAX_SESSIONS",
            "ORIGIN_TIMEOUT",
        ] {
            for value in [json!(0), json!(-1), json!("x"), json!(1.5), json!([]), json!(5_000_000_000_u64)] {
                refused(json!({ variable: value }), variable);
            }
        }
        refused(json!({ "REFRESH_GRACE": -1 }), "REFRESH_GRACE");
        refused(json!({ "RULES": {} }), "RULES");
        refused(json!({ "RULES": "[" }), "RULES");
        refused(json!({ "CLAIM_HEADERS": [] }), "CLAIM_HEADERS");
        refused(json!({ "CLAIM_HEADERS": "x" }), "CLAIM_HEADERS");
        refused(json!({ "CLAIM_HEADERS": { "Gate-User": "email" } }), "CLAIM_HEADERS.Gate-User");
        refused(json!({ "CLAIM_HEADERS": { "X-A": "", "X-B": "b" } }), "CLAIM_HEADERS.X-A");
        for value in ["auth", "/", "/auth/", "/a?b", "//host", "/a b", "/%61"] {
            refused(json!({ "BASE_PATH": value }), "BASE_PATH");
        }
        refused(json!({ "LOGOUT_PATH": "/auth" }), "LOGOUT_PATH");
        for value in ["https://host/path", "ftp://host", "host", "https://a b", "https://u@host"] {
            refused(json!({ "ORIGIN_URL": value }), "ORIGIN_URL");
        }
        refused(json!({ "LOGIN_URL": "//evil.example" }), "LOGIN_URL");
        refused(json!({ "LOGIN_URL": "javascript:alert(1)" }), "LOGIN_URL");
        for variable in ["LOGIN_URL", "LOGOUT_REDIRECT"] {
            for own in [
                "/logout",
                "/a/../logout/all?x",
                "/auth/sessions",
                "/auth/core/hello",
                "http://id.example/login",
            ] {
                refused(json!({ variable: own }), variable);
            }
            refused(json!({ variable: "/bye", "LOGOUT_PATH": "/bye" }), variable);
            assert!(config(json!({ variable: "/auth/login" })).is_ok());
        }
        refused(
            json!({ "RETURN_TO_ORIGINS": ["https://a.example", "https://a.example//"] }),
            "RETURN_TO_ORIGINS[1]",
        );
        refused(json!({ "CORS_ORIGINS": ["*"] }), "CORS_ORIGINS[0]");
        refused(json!({ "CORS_ORIGINS": "*" }), "CORS_ORIGINS");
        for value in ["com", "a..b", "192.168.0.1", "a.b;x", "https://a.b"] {
            refused(json!({ "COOKIE_DOMAIN": value }), "COOKIE_DOMAIN");
        }
        refused(json!({ "COOKIE_SAMESITE": "Maybe" }), "COOKIE_SAMESITE");
        refused(json!({ "REFRESH_COOKIE_PATH": "/elsewhere" }), "REFRESH_COOKIE_PATH");
        refused(
            json!({ "CLEAR_COOKIES": [{ "name": "__Host-x", "domain": "a.example" }] }),
            "CLEAR_COOKIES[0]",
        );
        refused(json!({ "CLEAR_COOKIES": [{ "name": "__Host-x", "path": "/y" }] }), "CLEAR_COOKIES[0]");
        refused(json!({ "CLEAR_COOKIES": ["a", "a;b"] }), "CLEAR_COOKIES[1]");
        let many: Vec<String> = (0..100).map(|n| format!("{}{n}", "x".repeat(50))).collect();
        refused(json!({ "CLEAR_COOKIES": many }), "CLEAR_COOKIES");
        refused(json!({ "CLEAR_SITE_DATA": ["sto\"rage"] }), "CLEAR_SITE_DATA[0]");
        refused(json!({ "ANTI_CSRF": "maybe" }), "ANTI_CSRF");
        refused(json!({ "ALLOW_SAME_SITE": "maybe" }), "ALLOW_SAME_SITE");
        refused(json!({ "ORIGIN_CONTROL": 1 }), "ORIGIN_CONTROL");
        refused(json!({ "ORIGIN_CONTROL": "off" }), "ORIGIN_CONTROL");
        refused(json!({ "ORIGIN_CONTROL": false, "API_KEYS": "," }), "ORIGIN_CONTROL");
        refused(json!({ "RULES": [{ "path": "/*", "control": false }] }), "RULES");
        for rules in
            [json!([]), json!([{ "path": "/x" }, { "path": "/x/*" }, { "path": "/*", "control": false }])]
        {
            let provider = json!({ "key": "corp", "issuer": "https://idp.example", "client_id": "gate" });
            for way in [json!({ "PROVIDERS": [provider] }), json!({ "API_KEYS": "a-key-of-20-characters" })] {
                let mut vars = way;
                vars["ORIGIN_CONTROL"] = json!("off");
                vars["RULES"] = rules.clone();
                assert!(config(vars).is_ok());
            }
        }
        let rules = json!([{ "path": "/a/*", "session": "none" }, { "path": "/a/b" }, { "path": "/a/b/*" }]);
        assert_eq!(faults(json!({ "RULES": rules })), ["RULES[1]", "RULES[2]"]);
        refused(json!({ "APP_ID": "Not an id" }), "APP_ID");
        for keys in ["x", "a-key-of-19-charac.", "a-key-of-20-characters,short"] {
            refused(json!({ "API_KEYS": keys }), "API_KEYS");
        }
        refused(json!({ "ACCESS_TOKEN_TTL": 86_400, "SIGNING_KEY_ROTATION": 60 }), "SIGNING_KEY_ROTATION");
        refused(json!({ "ACCESS_TOKEN_TTL": 501, "SIGNING_KEY_ROTATION": 10 }), "SIGNING_KEY_ROTATION");
        assert!(config(json!({ "ACCESS_TOKEN_TTL": 500, "SIGNING_KEY_ROTATION": 10 })).is_ok());
        refused(json!({ "PAGE_ACCENT": "red;}" }), "PAGE_ACCENT");
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_and_each_thing_once() {
        let vars = json!({
            "GATE_SECRET": null, "ORIGIN_URL": 7, "SESSION_IDLE_TTL": "soon", "LOGOUT_PATH": "/auth/core", "ANTI_CSRF": "x",
            "RULES": [{ "path": "/a" }, { "pfad": "/b", "fresh": "x" }], "CLEAR_COOKIES": ["", "a"], "BASE_PATH": "/moved",
        });
        let broken = config(vars).err().unwrap();
        assert_eq!(broken.base_path, "/moved");
        let mut at: Vec<_> = broken.faults.iter().map(|fault| fault.at.as_str()).collect();
        at.sort_unstable();
        let expected = [
            "ANTI_CSRF",
            "CLEAR_COOKIES[0]",
            "GATE_SECRET",
            "LOGOUT_PATH",
            "ORIGIN_URL",
            "RULES[1].fresh",
            "RULES[1].path",
            "RULES[1].pfad",
            "SESSION_IDLE_TTL",
        ];
        assert_eq!(at, expected);
    }

    #[test]
    fn what_follows_from_another_fault_is_none_of_its_own() {
        let rules = json!([{ "path": "/x", "session": "none" }, { "path": "/x", "session": "maybe" }]);
        let vars = json!({ "ORIGIN_CONTROL": "off", "API_KEYS": "short", "RULES": rules });
        assert_eq!(faults(vars), ["RULES[1].session", "API_KEYS"]);
    }

    #[test]
    fn where_base_path_itself_is_wrong_health_is_at_its_default() {
        assert_eq!(config(json!({ "BASE_PATH": "x" })).err().unwrap().base_path, "/auth");
    }

    #[test]
    fn an_origin_may_end_with_a_slash() {
        let origins = ["https://a.example/", "http://localhost:1/"];
        let vars = json!({ "ORIGIN_URL": origins[1], "RETURN_TO_ORIGINS": origins, "CORS_ORIGINS": origins });
        let config = config(vars).ok().unwrap();
        assert_eq!(config.origin_url.as_ref().map(Origin::as_str), Some("http://localhost:1"));
        for read in [&config.return_to_origins, &config.cors_origins] {
            let read: Vec<_> = read.iter().map(Origin::as_str).collect();
            assert_eq!(read, ["https://a.example", "http://localhost:1"]);
        }
    }

    #[test]
    fn a_url_of_the_gate_s_own_host_is_its_path() {
        for variable in ["LOGIN_URL", "LOGOUT_REDIRECT"] {
            let config = config(json!({ variable: "https://app.example/logout" })).ok().unwrap();
            let check = |origin| config.check_at(&Origin::parse(origin).unwrap());
            assert_eq!(
                check("https://app.example").err().map(|invalid| invalid.at).as_deref(),
                Some(variable)
            );
            assert!(check("https://other.example").is_ok() && check("http://app.example").is_ok());
        }
    }

    #[test]
    fn a_cookie_domain_covers_its_hosts_and_this_machine() {
        let config = config(json!({ "COOKIE_DOMAIN": ".Example.com" })).ok().unwrap();
        let covers = |origin: &str| config.covers(&Origin::parse(origin).unwrap());
        for origin in [
            "https://example.com",
            "https://a.example.com:8443",
            "https://a.b.example.com",
            "http://localhost:8787",
            "http://127.0.0.1",
            "http://[::1]:1",
            "http://app.localhost",
        ] {
            assert!(covers(origin), "{origin}");
        }
        for origin in [
            "https://notexample.com",
            "https://example.com.evil.example",
            "https://com",
            "https://example.com.",
            "https://10.0.0.1",
        ] {
            assert!(!covers(origin), "{origin}");
        }
        assert!(
            super::tests::config(json!({}))
                .ok()
                .unwrap()
                .covers(&Origin::parse("https://x.example").unwrap())
        );
    }

    #[test]
    fn texts_are_read_like_values() {
        let vars = json!({
            "ACCESS_TOKEN_TTL": "60", "REFRESH_GRACE": "0", "ALLOW_SAME_SITE": "true", "ORIGIN_CONTROL": "off",
            "RULES": "[{\"path\":\"/a/*\",\"session\":\"none\"}]", "CLEAR_SITE_DATA": [],
            "API_KEYS": " a-key-of-20-characters, ,another-of-20-characters,",
        });
        let config = config(vars).ok().unwrap();
        assert!(config.policy.grace.is_zero() && config.allow_same_site && !config.origin_control);
        assert_eq!(config.clear_site_data, "");
        assert_eq!(config.api_keys, ["a-key-of-20-characters", "another-of-20-characters"]);
    }

    #[test]
    fn a_message_says_what_the_variable_must_be_and_not_what_it_is() {
        let broken = config(json!({ "GATE_SECRET": "hunter2" })).err().unwrap();
        let message = "GATE_SECRET must be a secret of at least 32 bytes, of which at least 12 are different";
        assert_eq!(broken.faults[0].to_string(), message);
    }
}
