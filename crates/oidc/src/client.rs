//! How a client proves who it is at the provider's endpoints (RFC 6749 §2.3.1, Core §9).
//!
//! 1. `client_secret_basic`: id and secret are form-encoded before they become one base64 text.
//! 2. `client_secret_post`: both are fields of the body.
//! 3. `private_key_jwt` (RFC 7523 §2.2): an assertion from the client about itself, for one audience, good for a minute,
//!    with an id of its own.
//! 4. `none`: the id alone. PKCE binds the code all the same.
//!
//! Invariant: a request has one proof, and its id is there once.

use base::time::{Seconds, Timestamp};
use base::{bytes, form};
use serde_json::json;

use crate::algorithm::Algorithm;
use crate::url::Endpoint;

/// A client, and its proof.
pub struct Client<'a> {
    /// The id.
    pub id: &'a str,
    /// The proof.
    pub proof: Proof<'a>,
}

/// What a client proves itself with.
pub enum Proof<'a> {
    /// A secret, in a header.
    Basic(&'a str),
    /// A secret, in the body.
    Post(&'a str),
    /// An assertion that was signed: see [`AssertionDraft`].
    Assertion(&'a str),
    /// Nothing.
    None,
}

/// A request to a provider: `POST`, `application/x-www-form-urlencoded`, to be answered in JSON.
pub struct FormPost {
    /// Where it goes.
    pub url: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The body.
    pub body: String,
}

/// An assertion that wants its signature.
pub struct AssertionDraft(String);

/// How long an assertion is good.
pub const ASSERTION_TTL: Seconds = Seconds::new(60);

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Client<'_> {
    /// A request of this client.
    #[must_use]
    pub fn post(&self, endpoint: &Endpoint, fields: &[(&str, &str)]) -> FormPost {
        let mut fields = fields.to_vec();
        let mut set = |name, value| {
            if fields.iter().all(|(other, _)| *other != name) {
                fields.push((name, value));
            }
        };
        let authorization = match self.proof {
            Proof::Basic(secret) => {
                let pair = format!("{}:{}", form::encoded(self.id), form::encoded(secret));
                Some(format!("Basic {}", bytes::encode_standard(pair.as_bytes())))
            }
            Proof::Post(secret) => {
                set("client_id", self.id);
                set("client_secret", secret);
                None
            }
            Proof::Assertion(assertion) => {
                set("client_id", self.id);
                set("client_assertion_type", ASSERTION_TYPE);
                set("client_assertion", assertion);
                None
            }
            Proof::None => {
                set("client_id", self.id);
                None
            }
        };
        FormPost { url: endpoint.as_str().to_owned(), authorization, body: form::write(fields) }
    }
}

impl AssertionDraft {
    /// An assertion of a client for an audience, which is the issuer unless the provider wants another. `token_id` is
    /// drawn anew for each.
    #[must_use]
    pub fn new(
        client_id: &str,
        audience: &str,
        algorithm: Algorithm,
        key_id: Option<&str>,
        token_id: &str,
        now: Timestamp,
    ) -> Self {
        let mut header = json!({ "alg": algorithm.as_str(), "typ": "JWT" });
        if let (Some(id), Some(header)) = (key_id, header.as_object_mut()) {
            header.insert("kid".to_owned(), id.into());
        }
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": audience, "jti": token_id,
            "iat": now.seconds(), "exp": now.after(ASSERTION_TTL).seconds(),
        });
        let part = |value: serde_json::Value| bytes::encode(value.to_string().as_bytes());
        Self(format!("{}.{}", part(header), part(claims)))
    }

    /// What is to be signed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The assertion.
    #[must_use]
    pub fn seal(self, signature: &[u8]) -> String {
        format!("{}.{}", self.0, bytes::encode(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn post(proof: Proof<'_>, fields: &[(&str, &str)]) -> (Option<String>, String) {
        let endpoint = Endpoint::parse("https://idp.example/token?p=q").unwrap();
        let post = Client { id: "ga te", proof }.post(&endpoint, fields);
        assert_eq!(post.url, "https://idp.example/token?p=q");
        (post.authorization, post.body)
    }

    #[test]
    fn rule_1_id_and_secret_are_form_encoded_in_the_header() {
        let (header, body) = post(Proof::Basic("p:s+/\u{fc}"), &[("a", "b")]);
        let encoded = bytes::encode_standard(b"ga%20te:p%3As%2B%2F%C3%BC");
        assert_eq!((header, body.as_str()), (Some(format!("Basic {encoded}")), "a=b"));
    }

    #[test]
    fn rules_2_and_4_id_and_secret_are_in_the_body_once() {
        assert_eq!(
            post(Proof::Post("s&c"), &[("a", "b")]),
            (None, "a=b&client_id=ga%20te&client_secret=s%26c".into())
        );
        assert_eq!(post(Proof::None, &[("a", "b")]), (None, "a=b&client_id=ga%20te".into()));
        assert_eq!(post(Proof::None, &[("client_id", "ga te")]), (None, "client_id=ga%20te".into()));
    }

    #[test]
    fn rule_3_an_assertion_is_about_the_client_for_one_audience_and_a_minute() {
        let now = Timestamp::from_seconds(1000);
        let draft = AssertionDraft::new("gate", "https://idp.example", Algorithm::Es256, Some("k"), "j", now);
        let message = String::from_utf8(draft.message().to_vec()).unwrap();
        let part = |index| -> Value {
            let text = message.split('.').nth(index).unwrap();
            serde_json::from_slice(&bytes::decode_any(text).unwrap()).unwrap()
        };
        assert_eq!(part(0), json!({ "alg": "ES256", "typ": "JWT", "kid": "k" }));
        let claims = json!({ "iss": "gate", "sub": "gate", "aud": "https://idp.example", "jti": "j", "iat": 1000, "exp": 1060 });
        assert_eq!(part(1), claims);
        assert_eq!(draft.seal(&[1, 2, 3]), format!("{message}.AQID"));
        let anonymous = AssertionDraft::new("gate", "x", Algorithm::EdDsa, None, "j", now);
        assert!(anonymous.message().starts_with(bytes::encode(br#"{"alg":"EdDSA","typ":"JWT"}"#).as_bytes()));
        let (header, body) = post(Proof::Assertion("a.b.c"), &[]);
        assert_eq!(header, None);
        assert_eq!(
            body,
            "client_id=ga%20te&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c"
        );
    }
}
