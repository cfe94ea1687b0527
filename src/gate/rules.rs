//! The rules of routes: which paths need a session, and how fresh the answer about it must be.
//!
//! Invariant: the first match decides, and everything unmatched requires a session. A path that the
//! origin may read differently than we do matches nothing that would let it pass without one.

use serde_json::Value;

use crate::json::{Fields, optional, text};
use crate::request::{Head, is_path};
use crate::time::Seconds;

/// Whether a route needs a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionNeed {
    /// Nobody passes without one.
    #[default]
    Required,
    /// It is checked if there is one.
    Optional,
    /// It is not looked at.
    None,
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    entries: Vec<Entry>,
}

/// The rule for what no entry names.
const FALLBACK: Rule = Rule {
    session: SessionNeed::Required,
    fresh: Seconds::new(0),
    overlap: false,
    control: true,
    cross_site_login: false,
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
        };
        let (path, is_prefix) = match path.strip_suffix('*') {
            Some(prefix) => (prefix.to_owned(), true),
            None => (path, false),
        };
        let is_plain = is_path(&path) && !path.contains(['*', '?', '#']) && !has_ambiguity(&path);
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
        Self { session: SessionNeed::Optional, ..self }
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
}

impl Rules {
    /// Takes the rules in order.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// The rule for a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Rule {
        let ambiguous = has_ambiguity(path);
        let may_decide = |entry: &&Entry| !ambiguous || entry.rule.session == SessionNeed::Required;
        let found = self.entries.iter().filter(may_decide).find(|entry| entry.pattern.matches(path));
        found.map_or(FALLBACK, |entry| entry.rule)
    }
}

/// Whether the origin may read a path differently: an encoded slash, backslash or control character.
fn has_ambiguity(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.contains('\\')
        || bytes.windows(3).any(|window| match window {
            [b'%', high, low] => is_ambiguous(*high, *low),
            _ => false,
        })
}

fn is_ambiguous(high: u8, low: u8) -> bool {
    match (high, low.to_ascii_lowercase()) {
        (b'0' | b'1', digit) => digit.is_ascii_hexdigit(),
        (b'2' | b'7', b'f') | (b'5', b'c') => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::array;
    use serde_json::json;

    fn rules() -> Rules {
        let rules = json!([
            { "path": "/assets/*", "session": "none" },
            { "path": "/", "session": "optional" },
            { "path": "/feed/*", "session": "required", "fresh": 30 },
            { "path": "/feed/public", "session": "none" },
        ]);
        Rules::new(array(rules, Entry::read).unwrap())
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
}
