//! A request's method, URL and headers as one plain value.
//!
//! Invariant: reading a header costs no call into JavaScript; the shell takes all of them in one.

use super::origin::Origin;

/// The head of a request.
pub struct Head {
    method: String,
    origin: Origin,
    /// Path and query, as the runtime normalised them.
    target: String,
    /// `name,value` lines; a header name has no comma and a value no line break.
    lines: String,
    /// Where they are: a request is asked for a dozen headers.
    headers: Vec<Line>,
}

/// A header: where its name begins and ends, and where its value ends.
struct Line {
    start: usize,
    comma: usize,
    end: usize,
}

impl Head {
    /// Takes a request's head: method, URL and headers, a line each. `None` when the URL is not
    /// absolute; the runtime's always is.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (method, rest) = text.split_once('\n')?;
        let (url, lines) = rest.split_once('\n').unwrap_or((rest, ""));
        let origin = Origin::of_url(url)?;
        let target = url.get(origin.as_str().len()..)?;
        let target = target.split('#').next().unwrap_or_default();
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Some(Self {
            method: method.to_owned(),
            origin,
            target,
            lines: lines.to_owned(),
            headers: index(lines),
        })
    }

    /// The method, as sent: methods are case-sensitive and may be unknown.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The origin that the browser addressed.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path, escapes and all.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query without its question mark.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// A header's value; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it =
            |line: &&Line| line.comma.checked_sub(line.start) == Some(name.len()) && self.name(line) == name;
        self.headers.iter().find(is_it).map(|line| self.value(line))
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|line| (self.name(line), self.value(line)))
    }

    fn name(&self, line: &Line) -> &str {
        self.lines.get(line.start..line.comma).unwrap_or_default()
    }

    fn value(&self, line: &Line) -> &str {
        self.lines.get(line.comma.saturating_add(1)..line.end).unwrap_or_default()
    }

    /// Whether the method promises to change nothing (RFC 9110 §9.2.1).
    #[must_use]
    pub fn is_safe(&self) -> bool {
        // TRACE is safe by the RFC; the platform never lets it through.
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// Whether a WebSocket is asked for.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }

    /// Whether a browser wants a page to show. Without Fetch Metadata, what scripts send tells them apart.
    #[must_use]
    pub fn is_navigation(&self) -> bool {
        match self.header("sec-fetch-mode") {
            Some(mode) => mode == "navigate",
            None => self.method == "GET" && self.accepts_html() && !self.names_a_script(),
        }
    }

    /// Whether a person is to read the answer: a navigation, or a form sent by a browser too old to say so.
    #[must_use]
    pub fn wants_page(&self) -> bool {
        match self.header("sec-fetch-mode") {
            Some(mode) => mode == "navigate",
            None => self.accepts_html() && !self.names_a_script(),
        }
    }

    /// Whether this is a CORS preflight (Fetch §4.8).
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        self.method == "OPTIONS"
            && self.header("origin").is_some()
            && self.header("access-control-request-method").is_some()
    }

    /// The bearer token, if there is one.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Whether a script says that it is one: jQuery, Axios and others by the first header, htmx by the second.
    fn names_a_script(&self) -> bool {
        let says = |name, text: &str| self.header(name).is_some_and(|value| value.eq_ignore_ascii_case(text));
        says("x-requested-with", "XMLHttpRequest") || says("hx-request", "true")
    }

    fn accepts_html(&self) -> bool {
        self.header("accept").is_some_and(|accept| accept.contains("text/html"))
    }
}

fn index(lines: &str) -> Vec<Line> {
    let mut headers = Vec::new();
    let mut start: usize = 0;
    for line in lines.split('\n') {
        let end = start.saturating_add(line.len());
        if let Some(name) = line.find(',') {
            headers.push(Line { start, comma: start.saturating_add(name), end });
        }
        start = end.saturating_add(1);
    }
    headers
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn head(method: &str, url: &str, headers: &[(&str, &str)]) -> Head {
        let mut lines = vec![method.to_owned(), url.to_owned()];
        lines.extend(headers.iter().map(|(name, value)| format!("{name},{value}")));
        Head::parse(&lines.join("\n")).unwrap()
    }

    #[test]
    fn a_url_is_taken_apart() {
        let head = head("GET", "https://a.example:8443/x/y?z=1&w", &[]);
        assert_eq!(head.origin().as_str(), "https://a.example:8443");
        assert_eq!((head.target(), head.path(), head.query()), ("/x/y?z=1&w", "/x/y", "z=1&w"));
    }

    #[test]
    fn a_value_may_contain_commas() {
        let head = head("GET", "https://a.example/", &[("accept", "text/html, */*"), ("x", "")]);
        assert_eq!(head.header("accept"), Some("text/html, */*"));
        assert_eq!(head.header("x"), Some(""));
        assert_eq!(head.header("y"), None);
    }

    #[test]
    fn a_navigation_is_what_the_browser_says_it_is() {
        let url = "https://a.example/";
        assert!(head("POST", url, &[("sec-fetch-mode", "navigate")]).is_navigation());
        assert!(!head("GET", url, &[("sec-fetch-mode", "cors"), ("accept", "text/html")]).is_navigation());
        assert!(head("GET", url, &[("accept", "text/html")]).is_navigation());
        assert!(!head("POST", url, &[("accept", "text/html")]).is_navigation());
        assert!(head("POST", url, &[("accept", "text/html")]).wants_page());
        for script in [("x-requested-with", "XMLHttpRequest"), ("hx-request", "true")] {
            let sent = head("GET", url, &[("accept", "text/html"), script]);
            assert!(!sent.is_navigation() && !sent.wants_page(), "{script:?}");
            assert!(
                head("GET", url, &[("sec-fetch-mode", "navigate"), script]).is_navigation(),
                "{script:?}"
            );
        }
    }
}
