//! The gate's configuration: every variable, its default and its bounds, in one place.
//!
//! Invariant: a [`Config`] is complete and consistent. A wrong value is an error that names the
//! variable and what it must be, never the value, and the gate then serves nothing (fails closed).

mod claim_headers;
mod demands;
mod providers;
mod readings;
mod rules;
mod targets;

pub use claim_headers::ClaimHeaders;
pub use demands::{Demands, Requirement, read_requirements};
pub use providers::{ClientAuth, LogoutTokenScope, Provider, SecretText};
pub use rules::{Entry, Live, Rule, Rules, SessionNeed};

use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use crate::base::json::{Fields, array, optional, text};
use crate::base::names::{is_domain, is_name_space_id};
use crate::base::time::{Seconds, Timestamp, millis_of_rfc3339};
use crate::cookies::{ClearCookie, CookieSettings, SameSite, clearing_length};
use crate::request::{Head, Language, Origin, is_path};
use crate::session::{DEFAULT_APP, NotBefore, Policy, Whose};
use crate::token::{Keys, Secret};
use targets::{OwnPaths, OwnTargets, Target};

/// How far ahead a moment of `NOT_BEFORE` may be: a change that is rolled out takes its time.
const MAX_AHEAD: Seconds = Seconds::new(300);

const NOT_AHEAD: &str = "at most 5 minutes ahead";
const MOMENTS: &str =
    "a time such as 2026-11-28T10:00:00Z, or a table of such times: `all`, `tenant.<id>`, `provider.<key>`";

/// The longest that a browser keeps a cookie: 400 days (RFC 6265bis §5.5).
const COOKIE_LIFETIME_LIMIT: u32 = 34_560_000;

/// The shortest API key, in characters.
const MIN_API_KEY: usize = 20;

/// How many rotations a token may live: the key of each is in the JWKS, and has to be derived for it.
const MAX_LIVING_KEYS: u32 = 50;

/// How many bytes of `Set-Cookie` a logout may send.
const CLEARING_LIMIT: usize = 8192;

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

/// A variable has a wrong value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The variable.
    pub variable: &'static str,
    /// What it must be.
    pub must_be: &'static str,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must be {}", self.variable, self.must_be)
    }
}

impl Config {
    /// Reads the configuration from what `lookup` returns for each variable.
    ///
    /// # Errors
    /// The first variable with a wrong value.
    pub fn parse(lookup: impl Fn(&str) -> Option<Value>) -> Result<Self, Invalid> {
        let vars = Vars { lookup };
        let base_path = vars.path("BASE_PATH", "/auth")?;
        let providers = providers::read(vars.value("PROVIDERS"), |name| {
            vars.value(name).as_ref().and_then(Value::as_str).map(str::to_owned)
        })?;
        let recheck = |provider: &Rc<Provider>| Some((provider.key.clone(), provider.recheck?));
        let policy = Policy {
            rechecks: providers.iter().filter_map(recheck).collect(),
            idle: vars.seconds("SESSION_IDLE_TTL", 8_640_000)?,
            absolute: vars.seconds("SESSION_ABSOLUTE_TTL", 31_536_000)?,
            grace: vars.grace()?,
            not_before: vars.not_before()?,
            max_sessions: vars.positive("MAX_SESSIONS", 100)?.try_into().unwrap_or(usize::MAX),
        };
        let config = Self {
            origin_url: vars.origin("ORIGIN_URL")?,
            core_path: vars.path("CORE_PATH", "/auth/core")?,
            logout_path: vars.path("LOGOUT_PATH", "/logout")?,
            login_url: vars
                .url("LOGIN_URL")?
                .or_else(|| vars.value("PROVIDERS").map(|_| format!("{base_path}/login"))),
            logout_redirect: vars.url("LOGOUT_REDIRECT")?,
            return_to_origins: vars.origins("RETURN_TO_ORIGINS")?,
            cors_origins: vars.origins("CORS_ORIGINS")?,
            rules: vars.rules()?,
            claim_headers: vars.claim_headers()?,
            cookies: vars.cookies(&base_path)?,
            base_path,
            policy,
            clear_site_data: vars.clear_site_data()?,
            anti_csrf: vars.anti_csrf()?,
            allow_same_site: vars.switch("ALLOW_SAME_SITE", false)?,
            origin_control: vars.switch("ORIGIN_CONTROL", true)?,
            server_timing: vars.switch("SERVER_TIMING", false)?,
            origin_timeout: vars.origin_timeout()?,
            api_keys: vars.api_keys()?,
            providers,
            look: vars.look()?,
            own_targets: OwnTargets::new(),
            secrets: vars.secrets()?,
            rotation: vars.seconds("SIGNING_KEY_ROTATION", 604_800)?,
            access_ttl: vars.seconds("ACCESS_TOKEN_TTL", 3600)?,
            app_id: vars.app_id()?,
        };
        config.consistent()
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
        let rule = self.rules.find(head.path());
        let (path, own) = (head.path(), head.origin());
        let is_shown = || {
            [&self.look.logo, &self.look.stylesheet].into_iter().flatten().any(|url| is_at(url, path, own))
        };
        let is_open = rule.session == SessionNeed::Required && (self.is_login_path(path, own) || is_shown());
        if is_open { rule.optional() } else { rule }
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

    /// What is wrong with a gate at this origin.
    ///
    /// # Errors
    /// The variable that leads from there to a route of the gate's own.
    pub fn check_at(&self, origin: &Origin) -> Result<(), Invalid> {
        match self.own_targets.iter().find(|(_, at)| at == origin) {
            Some((variable, _)) => Err(Invalid { variable, must_be: NOT_OWN }),
            None => Ok(()),
        }
    }

    /// What is wrong with the settings at this time, and may be right later.
    ///
    /// # Errors
    /// The variable that names a moment too far ahead.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Invalid> {
        let latest = now.after(MAX_AHEAD).millis().saturating_add(999);
        match self.policy.not_before.iter().find(|end| end.at > latest) {
            Some(_) => Err(Invalid { variable: "NOT_BEFORE", must_be: NOT_AHEAD }),
            None => Ok(()),
        }
    }

    fn consistent(self) -> Result<Self, Invalid> {
        let routes = [("LOGOUT_PATH", &self.logout_path), ("CORE_PATH", &self.core_path)];
        for (variable, path) in routes {
            if path == &self.base_path {
                return Err(Invalid { variable, must_be: "another path than BASE_PATH" });
            }
        }
        if self.logout_path == self.core_path {
            return Err(Invalid { variable: "LOGOUT_PATH", must_be: "another path than CORE_PATH" });
        }
        if self.access_ttl.get() > self.rotation.get().saturating_mul(MAX_LIVING_KEYS) {
            return Err(Invalid {
                variable: "SIGNING_KEY_ROTATION",
                must_be: "at least a fiftieth of ACCESS_TOKEN_TTL",
            });
        }
        if clearing_length(&self.cookies, &self.base_path) > CLEARING_LIMIT {
            return Err(Invalid {
                variable: "CLEAR_COOKIES",
                must_be: "so few cookies that clearing them fits in 8 KB of headers",
            });
        }
        self.with_targets()
    }

    fn with_targets(self) -> Result<Self, Invalid> {
        let own = OwnPaths { base: &self.base_path, core: &self.core_path, logout: &self.logout_path };
        let mut own_targets = OwnTargets::new();
        for (variable, text) in [("LOGIN_URL", &self.login_url), ("LOGOUT_REDIRECT", &self.logout_redirect)] {
            match text.as_deref().map_or(Target::Fine, |text| own.target(text)) {
                Target::Fine => {}
                Target::OwnAt(origin) => own_targets.push((variable, origin)),
                Target::Own => return Err(Invalid { variable, must_be: NOT_OWN }),
                Target::Plain => return Err(Invalid { variable, must_be: NOT_PLAIN }),
            }
        }
        Ok(Self { own_targets, ..self })
    }
}

const NOT_OWN: &str =
    "a page that is none of the gate's own: not LOGOUT_PATH, and under BASE_PATH none but BASE_PATH/login";
const NOT_PLAIN: &str = "a URL with https:, unless it is on this machine";

const RULES_MUST_BE: &str = "an array of tables like { path = \"/x/*\", session = \"required\" | \"optional\" | \"none\", fresh = 30 }; require, max_age and acr need session = \"required\"";
const CLAIM_HEADERS_MUST_BE: &str =
    "a table like { \"X-Forwarded-Email\" = \"email\" }, of names that neither HTTP nor the gate uses";
const POSITIVE: &str = "a positive whole number";

struct Vars<Lookup> {
    lookup: Lookup,
}

impl<Lookup: Fn(&str) -> Option<Value>> Vars<Lookup> {
    /// The value, unless it is missing or an empty text, which is how a shell spells missing.
    fn value(&self, variable: &str) -> Option<Value> {
        (self.lookup)(variable).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    fn text(&self, variable: &'static str, must_be: &'static str) -> Result<Option<String>, Invalid> {
        match self.value(variable) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Invalid { variable, must_be }),
        }
    }

    fn positive(&self, variable: &'static str, default: u32) -> Result<u32, Invalid> {
        match self.whole_number(variable, default, POSITIVE)? {
            0 => Err(Invalid { variable, must_be: POSITIVE }),
            number => Ok(number),
        }
    }

    fn whole_number(
        &self,
        variable: &'static str,
        default: u32,
        must_be: &'static str,
    ) -> Result<u32, Invalid> {
        let number = match self.value(variable) {
            None => return Ok(default),
            Some(Value::Number(number)) => number.as_u64(),
            // A value from `.dev.vars` or the dashboard is always a text.
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        number.and_then(|number| u32::try_from(number).ok()).ok_or(Invalid { variable, must_be })
    }

    fn seconds(&self, variable: &'static str, default: u32) -> Result<Seconds, Invalid> {
        self.positive(variable, default).map(Seconds::new)
    }

    fn not_before(&self) -> Result<Vec<NotBefore>, Invalid> {
        let variable = "NOT_BEFORE";
        match self.value(variable) {
            None => Ok(Vec::new()),
            Some(value) => not_before(value).ok_or(Invalid { variable, must_be: MOMENTS }),
        }
    }

    fn origin_timeout(&self) -> Result<Option<Seconds>, Invalid> {
        let variable = "ORIGIN_TIMEOUT";
        // Without a value there is no limit but the platform's.
        if self.value(variable).is_none() {
            return Ok(None);
        }
        self.seconds(variable, 0).map(Some)
    }

    fn grace(&self) -> Result<Seconds, Invalid> {
        self.whole_number("REFRESH_GRACE", 30, "a whole number of seconds, 0 to switch it off")
            .map(Seconds::new)
    }

    fn switch(&self, variable: &'static str, default: bool) -> Result<bool, Invalid> {
        let must_be = "on or off";
        match self.value(variable) {
            None => Ok(default),
            Some(Value::Bool(on)) => Ok(on),
            Some(Value::String(text)) => match text.as_str() {
                "on" | "true" => Ok(true),
                "off" | "false" => Ok(false),
                _ => Err(Invalid { variable, must_be }),
            },
            Some(_) => Err(Invalid { variable, must_be }),
        }
    }

    /// An array, also as a text with JSON in it.
    fn list<T>(
        &self,
        variable: &'static str,
        must_be: &'static str,
        read: fn(Value) -> Option<T>,
    ) -> Result<Vec<T>, Invalid> {
        let value = match self.value(variable) {
            None => return Ok(Vec::new()),
            Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or_default(),
            Some(value) => value,
        };
        array(value, read).ok_or(Invalid { variable, must_be })
    }

    fn rules(&self) -> Result<Rules, Invalid> {
        let entries = self.list("RULES", RULES_MUST_BE, Entry::read)?;
        let must_be = "paths that can be read in fewer ways: write them without escapes and parameters";
        Rules::new(entries).ok_or(Invalid { variable: "RULES", must_be })
    }

    fn claim_headers(&self) -> Result<ClaimHeaders, Invalid> {
        let variable = "CLAIM_HEADERS";
        let value = match self.value(variable) {
            None => return Ok(ClaimHeaders::default()),
            Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or_default(),
            Some(value) => value,
        };
        ClaimHeaders::read(value).ok_or(Invalid { variable, must_be: CLAIM_HEADERS_MUST_BE })
    }

    fn path(&self, variable: &'static str, default: &str) -> Result<String, Invalid> {
        let must_be = "a path like /name, without query, trailing slash or escapes";
        let path = self.text(variable, must_be)?.unwrap_or_else(|| default.to_owned());
        let plain =
            is_path(&path) && path.len() > 1 && !path.ends_with('/') && !path.contains(['%', '?', '#', '*']);
        if plain { Ok(path) } else { Err(Invalid { variable, must_be }) }
    }

    fn url(&self, variable: &'static str) -> Result<Option<String>, Invalid> {
        let must_be = "a path like /login or a URL like https://host/login";
        let Some(text) = self.text(variable, must_be)? else { return Ok(None) };
        let absolute = || Origin::of_url(&text).is_some() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_path(&text) || absolute() { Ok(Some(text)) } else { Err(Invalid { variable, must_be }) }
    }

    fn origin(&self, variable: &'static str) -> Result<Option<Origin>, Invalid> {
        let must_be = "an origin like https://host or http://host:port, without a path";
        match self.text(variable, must_be)? {
            None => Ok(None),
            Some(text) => Origin::parse(&text).map(Some).ok_or(Invalid { variable, must_be }),
        }
    }

    fn origins(&self, variable: &'static str) -> Result<Vec<Origin>, Invalid> {
        let must_be = "an array of origins like [\"https://host\"], without paths";
        self.list(variable, must_be, |value| Origin::parse(value.as_str()?))
    }

    fn cookies(&self, base_path: &str) -> Result<CookieSettings, Invalid> {
        let domain = self.domain()?;
        let refresh_path = match self.text("REFRESH_COOKIE_PATH", REFRESH_PATH)? {
            None => "/".to_owned(),
            Some(path) if is_path(&path) && !path.contains([';', '?', '#', ',']) => path,
            Some(_) => return Err(Invalid { variable: "REFRESH_COOKIE_PATH", must_be: REFRESH_PATH }),
        };
        // A browser sends the cookie where it is needed only if the path covers the refresh route.
        let refresh_route = format!("{base_path}/session/refresh");
        let covered = refresh_route.strip_prefix(refresh_path.trim_end_matches('/'));
        if !covered.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err(Invalid { variable: "REFRESH_COOKIE_PATH", must_be: REFRESH_PATH });
        }
        Ok(CookieSettings {
            domain,
            same_site: self.same_site()?,
            refresh_path,
            clear: self.clear_cookies()?,
            lifetime_limit: COOKIE_LIFETIME_LIMIT,
        })
    }

    fn domain(&self) -> Result<Option<String>, Invalid> {
        let must_be = "a domain name like example.com";
        let Some(text) = self.text("COOKIE_DOMAIN", must_be)? else { return Ok(None) };
        let domain = text.strip_prefix('.').unwrap_or(&text).to_ascii_lowercase();
        if is_domain(&domain) {
            Ok(Some(domain))
        } else {
            Err(Invalid { variable: "COOKIE_DOMAIN", must_be })
        }
    }

    fn same_site(&self) -> Result<SameSite, Invalid> {
        let (variable, must_be) = ("COOKIE_SAMESITE", "Lax, Strict or None");
        let text = self.text(variable, must_be)?.unwrap_or_else(|| "Lax".to_owned());
        SameSite::parse(&text).ok_or(Invalid { variable, must_be })
    }

    fn clear_cookies(&self) -> Result<Vec<ClearCookie>, Invalid> {
        let variable = "CLEAR_COOKIES";
        let must_be = "an array of cookie names or of tables like { name = \"x\", path = \"/\", domain = \"example.com\" }";
        let cookies = self.list(variable, must_be, ClearCookie::read)?;
        for cookie in &cookies {
            if !cookie.is_well_formed() {
                return Err(Invalid { variable, must_be });
            }
            if !cookie.obeys_its_prefix() {
                let must_be = "free of a __Host- name with a domain or another path than /";
                return Err(Invalid { variable, must_be });
            }
        }
        Ok(cookies)
    }

    fn clear_site_data(&self) -> Result<String, Invalid> {
        let (variable, must_be) = ("CLEAR_SITE_DATA", "an array of types like [\"storage\"], or [] for none");
        if self.value(variable).is_none() {
            // An empty text switches the header off; a missing variable is the default.
            let off = (self.lookup)(variable).is_some();
            return Ok(if off { String::new() } else { "\"storage\"".to_owned() });
        }
        let types = self.list(variable, must_be, text)?;
        let known = |kind: &String| kind == "*" || kind.bytes().all(|byte| byte.is_ascii_alphabetic());
        if types.iter().all(|kind| !kind.is_empty() && known(kind)) {
            Ok(types.iter().map(|kind| format!("\"{kind}\"")).collect::<Vec<_>>().join(", "))
        } else {
            Err(Invalid { variable, must_be })
        }
    }

    fn anti_csrf(&self) -> Result<AntiCsrfMode, Invalid> {
        let invalid =
            Invalid { variable: "ANTI_CSRF", must_be: "fetch-metadata, token, custom-header or none" };
        match self.text(invalid.variable, invalid.must_be)?.as_deref() {
            None | Some("fetch-metadata") => Ok(AntiCsrfMode::FetchMetadata),
            Some("token") => Ok(AntiCsrfMode::Token),
            Some("custom-header") => Ok(AntiCsrfMode::CustomHeader),
            Some("none") => Ok(AntiCsrfMode::None),
            Some(_) => Err(invalid),
        }
    }

    /// An empty list, or one with nothing but commas in it, means none.
    fn api_keys(&self) -> Result<Vec<String>, Invalid> {
        let (variable, must_be) = ("API_KEYS", "keys of at least 20 characters, separated by commas");
        let text = self.text(variable, must_be)?.unwrap_or_default();
        let keys: Vec<String> =
            text.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect();
        let is_long = |key: &String| key.chars().count() >= MIN_API_KEY;
        if keys.iter().all(is_long) { Ok(keys) } else { Err(Invalid { variable, must_be }) }
    }

    fn look(&self) -> Result<Look, Invalid> {
        let accent = self.text("PAGE_ACCENT", ACCENT)?.unwrap_or_else(|| "#3451b2".to_owned());
        let digits = accent.strip_prefix('#').unwrap_or_default();
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Invalid { variable: "PAGE_ACCENT", must_be: ACCENT });
        }
        Ok(Look {
            title: self.text("PAGE_TITLE", "a text")?.unwrap_or_else(|| "Your account".to_owned()),
            accent,
            stylesheet: self.url("PAGE_STYLESHEET")?,
            logo: self.url("PAGE_LOGO")?,
            language: self.language()?,
        })
    }

    fn language(&self) -> Result<Option<Language>, Invalid> {
        let (variable, must_be) = ("PAGE_LANGUAGE", "en, de, fr, es, pt, it, nl, pl, ja, zh, ar or he");
        let Some(text) = self.text(variable, must_be)? else { return Ok(None) };
        Language::of_tag(&text).map(Some).ok_or(Invalid { variable, must_be })
    }

    fn secrets(&self) -> Result<Rc<[Secret]>, Invalid> {
        let must_be = "a secret of at least 32 bytes";
        let secret = |variable| match self.text(variable, must_be)? {
            None => Ok(None),
            Some(text) => Secret::new(&text).map(Some).ok_or(Invalid { variable, must_be }),
        };
        let current = secret("GATE_SECRET")?.ok_or(Invalid { variable: "GATE_SECRET", must_be })?;
        Ok([Some(current), secret("GATE_SECRET_PREVIOUS")?].into_iter().flatten().collect())
    }

    fn app_id(&self) -> Result<String, Invalid> {
        let (variable, must_be) = ("APP_ID", "lower-case letters, digits and hyphens, at most 64");
        let id = self.text(variable, must_be)?.unwrap_or_else(|| DEFAULT_APP.to_owned());
        if is_name_space_id(&id) { Ok(id) } else { Err(Invalid { variable, must_be }) }
    }
}

const ACCENT: &str = "a colour like #3451b2";
const REFRESH_PATH: &str = "/ or a path that covers BASE_PATH/session/refresh";

/// `NOT_BEFORE`: a time for everybody, or a table of times.
fn not_before(value: Value) -> Option<Vec<NotBefore>> {
    let at = |value: Value| millis_of_rfc3339(&text(value)?);
    if value.is_string() {
        return Some(vec![NotBefore { whose: Whose::All, at: at(value)? }]);
    }
    let mut fields = Fields::of(value)?;
    let everybody = optional(fields.take("all"), Some)?.map(|at| (Whose::All, at));
    let mut named =
        |kind| Some(optional(fields.take(kind), Fields::of)?.map(Fields::into_map).unwrap_or_default());
    let tenants = named("tenant")?.into_iter().map(|(id, at)| (Whose::Tenant(id), at));
    let providers = named("provider")?.into_iter().map(|(key, at)| (Whose::Provider(key), at));
    let moments = everybody.into_iter().chain(tenants).chain(providers);
    let moments: Vec<_> =
        moments.map(|(whose, value)| Some(NotBefore { whose, at: at(value)? })).collect::<Option<_>>()?;
    // A table that says nothing, or something else, may have lost what it was made for.
    (fields.left_over().is_none() && !moments.is_empty()).then_some(moments)
}

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use super::demands::tests::demands;
    use super::*;
    use serde_json::json;

    pub(crate) fn config(vars: Value) -> Result<Config, Invalid> {
        Config::parse(move |variable| match (vars.get(variable), variable) {
            (None, "GATE_SECRET") => Some(json!("0123456789abcdef0123456789abcdef")),
            (value, _) => value.cloned(),
        })
    }

    #[track_caller]
    fn refused(vars: Value, variable: &str) {
        match config(vars) {
            Err(invalid) => assert_eq!(invalid.variable, variable),
            Ok(_) => panic!("{variable} was accepted"),
        }
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
        let time = "2026-11-28T10:00:00Z";
        for value in [
            json!("yesterday"),
            json!(1_795_860_000),
            json!([time]),
            json!({}),
            json!({ "all": "never" }),
            json!({ "tenants": { "acme": time } }),
            json!({ "tenant": time }),
            json!({ "tenant": {} }),
            json!({ "all": time, "provider": { "corp": 7 } }),
        ] {
            refused(json!({ "NOT_BEFORE": value }), "NOT_BEFORE");
        }
        refused(json!({ "RULES": [{ "path": "x", "session": "none" }] }), "RULES");
        refused(json!({ "RULES": [{ "path": "/x", "session": "never" }] }), "RULES");
        refused(json!({ "RULES": [{ "path": "/x", "sesion": "none" }] }), "RULES");
        refused(json!({ "RULES": {} }), "RULES");
        for demands in [json!({ "require": {} }), json!({ "max_age": 0 }), json!({ "acr": [] })] {
            let mut rule = json!({ "path": "/x" });
            rule.as_object_mut().unwrap().extend(demands.as_object().unwrap().clone());
            refused(json!({ "RULES": [rule] }), "RULES");
        }
        for value in [json!([]), json!("x"), json!({ "Gate-User": "email" }), json!({ "X-A": "" })] {
            refused(json!({ "CLAIM_HEADERS": value }), "CLAIM_HEADERS");
        }
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
        refused(json!({ "RETURN_TO_ORIGINS": ["https://a.example/"] }), "RETURN_TO_ORIGINS");
        refused(json!({ "CORS_ORIGINS": ["*"] }), "CORS_ORIGINS");
        for value in ["com", "a..b", "192.168.0.1", "a.b;x", "https://a.b"] {
            refused(json!({ "COOKIE_DOMAIN": value }), "COOKIE_DOMAIN");
        }
        refused(json!({ "COOKIE_SAMESITE": "Maybe" }), "COOKIE_SAMESITE");
        refused(json!({ "REFRESH_COOKIE_PATH": "/elsewhere" }), "REFRESH_COOKIE_PATH");
        refused(json!({ "CLEAR_COOKIES": [{ "name": "__Host-x", "domain": "a.example" }] }), "CLEAR_COOKIES");
        refused(json!({ "CLEAR_COOKIES": [{ "name": "__Host-x", "path": "/y" }] }), "CLEAR_COOKIES");
        refused(json!({ "CLEAR_COOKIES": ["a;b"] }), "CLEAR_COOKIES");
        let many: Vec<String> = (0..100).map(|n| format!("{}{n}", "x".repeat(50))).collect();
        refused(json!({ "CLEAR_COOKIES": many }), "CLEAR_COOKIES");
        refused(json!({ "CLEAR_SITE_DATA": ["sto\"rage"] }), "CLEAR_SITE_DATA");
        refused(json!({ "ANTI_CSRF": "maybe" }), "ANTI_CSRF");
        refused(json!({ "ALLOW_SAME_SITE": "maybe" }), "ALLOW_SAME_SITE");
        refused(json!({ "ORIGIN_CONTROL": 1 }), "ORIGIN_CONTROL");
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
    fn a_url_of_the_gate_s_own_host_is_its_path() {
        for variable in ["LOGIN_URL", "LOGOUT_REDIRECT"] {
            let config = config(json!({ variable: "https://app.example/logout" })).ok().unwrap();
            let check = |origin| config.check_at(&Origin::parse(origin).unwrap());
            assert_eq!(check("https://app.example").err().map(|invalid| invalid.variable), Some(variable));
            assert!(check("https://other.example").is_ok() && check("http://app.example").is_ok());
        }
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
        let message = config(json!({ "GATE_SECRET": "hunter2" })).err().unwrap().to_string();
        assert_eq!(message, "GATE_SECRET must be a secret of at least 32 bytes");
    }
}
