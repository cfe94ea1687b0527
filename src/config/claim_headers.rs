//! `CLAIM_HEADERS`: which claims the application gets under header names of its own.
//!
//! Invariant: no name is one that HTTP, the platform or the gate itself uses, in no spelling in which an application may
//! read it, and no two are taken for each other. So a claim never stands for anything but itself.

use serde_json::Value;

use super::fault::Faults;
use super::vars::decoded;
use crate::base::json::Fields;
use crate::base::names::is_taken_for;
use crate::request::is_withheld;

/// Names with a meaning of their own, in lower case: of HTTP (RFC 9110, RFC 9111, RFC 6265), of Fetch and WebSocket, of
/// what proxies and this gate say of a request, and of the SDKs.
const TAKEN: [&str; 50] = [
    "host",
    "cookie",
    "authorization",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-connection",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "content-length",
    "content-type",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "date",
    "expect",
    "from",
    "via",
    "max-forwards",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "cache-control",
    "pragma",
    "range",
    "origin",
    "referer",
    "user-agent",
    "priority",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-http-method-override",
    "x-real-ip",
    "true-client-ip",
    "anti-csrf",
    "rid",
    "fdi-version",
    "st-auth-mode",
    "api-key",
    "front-token",
];

/// What names with a meaning begin with.
const TAKEN_BEGINNINGS: [&str; 5] = ["gate-", "sec-", "if-", "cf-", "proxy-"];

const VARIABLE: &str = "CLAIM_HEADERS";
const TABLE: &str = "a table like { \"X-Forwarded-Email\" = \"email\" }";
const NAME: &str = "a header name that neither HTTP nor the gate uses, once in all spellings";
const CLAIM: &str = "the name of a claim";

/// The longest name.
const MAX_NAME: usize = 64;

/// Headers for the application, each with the claim that it carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimHeaders(Vec<(String, String)>);

impl ClaimHeaders {
    /// Reads a table of header names and claims.
    pub fn read(value: Option<Value>, faults: &mut Faults) -> Self {
        let mut headers = Self::default();
        let Some(value) = value else { return headers };
        let Some(table) = Fields::of(decoded(value)) else {
            faults.add(VARIABLE, TABLE);
            return headers;
        };
        for (name, claim) in table.into_map() {
            let must_be = match claim.as_str() {
                _ if !may_be_used(&name) || headers.withholds(&name) => NAME,
                Some(claim) if !claim.is_empty() => {
                    headers.0.push((name.to_ascii_lowercase(), claim.to_owned()));
                    continue;
                }
                _ => CLAIM,
            };
            faults.add(&format!("{VARIABLE}.{name}"), must_be);
        }
        headers
    }

    /// The headers' names in lower case, and their claims.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, claim)| (name.as_str(), claim.as_str()))
    }

    /// Whether an application may take a client's header for one of these.
    #[must_use]
    pub fn withholds(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| is_taken_for(name, own))
    }
}

fn may_be_used(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let begins = |with: &&str| name.get(..with.len()).is_some_and(|start| is_taken_for(start, with));
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(allowed)
        && !TAKEN.iter().any(|taken| is_taken_for(name, taken))
        && !TAKEN_BEGINNINGS.iter().any(begins)
        && !is_withheld(&name.to_ascii_lowercase())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// The headers that a good table makes.
    pub(crate) fn claim_headers(table: Value) -> Option<ClaimHeaders> {
        let mut faults = Faults::default();
        let headers = ClaimHeaders::read(Some(table), &mut faults);
        faults.are_none().then_some(headers)
    }

    #[test]
    fn names_of_the_application_s_own_are_read() {
        let table = json!({
            "X-Forwarded-Email": "email", "X-WEBAUTH-USER": "userId", "Remote_User": "userId", "X-Forwarded-Groups": "groups",
        });
        let headers = claim_headers(table).unwrap();
        let mut all: Vec<_> = headers.iter().collect();
        all.sort_unstable();
        let expected = [
            ("remote_user", "userId"),
            ("x-forwarded-email", "email"),
            ("x-forwarded-groups", "groups"),
            ("x-webauth-user", "userId"),
        ];
        assert_eq!(all, expected);
        for name in ["x-webauth-user", "x_webauth_user", "x-webauth_user", "x.webauth.user", "remote-user"] {
            assert!(headers.withholds(name), "{name}");
        }
        for name in ["x-webauth-users", "x-webauth", "xwebauthuser", "remote-user-id"] {
            assert!(!headers.withholds(name), "{name}");
        }
        assert!(!ClaimHeaders::default().withholds("x-webauth-user"));
    }

    #[test]
    fn a_name_with_a_meaning_is_none_of_the_application_s_in_any_spelling() {
        let read = |name: &str| claim_headers(json!({ name: "email" }));
        let beginnings = TAKEN_BEGINNINGS.map(|beginning| format!("{beginning}x"));
        for name in TAKEN.into_iter().chain(beginnings.iter().map(String::as_str)) {
            for spelling in [name.to_owned(), name.to_uppercase(), name.replace('-', "_")] {
                assert_eq!(read(&spelling), None, "{spelling}");
            }
        }
        for name in ["x-original-url", "X_Rewrite_Url", "X_Forwarded_User", "", "x y", "x:y", "ü", "x.y"] {
            assert_eq!(read(name), None, "{name}");
        }
        assert_eq!(read(&"x".repeat(65)), None);
        assert!(read("X-Forwarded-User").is_some());
    }

    #[test]
    fn names_that_may_be_taken_for_each_other_and_claims_that_are_no_texts_are_refused() {
        assert_eq!(claim_headers(json!({ "X-A": "email", "x_a": "name" })), None);
        for claim in [json!(""), json!(1), json!(null), json!(["email"])] {
            assert_eq!(claim_headers(json!({ "X-A": claim })), None);
        }
        assert_eq!(claim_headers(json!([])), None);
    }
}
