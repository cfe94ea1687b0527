//! An answer as a plain value, and a list of headers to put on one.

use super::Reason;

/// A response that the gate makes itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Why it is what it is.
    pub reason: Reason,
    /// The content.
    pub body: Body,
    /// Its headers beside the content type.
    pub headers: ResponseHeaders,
}

/// The content of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// `application/json`.
    Json(String),
    /// `text/html`.
    Html(String),
    /// `text/plain`.
    Text(String),
}

/// Headers to put on a response, the gate's own or the origin's.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ResponseHeaders(Vec<(&'static str, String)>);

impl Answer {
    /// An answer without headers of its own.
    #[must_use]
    pub fn new(status: u16, reason: Reason, body: Body) -> Self {
        Self { status, reason, body, headers: ResponseHeaders::default() }
    }

    /// JSON.
    #[must_use]
    pub fn json(status: u16, reason: Reason, value: &serde_json::Value) -> Self {
        Self::new(status, reason, Body::Json(value.to_string()))
    }

    /// `{"message": …}`, the form of every error of an API.
    #[must_use]
    pub fn message(status: u16, reason: Reason, message: &str) -> Self {
        Self::json(status, reason, &serde_json::json!({ "message": message }))
    }

    /// A redirect that turns the method into GET (RFC 9110 §15.4.4).
    #[must_use]
    pub fn see_other(reason: Reason, location: String) -> Self {
        Self::new(303, reason, Body::Empty).with("location", location).with("cache-control", "no-store")
    }

    /// The answer for another reason.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }

    /// The answer with one header more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// The answer with these `Set-Cookie` values more.
    #[must_use]
    pub fn with_cookies(self, values: impl IntoIterator<Item = String>) -> Self {
        values.into_iter().fold(self, |answer, value| answer.with("set-cookie", value))
    }

    /// The answer with all of these headers more.
    #[must_use]
    pub fn with_all(mut self, additions: ResponseHeaders) -> Self {
        self.headers.extend(additions);
        self
    }
}

impl ResponseHeaders {
    /// Adds a header.
    pub fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether there is nothing to add.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a header of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| *other == name)
    }

    /// The headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Whether a header of this name adds to those that are there instead of replacing them.
    #[must_use]
    pub fn accumulates(name: &str) -> bool {
        matches!(name, "set-cookie" | "access-control-expose-headers" | "server-timing" | "vary")
    }
}
