//! The authorization response (Core §3.1.2.5, RFC 6749 §4.1.2): what a browser comes back with.
//!
//! 1. It is at most 16 KiB, and none of its parameters is there twice (RFC 6749 §3.1).
//! 2. `state` is the attempt's: the caller finds the attempt by it, and only in the browser that began it.
//! 3. `iss`, if there, is the provider of this attempt; if the provider announces it, it is there (RFC 9207 §2.4). Of
//!    errors too, and before anything is believed or sent.
//! 4. There is a `code` or an `error`, and not both.
//!
//! Invariant: a [`Code`] comes from [`Callback::judge`] alone, so no code of one provider is sent to another.

use base::form;
use subtle::ConstantTimeEq as _;

use crate::metadata::{Metadata, ResponseIssuer};

/// The longest response, in bytes.
pub const MAX_RESPONSE: usize = 16 << 10;

/// A response of which nothing is believed.
pub struct Callback {
    state: String,
    issuer: Option<String>,
    code: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

/// What a response says.
pub enum Answer {
    /// The person logged in.
    Code(Code),
    /// The person did not.
    Error(AuthorizationError),
}

/// An authorization code: a secret until it is used.
pub struct Code(String);

/// Why nobody is logged in (RFC 6749 §4.1.2.1, Core §3.1.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationError {
    /// What it means for the person.
    pub kind: ErrorKind,
    /// The provider's text for people, as it is: to be escaped, and believed by nobody.
    pub description: Option<String>,
}

/// What an error means for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The person, or who decides there, said no.
    Denied,
    /// It could not be done without asking the person, which was not allowed.
    PromptNeeded,
    /// The person cannot log in in the way that was asked (`OpenID` Connect Core Error Code
    /// `unmet_authentication_requirements`).
    RequirementsUnmet,
    /// The provider is in trouble.
    ProviderTrouble,
    /// The provider does not like the request: something is not configured as it is there.
    RequestRefused,
    /// Some other error.
    Other,
}

/// The check that a response failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackFault {
    /// It is longer than it may be.
    TooLong,
    /// A parameter is there twice.
    Repeated(&'static str),
    /// A parameter is no text, or `code` is not printable ASCII.
    Malformed(&'static str),
    /// It has no `state`.
    StateMissing,
    /// Its `state` is another attempt's.
    State,
    /// It has no `iss`, and this provider always sends one.
    IssuerMissing,
    /// Its `iss` is another provider.
    Issuer,
    /// It has both a code and an error.
    CodeAndError,
    /// It has neither.
    Nothing,
}

/// The names that mean something in a response.
const NAMES: [&str; 5] = ["state", "iss", "code", "error", "error_description"];

/// The longest text of an error that is shown to anybody, in characters.
const MAX_DESCRIPTION: usize = 300;

impl Callback {
    /// Reads a query, or the form that `response_mode=form_post` posts.
    ///
    /// # Errors
    /// The check of rule 1 that fails; a `state` that is missing.
    pub fn parse(text: &[u8]) -> Result<Self, CallbackFault> {
        if text.len() > MAX_RESPONSE {
            return Err(CallbackFault::TooLong);
        }
        let [state, issuer, code, error, description] = NAMES.map(|name| only(text, name));
        let is_code =
            |code: &String| !code.is_empty() && code.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        let (code, issuer, error) = (code?, issuer?, error?);
        if code.as_ref().is_some_and(|code| !is_code(code)) {
            return Err(CallbackFault::Malformed("code"));
        }
        Ok(Self {
            state: state?.ok_or(CallbackFault::StateMissing)?,
            issuer,
            code,
            error,
            description: description?.map(|text| text.chars().take(MAX_DESCRIPTION).collect()),
        })
    }

    /// What the attempt is found by.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The response again, without what means nothing in it: to be carried along where a browser has to come twice.
    #[must_use]
    pub fn to_query(&self) -> String {
        let all = [
            ("state", Some(&self.state)),
            ("iss", self.issuer.as_ref()),
            ("code", self.code.as_ref()),
            ("error", self.error.as_ref()),
            ("error_description", self.description.as_ref()),
        ];
        form::write(all.into_iter().filter_map(|(name, value)| Some((name, value?.as_str()))))
    }

    /// What it says, to the attempt with this `state` at the provider of this metadata.
    ///
    /// # Errors
    /// The first check of rules 2 to 4 that fails.
    pub fn judge(self, state: &str, metadata: &Metadata) -> Result<Answer, CallbackFault> {
        if !bool::from(self.state.as_bytes().ct_eq(state.as_bytes())) {
            return Err(CallbackFault::State);
        }
        match (self.issuer, metadata.response_issuer) {
            (Some(issuer), _) if !metadata.issuers.may_be(&issuer) => return Err(CallbackFault::Issuer),
            (None, ResponseIssuer::Announced) => return Err(CallbackFault::IssuerMissing),
            (Some(_), _) | (None, ResponseIssuer::Unannounced) => {}
        }
        match (self.code, self.error) {
            (Some(code), None) => Ok(Answer::Code(Code(code))),
            (None, Some(error)) => Ok(Answer::Error(AuthorizationError {
                kind: ErrorKind::of(&error),
                description: self.description,
            })),
            (Some(_), Some(_)) => Err(CallbackFault::CodeAndError),
            (None, None) => Err(CallbackFault::Nothing),
        }
    }
}

impl Code {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ErrorKind {
    fn of(error: &str) -> Self {
        match error {
            "access_denied" => Self::Denied,
            "login_required" | "interaction_required" | "account_selection_required" | "consent_required" => {
                Self::PromptNeeded
            }
            "unmet_authentication_requirements" => Self::RequirementsUnmet,
            "server_error" | "temporarily_unavailable" => Self::ProviderTrouble,
            "invalid_request"
            | "unauthorized_client"
            | "unsupported_response_type"
            | "invalid_scope"
            | "invalid_request_uri"
            | "invalid_request_object"
            | "request_not_supported"
            | "request_uri_not_supported"
            | "registration_not_supported"
            | "invalid_target" => Self::RequestRefused,
            _ => Self::Other,
        }
    }

    /// The name, as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::PromptNeeded => "prompt needed",
            Self::RequirementsUnmet => "requirements unmet",
            Self::ProviderTrouble => "provider trouble",
            Self::RequestRefused => "request refused",
            Self::Other => "other error",
        }
    }
}

impl CallbackFault {
    /// The name, as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "response too long",
            Self::Repeated(_) => "parameter repeated",
            Self::Malformed(_) => "parameter malformed",
            Self::StateMissing => "state missing",
            Self::State => "state",
            Self::IssuerMissing => "response iss missing",
            Self::Issuer => "response iss",
            Self::CodeAndError => "code and error",
            Self::Nothing => "neither code nor error",
        }
    }
}

/// The value of a parameter that is there at most once.
fn only(text: &[u8], name: &'static str) -> Result<Option<String>, CallbackFault> {
    let mut values = form::pairs(text).filter(|(other, _)| form::decoded(other).eq(name.bytes()));
    let Some((_, value)) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(CallbackFault::Repeated(name));
    }
    let value = String::from_utf8(form::decoded(value).collect());
    value.map(Some).map_err(|_| CallbackFault::Malformed(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::tests::metadata;
    use proptest::prelude::*;
    use serde_json::json;

    const ISS: &str = "iss=https%3A%2F%2Fidp.example";

    /// The code or the error of a response to an attempt with the state `s`.
    fn read(query: &str, announced: bool) -> Result<Result<String, AuthorizationError>, CallbackFault> {
        let metadata = metadata(json!({ "authorization_response_iss_parameter_supported": announced }));
        Ok(match Callback::parse(query.as_bytes())?.judge("s", &metadata)? {
            Answer::Code(code) => Ok(code.0),
            Answer::Error(error) => Err(error),
        })
    }

    fn fault(query: &str) -> Option<CallbackFault> {
        read(query, true).err()
    }

    fn kind(error: &str) -> ErrorKind {
        match read(&format!("state=s&{ISS}&error={error}"), true) {
            Ok(Err(error)) => error.kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_code_is_for_the_attempt_that_it_answers() {
        assert_eq!(
            read(&format!("code=c%2Fd&state=s&{ISS}&session_state=x.y"), true),
            Ok(Ok("c/d".to_owned()))
        );
        assert_eq!(read("state=s&code=c", false), Ok(Ok("c".to_owned())));
        let callback = Callback::parse(b"code=c&state=a%20b").unwrap_or_else(|fault| panic!("{fault:?}"));
        assert_eq!(callback.state(), "a b");
    }

    #[test]
    fn rule_1_it_is_bounded_and_nothing_is_there_twice() {
        for name in NAMES {
            let query = format!("state=s&code=c&{ISS}&error_description=d&error=e&{name}=x");
            assert_eq!(fault(&query), Some(CallbackFault::Repeated(name)), "{name}");
            assert!(fault(&format!("state=s&{name}=%ff")).is_some());
        }
        assert_eq!(fault("state=s&code=c&%63ode=c"), Some(CallbackFault::Repeated("code")));
        assert_eq!(fault("state=%ff&code=c"), Some(CallbackFault::Malformed("state")));
        for code in ["", "%00", "%c3%bc", "a%0d%0ab"] {
            assert_eq!(
                fault(&format!("state=s&{ISS}&code={code}")),
                Some(CallbackFault::Malformed("code")),
                "{code}"
            );
        }
        let long = format!("state=s&{ISS}&code={}", "c".repeat(MAX_RESPONSE));
        assert_eq!(fault(&long), Some(CallbackFault::TooLong));
        assert!(read(&format!("state=s&{ISS}&code={}", "c".repeat(8192)), true).is_ok());
    }

    #[test]
    fn rule_2_the_state_is_the_attempts() {
        assert_eq!(fault(&format!("code=c&{ISS}")), Some(CallbackFault::StateMissing));
        for state in ["", "S", "ss", "t"] {
            assert_eq!(fault(&format!("state={state}&code=c&{ISS}")), Some(CallbackFault::State), "{state}");
        }
    }

    #[test]
    fn rule_3_the_issuer_is_the_attempts_provider() {
        let other = "iss=https%3A%2F%2Fevil.example";
        for answer in ["code=c", "error=access_denied"] {
            assert_eq!(fault(&format!("state=s&{answer}")), Some(CallbackFault::IssuerMissing));
            assert_eq!(fault(&format!("state=s&{answer}&{other}")), Some(CallbackFault::Issuer));
            assert_eq!(read(&format!("state=s&{answer}&{other}"), false).err(), Some(CallbackFault::Issuer));
            assert_eq!(fault(&format!("state=s&{answer}&{ISS}%2F")), Some(CallbackFault::Issuer));
            assert_eq!(fault(&format!("state=s&{answer}&iss=")), Some(CallbackFault::Issuer));
            assert_eq!(read(&format!("state=s&{answer}&{ISS}"), false).err(), None);
        }
    }

    #[test]
    fn rules_2_and_3_come_before_what_it_says() {
        assert_eq!(fault("state=t&error=access_denied"), Some(CallbackFault::State));
        assert_eq!(fault("state=s&code=c&error=e"), Some(CallbackFault::IssuerMissing));
    }

    #[test]
    fn rule_4_it_says_one_thing() {
        assert_eq!(
            fault(&format!("state=s&{ISS}&code=c&error=access_denied")),
            Some(CallbackFault::CodeAndError)
        );
        assert_eq!(fault(&format!("state=s&{ISS}")), Some(CallbackFault::Nothing));
        assert_eq!(fault(&format!("state=s&{ISS}&id_token=x&token=y")), Some(CallbackFault::Nothing));
    }

    #[test]
    fn errors_are_what_they_mean_for_the_person() {
        assert_eq!(kind("access_denied"), ErrorKind::Denied);
        for error in
            ["login_required", "interaction_required", "account_selection_required", "consent_required"]
        {
            assert_eq!(kind(error), ErrorKind::PromptNeeded);
        }
        assert_eq!(kind("unmet_authentication_requirements"), ErrorKind::RequirementsUnmet);
        for error in ["server_error", "temporarily_unavailable"] {
            assert_eq!(kind(error), ErrorKind::ProviderTrouble);
        }
        for error in ["invalid_request", "unauthorized_client", "invalid_scope", "unsupported_response_type"]
        {
            assert_eq!(kind(error), ErrorKind::RequestRefused);
        }
        for error in ["", "x", "Access_Denied", "<script>"] {
            assert_eq!(kind(error), ErrorKind::Other);
        }
    }

    #[test]
    fn what_means_nothing_is_not_carried_along() {
        let query = format!("user=%7B%7D&code=c%2F&state=s+t&{ISS}&x=y");
        let callback = Callback::parse(query.as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"));
        assert_eq!(callback.to_query(), format!("state=s%20t&{ISS}&code=c%2F"));
    }

    #[test]
    fn a_description_is_text_of_bounded_length() {
        let description = format!("%3Cb%3E{}", "%C3%BC".repeat(400));
        let Ok(Err(error)) = read(&format!("state=s&{ISS}&error=x&error_description={description}"), true)
        else {
            panic!("an error")
        };
        let text = error.description.unwrap();
        assert!(text.starts_with("<b>\u{fc}") && text.chars().count() == MAX_DESCRIPTION);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Callback::parse(&bytes);
        }

        #[test]
        fn no_answer_without_the_attempts_state(state in "[a-z]{0,3}", code in "[a-z]{1,3}") {
            let answer = read(&format!("state={state}&code={code}&{ISS}"), true);
            prop_assert_eq!(answer.is_ok(), state == "s");
        }
    }
}
