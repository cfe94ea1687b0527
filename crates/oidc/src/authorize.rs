//! The authorization request (Core §3.1.2.1): what a browser is sent to the provider with.
//!
//! 1. The code flow alone: `response_type=code`, and `openid` among the scopes.
//! 2. `state`, `nonce` and a PKCE challenge (RFC 7636, S256) are in every request. Nonce and verifier are derived from
//!    the attempt's id, under labels of their own and for one issuer, so nobody has to keep them and none is good
//!    elsewhere.
//! 3. Parameters that the operator adds overwrite none of the protocol's. `prompt`, `login_hint` and `ui_locales` give
//!    way to the request's own; `response_mode` may be one that a server can read.
//! 4. A request is pushed (RFC 9126) where the provider demands it, and where it is offered and an `acr` is asked, which
//!    the person could otherwise take out of the address.
//!
//! Invariant: no parameter is there twice.

use base::bytes;
use base::time::Seconds;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::issuer::Issuer;
use crate::json::Members;
use crate::metadata::{Metadata, Pushed};
use crate::token::{TokenFault, Trouble, answer};
use crate::url::Endpoint;

/// A request that wants an address.
pub struct AuthorizationRequest<'a> {
    /// The client.
    pub client_id: &'a str,
    /// Where the answer goes: one address for each provider (RFC 9700 §4.4.2.2).
    pub redirect_uri: &'a str,
    /// What comes back as it is.
    pub state: &'a str,
    /// The attempt's secrets.
    pub secrets: &'a Secrets,
    /// What is asked for.
    pub scopes: &'a Scopes,
    /// What the provider shall ask the person.
    pub prompt: Option<Prompt>,
    /// How long ago the login may be.
    pub max_age: Option<Seconds>,
    /// How the person shall log in, the most wanted first.
    pub acr: &'a [String],
    /// Who is expected.
    pub login_hint: Option<&'a str>,
    /// What the operator adds.
    pub extra: &'a Extra,
}

/// What an attempt keeps from everybody, the nonce until it is sent.
pub struct Secrets {
    /// What the ID token must have.
    pub nonce: Nonce,
    /// What the token request must have.
    pub verifier: Verifier,
}

/// A nonce (Core §15.5.2).
pub struct Nonce(String);

/// A PKCE verifier (RFC 7636 §4.1).
pub struct Verifier(String);

/// Scopes, `openid` first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(String);

/// Parameters that the operator adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(Vec<(String, String)>);

/// What a provider shall ask the person (Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing: an answer without a page, or an error.
    None,
    /// To log in again.
    Login,
    /// For consent.
    Consent,
    /// Which account.
    SelectAccount,
}

/// How a request gets to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// The browser takes it along, to this address.
    Browser(String),
    /// It is posted here first; the browser then goes to [`AuthorizationRequest::pushed`].
    Push(&'a Endpoint),
}

/// A parameter that an operator may not add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved(pub String);

/// A text that is no scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadScope(pub String);

/// What only the protocol sets, and what would change how an answer has to be read.
const RESERVED: [&str; 20] = [
    "acr_values",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "id_token_hint",
    "max_age",
    "nonce",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "response_type",
    "scope",
    "state",
    "",
];

/// The longest hint that is passed on, in bytes.
const MAX_HINT: usize = 320;

impl Secrets {
    /// The secrets of an attempt. `mac` is a MAC under a key that is used for nothing else.
    #[must_use]
    pub fn derive(attempt: &[u8], issuer: &Issuer, mac: impl Fn(&[u8]) -> [u8; 32]) -> Self {
        // Neither label nor issuer has a NUL, so no two messages are the same.
        let derived =
            |label: &[u8]| bytes::encode(&mac(&[label, issuer.as_str().as_bytes(), attempt].join(&0)));
        Self { nonce: Nonce(derived(b"nonce")), verifier: Verifier(derived(b"verifier")) }
    }
}

impl Nonce {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this text, in constant time.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl Verifier {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its challenge by S256 (RFC 7636 §4.2).
    #[must_use]
    pub fn challenge(&self) -> String {
        bytes::encode(&Sha256::digest(&self.0))
    }
}

impl Scopes {
    /// Reads scopes (RFC 6749 §3.3), each at most once.
    ///
    /// # Errors
    /// The first that is not a text.
    pub fn parse(scopes: &[String]) -> Result<Self, BadScope> {
        let mut text = "openid".to_owned();
        for scope in scopes {
            let is_scope = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            if scope.is_empty() || !scope.bytes().all(is_scope) {
                return Err(BadScope(scope.clone()));
            }
            if text.split(' ').all(|before| before != scope) {
                text.push(' ');
                text.push_str(scope);
            }
        }
        Ok(Self(text))
    }
}

impl Extra {
    /// Reads what an operator adds.
    ///
    /// # Errors
    /// The first name that is reserved, or whose value is.
    pub fn parse(parameters: impl IntoIterator<Item = (String, String)>) -> Result<Self, Reserved> {
        let mut extra: Vec<(String, String)> = Vec::new();
        for (name, value) in parameters {
            let is_reserved = match name.as_str() {
                // No page could ever ask who somebody is.
                "prompt" => value.split(' ').any(|prompt| prompt == "none"),
                // An answer in a fragment never reaches a server.
                "response_mode" => value != "query" && value != "form_post",
                name => RESERVED.contains(&name),
            };
            if is_reserved || extra.iter().any(|(before, _)| *before == name) {
                return Err(Reserved(name));
            }
            extra.push((name, value));
        }
        Ok(Self(extra))
    }
}

impl Prompt {
    /// The value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }

    /// How a provider is made to ask who somebody is, whoever is still signed in there: by `login`, or where that is
    /// not known, by `select_account`.
    #[must_use]
    pub fn again(metadata: &Metadata, usually: Self) -> Self {
        let knows = |prompt: Self| {
            metadata.prompts.as_ref().is_some_and(|all| all.iter().any(|it| it == prompt.as_str()))
        };
        match &metadata.prompts {
            Some(_) if knows(Self::Login) => Self::Login,
            Some(_) if knows(Self::SelectAccount) => Self::SelectAccount,
            Some(_) | None => usually,
        }
    }
}

impl AuthorizationRequest<'_> {
    /// How it gets to the provider.
    #[must_use]
    pub fn way<'m>(&self, metadata: &'m Metadata) -> Way<'m> {
        match &metadata.pushed {
            Pushed::Demanded(endpoint) => Way::Push(endpoint),
            Pushed::Offered(endpoint) if !self.acr.is_empty() => Way::Push(endpoint),
            Pushed::Offered(_) | Pushed::No => Way::Browser(self.url(metadata)),
        }
    }

    /// Its parameters: what is posted when it is pushed.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut parameters = self.of_the_protocol();
        for (name, value) in &self.extra.0 {
            if parameters.iter().all(|(set, _)| set != name) {
                parameters.push((name.clone(), value.clone()));
            }
        }
        parameters
    }

    /// Where the browser goes with a request that was pushed (RFC 9126 §4).
    #[must_use]
    pub fn pushed(&self, metadata: &Metadata, request_uri: &str) -> String {
        metadata.authorization.with([("client_id", self.client_id), ("request_uri", request_uri)])
    }

    fn url(&self, metadata: &Metadata) -> String {
        let parameters = self.parameters();
        metadata.authorization.with(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    fn of_the_protocol(&self) -> Vec<(String, String)> {
        let always = [
            ("client_id", self.client_id.to_owned()),
            ("response_type", "code".to_owned()),
            ("redirect_uri", self.redirect_uri.to_owned()),
            ("scope", self.scopes.0.clone()),
            ("state", self.state.to_owned()),
            ("nonce", self.secrets.nonce.0.clone()),
            ("code_challenge", self.secrets.verifier.challenge()),
            ("code_challenge_method", "S256".to_owned()),
        ];
        let acr = (!self.acr.is_empty()).then(|| self.acr.join(" "));
        let hint = self.login_hint.filter(|hint| !hint.is_empty() && hint.len() <= MAX_HINT);
        let sometimes = [
            ("prompt", self.prompt.map(|prompt| prompt.as_str().to_owned())),
            ("max_age", self.max_age.map(|max_age| max_age.get().to_string())),
            ("acr_values", acr),
            ("login_hint", hint.map(str::to_owned)),
        ];
        let set = sometimes.into_iter().filter_map(|(name, value)| Some((name, value?)));
        always.into_iter().chain(set).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The `request_uri` in the answer to a request that was pushed (RFC 9126 §2.2). It is good for one use, and for a
/// minute or two.
///
/// # Errors
/// What the provider did instead.
pub fn read_pushed(status: u16, body: &[u8]) -> Result<String, TokenFault> {
    let answer: Members = answer(status, 201, body)?;
    let request_uri = answer.text("request_uri").map_err(Trouble::from)?;
    let is_plain = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    Ok(request_uri.filter(is_plain).ok_or(Trouble::Missing("request_uri"))?.to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::metadata::tests::{ISSUER, metadata};
    use base::form;
    use proptest::prelude::*;
    use serde_json::json;

    /// The secrets of an attempt.
    pub(crate) fn secrets() -> Secrets {
        secrets_of(b"attempt", ISSUER)
    }

    /// Not a MAC, but like one another for another message.
    fn secrets_of(attempt: &[u8], issuer: &str) -> Secrets {
        Secrets::derive(attempt, &Issuer::parse(issuer).unwrap(), |message| Sha256::digest(message).into())
    }

    fn extra(parameters: &[(&str, &str)]) -> Result<Extra, Reserved> {
        Extra::parse(parameters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())))
    }

    fn with_request<T>(change: impl FnOnce(AuthorizationRequest<'_>) -> T) -> T {
        let scopes = Scopes::parse(&["email".into()]).unwrap();
        change(AuthorizationRequest {
            client_id: "gate",
            redirect_uri: "https://app.example/auth/callback/corp",
            state: "s t",
            secrets: &secrets(),
            scopes: &scopes,
            prompt: None,
            max_age: None,
            acr: &[],
            login_hint: None,
            extra: &Extra::default(),
        })
    }

    fn browser(way: Way<'_>) -> String {
        match way {
            Way::Browser(url) => url,
            Way::Push(endpoint) => panic!("pushed to {}", endpoint.as_str()),
        }
    }

    #[test]
    fn rules_1_and_2_a_request_has_what_binds_its_answer() {
        let url = with_request(|request| browser(request.way(&metadata(json!({})))));
        let Secrets { nonce, verifier } = secrets();
        let expected = format!(
            "https://idp.example/authorize?client_id=gate&response_type=code\
             &redirect_uri=https%3A%2F%2Fapp.example%2Fauth%2Fcallback%2Fcorp&scope=openid%20email&state=s%20t\
             &nonce={}&code_challenge={}&code_challenge_method=S256",
            nonce.as_str(),
            verifier.challenge()
        );
        assert_eq!(url, expected);
        assert!(!url.contains(verifier.as_str()));
    }

    #[test]
    fn rule_2_secrets_are_of_one_attempt_at_one_issuer_for_one_purpose() {
        let of = |attempt: &[u8], issuer| {
            let Secrets { nonce, verifier } = secrets_of(attempt, issuer);
            [nonce.0, verifier.0]
        };
        let all = [of(b"a", ISSUER), of(b"b", ISSUER), of(b"a", "https://other.example")].concat();
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), 6);
        assert!(all.iter().all(|secret| secret.len() == 43));
        assert_eq!(of(b"a", ISSUER), of(b"a", ISSUER));
    }

    #[test]
    fn rule_2_the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = Verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_nonce_is_that_text_and_no_other() {
        let nonce = Nonce("abc".into());
        assert!(nonce.is("abc"));
        for other in ["", "ab", "abcd", "abd", "ABC"] {
            assert!(!nonce.is(other), "{other}");
        }
    }

    #[test]
    fn what_is_asked_is_in_the_request() {
        let parameters = with_request(|request| {
            let asked = AuthorizationRequest {
                prompt: Some(Prompt::SelectAccount),
                max_age: Some(Seconds::new(600)),
                acr: &["phrh".into(), "mfa".into()],
                login_hint: Some("u@example.com"),
                ..request
            };
            asked.parameters()
        });
        for (name, value) in [
            ("prompt", "select_account"),
            ("max_age", "600"),
            ("acr_values", "phrh mfa"),
            ("login_hint", "u@example.com"),
        ] {
            assert!(parameters.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
        let long = "x".repeat(MAX_HINT + 1);
        for hint in ["", &long] {
            let without = with_request(|request| {
                AuthorizationRequest { login_hint: Some(hint), ..request }.parameters()
            });
            assert_eq!(without.len(), 8);
        }
    }

    #[test]
    fn rule_3_an_operator_overwrites_nothing() {
        for name in RESERVED {
            assert_eq!(extra(&[(name, "x")]), Err(Reserved(name.to_owned())));
        }
        assert_eq!(extra(&[("prompt", "none")]), Err(Reserved("prompt".into())));
        assert_eq!(extra(&[("prompt", "login none")]), Err(Reserved("prompt".into())));
        for mode in ["fragment", "jwt", "query.jwt", ""] {
            assert_eq!(extra(&[("response_mode", mode)]), Err(Reserved("response_mode".into())), "{mode}");
        }
        assert_eq!(extra(&[("a", "1"), ("a", "2")]), Err(Reserved("a".into())));
        let added =
            extra(&[("access_type", "offline"), ("prompt", "consent"), ("response_mode", "form_post")])
                .unwrap();
        let parameters = |prompt| {
            with_request(|request| AuthorizationRequest { prompt, extra: &added, ..request }.parameters())
        };
        let prompts = |prompt| -> Vec<_> {
            parameters(prompt)
                .into_iter()
                .filter(|(name, _)| name == "prompt")
                .map(|(_, value)| value)
                .collect()
        };
        assert_eq!(prompts(None), ["consent"]);
        assert_eq!(prompts(Some(Prompt::Login)), ["login"]);
        assert!(parameters(None).contains(&("access_type".into(), "offline".into())));
    }

    #[test]
    fn rule_4_a_request_is_pushed_where_it_must_be_or_where_a_person_could_weaken_it() {
        let way = |metadata: &Metadata, acr: &[String]| {
            with_request(|request| {
                matches!(AuthorizationRequest { acr, ..request }.way(metadata), Way::Push(_))
            })
        };
        let offered = metadata(json!({}));
        let demanded = metadata(json!({ "require_pushed_authorization_requests": true }));
        let none = metadata(json!({ "pushed_authorization_request_endpoint": null }));
        let acr = ["mfa".to_owned()];
        assert_eq!((way(&offered, &[]), way(&offered, &acr)), (false, true));
        assert_eq!((way(&demanded, &[]), way(&demanded, &acr)), (true, true));
        assert_eq!((way(&none, &[]), way(&none, &acr)), (false, false));
        let url = with_request(|request| request.pushed(&offered, "urn:x:y"));
        assert_eq!(url, "https://idp.example/authorize?client_id=gate&request_uri=urn%3Ax%3Ay");
    }

    #[test]
    fn the_answer_to_a_push_names_the_request() {
        assert_eq!(read_pushed(201, br#"{"request_uri":"urn:x","expires_in":60}"#), Ok("urn:x".to_owned()));
        let missing = Err(TokenFault::Trouble(Trouble::Missing("request_uri")));
        assert_eq!(read_pushed(201, b"{}"), missing);
        assert_eq!(read_pushed(201, br#"{"request_uri":"a b"}"#), missing);
        assert_eq!(
            read_pushed(200, br#"{"request_uri":"urn:x"}"#),
            Err(TokenFault::Trouble(Trouble::Status(200)))
        );
    }

    #[test]
    fn scopes_begin_with_openid_and_repeat_nothing() {
        let scopes =
            |scopes: &[&str]| Scopes::parse(&scopes.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
        assert_eq!(scopes(&[]), Ok(Scopes("openid".into())));
        assert_eq!(
            scopes(&["email", "openid", "email", "https://x/y.read"]),
            Ok(Scopes("openid email https://x/y.read".into()))
        );
        for scope in ["", "a b", "a\"", "\u{fc}", "a\\"] {
            assert_eq!(scopes(&["email", scope]), Err(BadScope(scope.to_owned())));
        }
    }

    #[test]
    fn a_provider_is_asked_again_in_a_way_that_it_knows() {
        let again =
            |prompts| Prompt::again(&metadata(json!({ "prompt_values_supported": prompts })), Prompt::Login);
        assert_eq!(again(json!(["none", "login", "select_account"])), Prompt::Login);
        assert_eq!(again(json!(["none", "consent", "select_account"])), Prompt::SelectAccount);
        assert_eq!((again(json!(null)), again(json!([]))), (Prompt::Login, Prompt::Login));
        let unknown = metadata(json!({ "prompt_values_supported": null }));
        assert_eq!(Prompt::again(&unknown, Prompt::SelectAccount), Prompt::SelectAccount);
    }

    proptest! {
        #[test]
        fn no_parameter_is_there_twice_and_each_reads_back(state in "\\PC{0,8}", hint in "\\PC{0,8}", name in "[a-z_]{1,9}", value in "\\PC{0,4}") {
            let Ok(extra) = extra(&[(&name, &value)]) else { return Ok(()) };
            let (url, parameters) = with_request(|request| {
                let request = AuthorizationRequest { state: &state, login_hint: Some(&hint), extra: &extra, ..request };
                (browser(request.way(&metadata(json!({})))), request.parameters())
            });
            let (_, query) = url.split_once('?').unwrap();
            let text = |part| String::from_utf8(form::decoded(part).collect()).unwrap();
            let read: Vec<_> = form::pairs(query.as_bytes()).map(|(name, value)| (text(name), text(value))).collect();
            let names: std::collections::HashSet<_> = read.iter().map(|(name, _)| name).collect();
            prop_assert_eq!(names.len(), read.len());
            prop_assert_eq!(read, parameters);
        }
    }
}
