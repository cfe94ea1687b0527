//! The headers in which SuperTokens' SDKs and the gate speak of tokens, whatever the route.
//!
//! Invariant: whenever tokens are handed out or taken back, `front-token` says so, which is all that the SDK in a page
//! goes by, and everything that is said is exposed to it. A token that came in a cookie never gets into reach of a
//! script.

use serde_json::{Value, json};

use crate::base::bytes;
use crate::request::Head;
use crate::response::ResponseHeaders;
use crate::token::{AccessToken, Version};

/// How tokens travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In cookies, out of reach of the page's script.
    Cookies,
    /// In `st-access-token` and `st-refresh-token`, which an SDK without cookies asks for.
    Headers,
}

impl Delivery {
    /// How the caller wants the tokens of a session that it does not have yet.
    #[must_use]
    pub fn wanted(head: &Head) -> Self {
        let wants_headers =
            head.header("st-auth-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("header"));
        if wants_headers { Self::Headers } else { Self::Cookies }
    }
}

/// The `anti-csrf` header.
#[must_use]
pub fn anti_csrf(head: &Head) -> Option<&str> {
    head.header("anti-csrf")
}

/// Whether there is a `rid` header, which no form of another site can send.
#[must_use]
pub fn has_rid(head: &Head) -> bool {
    head.header("rid").is_some()
}

/// The headers beside tokens that are handed out; `refresh` is missing if the SDK keeps the refresh token that it has.
#[must_use]
pub fn handed_out(
    delivery: Delivery,
    token: &AccessToken,
    access: &str,
    refresh: Option<&str>,
) -> ResponseHeaders {
    let mut headers = ResponseHeaders::default();
    let mut exposed = vec!["front-token"];
    if delivery == Delivery::Headers {
        headers.add("st-access-token", access);
        exposed.push("st-access-token");
        if let Some(refresh) = refresh {
            headers.add("st-refresh-token", refresh);
            exposed.push("st-refresh-token");
        }
    }
    headers.add("front-token", front_token(token));
    if let Some(anti_csrf) = &token.anti_csrf {
        headers.add("anti-csrf", anti_csrf.clone());
        exposed.push("anti-csrf");
    }
    headers.add("access-control-expose-headers", exposed.join(", "));
    headers
}

/// The headers that take tokens back from an SDK.
#[must_use]
pub fn taken_back(delivery: Delivery) -> ResponseHeaders {
    let mut headers = ResponseHeaders::default();
    let mut exposed = vec!["front-token"];
    if delivery == Delivery::Headers {
        for name in ["st-access-token", "st-refresh-token"] {
            headers.add(name, "");
            exposed.push(name);
        }
    }
    headers.add("front-token", "remove");
    headers.add("access-control-expose-headers", exposed.join(", "));
    headers
}

/// What the page's script may know: user, expiry in milliseconds, and all claims, as JSON in standard base64, which
/// `atob` reads.
#[must_use]
pub fn front_token(token: &AccessToken) -> String {
    let mut claims = token.claims(Version::V5);
    claims.insert("iat".to_owned(), token.issued_at.seconds().into());
    claims.insert("exp".to_owned(), token.expires_at.seconds().into());
    let front: Value = json!({ "uid": token.user_id, "ate": token.expires_at.millis(), "up": claims });
    bytes::encode_standard(front.to_string().as_bytes())
}
