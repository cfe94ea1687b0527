//! The token endpoint (RFC 6749 §4.1.3, §5, §6; Core §3.1.3, §12): a code or a refresh token for tokens.
//!
//! 1. A code goes with its verifier (RFC 7636 §4.5) and the very `redirect_uri` of the authorization request.
//! 2. An answer is at most 64 KiB and has status 200; a redirect is never followed.
//! 3. `invalid_grant`, and nothing else, is a refusal: of the code, or of the person (RFC 6749 §5.2). It has a status
//!    from 400 to 499, or comes with 200. Everything else that is no answer is trouble at the provider, and says nothing
//!    of the person.
//! 4. An answer is JSON with an `access_token`, `token_type` is `Bearer` in any case, and for a code there is an
//!    `id_token`.
//!
//! Invariant: tokens have no `Debug`, and no fault holds a part of an answer.

use crate::authorize::Verifier;
use crate::callback::Code;
use crate::client::{Client, FormPost};
use crate::json::{JsonFault, Members, Mistyped};
use crate::url::Endpoint;

/// The longest answer, in bytes.
pub const MAX_ANSWER: usize = 64 << 10;

/// The tokens in an answer. None of them is believed.
pub struct Tokens {
    /// What opens the `UserInfo` endpoint.
    pub access_token: String,
    /// Who logged in; always there for a code.
    pub id_token: Option<String>,
    /// What asks again. One that is missing after a refresh means that the one before is still good (RFC 6749 §6).
    pub refresh_token: Option<String>,
}

/// Why there are no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// The code or the refresh token is not good (`invalid_grant`): the person may not go on by it.
    Refused,
    /// The provider, or what is configured there, is not as it must be.
    Trouble(Trouble),
}

/// What is wrong at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An answer with this status.
    Status(u16),
    /// An answer that is no JSON object as it has to be.
    Json(JsonFault),
    /// It does not know us, or not in this way (`invalid_client`, `unauthorized_client`).
    Client,
    /// Some other `error`.
    Error,
    /// A member that must be there is not.
    Missing(&'static str),
    /// A member has another type or value than it must have.
    Unexpected(&'static str),
}

/// The request for the tokens of a code.
#[must_use]
pub fn exchange(
    endpoint: &Endpoint,
    client: &Client<'_>,
    code: &Code,
    redirect_uri: &str,
    verifier: &Verifier,
) -> FormPost {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier.as_str()),
    ];
    client.post(endpoint, &fields)
}

/// The request for new tokens, which asks whether the person may stay.
#[must_use]
pub fn refresh(endpoint: &Endpoint, client: &Client<'_>, refresh_token: &str) -> FormPost {
    client.post(endpoint, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
}

/// Reads the answer to [`exchange`].
///
/// # Errors
/// Why there are no tokens.
pub fn read_exchange(status: u16, body: &[u8]) -> Result<Tokens, TokenFault> {
    let tokens = read_refresh(status, body)?;
    if tokens.id_token.is_none() {
        return Err(Trouble::Missing("id_token").into());
    }
    Ok(tokens)
}

/// Reads the answer to [`refresh`]: an ID token need not be in it (Core §12.2).
///
/// # Errors
/// Why there are no tokens.
pub fn read_refresh(status: u16, body: &[u8]) -> Result<Tokens, TokenFault> {
    let answer = answer(status, 200, body)?;
    let text = |name| -> Result<Option<String>, Trouble> {
        Ok(answer.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let access_token = text("access_token")?.ok_or(Trouble::Missing("access_token"))?;
    let token_type = text("token_type")?.ok_or(Trouble::Missing("token_type"))?;
    if !token_type.eq_ignore_ascii_case("bearer") {
        return Err(Trouble::Unexpected("token_type").into());
    }
    Ok(Tokens { access_token, id_token: text("id_token")?, refresh_token: text("refresh_token")? })
}

/// The object in an answer that has the expected status and no `error`.
pub(crate) fn answer(status: u16, expected: u16, body: &[u8]) -> Result<Members, TokenFault> {
    let answer = Members::parse_document(body, MAX_ANSWER);
    let may_say_error = status == expected || (400..=499).contains(&status) && status != 429;
    if let Ok(answer) = &answer
        && may_say_error
        && answer.has("error")
    {
        return Err(of_error(answer.text("error").ok().flatten()));
    }
    if status != expected {
        return Err(Trouble::Status(status).into());
    }
    answer.map_err(|fault| Trouble::Json(fault).into())
}

fn of_error(error: Option<&str>) -> TokenFault {
    match error {
        Some("invalid_grant") => TokenFault::Refused,
        Some("invalid_client" | "unauthorized_client") => Trouble::Client.into(),
        Some(_) | None => Trouble::Error.into(),
    }
}

impl TokenFault {
    /// The name, as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "invalid_grant",
            Self::Trouble(Trouble::Status(_)) => "status",
            Self::Trouble(Trouble::Json(_)) => "no JSON",
            Self::Trouble(Trouble::Client) => "invalid_client",
            Self::Trouble(Trouble::Error) => "error",
            Self::Trouble(Trouble::Missing(_)) => "member missing",
            Self::Trouble(Trouble::Unexpected(_)) => "member unexpected",
        }
    }
}

impl From<Trouble> for TokenFault {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Mistyped> for Trouble {
    fn from(Mistyped(name): Mistyped) -> Self {
        Self::Unexpected(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::tests::secrets;
    use crate::callback::{Answer, Callback};
    use crate::client::Proof;
    use crate::metadata::tests::metadata;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn good(changes: Value) -> Vec<u8> {
        let mut answer =
            json!({ "access_token": "a", "token_type": "Bearer", "id_token": "i", "expires_in": 60 });
        for (name, value) in changes.as_object().unwrap() {
            answer[name] = value.clone();
        }
        answer.to_string().into_bytes()
    }

    fn fault(status: u16, body: &[u8]) -> Option<TokenFault> {
        read_exchange(status, body).err()
    }

    fn trouble(trouble: impl Into<Option<Trouble>>) -> Option<TokenFault> {
        trouble.into().map(TokenFault::Trouble)
    }

    #[test]
    fn rule_1_a_code_goes_with_its_verifier_and_address() {
        let metadata = metadata(json!({ "authorization_response_iss_parameter_supported": false }));
        let callback = Callback::parse(b"state=s&code=c%2B").unwrap_or_else(|fault| panic!("{fault:?}"));
        let Ok(Answer::Code(code)) = callback.judge("s", &metadata) else { panic!("a code") };
        let client = Client { id: "gate", proof: Proof::None };
        let verifier = secrets().verifier;
        let post = exchange(&metadata.token, &client, &code, "https://app.example/cb", &verifier);
        assert_eq!(post.url, "https://idp.example/token");
        let expected = format!(
            "grant_type=authorization_code&code=c%2B&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier={}&client_id=gate",
            verifier.as_str()
        );
        assert_eq!(post.body, expected);
        let again = refresh(&metadata.token, &client, "r&t");
        assert_eq!(again.body, "grant_type=refresh_token&refresh_token=r%26t&client_id=gate");
    }

    #[test]
    fn tokens_are_read() {
        let tokens = read_exchange(200, &good(json!({ "refresh_token": "r", "scope": null })));
        let Tokens { access_token, id_token, refresh_token } =
            tokens.unwrap_or_else(|fault| panic!("{fault:?}"));
        assert_eq!(
            (access_token.as_str(), id_token.as_deref(), refresh_token.as_deref()),
            ("a", Some("i"), Some("r"))
        );
    }

    #[test]
    fn rule_2_an_answer_is_bounded_and_has_its_status() {
        for status in [201, 204, 301, 302, 307, 404, 429, 500, 502, 503, 0] {
            assert_eq!(fault(status, &good(json!({}))), trouble(Trouble::Status(status)), "{status}");
            assert_eq!(fault(status, b"<html>"), trouble(Trouble::Status(status)), "{status}");
        }
        let long = good(json!({ "x": "x".repeat(MAX_ANSWER) }));
        assert_eq!(fault(200, &long), trouble(Trouble::Json(JsonFault::TooLong)));
    }

    #[test]
    fn rule_3_only_an_invalid_grant_is_a_refusal() {
        let error = |status, error: &str| fault(status, json!({ "error": error }).to_string().as_bytes());
        for status in [200, 400, 401, 403] {
            assert_eq!(error(status, "invalid_grant"), Some(TokenFault::Refused), "{status}");
        }
        for status in [429, 500, 503, 302, 201] {
            assert_eq!(error(status, "invalid_grant"), trouble(Trouble::Status(status)), "{status}");
        }
        for client in ["invalid_client", "unauthorized_client"] {
            assert_eq!(error(401, client), trouble(Trouble::Client));
        }
        for other in [
            "",
            "invalid_request",
            "invalid_scope",
            "INVALID_GRANT",
            "temporarily_unavailable",
            "interaction_required",
        ] {
            assert_eq!(error(400, other), trouble(Trouble::Error), "{other}");
        }
        assert_eq!(fault(400, br#"{"error":["invalid_grant"]}"#), trouble(Trouble::Error));
        assert_eq!(fault(200, &good(json!({ "error": "invalid_grant" }))), Some(TokenFault::Refused));
        assert_eq!(fault(400, b"invalid_grant"), trouble(Trouble::Status(400)));
        assert_eq!(fault(400, br#"{"error":"invalid_grant","error":"x"}"#), trouble(Trouble::Status(400)));
    }

    #[test]
    fn rule_4_an_answer_has_what_it_must_have() {
        for body in [&b""[..], b"<html>", b"[]", br#"{"access_token":"a","#] {
            assert_eq!(fault(200, body), trouble(Trouble::Json(JsonFault::NotAnObject)));
        }
        for name in ["access_token", "token_type", "id_token"] {
            assert_eq!(fault(200, &good(json!({ name: null }))), trouble(Trouble::Missing(name)));
            assert_eq!(fault(200, &good(json!({ name: "" }))), trouble(Trouble::Missing(name)));
            assert_eq!(fault(200, &good(json!({ name: 1 }))), trouble(Trouble::Unexpected(name)));
        }
        for (token_type, expected) in
            [("bearer", None), ("BEARER", None), ("DPoP", trouble(Trouble::Unexpected("token_type")))]
        {
            assert_eq!(fault(200, &good(json!({ "token_type": token_type }))), expected);
        }
        assert!(read_refresh(200, &good(json!({ "id_token": null }))).is_ok());
    }

    proptest! {
        #[test]
        fn no_answer_of_any_status_is_too_much(status in any::<u16>(), bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(matches!(fault(status, &bytes), Some(TokenFault::Trouble(_))));
        }
    }
}
