//! What of a request and its answer stays between the two ends: the headers of a client that no
//! application may see, and the address of an application that no client may see.
//!
//! Invariant: what an application may believe about a request beside what the client itself is free to
//! claim, is the gate's word: who it is from, and at which address it was made.

use super::Origin;

/// Whether a client's header never reaches the application; the name in lower case.
///
/// * `Gate` and anything but a letter or a digit: CGI and its heirs read many characters as `-`.
/// * Where the request came to, in spellings that the gate does not set itself. `_` is `-` to CGI.
/// * `Expect` and `Connection` concern the connection to the gate. By the second, a client could have a
///   proxy behind it take the gate's own headers away.
#[must_use]
pub fn is_withheld(name: &str) -> bool {
    match name.as_bytes() {
        [b'g', b'a', b't', b'e', next, ..] => !next.is_ascii_alphanumeric(),
        [b'f' | b'e' | b'c', ..] => matches!(name, "forwarded" | "expect" | "connection"),
        [b'x', ..] if name.contains('_') => {
            let name = name.replace('_', "-");
            name.starts_with("x-forwarded-") || is_withheld(&name)
        }
        [b'x', ..] => matches!(name, "x-original-url" | "x-rewrite-url"),
        _ => false,
    }
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

/// Whether a header of an answer to a preflight is for the browser; the name in lower case. What else there is
/// may be a page that only those who are signed in may read.
#[must_use]
pub fn answers_preflight(name: &str) -> bool {
    name.starts_with("access-control-") || matches!(name, "timing-allow-origin" | "vary" | "allow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_gate_may_say_is_withheld_in_every_spelling() {
        for name in [
            "gate-user",
            "gate_user",
            "gate.user",
            "gate!user",
            "gate-",
            "gate~x",
            "forwarded",
            "x-original-url",
            "x_original_url",
            "x-rewrite-url",
            "x-rewrite_url",
            "expect",
            "connection",
            "x_forwarded_host",
            "x-forwarded_proto",
            "x_forwarded-for",
        ] {
            assert!(is_withheld(name), "{name}");
        }
        for name in [
            "gate",
            "gateway",
            "gate2-user",
            "x-gate-user",
            "x-forwarded-for",
            "x-forward",
            "x_own",
            "content-type",
            "x-forwarded-host",
        ] {
            assert!(!is_withheld(name), "{name}");
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
