//! What of a request and its answer stays between the two ends: the headers of a client that no
//! application may see, and the address of an application that no client may see.
//!
//! Invariant: who a request is from and at which address it was made, the application learns from the gate alone; what a
//! client says of either is stripped.

use super::Origin;
use crate::base::names::is_taken_for;

/// Whether a client's header never reaches the application; the name in lower case.
///
/// Rule: a header is withheld in every spelling in which an application may read it ([`is_taken_for`]).
///
/// * What begins with `Gate-`: only the gate says who a request is from.
/// * `Forwarded`, `X-Original-URL`, `X-Rewrite-URL`: where the request came to, in words that the gate does not use.
/// * `X-Forwarded-…`, unless it is spelled so: the gate sets two of them itself, in the place of the client's, and
///   the others are for the client or a proxy before the gate to claim.
/// * `Expect` and `Connection` concern the connection to the gate. By the second, a client could have a
///   proxy behind it take the gate's own headers away.
#[must_use]
pub fn is_withheld(name: &str) -> bool {
    let is = |withheld| is_taken_for(name, withheld);
    let begins = |with: &str| name.get(..with.len()).is_some_and(|start| is_taken_for(start, with));
    match name.as_bytes() {
        [b'g', ..] => begins("gate-"),
        [b'f' | b'e' | b'c', ..] => matches!(name, "forwarded" | "expect" | "connection"),
        [b'x', ..] => {
            is("x-original-url") || is("x-rewrite-url") || (begins("x-forwarded-") && is_respelled(name))
        }
        _ => false,
    }
}

/// Whether a name has a character that may be read as the `-` it is not.
fn is_respelled(name: &str) -> bool {
    name.bytes().any(|byte| !byte.is_ascii_alphanumeric() && byte != b'-')
}

/// A `Location` of the application at `private`, for those who reach it at `public`; `None` if it stays.
/// The scheme is not compared where both ports are the usual ones: TLS may end before the application.
#[must_use]
pub fn public_location(location: &str, private: &Origin, public: &Origin) -> Option<String> {
    let (scheme, rest) = location.trim_start().split_once("//")?;
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(end)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "" => private.scheme(),
        "http:" => "http",
        "https:" => "https",
        _ => return None,
    };
    let authority = authority.to_ascii_lowercase();
    let authority = match scheme {
        "http" => authority.strip_suffix(":80"),
        _ => authority.strip_suffix(":443"),
    }
    .unwrap_or(&authority);
    (authority == private.authority()).then(|| format!("{public}{target}"))
}

/// An application's `Clear-Site-Data` without what would take the gate's cookies away, which it can neither set nor
/// clear; `None` if it stays. Of `*` everything else is left that there is (W3C Clear Site Data §3.1).
#[must_use]
pub fn site_data_but_cookies(header: &str) -> Option<String> {
    const ALL_ELSE: &str = "\"cache\", \"storage\", \"executionContexts\", \"clientHints\", \"prefetchCache\", \"prerenderCache\"";
    let is = |part: &str, kind: &str| part.trim_matches(['"', ' ', '\t']).eq_ignore_ascii_case(kind);
    let parts = || header.split(',').map(str::trim);
    if parts().any(|part| is(part, "*")) {
        return Some(ALL_ELSE.to_owned());
    }
    if !parts().any(|part| is(part, "cookies")) {
        return None;
    }
    Some(parts().filter(|part| !is(part, "cookies")).collect::<Vec<_>>().join(", "))
}

/// Whether a header of an answer to a preflight is for the browser; the name in lower case. What else there is
/// may be a page that only those who are signed in may read.
#[must_use]
pub fn answers_preflight(name: &str) -> bool {
    name.starts_with("access-control-") || matches!(name, "timing-allow-origin" | "vary" | "allow")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may stand in the name of a header beside letters and digits (RFC 9110 §5.6.2).
    const ODD: &str = "!#$%&'*+-.^_`|~";

    /// How CGI and its heirs name a header's variable, the most generous of them.
    fn variable(name: &str) -> String {
        let character = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' };
        name.chars().map(character).collect()
    }

    #[test]
    fn no_header_is_taken_for_one_that_only_the_gate_may_set() {
        let own =
            ["gate-user", "gate-session", "gate-token", "gate-x-y", "x-forwarded-host", "x-forwarded-proto"];
        let withheld =
            ["forwarded", "x-original-url", "x-rewrite-url", "x-forwarded-for", "x-forwarded-port"];
        for name in own.into_iter().chain(withheld) {
            for first in ODD.chars() {
                for rest in ODD.chars() {
                    let spelled = name.replacen('-', &first.to_string(), 1).replace('-', &rest.to_string());
                    assert_eq!(variable(&spelled), variable(name));
                    // Those that begin so the gate replaces, or leaves to the client, in this spelling alone.
                    let is_replaced = spelled == name && name.starts_with("x-forwarded-");
                    assert_eq!(is_withheld(&spelled), !is_replaced, "{spelled}");
                }
            }
        }
        for name in ["expect", "connection", "gate-", "gate~"] {
            assert!(is_withheld(name), "{name}");
        }
    }

    #[test]
    fn a_header_that_means_something_else_passes() {
        for name in [
            "gate",
            "gateway",
            "gate2-user",
            "x-gate-user",
            "x-forwarded-for",
            "x-forwarded",
            "x_forwarded",
            "x-forward",
            "x_own",
            "x-original-uri",
            "content-type",
            "x-forwarded-host",
            "expect-ct",
            "connection-id",
        ] {
            assert!(!is_withheld(name), "{name}");
        }
    }

    #[test]
    fn what_an_application_clears_is_all_but_cookies() {
        for (header, kept) in [
            ("\"cookies\"", ""),
            ("\"cache\", \"cookies\", \"storage\"", "\"cache\", \"storage\""),
            ("\"cookies\",\"cookies\", \"storage:x\"", "\"storage:x\""),
            ("\"Cookies\"", ""),
            ("cookies", ""),
        ] {
            assert_eq!(site_data_but_cookies(header).as_deref(), Some(kept), "{header}");
        }
        for header in ["\"*\"", "\"cache\", \"*\"", "*", "\"*\", \"cookies\""] {
            let kept = site_data_but_cookies(header).unwrap_or_default();
            assert!(
                kept.contains("\"storage\"") && !kept.contains("cookies") && !kept.contains('*'),
                "{header}"
            );
        }
        for header in ["\"cache\", \"storage\"", "\"cookiesandmore\"", ""] {
            assert_eq!(site_data_but_cookies(header), None, "{header}");
        }
    }

    #[test]
    fn a_location_at_the_application_s_own_address_becomes_the_public_one() {
        let public = Origin::parse("https://app.example").unwrap();
        let location = |location: &str, private: &str| {
            public_location(location, &Origin::parse(private).unwrap(), &public)
        };
        for (given, private, rewritten) in [
            ("https://app.internal/x?y#z", "https://app.internal", "https://app.example/x?y#z"),
            ("https://app.internal", "https://app.internal", "https://app.example"),
            ("https://app.internal?x", "https://app.internal", "https://app.example?x"),
            ("HTTPS://App.Internal:443/x", "https://app.internal", "https://app.example/x"),
            ("http://app.internal/x", "https://app.internal", "https://app.example/x"),
            ("//app.internal/x", "https://app.internal", "https://app.example/x"),
            ("http://10.0.0.1:8080/x", "http://10.0.0.1:8080", "https://app.example/x"),
        ] {
            assert_eq!(location(given, private).as_deref(), Some(rewritten), "{given}");
        }
        for (given, private) in [
            ("/x", "https://app.internal"),
            ("x//app.internal/", "https://app.internal"),
            ("https://app.internal.evil.example/x", "https://app.internal"),
            ("https://app.internal@evil.example/x", "https://app.internal"),
            ("https://app.internal:8443/x", "https://app.internal"),
            ("https://other.example/https://app.internal/x", "https://app.internal"),
            ("ftp://app.internal/x", "https://app.internal"),
            ("http://10.0.0.1/x", "http://10.0.0.1:8080"),
            ("", "https://app.internal"),
        ] {
            assert_eq!(location(given, private), None, "{given}");
        }
    }
}
