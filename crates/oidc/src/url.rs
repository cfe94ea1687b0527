//! Addresses at a provider, and what is put behind them.
//!
//! 1. An address is absolute and begins with `https://`; `http://` is for this very machine (RFC 8252 §7.3).
//! 2. It has a host, no user, no fragment (RFC 6749 §3.1), and no byte that two readers may read differently.
//! 3. A query that it has is kept (RFC 6749 §3.1).
//!
//! Invariant: an address is written as it was read, so comparing texts compares addresses (RFC 3986 §6.2.1).

use base::form;

/// An address of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

/// A text that is no address of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// It is no absolute `http` or `https` URL, or one that two readers may read differently.
    Malformed,
    /// It is `http`, and not for this machine.
    Insecure,
}

/// The longest address.
const LONGEST: usize = 2048;

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlFault::Malformed)?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        // Browsers read `\` as `/`.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        let host =
            host(authority).filter(|_| is_plain && text.len() <= LONGEST).ok_or(UrlFault::Malformed)?;
        match scheme {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback(host) => Ok(Self(text.to_owned())),
            "http" => Err(UrlFault::Insecure),
            _ => Err(UrlFault::Malformed),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port (RFC 6454): what may frame a page, for instance.
    #[must_use]
    pub fn origin(&self) -> &str {
        let authority = self.0.find("://").map_or(0, |scheme| scheme.saturating_add(3));
        let path = self.0.get(authority..).and_then(|rest| rest.find(['/', '?']));
        let end = path.map_or(self.0.len(), |path| authority.saturating_add(path));
        self.0.get(..end).unwrap_or_default()
    }

    /// The address with these parameters behind those that it has.
    #[must_use]
    pub fn with<'a>(&self, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let joint = match self.0.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{joint}{}", self.0, form::write(parameters))
    }
}

/// The host of `host[:port]`.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // Whether it is one that exists, the network says; the parsers of addresses are larger than all this.
    let is_address = |it: &str| {
        it.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')) && it.contains(':')
    };
    let is_host = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(address) => address.is_some_and(is_address),
        None => !host.is_empty() && host.bytes().all(is_name),
    };
    (is_host && port.is_none_or(is_port)).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rule_1_an_address_is_https_or_on_this_machine() {
        for text in [
            "https://idp.example",
            "https://idp.example:8443/a?b=c",
            "http://localhost:1234/x",
            "http://127.0.0.1/x",
            "http://[::1]:80/x",
            "http://idp.localhost/",
        ] {
            assert_eq!(Endpoint::parse(text).map(|it| it.0), Ok(text.to_owned()));
        }
        for text in [
            "http://idp.example",
            "http://localhost.example",
            "http://[::2]",
            "http://128.0.0.1",
            "http://127.0.0.1.example",
        ] {
            assert_eq!(Endpoint::parse(text), Err(UrlFault::Insecure), "{text}");
        }
    }

    #[test]
    fn rule_2_what_two_readers_may_read_differently_is_none() {
        for text in [
            "",
            "https:",
            "https://",
            "https:///x",
            "//idp.example",
            "HTTPS://idp.example",
            "ftp://idp.example",
            "javascript://idp.example/%0aalert(1)",
            "https://user@idp.example",
            "https://idp.example\\@evil.example",
            "https://idp.example#x",
            "https://idp.example/a b",
            "https://idp.example/\u{fc}",
            "https://idp.example:x",
            "https://idp.example:",
            "https://idp.example:99999",
            "https://[::1",
            "https://[x]",
            "https://idp.example\n",
            "http://localhost@evil.example",
            "https://idp.example:+1",
            " https://idp.example",
            "https://a,b",
        ] {
            assert_eq!(Endpoint::parse(text), Err(UrlFault::Malformed), "{text}");
        }
        assert!(Endpoint::parse(&format!("https://idp.example/{}", "x".repeat(2028))).is_ok());
        assert!(Endpoint::parse(&format!("https://idp.example/{}", "x".repeat(2029))).is_err());
    }

    #[test]
    fn rule_3_parameters_stand_behind_those_that_are_there() {
        let with = |text| Endpoint::parse(text).map(|it| it.with([("a", "b c")]));
        assert_eq!(with("https://x"), Ok("https://x?a=b%20c".to_owned()));
        assert_eq!(with("https://x/y?"), Ok("https://x/y?a=b%20c".to_owned()));
        assert_eq!(with("https://x/y?p=q"), Ok("https://x/y?p=q&a=b%20c".to_owned()));
    }

    #[test]
    fn an_origin_ends_before_path_and_query() {
        let origin = |text| Endpoint::parse(text).map(|it| it.origin().to_owned());
        assert_eq!(origin("https://idp.example:1/a?b"), Ok("https://idp.example:1".to_owned()));
        assert_eq!(origin("https://idp.example?b"), Ok("https://idp.example".to_owned()));
        assert_eq!(origin("http://[::1]"), Ok("http://[::1]".to_owned()));
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "(https?://)?[a-z0-9:@/?#\\[\\].\\\\ ]{0,20}") {
            if let Ok(endpoint) = Endpoint::parse(&text) {
                prop_assert_eq!(endpoint.as_str(), &text);
                prop_assert!(text.starts_with(endpoint.origin()));
            }
        }
    }
}
