//! A web origin: scheme, host and port (RFC 6454), compared byte for byte.
//!
//! Invariant: an origin has exactly one spelling here, the one that browsers serialise. Whatever is
//! spelled otherwise is another origin, which is the safe side to err on.

use std::fmt;

/// `scheme://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin as browsers write it: `http` or `https`, lower case, no default port, no path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let origin = Self::of_url(text)?;
        (origin.0.len() == text.len()).then_some(origin)
    }

    /// The origin that an absolute URL starts with.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let default_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#', '\\']).next()?;
        let host = authority.strip_suffix(default_port).unwrap_or(authority);
        if host.len() != authority.len() || !is_authority(authority) {
            return None;
        }
        Some(Self(format!("{scheme}://{authority}")))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Host name, and port if it is not the usual one.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// Whether the host is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let is_v4 =
            host.starts_with("127.") && host.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
        is_v4 || host == "[::1]" || host == "localhost" || host.ends_with(".localhost")
    }

    /// Host name without port.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.authority();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host_is_good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')),
        None => host.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        }),
    };
    let port_is_good = port.is_none_or(|port| {
        !port.is_empty() && !port.starts_with('0') && port.parse::<u16>().is_ok() && !port.starts_with('+')
    });
    !host.is_empty() && host_is_good && port_is_good
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_one_spelling() {
        for text in ["https://a.example", "http://localhost:8787", "http://127.0.0.1", "http://[::1]:8787"] {
            assert_eq!(Origin::parse(text).map(|origin| origin.0), Some(text.to_owned()));
        }
        for text in [
            "",
            "null",
            "*",
            "https://",
            "https://A.example",
            "https://a.example/",
            "https://a.example:443",
            "http://a.example:80",
            "https://u@a.example",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:99999",
            "ftp://a.example",
            "https:/a.example",
            "https://a.example\\",
            "https://ä.example",
            " https://a.example",
            "https://a.example:+1",
        ] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_host_has_no_port() {
        assert_eq!(Origin::parse("http://localhost:8787").unwrap().host(), "localhost");
        assert_eq!(Origin::parse("http://[::1]:8787").unwrap().host(), "[::1]");
        assert_eq!(Origin::parse("https://a.example").unwrap().host(), "a.example");
    }
}
