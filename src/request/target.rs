//! Where a redirect may lead, and how a path travels in a query (ASVS 3.7.2).
//!
//! Invariant: a target is either a path on this very origin or starts with an allowed origin, byte
//! for byte. Everything a browser might read differently than we do is refused.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Origin;

/// What may stand unescaped in a query value or a header value that is percent-encoded.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Whether a text is a path on the same origin, with a query or fragment perhaps, that a browser
/// cannot take for anything else.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        // Browsers drop tabs and line breaks from URLs and read `\` as `/`.
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// The `Location` for a wished target, if it is allowed.
#[must_use]
pub fn return_target(wish: &str, own: &Origin, allowed: &[Origin]) -> Option<String> {
    let wish = escape_unicode(wish);
    if is_path(&wish) {
        return Some(wish.into_owned());
    }
    if !wish.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return None;
    }
    let leads_to = |origin: &Origin| {
        let rest = wish.strip_prefix(origin.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    };
    let is_allowed = leads_to(own) || allowed.iter().any(leads_to);
    is_allowed.then(|| wish.into_owned())
}

/// Percent-encodes a text for a query value.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Escapes non-ASCII bytes only.
const NON_ASCII: &AsciiSet = &AsciiSet::EMPTY;

/// A header carries ASCII only; a browser escapes the rest of a URL in the same way.
fn escape_unicode(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(utf8_percent_encode(text, NON_ASCII).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(wish: &str) -> Option<String> {
        let own = Origin::parse("https://app.example").unwrap();
        let allowed = [Origin::parse("https://www.example").unwrap()];
        return_target(wish, &own, &allowed)
    }

    #[test]
    fn paths_and_allowed_origins_are_followed() {
        for wish in [
            "/",
            "/a/b?c=d#e",
            "/a%0d%0ab",
            "/?x=https://evil.example",
            "https://app.example",
            "https://app.example/x",
            "https://www.example?x",
            "https://www.example/#y",
            "/..//evil.example",
        ] {
            assert_eq!(target(wish).as_deref(), Some(wish));
        }
        assert_eq!(target("/ü").as_deref(), Some("/%C3%BC"));
    }

    #[test]
    fn everything_else_is_ignored() {
        for wish in [
            "",
            "x",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "https:evil.example",
            "https:/evil.example",
            "https://evil.example",
            "http://app.example",
            "https://app.example.evil.example",
            "https://app.example@evil.example",
            "https://app.example:443",
            "https://app.example:8443",
            "https://app.example\\@evil.example",
            "HTTPS://app.example",
            "https://APP.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/\t/evil.example",
            "\t//evil.example",
            "/\n/evil.example",
            "/a\r\nSet-Cookie: x=y",
            " /a",
            "/a b",
            "/\u{0}",
            "https://app.example\u{0}",
            "https://evil.example/https://app.example",
            "https://xn--app-example",
            "//app.example",
            "?x",
            "#x",
            "https://app.example.",
            "https://www.example@app.example",
            "blob:https://app.example",
            "/\u{7f}",
            "https://app.example%2f@evil.example",
            "https://app.example%40evil.example",
        ] {
            assert_eq!(target(wish), None, "{wish:?}");
        }
    }

    #[test]
    fn an_encoded_query_value_has_no_separators() {
        assert_eq!(percent_encode("/a?b=c&d=e f#g"), "/a%3Fb%3Dc%26d%3De%20f%23g");
    }
}
