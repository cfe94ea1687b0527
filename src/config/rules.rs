//! The rules of routes: which paths need a session, and how fresh the answer about it must be.
//!
//! Invariant: the first match decides, and everything unmatched requires a session. Applications read paths
//! in different ways, so a path is looked up in each way in which one may read it, and the strictest of
//! the rules found counts: as it stands, and after any of the [`Step`]s, in any order, decoded twice at
//! the most. The rules' own paths are read in the same way each time, so that `/Docs/*` is also `/docs/*`
//! to an application to which case means nothing, and to no other. So an open rule never opens what
//! an application may read as a path that is closed, and a path with odd characters stays open where
//! none of its readings leads elsewhere. With an encoded slash, a backslash or a control character, a
//! path matches nothing that would let it pass without a session. A path with more readings than are
//! looked at is under all rules at once.

use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::Value;

use super::demands::Demands;
use super::readings::{MAX_DECODED, Step, is_plain};
use crate::base::json::{Fields, optional, text};
use crate::base::time::Seconds;
use crate::request::{Head, is_path};

/// How many readings of a path are looked at. One that is not made up for the purpose has a few dozen at
/// the most: four for an upper-case letter and an escape, 42 for everything that there is.
const MAX_READINGS: usize = 256;

/// How many bytes these may have together, which bounds the work for a path of 16 KB.
const MAX_READ: usize = 256 * 1024;

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
struct Pattern {
    path: String,
    is_prefix: bool,
}

/// One entry of `RULES`.
#[derive(Clone, Debug)]
pub struct Entry {
    pattern: Pattern,
    rule: Rule,
}

/// `RULES`, in order.
#[derive(Clone, Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    /// The rules' paths as they stand, then as they are read; one, if they are plain.
    readings: Vec<Reading>,
}

/// The rules' paths in one way of reading them.
#[derive(Clone, Debug)]
struct Reading {
    /// One for each rule.
    patterns: Vec<Pattern>,
    /// Which reading each of [`Step::ALL`] leads to.
    next: [usize; Step::ALL.len()],
}

/// A path in one way of reading it, beside the rules' paths in the same.
#[derive(PartialEq, Eq)]
struct Read {
    path: String,
    reading: usize,
    decoded: u8,
}

/// The rule for what no entry names.
const FALLBACK: Rule = Rule {
    session: SessionNeed::Required,
    fresh: Seconds::new(0),
    overlap: false,
    control: true,
    cross_site_login: false,
    live: Live::Watched,
    demands: None,
};

impl Entry {
    /// Reads one entry; a name that means nothing is an error, since it may be a misspelt restriction.
    #[must_use]
    pub fn read(value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let path = fields.text("path")?;
        let session = match optional(fields.take("session"), text)?.as_deref() {
            None | Some("required") => SessionNeed::Required,
            Some("optional") => SessionNeed::Optional,
            Some("none") => SessionNeed::None,
            Some(_) => return None,
        };
        let fresh = optional(fields.take("fresh"), |value| u32::try_from(value.as_u64()?).ok())?;
        let mut flag = |name, default| {
            optional(fields.take(name), |value| value.as_bool()).map(|flag| flag.unwrap_or(default))
        };
        let rule = Rule {
            session,
            fresh: Seconds::new(fresh.unwrap_or_default()),
            overlap: flag("overlap", FALLBACK.overlap)?,
            control: flag("control", FALLBACK.control)?,
            cross_site_login: flag("cross_site_login", FALLBACK.cross_site_login)?,
            live: if flag("live", true)? { Live::Watched } else { Live::Native },
            demands: Demands::take(&mut fields)?.map(Rc::new),
        };
        if rule.demands.is_some() && rule.session != SessionNeed::Required {
            return None;
        }
        let (path, is_prefix) = match path.strip_suffix('*') {
            Some(prefix) => (prefix.to_owned(), true),
            None => (path, false),
        };
        let is_plain = is_path(&path) && !path.contains(['*', '?', '#']) && !is_ambiguous(&path);
        if !is_plain || fields.left_over().is_some() {
            return None;
        }
        Some(Self { pattern: Pattern { path, is_prefix }, rule })
    }
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
    fn matches(&self, path: &str) -> bool {
        if self.is_prefix { path.starts_with(&self.path) } else { path == self.path }
    }

    /// The pattern in another way of reading it.
    fn after(&self, step: Step) -> Self {
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
    fn and(self, other: Self) -> Self {
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

impl Rules {
    /// Takes the rules in order; `None` if their paths can be read in more ways than a request's may.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Option<Self> {
        let (patterns, rules) = entries.into_iter().map(|entry| (entry.pattern, entry.rule)).unzip();
        let mut readings = vec![Reading { patterns, next: Default::default() }];
        let mut at = 0;
        while let Some(reading) = readings.get(at) {
            let after = |step| reading.patterns.iter().map(|pattern| pattern.after(step)).collect();
            let mut next = [0; Step::ALL.len()];
            for (patterns, next) in Step::ALL.map(after).into_iter().zip(&mut next) {
                let known = readings.iter().position(|reading| reading.patterns == patterns);
                *next = known.unwrap_or(readings.len());
                if known.is_none() {
                    readings.push(Reading { patterns, next: Default::default() });
                }
            }
            if let Some(reading) = readings.get_mut(at) {
                reading.next = next;
            }
            if readings.len() > MAX_READINGS {
                return None;
            }
            at = at.saturating_add(1);
        }
        Some(Self { rules, readings })
    }

    /// The rule for a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Rule {
        if !is_plain(path) {
            return self.find_odd(path);
        }
        let found = self.readings.iter().map(|reading| self.first_match(reading, path, false));
        found.reduce(Rule::and).unwrap_or(FALLBACK)
    }

    /// The rule for a path that can be read in several ways.
    fn find_odd(&self, path: &str) -> Rule {
        let Some(read) = self.ways_to_read(path) else {
            return self.rules.iter().cloned().fold(FALLBACK, Rule::and);
        };
        let found = read.iter().filter_map(|read| {
            let is_closed = has_separator(&read.path) || (read.path == path && has_encoded_slash(path));
            Some(self.first_match(self.readings.get(read.reading)?, &read.path, is_closed))
        });
        found.reduce(Rule::and).unwrap_or(FALLBACK)
    }

    /// All ways of reading a path; `None` if they are too many.
    fn ways_to_read(&self, path: &str) -> Option<Vec<Read>> {
        let mut read = vec![Read { path: path.to_owned(), reading: 0, decoded: 0 }];
        let mut bytes = path.len();
        let mut at = 0;
        while let Some(Read { path, reading, decoded }) = read.get(at) {
            let next = self.readings.get(*reading)?.next;
            let further = Step::ALL.into_iter().zip(next).filter_map(|(step, next)| {
                let decoded = decoded.saturating_add(u8::from(step == Step::Decode));
                let after = step.apply(path);
                let leads_on = decoded <= MAX_DECODED && (after.is_some() || next != *reading);
                let path = after.unwrap_or_else(|| path.clone());
                leads_on.then_some(Read { path, reading: next, decoded })
            });
            for further in further.collect::<Vec<_>>() {
                if !read.contains(&further) {
                    bytes = bytes.saturating_add(further.path.len());
                    read.push(further);
                }
            }
            if read.len() > MAX_READINGS || bytes > MAX_READ {
                return None;
            }
            at = at.saturating_add(1);
        }
        Some(read)
    }

    fn first_match(&self, reading: &Reading, path: &str, is_closed: bool) -> Rule {
        let mut rules = self.rules.iter().zip(&reading.patterns);
        let decides = |(rule, pattern): &(&Rule, &Pattern)| {
            (!is_closed || rule.session == SessionNeed::Required) && pattern.matches(path)
        };
        rules.find(decides).map_or(FALLBACK, |(rule, _)| rule.clone())
    }
}

/// Whether an application may read a path as something that no rule can name.
fn is_ambiguous(path: &str) -> bool {
    has_encoded_slash(path)
        || has_separator(path)
        || Step::Decode.apply(path).is_some_and(|path| has_separator(&path))
}

/// Whether a path holds what may be taken for a separator, or for the end of a text.
fn has_separator(path: &str) -> bool {
    path.bytes().any(|byte| byte == b'\\' || byte.is_ascii_control())
}

fn has_encoded_slash(path: &str) -> bool {
    path.as_bytes().windows(3).any(|escape| escape.eq_ignore_ascii_case(b"%2f"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::json::array;
    use serde_json::json;

    fn rules() -> Rules {
        let rules = json!([
            { "path": "/assets/*", "session": "none" },
            { "path": "/", "session": "optional" },
            { "path": "/feed/*", "session": "required", "fresh": 30 },
            { "path": "/feed/public", "session": "none" },
        ]);
        Rules::new(array(rules, Entry::read).unwrap()).unwrap()
    }

    #[test]
    fn the_first_match_decides() {
        let rules = rules();
        assert_eq!(rules.find("/assets/x.css").session, SessionNeed::None);
        assert_eq!(rules.find("/").session, SessionNeed::Optional);
        assert_eq!(rules.find("/feed/public").session, SessionNeed::Required);
        assert_eq!(rules.find("/feed/1").fresh, Seconds::new(30));
    }

    #[test]
    fn everything_unmatched_is_required() {
        for path in ["/x", "/asset", "/assets", "//", "/Assets/x"] {
            assert_eq!(rules().find(path).session, SessionNeed::Required, "{path}");
        }
    }

    #[test]
    fn an_ambiguous_path_matches_nothing_that_lets_it_pass() {
        for path in [
            "/assets/..%2fadmin",
            "/assets/%5cx",
            "/assets/%5Cx",
            "/assets/\\x",
            "/assets/%00",
            "/assets/%0A",
            "/assets/%1f",
            "/assets/%7F",
        ] {
            assert_eq!(rules().find(path).session, SessionNeed::Required, "{path}");
        }
        for path in ["/assets/%20", "/assets/%2e", "/assets/%c3%a9", "/assets/%", "/assets/%0"] {
            assert_eq!(rules().find(path).session, SessionNeed::None, "{path}");
        }
    }

    /// Only some servers read these otherwise, and harmless pages have such addresses; the documents name them.
    #[test]
    fn what_is_not_read_is_under_the_rule_that_names_it() {
        let rules = json!([
            { "path": "/admin/*" },
            { "path": "/account" },
            { "path": "/pub/style.css", "session": "none" },
            { "path": "/*", "session": "optional" },
        ]);
        let rules = Rules::new(array(rules, Entry::read).unwrap()).unwrap();
        for path in [
            "/%u0061dmin/x",
            "/x/..%c0%afadmin/x",
            "/%c1%a1dmin/x",
            "/%ef%bd%81dmin/x",
            "/admin./x",
            "/admin%20/x",
            "/account%3fx",
            "/account%23",
            "/account/",
            "/pub/style.css/",
            "/pub/style.css%c0%af",
        ] {
            assert_eq!(rules.find(path).session, SessionNeed::Optional, "{path}");
        }
    }

    #[test]
    fn a_path_that_is_not_made_up_for_the_purpose_has_few_readings() {
        let count = |path| rules().ways_to_read(path).map(|read| read.len());
        assert_eq!(count("/assets/%20"), Some(2));
        assert_eq!(count("/assets/A%20"), Some(4));
        assert_eq!(count("/assets/A%2541;x//y/..;/z"), Some(42));
    }

    #[test]
    fn the_work_for_a_path_is_bounded() {
        for piece in ["%25", "%2541", "/..;", "/;A", "//%252e%252e;", "/%2541;b//%2e%2e", "A%3b//..;/%2541"] {
            let path = format!("/assets/{}", piece.repeat(16_384 / piece.len()));
            let read = rules().ways_to_read(&path).unwrap_or_default();
            let bytes = read.iter().map(|read| read.path.len()).sum::<usize>();
            assert!(read.len() <= MAX_READINGS && bytes <= MAX_READ, "{piece}");
        }
    }

    #[test]
    fn a_rule_is_also_for_paths_that_some_read_as_its_own() {
        let rules = json!([{ "path": "/Docs/*", "session": "none" }, { "path": "/Admin/*" }, { "path": "/*", "session": "optional" }]);
        let rules = Rules::new(array(rules, Entry::read).unwrap()).unwrap();
        assert_eq!(rules.find("/Docs/x").session, SessionNeed::None);
        assert_eq!(rules.find("/docs/x").session, SessionNeed::Optional);
        assert_eq!(rules.find("/admin/x").session, SessionNeed::Required);
        assert_eq!(rules.find("/other").session, SessionNeed::Optional);
    }

    #[test]
    fn what_one_of_several_rules_forbids_is_forbidden() {
        let rules = json!([
            { "path": "/admin/*", "fresh": 5, "control": false, "cross_site_login": true },
            { "path": "/*", "fresh": 30, "overlap": true },
        ]);
        let rules = Rules::new(array(rules, Entry::read).unwrap()).unwrap();
        let both = Rule { fresh: Seconds::new(5), control: false, ..FALLBACK };
        assert_eq!(rules.find("/%61dmin/x"), both);
        assert_eq!(rules.find("/admin/x"), Rule { cross_site_login: true, ..both });
    }

    #[test]
    fn what_any_reading_s_rule_asks_of_the_person_is_asked() {
        let rules = json!([
            { "path": "/admin/*", "require": { "groups": ["admins"] }, "max_age": 600, "acr": ["mfa", "hwk"] },
            { "path": "/Admin/*", "require": { "staff": [true] }, "max_age": 60, "acr": ["hwk"] },
            { "path": "/*", "session": "optional" },
        ]);
        let rules = Rules::new(array(rules, Entry::read).unwrap()).unwrap();
        assert_eq!(rules.find("/other").demands, None);
        let admins = rules.find("/admin/x").demands.unwrap();
        assert_eq!((admins.require.len(), admins.max_age), (1, Some(Seconds::new(600))));
        let both = rules.find("/Admin/x").demands.unwrap();
        assert_eq!((both.require.len(), both.max_age), (2, Some(Seconds::new(60))));
        assert_eq!(both.acr.as_deref(), Some(["hwk".to_owned()].as_slice()));
        for spelling in ["/%61dmin/x", "//admin/x", "/x/..;/admin/x"] {
            assert_eq!(rules.find(spelling).demands.as_ref(), Some(&admins), "{spelling}");
        }
    }

    #[test]
    fn what_is_asked_of_a_person_needs_a_session_that_is_required() {
        let read = |session: &str| Entry::read(json!({ "path": "/x", "session": session, "max_age": 60 }));
        assert!(read("required").is_some() && read("optional").is_none() && read("none").is_none());
    }

    #[test]
    fn rules_that_can_be_read_in_too_many_ways_are_no_rules() {
        let path = "/pub/%2e%41/..;/%252f//..;//%2ea/..;/%252e%252e//..;/%2e/..;/Admin//..;/%2541x///admin%41%252e/%252f%41%253b%2561%61admin//%2e%3b%2e//x/%2e";
        assert!(Rules::new(array(json!([{ "path": path }]), Entry::read).unwrap()).is_none());
    }
}
