//! Where a request comes from: the CSRF rule and the rule for a logout link, from headers alone.
//!
//! Both follow the Fetch Metadata resource isolation policy, with `Origin` and `Referer` for clients
//! that do not send it. Neither needs a secret, so neither can be stale in a cached page.
//!
//! An unsafe request is **cross-site** when
//! 1. its `Origin` is none of the trusted ones, and
//! 2. `Sec-Fetch-Site` is `cross-site`, or `same-site` unless siblings are trusted, or
//! 3. without that header, `Origin` is there and another one than this (`null` is).
//!
//! Invariant: a missing header never grants permission if a page could have made the browser leave it out; a header
//! that says something unknown is a refusal.

use super::{Head, Origin};

/// Whom the operator trusts with unsafe requests.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// `CORS_ORIGINS`.
    pub origins: &'a [Origin],
    /// `ALLOW_SAME_SITE`.
    pub same_site: bool,
}

/// What a `GET` of the logout URL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutLink {
    /// A person followed a link of this site or typed the address: log out.
    Followed,
    /// A person followed a link of another site: ask.
    Foreign,
    /// A service worker passed a navigation on, which hides what kind of navigation it was. Refused
    /// like `Embedded`, but a person may be waiting, so the refusal comes as the page that asks.
    Hidden,
    /// A page made the browser load it: refuse.
    Embedded,
    /// The browser is only guessing where the person goes next: nothing happens.
    Prefetch,
}

/// Whether an unsafe request comes from another site.
#[must_use]
pub fn cross_site(head: &Head, trust: Trust<'_>) -> bool {
    let origin = head.header("origin");
    if trust.origins.iter().any(|trusted| Some(trusted.as_str()) == origin) {
        return false;
    }
    match head.header("sec-fetch-site") {
        Some("same-origin" | "none") => false,
        Some("same-site") => !trust.same_site,
        Some(_) => true,
        None => origin.is_some_and(|origin| origin != head.origin().as_str()),
    }
}

/// What a `GET` of the logout URL is.
#[must_use]
pub fn logout_link(head: &Head) -> LogoutLink {
    if is_speculative(head) {
        return LogoutLink::Prefetch;
    }
    // A WebSocket handshake carries no Fetch Metadata, and nobody follows one.
    if head.header("upgrade").is_some() {
        return LogoutLink::Embedded;
    }
    let site = head.header("sec-fetch-site");
    let mode = head.header("sec-fetch-mode");
    let dest = head.header("sec-fetch-dest");
    match (site, mode, dest) {
        (Some(site), Some("navigate"), Some("document")) => match site {
            "same-origin" | "none" => LogoutLink::Followed,
            "same-site" | "cross-site" => LogoutLink::Foreign,
            _ => LogoutLink::Embedded,
        },
        (Some("same-origin" | "none" | "same-site" | "cross-site"), Some("navigate"), Some("empty")) => {
            LogoutLink::Hidden
        }
        (None, None, None) if names_another_origin(head) => LogoutLink::Foreign,
        (None, None, None) => LogoutLink::Followed,
        _ => LogoutLink::Embedded,
    }
}

/// What a `GET` is that begins something for a person, wherever its link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// A person opened it, or a client that is not a browser.
    Opened,
    /// The browser is only guessing where the person goes next.
    Prefetch,
    /// A page made the browser load it.
    Embedded,
}

/// What a `GET` is that begins something for a person.
#[must_use]
pub fn visit(head: &Head) -> Visit {
    if is_speculative(head) {
        return Visit::Prefetch;
    }
    let metadata = ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"].map(|name| head.header(name));
    match metadata {
        [None, None, None] if head.header("upgrade").is_none() => Visit::Opened,
        [_, Some("navigate"), Some("document")] => Visit::Opened,
        _ => Visit::Embedded,
    }
}

/// Prefetch and prerender announce themselves; some frameworks have headers of their own.
#[must_use]
pub fn is_speculative(head: &Head) -> bool {
    let says_prefetch =
        |name| head.header(name).is_some_and(|value| value.to_ascii_lowercase().contains("prefetch"));
    head.header("sec-purpose").is_some()
        || says_prefetch("purpose")
        || says_prefetch("x-moz")
        || head.header("next-router-prefetch").is_some()
}

fn names_another_origin(head: &Head) -> bool {
    let own = head.origin().as_str();
    let foreign_origin = head.header("origin").is_some_and(|origin| origin != own);
    let foreign_referer = head
        .header("referer")
        .is_some_and(|referer| Origin::of_url(referer).is_none_or(|origin| origin.as_str() != own));
    foreign_origin || foreign_referer
}

#[cfg(test)]
mod tests {
    use super::super::head::tests::head;
    use super::*;

    const OWN: &str = "https://app.example";
    const URL: &str = "https://app.example/logout";
    const NOBODY: Trust<'static> = Trust { origins: &[], same_site: false };

    fn is_cross_site(headers: &[(&str, &str)], trust: Trust<'_>) -> bool {
        cross_site(&head("POST", URL, headers), trust)
    }

    #[test]
    fn fetch_metadata_decides_where_it_is_sent() {
        for (site, refused) in [
            ("same-origin", false),
            ("none", false),
            ("same-site", true),
            ("cross-site", true),
            ("new-value", true),
        ] {
            for origin in [OWN, "https://evil.example", "null"] {
                let headers = [("sec-fetch-site", site), ("origin", origin)];
                assert_eq!(is_cross_site(&headers, NOBODY), refused, "{site} {origin}");
            }
        }
    }

    #[test]
    fn siblings_are_trusted_only_when_the_operator_says_so() {
        let siblings = Trust { same_site: true, ..NOBODY };
        assert!(!is_cross_site(&[("sec-fetch-site", "same-site")], siblings));
        assert!(is_cross_site(&[("sec-fetch-site", "cross-site")], siblings));
    }

    #[test]
    fn the_origin_decides_where_fetch_metadata_is_missing() {
        assert!(!is_cross_site(&[("origin", OWN)], NOBODY));
        for origin in ["null", "https://evil.example", "http://app.example", "https://app.example:8443", ""] {
            assert!(is_cross_site(&[("origin", origin)], NOBODY), "{origin}");
        }
        assert!(!is_cross_site(&[], NOBODY), "not a browser");
    }

    #[test]
    fn a_listed_origin_is_trusted() {
        let listed = [Origin::parse("https://spa.example").unwrap()];
        let trust = Trust { origins: &listed, same_site: false };
        let headers = [("sec-fetch-site", "cross-site"), ("origin", "https://spa.example")];
        assert!(!is_cross_site(&headers, trust));
        assert!(is_cross_site(
            &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
            trust
        ));
    }

    fn link(headers: &[(&str, &str)]) -> LogoutLink {
        logout_link(&head("GET", URL, headers))
    }

    /// Every combination of the three Fetch Metadata headers, each value that browsers know, one
    /// that they do not, and the header missing.
    #[test]
    fn only_a_top_level_navigation_of_this_site_or_the_address_bar_logs_out() {
        let sites =
            [None, Some("same-origin"), Some("same-site"), Some("cross-site"), Some("none"), Some("new")];
        let modes = [
            None,
            Some("navigate"),
            Some("no-cors"),
            Some("cors"),
            Some("same-origin"),
            Some("websocket"),
            Some("new"),
        ];
        let dests = [
            None,
            Some("document"),
            Some("iframe"),
            Some("frame"),
            Some("embed"),
            Some("object"),
            Some("image"),
            Some("script"),
            Some("style"),
            Some("empty"),
            Some("fencedframe"),
            Some("serviceworker"),
            Some("new"),
        ];
        for site in sites {
            for mode in modes {
                for dest in dests {
                    let all = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
                    let sent: Vec<_> =
                        all.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
                    let top_level = mode == Some("navigate") && dest == Some("document");
                    let expected = match site {
                        Some("same-origin" | "none") if top_level => LogoutLink::Followed,
                        Some("same-site" | "cross-site") if top_level => LogoutLink::Foreign,
                        Some("same-origin" | "none" | "same-site" | "cross-site")
                            if mode == Some("navigate") && dest == Some("empty") =>
                        {
                            LogoutLink::Hidden
                        }
                        None if sent.is_empty() => LogoutLink::Followed,
                        _ => LogoutLink::Embedded,
                    };
                    assert_eq!(link(&sent), expected, "{sent:?}");
                }
            }
        }
    }

    #[test]
    fn a_guess_of_the_browser_does_nothing_whatever_else_it_says() {
        let followed =
            [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for purpose in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("sec-purpose", "new"),
            ("purpose", "prefetch"),
            ("x-moz", "prefetch"),
            ("next-router-prefetch", "1"),
        ] {
            let headers: Vec<_> = followed.iter().copied().chain([purpose]).collect();
            assert_eq!(link(&headers), LogoutLink::Prefetch, "{purpose:?}");
            assert_eq!(link(&[purpose]), LogoutLink::Prefetch, "{purpose:?}");
        }
        assert_eq!(link(&[("purpose", "other")]), LogoutLink::Followed);
    }

    #[test]
    fn a_websocket_handshake_is_no_link() {
        assert_eq!(link(&[("upgrade", "websocket"), ("origin", OWN)]), LogoutLink::Embedded);
    }

    #[test]
    fn without_fetch_metadata_another_origin_is_asked() {
        assert_eq!(link(&[]), LogoutLink::Followed);
        for own in [("origin", OWN), ("referer", "https://app.example/page?x")] {
            assert_eq!(link(&[own]), LogoutLink::Followed, "{own:?}");
        }
        for foreign in [
            ("origin", "null"),
            ("origin", "https://evil.example"),
            ("referer", "https://evil.example/"),
            ("referer", "https://app.example.evil.example/"),
            ("referer", "about:blank"),
            ("referer", ""),
        ] {
            assert_eq!(link(&[foreign]), LogoutLink::Foreign, "{foreign:?}");
        }
        assert_eq!(link(&[("origin", OWN), ("referer", "https://evil.example/")]), LogoutLink::Foreign);
    }
}
