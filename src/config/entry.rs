//! One entry of `RULES`: for which requests it is, and what it asks for. `{ starter = true }` stands for several.
//!
//! Invariant: an [`Entry`] asks for nothing by accident. A key that means nothing is a fault, and so is a demand where no
//! session is required.

use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::Value;

use super::demands::Demands;
use super::fault::Faults;
use super::readings::Step;
use super::rules::is_ambiguous;
use super::table::{Table, switch, whole_number};
use crate::base::json::{array, text};
use crate::base::time::Seconds;
use crate::request::{Head, Origin, is_path};

const TABLE: &str = "a table like { path = \"/x/*\", session = \"required\" }";
const PATH: &str = "a path like /x, or /x/* for what begins so, without query, escaped slash or backslash";
const SESSION: &str = "required, optional or none";
const FRESH: &str = "a whole number of seconds";
const METHODS: &str = "an array of methods in capitals, like [\"GET\", \"HEAD\"]";
const HOST: &str = "a host like admin.example.com, or *.example.com for those below it";
const SERVICES: &str = "an array of names of SERVICE_TOKENS, or [\"*\"] for all of them";
const STARTER: &str = "true, and alone in its table";
const DEMANDS: &str = "left out where session is not \"required\": it is asked beside a session";
const KEYS: &str = "one of path, methods, host, session, services, fresh, overlap, control, cross_site_login, live, require, max_age, acr, starter: there is no such key";

/// What `starter` stands for: what browsers and machines fetch without cookies. The gate's own paths come before any rule.
const STARTERS: [&str; 5] =
    ["/favicon.ico", "/robots.txt", "/.well-known/*", "/manifest.webmanifest", "/apple-touch-icon*"];

/// Whether a route needs a session, the strictest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionNeed {
    /// It is not looked at.
    None,
    /// It is checked if there is one.
    Optional,
    /// Nobody passes without one.
    #[default]
    Required,
}

/// What becomes of a connection that outlasts its session, the strictest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Live {
    /// It goes on.
    Native,
    /// It is ended.
    #[default]
    Watched,
}

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whether the route needs a session.
    pub session: SessionNeed,
    /// For how long a positive answer of the object may be relied on.
    pub fresh: Seconds,
    /// Whether the origin may be asked while the object still is.
    pub overlap: bool,
    /// Whether the origin's control headers have effect.
    pub control: bool,
    /// Whether another site's page may make a browser log in.
    pub cross_site_login: bool,
    /// What becomes of a connection that outlasts its session.
    pub live: Live,
    /// What is asked of the person beside a session. Only with a session that is required.
    pub demands: Option<Rc<Demands>>,
    /// Which services pass without a session. Only where one is required.
    pub services: Option<Rc<Vec<String>>>,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The path, escapes and all.
    pub path: &'a str,
    /// The method.
    pub method: &'a str,
    /// The host, in lower case, without port and final dot.
    pub host: &'a str,
}

/// Which requests to its paths a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// By these methods; empty are all.
    methods: Vec<String>,
    /// At this host; one that begins with a dot stands for those below it.
    host: Option<String>,
}

/// The paths that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    path: String,
    is_prefix: bool,
}

/// One entry of `RULES`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which it is, from 0.
    pub number: usize,
    /// Its paths.
    pub pattern: Pattern,
    /// Which requests to them it is for.
    pub only: Only,
    /// What it asks for there.
    pub rule: Rule,
}

/// The rule for what no entry names.
pub const FALLBACK: Rule = Rule {
    session: SessionNeed::Required,
    fresh: Seconds::new(0),
    overlap: false,
    control: true,
    cross_site_login: false,
    live: Live::Watched,
    demands: None,
    services: None,
};

/// Reads the entries; those that are wrong are faults, and no entries.
pub fn read(values: Vec<Value>, faults: &mut Faults) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, value) in values.into_iter().enumerate() {
        let before = faults.count();
        let table = Table::of(value, format!("RULES[{number}]"), TABLE, faults);
        let read = table.map(|table| read_one(number, table)).unwrap_or_default();
        if faults.count() == before {
            entries.extend(read);
        }
    }
    entries
}

fn read_one(number: usize, mut table: Table<'_>) -> Vec<Entry> {
    if table.has("starter") {
        table.take("starter", STARTER, |value| switch(value).filter(|on| *on));
        table.close(STARTER);
        let rule = Rule { session: SessionNeed::None, ..FALLBACK };
        let entry =
            |path| Entry { number, pattern: Pattern::new(path), only: Only::default(), rule: rule.clone() };
        return STARTERS.map(entry).into();
    }
    let pattern = Pattern::new(&table.needed("path", PATH, &|path| Pattern::new(path).is_plain()));
    let session = table.take("session", SESSION, |value| match text(value)?.as_str() {
        "required" => Some(SessionNeed::Required),
        "optional" => Some(SessionNeed::Optional),
        "none" => Some(SessionNeed::None),
        _ => None,
    });
    let session = session.unwrap_or_default();
    let only = Only {
        methods: table.take("methods", METHODS, |value| words(value, is_method)).unwrap_or_default(),
        host: table.take("host", HOST, host),
    };
    let services = table.take("services", SERVICES, |value| words(value, |name| !name.is_empty()));
    if session != SessionNeed::Required {
        if services.is_some() {
            table.fault("services", DEMANDS);
        }
        for key in ["require", "max_age", "acr"] {
            if table.has(key) {
                table.fault(key, DEMANDS);
            }
        }
    }
    let rule = Rule {
        session,
        fresh: Seconds::new(table.take("fresh", FRESH, whole_number).unwrap_or_default()),
        overlap: table.flag("overlap", FALLBACK.overlap),
        control: table.flag("control", FALLBACK.control),
        cross_site_login: table.flag("cross_site_login", FALLBACK.cross_site_login),
        live: if table.flag("live", true) { Live::Watched } else { Live::Native },
        demands: Demands::take(&mut table).map(Rc::new),
        services: services.map(Rc::new),
    };
    table.close(KEYS);
    vec![Entry { number, pattern, only, rule }]
}

fn words(value: Value, is_good: fn(&str) -> bool) -> Option<Vec<String>> {
    array(value, |word| text(word).filter(|word| is_good(word))).filter(|words| !words.is_empty())
}

fn is_method(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// A host as [`Only`] has it. Case, port and final dot mean nothing.
fn host(value: Value) -> Option<String> {
    let text = text(value)?.to_ascii_lowercase();
    let (is_below, name) = text.strip_prefix("*.").map_or((false, text.as_str()), |name| (true, name));
    let host = Origin::of_url(&format!("https://{name}")).filter(|origin| origin.authority() == name)?;
    let host = bare(host.host());
    (!host.is_empty()).then(|| if is_below { format!(".{host}") } else { host.to_owned() })
}

/// A host without its final dot.
fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

impl<'a> Asked<'a> {
    /// What a request asks for.
    #[must_use]
    pub fn of(head: &'a Head) -> Self {
        Self { path: head.path(), method: head.method(), host: bare(head.origin().host()) }
    }
}

impl Only {
    /// Whether a request is one of these.
    #[must_use]
    pub fn is_for(&self, asked: Asked<'_>) -> bool {
        (self.methods.is_empty() || self.has(asked.method))
            && self.host.as_deref().is_none_or(|host| has_host(host, asked.host))
    }

    /// Whether every request is one of these.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.methods.is_empty() && self.host.is_none()
    }

    /// Whether every request of the other is one of these.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let has_methods = !other.methods.is_empty() && other.methods.iter().all(|method| self.has(method));
        let has_hosts = |host: &String| other.host.as_ref().is_some_and(|other| has_host(host, other));
        (self.methods.is_empty() || has_methods) && self.host.as_ref().is_none_or(has_hosts)
    }

    /// `GET` includes `HEAD` (RFC 9110 §9.3.2).
    fn has(&self, method: &str) -> bool {
        self.methods.iter().any(|own| own == method || (own == "GET" && method == "HEAD"))
    }
}

fn has_host(own: &str, host: &str) -> bool {
    own == host || (own.starts_with('.') && host.ends_with(own))
}

impl Rule {
    /// The same rule with a session that is not needed.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { session: SessionNeed::Optional, demands: None, services: None, ..self }
    }

    /// Whether the origin may be asked before it is known that the session lives: only for what changes
    /// nothing, since the answer may have to be thrown away.
    #[must_use]
    pub fn may_overlap(&self, head: &Head) -> bool {
        self.overlap
            && self.session != SessionNeed::None
            && matches!(head.method(), "GET" | "HEAD")
            && !head.is_upgrade()
    }
}

impl Pattern {
    fn new(path: &str) -> Self {
        let (path, is_prefix) = path.strip_suffix('*').map_or((path, false), |prefix| (prefix, true));
        Self { path: path.to_owned(), is_prefix }
    }

    fn is_plain(&self) -> bool {
        is_path(&self.path) && !self.path.contains(['*', '?', '#']) && !is_ambiguous(&self.path)
    }

    /// Whether every path is one of these.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.is_prefix && self.path == "/"
    }

    /// Whether every path of the other is one of these.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.matches(&other.path) && (self.is_prefix || !other.is_prefix)
    }

    /// Whether a path is one of them.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        if self.is_prefix { path.starts_with(&self.path) } else { path == self.path }
    }

    /// The pattern in another way of reading it.
    #[must_use]
    pub fn after(&self, step: Step) -> Self {
        // What a prefix ends with is the beginning of a longer segment: `/.` of `/.*` is no dot segment.
        let path = if self.is_prefix { format!("{}{REST}", self.path) } else { self.path.clone() };
        let path = step.apply(&path).unwrap_or(path);
        let path = if self.is_prefix { path.strip_suffix(REST).unwrap_or(&path).to_owned() } else { path };
        Self { path, is_prefix: self.is_prefix }
    }
}

/// Stands for what follows a prefix.
const REST: char = 'x';

impl Rule {
    /// Whether a service passes without a session.
    #[must_use]
    pub fn admits(&self, service: &str) -> bool {
        let is_it = |name: &String| name == service || name == "*";
        self.services.as_ref().is_some_and(|services| services.iter().any(is_it))
    }

    /// What both ask for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        // Where one needs no session, the other alone says who passes without; two that differ let nobody.
        let services = match self.session.cmp(&other.session) {
            Ordering::Less => other.services.clone(),
            Ordering::Greater => self.services.clone(),
            Ordering::Equal => self.services.clone().filter(|own| other.services.as_ref() == Some(own)),
        };
        let fresh = match self.session.cmp(&other.session) {
            Ordering::Less => other.fresh,
            Ordering::Equal => self.fresh.min(other.fresh),
            Ordering::Greater => self.fresh,
        };
        Self {
            session: self.session.max(other.session),
            fresh,
            overlap: self.overlap && other.overlap,
            control: self.control && other.control,
            cross_site_login: self.cross_site_login && other.cross_site_login,
            live: self.live.max(other.live),
            demands: match (self.demands, other.demands) {
                (Some(own), Some(others)) if own != others => Some(Rc::new(own.and(&others))),
                (own, others) => own.or(others),
            },
            services,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{config, faults};
    use serde_json::json;

    #[test]
    fn a_wrong_rule_is_named_by_its_number_and_key() {
        for (key, value) in [
            ("path", json!("x")),
            ("path", json!("")),
            ("path", json!(null)),
            ("path", json!(7)),
            ("path", json!("/x?y")),
            ("path", json!("/a*b")),
            ("path", json!("/a%2fb")),
            ("path", json!("https://a.example/x")),
            ("session", json!("never")),
            ("session", json!(true)),
            ("fresh", json!(-1)),
            ("fresh", json!("soon")),
            ("fresh", json!(1.5)),
            ("overlap", json!("maybe")),
            ("control", json!(0)),
            ("cross_site_login", json!([])),
            ("require", json!({})),
            ("require", json!({ "groups": "ops" })),
            ("max_age", json!(0)),
            ("acr", json!("mfa")),
            ("methods", json!([])),
            ("methods", json!("GET")),
            ("methods", json!(["get"])),
            ("methods", json!(["GET", ""])),
            ("host", json!("")),
            ("host", json!("*")),
            ("host", json!("*.")),
            ("host", json!("a.*.example")),
            ("host", json!("https://a.example")),
            ("host", json!("a.example/x")),
            ("host", json!(["a.example"])),
            ("services", json!([])),
            ("services", json!("ci")),
            ("services", json!([""])),
            ("live", json!("maybe")),
            ("sesion", json!("none")),
            ("Path", json!("/y")),
        ] {
            let mut rule = json!({ "path": "/x" });
            rule.as_object_mut().unwrap().insert(key.to_owned(), value.clone());
            let rules = json!({ "RULES": [{ "path": "/first" }, rule] });
            assert_eq!(faults(rules), [format!("RULES[1].{key}")], "{value}");
        }
        assert_eq!(faults(json!({ "RULES": ["/x", { "path": "/x" }, []] })), ["RULES[0]", "RULES[2]"]);
    }

    #[test]
    fn what_is_asked_of_a_person_needs_a_session_that_is_required() {
        for (key, value) in [
            ("require", json!({ "a": [1] })),
            ("max_age", json!(60)),
            ("acr", json!(["mfa"])),
            ("services", json!(["ci"])),
        ] {
            for session in ["required", "optional", "none"] {
                let faults = faults(json!({ "RULES": [{ "path": "/x", "session": session, key: value }] }));
                let expected = if session == "required" { vec![] } else { vec![format!("RULES[0].{key}")] };
                assert_eq!(faults, expected);
            }
        }
    }

    fn rule_at(rules: &Value, method: &str, host: &str, path: &str) -> Rule {
        let config = config(json!({ "RULES": rules })).ok().unwrap();
        let head = crate::request::head::tests::head(method, &format!("https://{host}{path}"), &[]);
        config.rule(&head)
    }

    #[test]
    fn a_rule_may_be_for_some_methods_only_and_get_includes_head() {
        let rules = json!([
            { "path": "/x", "methods": ["GET"], "session": "none" },
            { "path": "/x", "methods": ["HEAD", "POST"], "session": "optional" },
            { "path": "/y/*", "methods": ["PROPFIND", "VERSION-CONTROL"], "session": "none" },
        ]);
        let need = |method: &str, path: &str| rule_at(&rules, method, "a.example", path).session;
        for (method, path, session) in [
            ("GET", "/x", SessionNeed::None),
            ("HEAD", "/x", SessionNeed::None),
            ("POST", "/x", SessionNeed::Optional),
            ("PUT", "/x", SessionNeed::Required),
            ("get", "/x", SessionNeed::Required),
            ("OPTIONS", "/x", SessionNeed::Required),
            ("PROPFIND", "/y/z", SessionNeed::None),
            ("GET", "/y/z", SessionNeed::Required),
            ("PROPFIND", "/y/../x", SessionNeed::Required),
        ] {
            assert_eq!(need(method, path), session, "{method} {path}");
        }
    }

    #[test]
    fn a_rule_may_be_for_a_host_or_for_those_below_one() {
        for (host, is_for, is_not_for) in [
            (
                "admin.example.com",
                vec!["admin.example.com", "admin.example.com:8443", "admin.example.com."],
                vec!["example.com", "x.admin.example.com", "admin.example.com.evil", "xadmin.example.com"],
            ),
            ("Admin.Example.COM:443.", vec![], vec!["admin.example.com"]),
            ("Admin.Example.COM.", vec!["admin.example.com"], vec!["example.com"]),
            (
                "*.example.com:8443",
                vec!["a.example.com", "a.b.example.com", "a.example.com.:1"],
                vec!["example.com", "aexample.com", "example.com.evil"],
            ),
            ("localhost", vec!["localhost:8787"], vec!["127.0.0.1"]),
            ("[::1]", vec!["[::1]:8787"], vec!["localhost"]),
        ] {
            if is_for.is_empty() {
                assert_eq!(faults(json!({ "RULES": [{ "path": "/x", "host": host }] })), ["RULES[0].host"]);
                continue;
            }
            let rules = json!([{ "path": "/*", "host": host, "session": "none" }]);
            for at in is_for {
                assert_eq!(rule_at(&rules, "GET", at, "/x").session, SessionNeed::None, "{host} {at}");
            }
            for at in is_not_for {
                assert_eq!(rule_at(&rules, "GET", at, "/x").session, SessionNeed::Required, "{host} {at}");
            }
        }
    }

    #[test]
    fn the_starter_opens_what_is_fetched_without_cookies_and_nothing_else() {
        let rules = json!([{ "path": "/robots.txt", "session": "optional" }, { "starter": true }]);
        let need = |path: &str| rule_at(&rules, "GET", "a.example", path).session;
        for path in [
            "/favicon.ico",
            "/.well-known/security.txt",
            "/manifest.webmanifest",
            "/apple-touch-icon.png",
            "/apple-touch-icon-120x120-precomposed.png",
        ] {
            assert_eq!(need(path), SessionNeed::None, "{path}");
        }
        assert_eq!(need("/robots.txt"), SessionNeed::Optional, "an earlier rule counts");
        for path in
            ["/", "/favicon.ico/x", "/.well-known", "/x/favicon.ico", "/.well-known/..;/admin", "/apple"]
        {
            assert_eq!(need(path), SessionNeed::Required, "{path}");
        }
        for wrong in [json!(false), json!("no"), json!(1)] {
            assert_eq!(faults(json!({ "RULES": [{ "starter": wrong }] })), ["RULES[0].starter"]);
        }
        assert_eq!(faults(json!({ "RULES": [{ "starter": true, "path": "/x" }] })), ["RULES[0].path"]);
        let late = json!({ "RULES": [{ "path": "/*", "session": "optional" }, { "starter": true }] });
        assert_eq!(faults(late), ["RULES[1]"]);
    }

    #[test]
    fn a_rule_is_unreachable_only_if_its_methods_and_hosts_are_taken_as_well() {
        let of = |first: Value, second: Value| {
            let mut rules = [first, second];
            rules[0]["session"] = json!("none");
            for rule in &mut rules {
                rule["path"] = json!("/x");
            }
            faults(json!({ "RULES": rules })).len()
        };
        let get = || json!({ "methods": ["GET"] });
        assert_eq!(of(get(), get()), 1);
        assert_eq!(of(get(), json!({ "methods": ["HEAD"] })), 1);
        assert_eq!(of(get(), json!({ "methods": ["GET", "POST"] })), 0);
        assert_eq!(of(get(), json!({})), 0);
        assert_eq!(of(json!({}), get()), 1);
        let host = |host: &str| json!({ "host": host });
        assert_eq!(of(host("*.a.example"), host("x.a.example")), 1);
        assert_eq!(of(host("*.a.example"), host("*.x.a.example")), 1);
        assert_eq!(of(host("*.a.example"), host("a.example")), 0);
        assert_eq!(of(host("x.a.example"), host("*.a.example")), 0);
        assert_eq!(of(host("a.example"), json!({})), 0);
        assert_eq!(of(json!({}), host("a.example")), 1);
    }

    #[test]
    fn of_two_rules_with_other_services_no_service_passes() {
        let rule = |session: SessionNeed, services: &[&str]| Rule {
            session,
            services: (!services.is_empty())
                .then(|| Rc::new(services.iter().map(|name| (*name).to_owned()).collect())),
            ..FALLBACK
        };
        let required = |services: &[&str]| rule(SessionNeed::Required, services);
        for (one, other, admitted) in [
            (required(&["ci"]), required(&["ci"]), vec!["ci"]),
            (required(&["ci"]), required(&["ci", "backup"]), vec![]),
            (required(&["*"]), required(&["ci"]), vec![]),
            (required(&["*"]), required(&["*"]), vec!["ci", "backup"]),
            (required(&["ci"]), required(&["backup"]), vec![]),
            (required(&["ci"]), required(&[]), vec![]),
            (required(&["ci"]), rule(SessionNeed::Optional, &[]), vec!["ci"]),
            (rule(SessionNeed::None, &[]), required(&[]), vec![]),
        ] {
            for both in [one.clone().and(other.clone()), other.clone().and(one.clone())] {
                for name in ["ci", "backup"] {
                    assert_eq!(both.admits(name), admitted.contains(&name), "{one:?} {other:?} {name}");
                }
            }
        }
    }

    #[test]
    fn numbers_and_switches_may_be_texts() {
        let rule =
            json!({ "path": "/x", "fresh": "30", "max_age": " 600 ", "overlap": "on", "control": "false" });
        let config = config(json!({ "RULES": [rule], "API_KEYS": "a-key-of-20-characters" }));
        let rule = config.ok().unwrap().rules.find(Asked { path: "/x", method: "GET", host: "a" });
        assert_eq!((rule.fresh.get(), rule.overlap, rule.control), (30, true, false));
        assert_eq!(rule.demands.unwrap().max_age.unwrap().get(), 600);
    }
}
