//! The gate's cookies: each described once, and both setting and clearing come from the description.
//!
//! Invariant: a cookie is cleared with the name, domain and path it was set with (RFC 6265bis §5.7),
//! and clearing covers every cookie that any configuration of the gate can have set for this host.

use serde_json::Value;

use crate::base::json::{Fields, optional, text};
use crate::base::names::{is_domain, is_taken_for};
use crate::base::time::Seconds;

const ACCESS: &str = "sAccessToken";
const REFRESH: &str = "sRefreshToken";
const PENDING: &str = "sLogoutPending";
const STEP_UP: &str = "sStepUp";

/// What the names of the cookies begin with that hold attempts to log in at a provider.
pub const ATTEMPT: &str = "__Host-sLogin-";
/// The cookie that holds a provider's answer on its way through a page of the gate's.
pub const RETURN: &str = "__Host-sReturn";
/// The cookie that says that the last session was a provider's.
pub const LEFT: &str = "__Host-sLeft";

/// A name that SuperTokens gave a cookie beside the two tokens; cleared, never set.
const LEGACY_ID_REFRESH: &str = "sIdRefreshToken";

const HOST: &str = "__Host-";
const SECURE: &str = "__Secure-";

/// How long the browser keeps the marker of a logout that could not be done yet.
const PENDING_LIFETIME: Seconds = Seconds::new(86_400);

/// The `Set-Cookie` value of a cookie that lasts for a login at a provider: of this host alone, and sent when the
/// provider leads the browser back. `name` is the whole name.
#[must_use]
pub fn login_cookie(name: &str, value: &str, lifetime: Seconds) -> String {
    let lifetime = lifetime.get();
    format!("{name}={value}; Path=/; Max-Age={lifetime}; Secure; HttpOnly; SameSite=Lax")
}

/// The `Set-Cookie` value that expires such a cookie.
#[must_use]
pub fn expired_login_cookie(name: &str) -> String {
    login_cookie(name, "", Seconds::new(0))
}

/// What the configuration says of cookies.
#[derive(Clone, Debug)]
pub struct CookieSettings {
    /// `COOKIE_DOMAIN`.
    pub domain: Option<String>,
    /// `COOKIE_SAMESITE`.
    pub same_site: SameSite,
    /// `REFRESH_COOKIE_PATH`.
    pub refresh_path: String,
    /// `CLEAR_COOKIES`.
    pub clear: Vec<ClearCookie>,
    /// The longest that a browser keeps a cookie, in seconds.
    pub lifetime_limit: u32,
}

/// `SameSite`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With navigations from other sites, not with their sub-requests.
    Lax,
    /// Never with requests from other sites.
    Strict,
    /// Always.
    None,
}

/// A cookie of the origin that logout clears too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearCookie {
    name: String,
    path: String,
    domain: Option<String>,
    partitioned: bool,
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// So many seconds.
    Seconds(u32),
    /// Until it is closed (RFC 6265bis §5.5, a cookie without `Max-Age`).
    BrowserSession,
}

/// The gate's cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateCookie {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
    /// The marker of a logout that could not be done yet.
    Pending,
    /// The marker of a login that was asked for a later or another proof. It is of this host alone, and no credential.
    StepUp,
}

/// Name, domain and path: what a cookie is identified by. Attributes follow from the settings.
struct Cookie<'a> {
    prefix: &'static str,
    name: &'a str,
    path: &'a str,
    domain: Option<&'a str>,
    partitioned: bool,
}

impl SameSite {
    /// Reads the attribute's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Lax, Self::Strict, Self::None]
            .into_iter()
            .find(|value| text.eq_ignore_ascii_case(value.as_str()))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

impl ClearCookie {
    /// Reads a name, or a table with more.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        if let Value::String(name) = value {
            return Some(Self { name, path: "/".to_owned(), domain: None, partitioned: false });
        }
        let mut fields = Fields::of(value)?;
        let cookie = Self {
            name: fields.text("name")?,
            path: optional(fields.take("path"), text)?.unwrap_or_else(|| "/".to_owned()),
            domain: optional(fields.take("domain"), text)?,
            partitioned: optional(fields.take("partitioned"), |value| value.as_bool())?.unwrap_or(false),
        };
        fields.left_over().is_none().then_some(cookie)
    }

    /// Whether name, path and domain can stand in a `Set-Cookie` header.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        // RFC 9110 §5.6.2: a token.
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let in_path = |byte: u8| byte.is_ascii_graphic() && byte != b';' && byte != b',';
        let domain = self.domain.as_deref().map(|domain| domain.strip_prefix('.').unwrap_or(domain));
        !self.name.is_empty()
            && self.name.bytes().all(token)
            && self.path.starts_with('/')
            && self.path.bytes().all(in_path)
            && domain.is_none_or(|domain| is_domain(&domain.to_ascii_lowercase()))
    }

    /// Whether a browser would take the cookie at all: `__Host-` allows neither domain nor path.
    #[must_use]
    pub fn obeys_its_prefix(&self) -> bool {
        let is_host = self.name.get(..HOST.len()).is_some_and(|start| start.eq_ignore_ascii_case(HOST));
        !is_host || (self.domain.is_none() && self.path == "/")
    }
}

impl From<u32> for Lifetime {
    fn from(seconds: u32) -> Self {
        Self::Seconds(seconds)
    }
}

impl GateCookie {
    /// Every cookie that the gate sets.
    pub const ALL: [Self; 4] = [Self::Access, Self::Refresh, Self::Pending, Self::StepUp];

    /// Those that carry a session or its logout. A logout clears these whether they were sent or not.
    const OF_SESSIONS: [Self; 3] = [Self::Access, Self::Refresh, Self::Pending];

    const fn base_name(self) -> &'static str {
        match self {
            Self::Access => ACCESS,
            Self::Refresh => REFRESH,
            Self::Pending => PENDING,
            Self::StepUp => STEP_UP,
        }
    }
}

impl CookieSettings {
    /// The cookie's full name.
    #[must_use]
    pub fn name(&self, cookie: GateCookie) -> &'static str {
        match (cookie, self.prefix(cookie) == HOST) {
            (GateCookie::Access, true) => "__Host-sAccessToken",
            (GateCookie::Access, false) => "__Secure-sAccessToken",
            (GateCookie::Refresh, true) => "__Host-sRefreshToken",
            (GateCookie::Refresh, false) => "__Secure-sRefreshToken",
            (GateCookie::Pending, true) => "__Host-sLogoutPending",
            (GateCookie::Pending, false) => "__Secure-sLogoutPending",
            (GateCookie::StepUp, _) => "__Host-sStepUp",
        }
    }

    /// Whether a name may be taken for one of the gate's, under any configuration.
    #[must_use]
    pub fn is_gate_name(&self, name: &str) -> bool {
        let without = [HOST, SECURE].into_iter().find_map(|prefix| {
            let (start, rest) = name.split_at_checked(prefix.len())?;
            is_taken_for(start, prefix).then_some(rest)
        });
        without.is_some_and(|base| {
            let base_of = |name: &'static str| name.strip_prefix(HOST).unwrap_or(name);
            let attempt = base_of(ATTEMPT);
            base.get(..attempt.len()).is_some_and(|start| start.eq_ignore_ascii_case(attempt))
                || [RETURN, LEFT].into_iter().any(|name| base.eq_ignore_ascii_case(base_of(name)))
                || GateCookie::ALL.into_iter().any(|cookie| base.eq_ignore_ascii_case(cookie.base_name()))
        })
    }

    /// The `Set-Cookie` value that sets a token.
    #[must_use]
    pub fn set(&self, cookie: GateCookie, value: &str, lifetime: impl Into<Lifetime>) -> String {
        let description = Cookie {
            prefix: self.prefix(cookie),
            name: cookie.base_name(),
            path: self.path(cookie),
            domain: self.domain.as_deref().filter(|_| cookie != GateCookie::StepUp),
            partitioned: false,
        };
        let lifetime = match lifetime.into() {
            Lifetime::Seconds(seconds) => Lifetime::Seconds(seconds.min(self.lifetime_limit)),
            Lifetime::BrowserSession => Lifetime::BrowserSession,
        };
        description.with_value(value, self.same_site, lifetime)
    }

    /// The `Set-Cookie` value that sets the marker.
    #[must_use]
    pub fn set_pending(&self, marker: &str) -> String {
        self.set(GateCookie::Pending, marker, PENDING_LIFETIME.get())
    }

    /// The `Set-Cookie` values that expire the marker alone.
    #[must_use]
    pub fn clear_pending(&self) -> String {
        self.set(GateCookie::Pending, "", 0)
    }

    /// The `Set-Cookie` values that expire session cookies which another configuration has set for
    /// `host`: beside the ones that this one sets, they would make them count as missing.
    #[must_use]
    pub fn clear_rivals(&self, host: &str, base_path: &str) -> Vec<String> {
        let ours: Vec<String> = GateCookie::ALL.iter().map(|cookie| self.set(*cookie, "", 0)).collect();
        let is_gate_cookie =
            |value: &str| value.split('=').next().is_some_and(|name| self.is_gate_name(name));
        let cleared = self.clear(host, base_path).into_iter();
        cleared.filter(|value| is_gate_cookie(value) && !ours.contains(value)).collect()
    }

    /// The `Set-Cookie` values that expire whatever a browser may hold under the names of these cookies.
    #[must_use]
    pub fn clear_named(
        &self,
        cookies: impl Iterator<Item = GateCookie>,
        host: &str,
        base_path: &str,
    ) -> Vec<String> {
        let names: Vec<&str> = cookies.map(|cookie| self.name(cookie)).collect();
        let cleared = self.clear(host, base_path).into_iter();
        cleared.filter(|value| value.split('=').next().is_some_and(|name| names.contains(&name))).collect()
    }

    /// What [`CookieSettings::clear`] returns, the marker apart: it is to be set in the same response.
    #[must_use]
    pub fn clear_sessions(&self, host: &str, base_path: &str) -> Vec<String> {
        let marker = format!("{}=", self.name(GateCookie::Pending));
        let cleared = self.clear(host, base_path).into_iter();
        cleared.filter(|value| !value.starts_with(&marker)).collect()
    }

    /// The `Set-Cookie` values that expire every cookie that the gate, SuperTokens before it, or the
    /// origin by `CLEAR_COOKIES` has set for `host`.
    #[must_use]
    pub fn clear(&self, host: &str, base_path: &str) -> Vec<String> {
        let refresh_route = format!("{base_path}/session/refresh");
        let domains = self.domains_of(host);
        let hosts = || std::iter::once(None).chain(domains.iter().map(|domain| Some(*domain)));
        let mut all: Vec<Cookie<'_>> = Vec::new();

        for cookie in GateCookie::OF_SESSIONS {
            let name = cookie.base_name();
            all.push(Cookie { prefix: HOST, name, path: "/", domain: None, partitioned: false });
            for domain in hosts() {
                all.push(Cookie { prefix: SECURE, name, path: "/", domain, partitioned: false });
            }
        }
        for path in [self.refresh_path.as_str(), &refresh_route].into_iter().filter(|path| *path != "/") {
            for domain in hosts() {
                all.push(Cookie { prefix: SECURE, name: REFRESH, path, domain, partitioned: false });
            }
        }
        for name in [ACCESS, REFRESH, LEGACY_ID_REFRESH] {
            for path in ["/", &refresh_route] {
                for domain in hosts() {
                    all.push(Cookie { prefix: "", name, path, domain, partitioned: false });
                }
            }
        }
        for cookie in &self.clear {
            let ClearCookie { name, path, domain, partitioned } = cookie;
            all.push(Cookie { prefix: "", name, path, domain: domain.as_deref(), partitioned: *partitioned });
        }

        let mut headers: Vec<String> = Vec::with_capacity(all.len());
        for cookie in &all {
            let header = cookie.expired(self.same_site);
            if !headers.contains(&header) {
                headers.push(header);
            }
        }
        headers
    }

    /// Whether a browser does not show the refresh cookie to this path (RFC 6265bis §5.1.4).
    #[must_use]
    pub fn hides_refresh(&self, path: &str) -> bool {
        let covered = path.strip_prefix(self.refresh_path.trim_end_matches('/'));
        !covered.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn prefix(&self, cookie: GateCookie) -> &'static str {
        let is_shared = self.domain.is_some() && cookie != GateCookie::StepUp;
        let bound_to_host = !is_shared && self.path(cookie) == "/";
        if bound_to_host { HOST } else { SECURE }
    }

    fn path(&self, cookie: GateCookie) -> &str {
        match cookie {
            GateCookie::Access | GateCookie::Pending | GateCookie::StepUp => "/",
            GateCookie::Refresh => &self.refresh_path,
        }
    }

    /// The domains that a cookie for `host` can have been set with: the configured one, the host
    /// itself and those above it, down to two labels. Browsers ignore public suffixes.
    /// Of a deep host the shortest count: a cookie that is shared is shared as widely as can be.
    fn domains_of<'a>(&'a self, host: &'a str) -> Vec<&'a str> {
        let mut above: Vec<&str> = Vec::new();
        let mut rest = Some(host).filter(|host| is_domain(host));
        while let Some(domain) = rest.filter(|domain| domain.contains('.')) {
            above.push(domain);
            rest = domain.split_once('.').map(|(_, parent)| parent);
        }
        let mut domains: Vec<&str> = self.domain.as_deref().into_iter().collect();
        for domain in above.into_iter().rev() {
            if !domains.contains(&domain) && domains.len() < MAX_DOMAINS {
                domains.push(domain);
            }
        }
        domains
    }
}

/// How many domains are cleared at the most; a name deeper than that is not walked to its root.
const MAX_DOMAINS: usize = 4;

impl Cookie<'_> {
    fn expired(&self, same_site: SameSite) -> String {
        self.with_value("", same_site, Lifetime::Seconds(0))
    }

    fn with_value(&self, value: &str, same_site: SameSite, lifetime: Lifetime) -> String {
        let Self { prefix, name, path, .. } = self;
        let (before_lifetime, lifetime) = match lifetime {
            Lifetime::Seconds(seconds) => ("; Max-Age=", seconds.to_string()),
            Lifetime::BrowserSession => ("", String::new()),
        };
        let (before_domain, domain) = self.domain.map_or(("", ""), |domain| ("; Domain=", domain));
        let partitioned = if self.partitioned { "; Partitioned" } else { "" };
        // Not `format!`: a logout writes a dozen of these.
        [
            prefix,
            name,
            "=",
            value,
            "; Path=",
            path,
            before_domain,
            domain,
            "; Secure; HttpOnly; SameSite=",
            same_site.as_str(),
            before_lifetime,
            &lifetime,
            partitioned,
        ]
        .concat()
    }
}

/// How many bytes of headers a logout sends at a host with as many domains as are cleared for.
#[must_use]
pub fn clearing_length(settings: &CookieSettings, base_path: &str) -> usize {
    let host = settings.domain.as_deref().unwrap_or("example.com");
    let host = &format!("{}{host}", "www.".repeat(MAX_DOMAINS));
    let overhead = "set-cookie: \r\n".len();
    let lengths =
        settings.clear(host, base_path).into_iter().map(|value| value.len().saturating_add(overhead));
    lengths.fold(0, usize::saturating_add)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn settings() -> CookieSettings {
        CookieSettings {
            domain: None,
            same_site: SameSite::Lax,
            refresh_path: "/".into(),
            clear: Vec::new(),
            lifetime_limit: 34_560_000,
        }
    }

    #[test]
    fn a_host_only_cookie_is_bound_to_its_host() {
        assert_eq!(
            settings().set(GateCookie::Access, "t", 60),
            "__Host-sAccessToken=t; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60"
        );
        assert_eq!(
            settings().set_pending("m"),
            "__Host-sLogoutPending=m; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=86400"
        );
    }

    #[test]
    fn a_cookie_that_ends_with_the_browser_s_session_says_no_time() {
        assert_eq!(
            settings().set(GateCookie::Access, "t", Lifetime::BrowserSession),
            "__Host-sAccessToken=t; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn a_domain_or_a_path_takes_the_other_prefix() {
        let shared = CookieSettings { domain: Some("a.example".into()), ..settings() };
        assert_eq!(
            shared.set(GateCookie::Access, "t", 60),
            "__Secure-sAccessToken=t; Path=/; Domain=a.example; Secure; HttpOnly; SameSite=Lax; Max-Age=60"
        );
        let narrow = CookieSettings { refresh_path: "/auth/session/refresh".into(), ..settings() };
        assert_eq!(narrow.name(GateCookie::Access), "__Host-sAccessToken");
        assert_eq!(
            narrow.set(GateCookie::Refresh, "t", 60),
            "__Secure-sRefreshToken=t; Path=/auth/session/refresh; Secure; HttpOnly; SameSite=Lax; Max-Age=60"
        );
    }

    #[test]
    fn the_marker_of_a_step_up_is_of_this_host_alone() {
        let shared = CookieSettings { domain: Some("a.example".into()), ..settings() };
        for settings in [settings(), shared] {
            assert_eq!(settings.name(GateCookie::StepUp), "__Host-sStepUp");
            assert_eq!(
                settings.set(GateCookie::StepUp, "m", 600),
                "__Host-sStepUp=m; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"
            );
            assert!(settings.is_gate_name("__Host-sStepUp"));
        }
    }

    #[test]
    fn no_cookie_lives_over_400_days() {
        assert!(settings().set(GateCookie::Access, "t", u32::MAX).ends_with("Max-Age=34560000"));
    }

    #[test]
    fn whatever_is_set_is_cleared() {
        let configurations = [
            settings(),
            CookieSettings { domain: Some("a.example".into()), ..settings() },
            CookieSettings { refresh_path: "/auth".into(), ..settings() },
            CookieSettings {
                domain: Some("a.example".into()),
                refresh_path: "/auth/session/refresh".into(),
                same_site: SameSite::None,
                ..settings()
            },
        ];
        for configuration in configurations {
            let cleared = configuration.clear("www.a.example", "/auth");
            for cookie in GateCookie::OF_SESSIONS {
                assert!(
                    cleared.contains(&configuration.set(cookie, "", 0)),
                    "{cookie:?} of {configuration:?}"
                );
            }
        }
    }

    #[test]
    fn clearing_covers_earlier_configurations_and_names() {
        let cleared = settings().clear("app.shop.example", "/auth");
        let has = |start: &str, part: &str| {
            cleared.iter().any(|value| value.starts_with(start) && value.contains(part))
        };
        assert!(has("__Secure-sAccessToken=;", "Domain=shop.example;"));
        assert!(has("__Secure-sRefreshToken=; Path=/auth/session/refresh; Secure", ""));
        assert!(has("sIdRefreshToken=; Path=/;", ""));
        assert!(has("sRefreshToken=; Path=/auth/session/refresh;", "Domain=app.shop.example;"));
        assert!(cleared.iter().all(|value| value.contains("Max-Age=0")));
        assert!(!cleared.iter().any(|value| value.contains("Domain=example;")));
    }

    #[test]
    fn the_origin_s_own_cookies_are_cleared_as_listed() {
        let full =
            serde_json::json!({ "name": "b", "path": "/x", "domain": "a.example", "partitioned": true });
        let clear =
            [Value::from("a"), full].into_iter().map(|value| ClearCookie::read(value).unwrap()).collect();
        let settings = CookieSettings { clear, ..settings() };
        let cleared = settings.clear("localhost", "/auth");
        assert!(cleared.contains(&"a=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0".to_owned()));
        let full = "b=; Path=/x; Domain=a.example; Secure; HttpOnly; SameSite=Lax; Max-Age=0; Partitioned";
        assert!(cleared.contains(&full.to_owned()));
    }

    #[test]
    fn gate_names_are_known_in_any_spelling() {
        for name in [
            "__Host-sAccessToken",
            "__host-SACCESSTOKEN",
            "__Secure-sRefreshToken",
            "__HOST-slogoutpending",
            "__Host_sAccessToken",
            "_[Secure.sRefreshToken",
        ] {
            assert!(settings().is_gate_name(name), "{name}");
        }
        for name in
            ["sAccessToken", "__Host-other", "__Host-", "", "x__Host-sAccessToken", "__Höst-sAccessToken"]
        {
            assert!(!settings().is_gate_name(name), "{name}");
        }
    }
}
