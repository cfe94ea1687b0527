//! One entry of `RULES`: for which requests it is, and what it asks for.
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
use super::table::{Table, whole_number};
use crate::base::json::text;
use crate::base::time::Seconds;
use crate::request::{Head, is_path};

const TABLE: &str = "a table like { path = \"/x/*\", session = \"required\" }";
const PATH: &str = "a path like /x, or /x/* for what begins so, without query, escaped slash or backslash";
const SESSION: &str = "required, optional or none";
const FRESH: &str = "a whole number of seconds";
const DEMANDS: &str = "left out where session is not \"required\": it is asked beside a session";
const KEYS: &str = "one of path, session, fresh, overlap, control, cross_site_login, live, require, max_age, acr: there is no such key";

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
};

/// Reads the entries; those that are wrong are faults, and no entries.
pub fn read(values: Vec<Value>, faults: &mut Faults) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, value) in values.into_iter().enumerate() {
        let before = faults.count();
        let table = Table::of(value, format!("RULES[{number}]"), TABLE, faults);
        let entry = table.map(|table| entry(number, table));
        entries.extend(entry.filter(|_| faults.count() == before));
    }
    entries
}

fn entry(number: usize, mut table: Table<'_>) -> Entry {
    let pattern = Pattern::new(&table.needed("path", PATH, |path| Pattern::new(path).is_plain()));
    let session = table.take("session", SESSION, |value| match text(value)?.as_str() {
        "required" => Some(SessionNeed::Required),
        "optional" => Some(SessionNeed::Optional),
        "none" => Some(SessionNeed::None),
        _ => None,
    });
    let session = session.unwrap_or_default();
    if session != SessionNeed::Required {
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
    };
    table.close(KEYS);
    Entry { number, pattern, rule }
}

impl Rule {
    /// The same rule with a session that is not needed.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { session: SessionNeed::Optional, demands: None, ..self }
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
    /// What both ask for.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
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
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::faults;
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
        for (key, value) in
            [("require", json!({ "a": [1] })), ("max_age", json!(60)), ("acr", json!(["mfa"]))]
        {
            for session in ["required", "optional", "none"] {
                let faults = faults(json!({ "RULES": [{ "path": "/x", "session": session, key: value }] }));
                let expected = if session == "required" { vec![] } else { vec![format!("RULES[0].{key}")] };
                assert_eq!(faults, expected);
            }
        }
    }

    #[test]
    fn numbers_and_switches_may_be_texts() {
        let rule =
            json!({ "path": "/x", "fresh": "30", "max_age": " 600 ", "overlap": "on", "control": "false" });
        let config =
            crate::config::tests::config(json!({ "RULES": [rule], "API_KEYS": "a-key-of-20-characters" }));
        let rule = config.ok().unwrap().rules.find("/x");
        assert_eq!((rule.fresh.get(), rule.overlap, rule.control), (30, true, false));
        assert_eq!(rule.demands.unwrap().max_age.unwrap().get(), 600);
    }
}
