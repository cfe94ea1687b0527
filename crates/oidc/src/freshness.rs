//! How long a provider's documents are good (RFC 9111 §5.2.2), so that a login does not wait for them and an outage
//! of a day does not end logins.
//!
//! 1. A document is fresh as long as its `max-age` says, at least 5 minutes and at most a day; an hour without one.
//!    `no-store` and `no-cache` are a `max-age` of 0.
//! 2. After that it is stale: it is used at once, and fetched again behind the answer.
//! 3. Metadata can be stale for 7 days, keys for a day: then they are gone, and a login has to wait for new ones.
//!
//! Invariant: what is dated ahead of the clock is stale, for nobody knows how old it is.

use base::time::{Seconds, Timestamp};

/// What was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// A provider's metadata.
    Metadata,
    /// Its keys.
    Keys,
}

/// Whether a document may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It may.
    Fresh,
    /// It may, and a new one should be fetched meanwhile.
    Stale,
    /// It may not.
    Gone,
}

const SHORTEST: u32 = 300;
const LONGEST: u32 = 86_400;
const USUAL: Seconds = Seconds::new(3600);

/// How long a document is fresh that came with this `Cache-Control`.
#[must_use]
pub fn lifetime(cache_control: Option<&str>) -> Seconds {
    let directives = cache_control.unwrap_or_default().split(',').map(str::trim);
    let ages = directives.filter_map(|directive| {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("no-store") || is("no-cache") {
            return Some(0);
        }
        let value = value.trim_matches('"');
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        // What is too large for a number is as long as can be.
        (is("max-age") && is_number).then(|| value.parse().unwrap_or(u32::MAX))
    });
    ages.min().map_or(USUAL, |age: u32| Seconds::new(age.clamp(SHORTEST, LONGEST)))
}

impl Document {
    /// Whether a document that was fetched at `fetched_at` may be used.
    #[must_use]
    pub fn at(self, fetched_at: Timestamp, lifetime: Seconds, now: Timestamp) -> Freshness {
        if fetched_at > now {
            Freshness::Stale
        } else if fetched_at.within(lifetime, now) {
            Freshness::Fresh
        } else if fetched_at.after(lifetime).within(self.staleness(), now) {
            Freshness::Stale
        } else {
            Freshness::Gone
        }
    }

    const fn staleness(self) -> Seconds {
        match self {
            Self::Metadata => Seconds::new(7 * 86_400),
            Self::Keys => Seconds::new(86_400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rule_1_a_lifetime_is_what_the_header_says_within_bounds() {
        for (header, expected) in [
            (None, 3600),
            (Some(""), 3600),
            (Some("public, max-age=1800, must-revalidate"), 1800),
            (Some("Max-Age=\"600\""), 600),
            (Some("max-age=0"), 300),
            (Some("no-store"), 300),
            (Some("public, No-Cache, max-age=600"), 300),
            (Some("max-age=99999999"), 86_400),
            (Some("max-age=99999999999999999999"), 86_400),
            (Some("max-age=600, max-age=900"), 600),
            (Some("max-age=-1"), 3600),
            (Some("max-age="), 3600),
            (Some("max-age=1e3"), 3600),
            (Some("s-maxage=600"), 3600),
        ] {
            assert_eq!(lifetime(header), Seconds::new(expected), "{header:?}");
        }
    }

    #[test]
    fn rules_2_and_3_a_document_is_fresh_then_stale_then_gone() {
        let at = |document: Document, now| {
            document.at(Timestamp::from_seconds(1000), Seconds::new(600), Timestamp::from_seconds(now))
        };
        for (document, gone) in [(Document::Metadata, 1600 + 7 * 86_400), (Document::Keys, 1600 + 86_400)] {
            assert_eq!(at(document, 1600), Freshness::Fresh);
            assert_eq!(at(document, 1601), Freshness::Stale);
            assert_eq!(at(document, gone), Freshness::Stale);
            assert_eq!(at(document, gone + 1), Freshness::Gone);
            assert_eq!(at(document, 1000), Freshness::Fresh);
            assert_eq!(at(document, 999), Freshness::Stale, "the clock went back");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_much(header in "[a-z=,\" 0-9-]{0,30}") {
            let seconds = lifetime(Some(&header)).get();
            prop_assert!((SHORTEST..=LONGEST).contains(&seconds));
        }
    }
}
