//! How an answer of the application may be stored: by the browser, whose next user must not see it, and by caches
//! on the way.
//!
//! Invariant: what was made for an identity is shown to nobody else without asking again, unless the application
//! itself says otherwise; and what sets or clears a cookie of the gate's is stored by nobody (RFC 9111 §5.2.2.5).

use crate::request::Head;

/// What an answer made for an identity says of its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caching {
    /// Whether it has `Cache-Control`.
    pub has_control: bool,
    /// Whether it has `Expires`.
    pub has_expires: bool,
    /// Whether its type is HTML.
    pub is_html: bool,
}

impl Caching {
    /// The `Cache-Control` that such an answer gets.
    ///
    /// A page is not stored at all, so that the back button shows nothing after logout. Everything else is asked for
    /// again before it is shown: without any word a browser may take it to be fresh for a tenth of its age (RFC 9111
    /// §4.2.2), whoever is signed in by then.
    #[must_use]
    pub fn added(self, head: &Head) -> Option<&'static str> {
        if self.has_control {
            None
        } else if self.is_html && head.is_navigation() {
            Some("no-store")
        } else if self.has_expires {
            None
        } else {
            Some("private, no-cache")
        }
    }
}

/// Whether caches obey a header before `Cache-Control` (RFC 9213 §2, and those that came before it).
#[must_use]
pub fn is_targeted(name: &str) -> bool {
    name == "cdn-cache-control" || name.ends_with("-cdn-cache-control") || name == "surrogate-control"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::head::tests::head;

    #[test]
    fn only_what_says_how_to_store_it_is_left_as_it_is() {
        let page = head("GET", "https://a.example/", &[("sec-fetch-mode", "navigate")]);
        let script = head("GET", "https://a.example/", &[("sec-fetch-mode", "cors")]);
        for has_control in [false, true] {
            for has_expires in [false, true] {
                for is_html in [false, true] {
                    let caching = Caching { has_control, has_expires, is_html };
                    let other = (!has_control && !has_expires).then_some("private, no-cache");
                    assert_eq!(caching.added(&script), other, "{caching:?}");
                    let shown = if is_html && !has_control { Some("no-store") } else { other };
                    assert_eq!(caching.added(&page), shown, "{caching:?}");
                }
            }
        }
    }

    #[test]
    fn headers_that_caches_obey_first_are_known() {
        for name in
            ["cdn-cache-control", "cloudflare-cdn-cache-control", "x-cdn-cache-control", "surrogate-control"]
        {
            assert!(is_targeted(name), "{name}");
        }
        for name in ["cache-control", "notcdn-cache-control", "surrogate-key"] {
            assert!(!is_targeted(name), "{name}");
        }
    }
}
