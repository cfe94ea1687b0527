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

use serde_json::Value;

use super::entry::{self, Asked, Entry, FALLBACK, Only, Pattern, Rule, SessionNeed};
use super::fault::Faults;
use super::readings::{MAX_DECODED, Step, is_plain};

/// How many readings of a path are looked at. One that is not made up for the purpose has a few dozen at
/// the most: four for an upper-case letter and an escape, 42 for everything that there is.
const MAX_READINGS: usize = 256;

/// How many bytes these may have together, which bounds the work for a path of 16 KB.
const MAX_READ: usize = 256 * 1024;

const TOO_MANY_READINGS: &str =
    "paths that can be read in fewer ways: write them without escapes and parameters";

/// `RULES`, in order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What each is and asks for.
    rows: Vec<Row>,
    /// The rules' paths as they stand, then as they are read; one, if they are plain.
    readings: Vec<Reading>,
}

/// A rule without its paths.
#[derive(Clone, Debug)]
struct Row {
    number: usize,
    only: Only,
    rule: Rule,
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

impl Rules {
    /// Reads `RULES`; what is wrong of it is a fault.
    pub fn read(tables: Vec<Value>, faults: &mut Faults) -> Self {
        Self::new(entry::read(tables, faults)).unwrap_or_else(|| {
            faults.add("RULES", TOO_MANY_READINGS);
            Self::default()
        })
    }

    /// Takes the rules in order; `None` if their paths can be read in more ways than a request's may.
    fn new(entries: Vec<Entry>) -> Option<Self> {
        let row = |Entry { number, pattern, only, rule }| (pattern, Row { number, only, rule });
        let (patterns, rows) = entries.into_iter().map(row).unzip();
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
        Some(Self { rows, readings })
    }

    /// The rule for a request.
    #[must_use]
    pub fn find(&self, asked: Asked<'_>) -> Rule {
        if !is_plain(asked.path) {
            return self.find_odd(asked);
        }
        let found = self.readings.iter().map(|reading| self.first_match(reading, asked, false));
        found.reduce(Rule::and).unwrap_or(FALLBACK)
    }

    /// The number of the entry that takes a request as it stands.
    #[must_use]
    pub fn number(&self, asked: Asked<'_>) -> Option<usize> {
        let mut rows = self.rows.iter().zip(&self.readings.first()?.patterns);
        rows.find(|(row, pattern)| row.only.is_for(asked) && pattern.matches(asked.path))
            .map(|(row, _)| row.number)
    }

    /// The rule for a path that can be read in several ways.
    fn find_odd(&self, asked: Asked<'_>) -> Rule {
        let path = asked.path;
        let Some(read) = self.ways_to_read(path) else {
            let rows = self.rows.iter().filter(|row| row.only.is_for(asked));
            return rows.map(|row| row.rule.clone()).fold(FALLBACK, Rule::and);
        };
        let found = read.iter().filter_map(|read| {
            let is_closed = has_separator(&read.path) || (read.path == path && has_encoded_slash(path));
            let asked = Asked { path: &read.path, ..asked };
            Some(self.first_match(self.readings.get(read.reading)?, asked, is_closed))
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

    fn first_match(&self, reading: &Reading, asked: Asked<'_>, is_closed: bool) -> Rule {
        let mut rows = self.rows.iter().zip(&reading.patterns);
        let decides = |(row, pattern): &(&Row, &Pattern)| {
            (!is_closed || row.rule.session == SessionNeed::Required)
                && pattern.matches(asked.path)
                && row.only.is_for(asked)
        };
        rows.find(decides).map_or(FALLBACK, |(row, _)| row.rule.clone())
    }

    /// The rules that are never reached though they ask for something else than the one before them that takes all their
    /// requests: the number of each, and of that one.
    #[must_use]
    pub fn unreachable(&self) -> Vec<(usize, usize)> {
        let rows = || self.rows.iter().zip(self.as_written());
        let (mut found, mut reachable) = (Vec::new(), Vec::new());
        for (at, (row, pattern)) in rows().enumerate() {
            let mut earlier = rows().take(at);
            let takes_all =
                |(first, other): &(&Row, &Pattern)| other.covers(pattern) && first.only.covers(&row.only);
            match earlier.find(takes_all) {
                Some((first, _)) if first.rule != row.rule => found.push((row.number, first.number)),
                _ => reachable.push(row.number),
            }
        }
        // What stands for several paths may be reached by some of them.
        found.retain(|(number, _)| !reachable.contains(number));
        found.dedup_by_key(|(number, _)| *number);
        found
    }

    /// Whether the application's control headers have effect nowhere.
    #[must_use]
    pub fn ignore_controls(&self) -> bool {
        let mut rows = self.rows.iter().zip(self.as_written());
        let decides = |(row, pattern): &(&Row, &Pattern)| {
            row.rule.control || (pattern.is_everything() && row.only.is_everything())
        };
        rows.find(decides).is_some_and(|(row, _)| !row.rule.control)
    }

    fn as_written(&self) -> &[Pattern] {
        self.readings.first().map_or(&[], |reading| &reading.patterns)
    }
}

/// Whether an application may read a path as something that no rule can name.
pub fn is_ambiguous(path: &str) -> bool {
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
    use crate::base::time::Seconds;
    use serde_json::json;

    /// Rules of good tables.
    fn rules_of(tables: Value) -> Rules {
        let mut faults = Faults::default();
        let rules = Rules::read(tables.as_array().unwrap().clone(), &mut faults);
        assert!(faults.are_none());
        rules
    }

    /// The rule for a plain request to a path.
    fn found(rules: &Rules, path: &str) -> Rule {
        rules.find(Asked { path, method: "GET", host: "a.example" })
    }

    fn rules() -> Rules {
        let rules = json!([
            { "path": "/assets/*", "session": "none" },
            { "path": "/", "session": "optional" },
            { "path": "/feed/*", "session": "required", "fresh": 30 },
            { "path": "/feed/public", "session": "none" },
        ]);
        rules_of(rules)
    }

    #[test]
    fn the_first_match_decides() {
        let rules = rules();
        assert_eq!(found(&rules, "/assets/x.css").session, SessionNeed::None);
        assert_eq!(found(&rules, "/").session, SessionNeed::Optional);
        assert_eq!(found(&rules, "/feed/public").session, SessionNeed::Required);
        assert_eq!(found(&rules, "/feed/1").fresh, Seconds::new(30));
    }

    #[test]
    fn everything_unmatched_is_required() {
        for path in ["/x", "/asset", "/assets", "//", "/Assets/x"] {
            assert_eq!(found(&rules(), path).session, SessionNeed::Required, "{path}");
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
            assert_eq!(found(&rules(), path).session, SessionNeed::Required, "{path}");
        }
        for path in ["/assets/%20", "/assets/%2e", "/assets/%c3%a9", "/assets/%", "/assets/%0"] {
            assert_eq!(found(&rules(), path).session, SessionNeed::None, "{path}");
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
        let rules = rules_of(rules);
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
            assert_eq!(found(&rules, path).session, SessionNeed::Optional, "{path}");
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
        let rules = rules_of(rules);
        assert_eq!(found(&rules, "/Docs/x").session, SessionNeed::None);
        assert_eq!(found(&rules, "/docs/x").session, SessionNeed::Optional);
        assert_eq!(found(&rules, "/admin/x").session, SessionNeed::Required);
        assert_eq!(found(&rules, "/other").session, SessionNeed::Optional);
    }

    #[test]
    fn what_one_of_several_rules_forbids_is_forbidden() {
        let rules = json!([
            { "path": "/admin/*", "fresh": 5, "control": false, "cross_site_login": true },
            { "path": "/*", "fresh": 30, "overlap": true },
        ]);
        let rules = rules_of(rules);
        let both = Rule { fresh: Seconds::new(5), control: false, ..FALLBACK };
        assert_eq!(found(&rules, "/%61dmin/x"), both);
        assert_eq!(found(&rules, "/admin/x"), Rule { cross_site_login: true, ..both });
    }

    #[test]
    fn what_any_reading_s_rule_asks_of_the_person_is_asked() {
        let rules = json!([
            { "path": "/admin/*", "require": { "groups": ["admins"] }, "max_age": 600, "acr": ["mfa", "hwk"] },
            { "path": "/Admin/*", "require": { "staff": [true] }, "max_age": 60, "acr": ["hwk"] },
            { "path": "/*", "session": "optional" },
        ]);
        let rules = rules_of(rules);
        assert_eq!(found(&rules, "/other").demands, None);
        let admins = found(&rules, "/admin/x").demands.unwrap();
        assert_eq!((admins.require.len(), admins.max_age), (1, Some(Seconds::new(600))));
        let both = found(&rules, "/Admin/x").demands.unwrap();
        assert_eq!((both.require.len(), both.max_age), (2, Some(Seconds::new(60))));
        assert_eq!(both.acr.as_deref(), Some(["hwk".to_owned()].as_slice()));
        for spelling in ["/%61dmin/x", "//admin/x", "/x/..;/admin/x"] {
            assert_eq!(found(&rules, spelling).demands.as_ref(), Some(&admins), "{spelling}");
        }
    }

    #[test]
    fn rules_that_can_be_read_in_too_many_ways_are_no_rules() {
        let path = "/pub/%2e%41/..;/%252f//..;//%2ea/..;/%252e%252e//..;/%2e/..;/Admin//..;/%2541x///admin%41%252e/%252f%41%253b%2561%61admin//%2e%3b%2e//x/%2e";
        let mut faults = Faults::default();
        drop(Rules::read(vec![json!({ "path": path })], &mut faults));
        assert_eq!(faults.into_all()[0].to_string(), format!("RULES must be {TOO_MANY_READINGS}"));
    }

    #[test]
    fn a_rule_that_is_never_reached_is_found_if_it_asks_for_something_else() {
        let never = |rules: Value| rules_of(rules).unreachable();
        let open = |path: &str| json!({ "path": path, "session": "none" });
        let closed = |path: &str| json!({ "path": path });
        assert_eq!(
            never(json!([open("/a/*"), closed("/a/b"), closed("/a/b/*"), closed("/a")])),
            [(1, 0), (2, 0)]
        );
        assert_eq!(
            never(json!([closed("/a"), open("/a"), closed("/a/*"), open("/*"), closed("/x")])),
            [(1, 0), (4, 3)]
        );
        assert_eq!(
            never(json!([open("/a/*"), open("/a/b"), closed("/b"), closed("/b")])),
            [],
            "they ask for the same"
        );
        assert_eq!(never(json!([closed("/a/b"), open("/a/*"), closed("/*"), open("/a")])), [(3, 2)]);
        assert_eq!(never(json!([closed("/A/*"), open("/a/*")])), [], "only some read one as the other");
        let fresh = json!([{ "path": "/x/*", "fresh": 30 }, { "path": "/x/y", "fresh": 5 }]);
        assert_eq!(never(fresh), [(1, 0)]);
    }

    #[test]
    fn control_headers_are_ignored_where_every_path_has_a_rule_that_says_so() {
        let ignored = |rules: Value| rules_of(rules).ignore_controls();
        let off = |path: &str| json!({ "path": path, "control": false });
        let on = |path: &str| json!({ "path": path });
        assert!(ignored(json!([off("/*")])) && ignored(json!([off("/a"), off("/*"), on("/b")])));
        assert!(
            !ignored(json!([])) && !ignored(json!([off("/a")])) && !ignored(json!([on("/a"), off("/*")]))
        );
    }
}
