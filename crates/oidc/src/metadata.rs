//! The metadata of a provider (Discovery §3, RFC 8414 §2), read once and then believed.
//!
//! 1. It is at most 64 KiB of JSON in which no member is there twice; a member that is `null` is not there.
//! 2. `issuer` is the configured one, or its template (see [`crate::issuer`]).
//! 3. `authorization_endpoint`, `token_endpoint` and `jwks_uri` are there, and each address in it that is ever used is
//!    `https` or on this machine.
//! 4. A list is a list of texts. `response_types_supported` has `code` if it is there, and
//!    `code_challenge_methods_supported` has `S256` if it is there: many who support it do not say so.
//! 5. Of `id_token_signing_alg_values_supported` those count that are ours, and there is one; RS256 stands for a list
//!    that is missing (Discovery §3 demands both).
//! 6. A provider that demands pushed authorization requests has an address for them (RFC 9126 §5).
//!
//! Invariant: what is in a [`Metadata`] can be used without another look.

use crate::algorithm::Algorithm;
use crate::issuer::{Issuer, Issuers, Tenants};
use crate::json::{JsonFault, Members, Mistyped};
use crate::url::{Endpoint, UrlFault};

/// The longest metadata, in bytes.
pub const MAX_METADATA: usize = 64 << 10;

/// What a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The issuers that its tokens may name.
    pub issuers: Issuers,
    /// Where a browser is sent to log in.
    pub authorization: Endpoint,
    /// Where a code becomes tokens.
    pub token: Endpoint,
    /// Where its keys are.
    pub jwks: Endpoint,
    /// Where more of a user can be read.
    pub userinfo: Option<Endpoint>,
    /// Where a browser is sent to log out.
    pub end_session: Option<Endpoint>,
    /// Where a token is given back.
    pub revocation: Option<Endpoint>,
    /// Whether an authorization request is sent ahead of the browser.
    pub pushed: Pushed,
    /// The algorithms that it signs ID tokens with, as far as they are ours.
    pub algorithms: Vec<Algorithm>,
    /// How a client may prove who it is.
    pub client_auth: Vec<String>,
    /// Whether its answers say who they are from.
    pub response_issuer: ResponseIssuer,
    /// The values of `prompt` that it knows, if it says so.
    pub prompts: Option<Vec<String>>,
    /// Whether it sends logout tokens.
    pub back_channel: LogoutNotice,
    /// Whether it loads our logout page.
    pub front_channel: LogoutNotice,
}

/// Whether an authorization request is pushed (RFC 9126).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It cannot be.
    No,
    /// It may be.
    Offered(Endpoint),
    /// It must be.
    Demanded(Endpoint),
}

/// Whether authorization responses have `iss` (RFC 9207 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseIssuer {
    /// Always: one without is not from this provider.
    Announced,
    /// Perhaps.
    Unannounced,
}

/// Whether and how a provider tells us of a logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutNotice {
    /// It does not, or does not say that it does.
    No,
    /// It does.
    Yes,
    /// It does, and names the session (`sid`).
    WithSession,
}

/// What is wrong with a document that should be a provider's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataFault {
    /// It is not a JSON object of the required form.
    Json(JsonFault),
    /// A member has another type than it must have.
    Type(&'static str),
    /// A member that must be there is not.
    Missing(&'static str),
    /// An address that cannot be used.
    Url(&'static str, UrlFault),
    /// `issuer` is not the configured one.
    Issuer,
    /// The code flow is not among the response types.
    CodeFlow,
    /// S256 is not among the challenge methods.
    ChallengeMethod,
    /// None of its signature algorithms is ours.
    Algorithms,
}

impl MetadataFault {
    /// The name, as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json(_) => "metadata no JSON",
            Self::Type(_) => "metadata member type",
            Self::Missing(_) => "metadata member missing",
            Self::Url(..) => "metadata address",
            Self::Issuer => "metadata issuer",
            Self::CodeFlow => "metadata without code flow",
            Self::ChallengeMethod => "metadata without S256",
            Self::Algorithms => "metadata without algorithm",
        }
    }
}

impl Metadata {
    /// Reads a document that was found at [`Issuer::discovery_url`].
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(document: &[u8], configured: &Issuer, tenants: &Tenants) -> Result<Self, MetadataFault> {
        let members = Members::parse_document(document, MAX_METADATA)?;
        let stated = members.text("issuer")?.ok_or(MetadataFault::Missing("issuer"))?;
        let issuers = Issuers::of(configured, stated, tenants).ok_or(MetadataFault::Issuer)?;
        let metadata = Self {
            issuers,
            authorization: required(&members, "authorization_endpoint")?,
            token: required(&members, "token_endpoint")?,
            jwks: required(&members, "jwks_uri")?,
            userinfo: optional(&members, "userinfo_endpoint")?,
            end_session: optional(&members, "end_session_endpoint")?,
            revocation: optional(&members, "revocation_endpoint")?,
            pushed: pushed(&members)?,
            algorithms: algorithms(&members)?,
            client_auth: client_auth(&members)?,
            response_issuer: response_issuer(&members)?,
            prompts: members.texts("prompt_values_supported")?,
            back_channel: notice(
                &members,
                "backchannel_logout_supported",
                "backchannel_logout_session_supported",
            )?,
            front_channel: notice(
                &members,
                "frontchannel_logout_supported",
                "frontchannel_logout_session_supported",
            )?,
        };
        if lacks(&members, "response_types_supported", "code")? {
            return Err(MetadataFault::CodeFlow);
        }
        if lacks(&members, "code_challenge_methods_supported", "S256")? {
            return Err(MetadataFault::ChallengeMethod);
        }
        Ok(metadata)
    }
}

fn required(members: &Members, name: &'static str) -> Result<Endpoint, MetadataFault> {
    optional(members, name)?.ok_or(MetadataFault::Missing(name))
}

fn optional(members: &Members, name: &'static str) -> Result<Option<Endpoint>, MetadataFault> {
    let Some(text) = members.text(name)? else { return Ok(None) };
    Endpoint::parse(text).map(Some).map_err(|fault| MetadataFault::Url(name, fault))
}

fn pushed(members: &Members) -> Result<Pushed, MetadataFault> {
    const ENDPOINT: &str = "pushed_authorization_request_endpoint";
    let demanded = members.flag("require_pushed_authorization_requests")? == Some(true);
    match optional(members, ENDPOINT)? {
        Some(endpoint) if demanded => Ok(Pushed::Demanded(endpoint)),
        Some(endpoint) => Ok(Pushed::Offered(endpoint)),
        None if demanded => Err(MetadataFault::Missing(ENDPOINT)),
        None => Ok(Pushed::No),
    }
}

fn algorithms(members: &Members) -> Result<Vec<Algorithm>, MetadataFault> {
    let Some(names) = members.texts("id_token_signing_alg_values_supported")? else {
        return Ok(vec![Algorithm::Rs256]);
    };
    let ours: Vec<_> = names.iter().filter_map(|name| Algorithm::parse(name)).collect();
    if ours.is_empty() { Err(MetadataFault::Algorithms) } else { Ok(ours) }
}

/// Basic is what stands for a list that is missing (RFC 8414 §2).
fn client_auth(members: &Members) -> Result<Vec<String>, MetadataFault> {
    let methods = members.texts("token_endpoint_auth_methods_supported")?;
    Ok(methods.unwrap_or_else(|| vec!["client_secret_basic".to_owned()]))
}

fn response_issuer(members: &Members) -> Result<ResponseIssuer, MetadataFault> {
    match members.flag("authorization_response_iss_parameter_supported")? {
        Some(true) => Ok(ResponseIssuer::Announced),
        Some(false) | None => Ok(ResponseIssuer::Unannounced),
    }
}

fn notice(
    members: &Members,
    supported: &'static str,
    with_session: &'static str,
) -> Result<LogoutNotice, MetadataFault> {
    let (supported, with_session) = (members.flag(supported)?, members.flag(with_session)?);
    Ok(match (supported, with_session) {
        (Some(true), Some(true)) => LogoutNotice::WithSession,
        (Some(true), _) => LogoutNotice::Yes,
        _ => LogoutNotice::No,
    })
}

/// Whether a list is there and has not this text.
fn lacks(members: &Members, name: &'static str, text: &str) -> Result<bool, MetadataFault> {
    let texts = members.texts(name)?;
    Ok(texts.is_some_and(|texts| texts.iter().all(|it| it != text)))
}

impl From<JsonFault> for MetadataFault {
    fn from(fault: JsonFault) -> Self {
        Self::Json(fault)
    }
}

impl From<Mistyped> for MetadataFault {
    fn from(Mistyped(name): Mistyped) -> Self {
        Self::Type(name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    pub(crate) const ISSUER: &str = "https://idp.example";

    /// A provider that has everything.
    pub(crate) fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://idp.example/authorize",
            "token_endpoint": "https://idp.example/token",
            "jwks_uri": "https://idp.example/jwks",
            "userinfo_endpoint": "https://idp.example/userinfo",
            "end_session_endpoint": "https://idp.example/logout",
            "revocation_endpoint": "https://idp.example/revoke",
            "pushed_authorization_request_endpoint": "https://idp.example/par",
            "response_types_supported": ["code", "code id_token"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "id_token_signing_alg_values_supported": ["HS256", "RS256", "ES256", "EdDSA", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_response_iss_parameter_supported": true,
            "prompt_values_supported": ["none", "login"],
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "frontchannel_logout_supported": true,
        })
    }

    pub(crate) fn with(changes: Value) -> Value {
        let mut document = document();
        let members = document.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            members.insert(name.clone(), value.clone());
        }
        document
    }

    pub(crate) fn metadata(changes: Value) -> Metadata {
        read(&with(changes).to_string()).unwrap()
    }

    fn read(document: &str) -> Result<Metadata, MetadataFault> {
        Metadata::parse(document.as_bytes(), &Issuer::parse(ISSUER).unwrap(), &Tenants::Any)
    }

    fn fault(changes: Value) -> Option<MetadataFault> {
        read(&with(changes).to_string()).err()
    }

    #[test]
    fn a_provider_that_has_everything_is_read() {
        let metadata = metadata(json!({}));
        let endpoint = |path| Endpoint::parse(&format!("{ISSUER}/{path}")).unwrap();
        assert_eq!(metadata.authorization, endpoint("authorize"));
        assert_eq!(metadata.token, endpoint("token"));
        assert_eq!(metadata.jwks, endpoint("jwks"));
        assert_eq!(metadata.userinfo, Some(endpoint("userinfo")));
        assert_eq!(metadata.end_session, Some(endpoint("logout")));
        assert_eq!(metadata.revocation, Some(endpoint("revoke")));
        assert_eq!(metadata.pushed, Pushed::Offered(endpoint("par")));
        assert_eq!(metadata.algorithms, [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa]);
        assert_eq!(metadata.client_auth, ["client_secret_post"]);
        assert_eq!(metadata.response_issuer, ResponseIssuer::Announced);
        assert_eq!(metadata.prompts, Some(vec!["none".to_owned(), "login".to_owned()]));
        assert_eq!(
            (metadata.back_channel, metadata.front_channel),
            (LogoutNotice::WithSession, LogoutNotice::Yes)
        );
    }

    #[test]
    fn a_provider_that_has_the_least_is_read() {
        let least = json!({
            "issuer": ISSUER, "authorization_endpoint": "https://idp.example/a", "token_endpoint": "https://idp.example/t",
            "jwks_uri": "https://idp.example/k", "userinfo_endpoint": null, "unknown": { "x": [1] },
        });
        let metadata = read(&least.to_string()).unwrap();
        assert_eq!((metadata.userinfo, metadata.end_session, metadata.revocation), (None, None, None));
        assert_eq!((metadata.pushed, metadata.algorithms), (Pushed::No, vec![Algorithm::Rs256]));
        assert_eq!(metadata.client_auth, ["client_secret_basic"]);
        assert_eq!((metadata.response_issuer, metadata.prompts), (ResponseIssuer::Unannounced, None));
        assert_eq!((metadata.back_channel, metadata.front_channel), (LogoutNotice::No, LogoutNotice::No));
    }

    #[test]
    fn rule_1_it_is_bounded_json_without_a_second_reading() {
        assert_eq!(read("<html>").err(), Some(MetadataFault::Json(JsonFault::NotAnObject)));
        assert_eq!(
            read(r#"{"issuer":"a","issuer":"b"}"#).err(),
            Some(MetadataFault::Json(JsonFault::Repeated))
        );
        let long = with(json!({ "x": "x".repeat(MAX_METADATA) }));
        assert_eq!(read(&long.to_string()).err(), Some(MetadataFault::Json(JsonFault::TooLong)));
    }

    #[test]
    fn rule_2_its_issuer_is_the_configured_one() {
        for other in
            ["https://idp.example/", "https://evil.example", "https://IDP.example", "https://{tenantid}"]
        {
            assert_eq!(fault(json!({ "issuer": other })), Some(MetadataFault::Issuer), "{other}");
        }
        assert_eq!(fault(json!({ "issuer": null })), Some(MetadataFault::Missing("issuer")));
        assert_eq!(fault(json!({ "issuer": 1 })), Some(MetadataFault::Type("issuer")));
    }

    #[test]
    fn rule_3_addresses_are_there_and_secure() {
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            assert_eq!(fault(json!({ name: null })), Some(MetadataFault::Missing(name)));
        }
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "end_session_endpoint",
            "revocation_endpoint",
            "pushed_authorization_request_endpoint",
        ] {
            assert_eq!(
                fault(json!({ name: "http://idp.example/x" })),
                Some(MetadataFault::Url(name, UrlFault::Insecure))
            );
            assert_eq!(fault(json!({ name: "/x" })), Some(MetadataFault::Url(name, UrlFault::Malformed)));
            assert_eq!(fault(json!({ name: ["https://idp.example/x"] })), Some(MetadataFault::Type(name)));
        }
    }

    #[test]
    fn rule_4_lists_have_what_is_needed() {
        assert_eq!(fault(json!({ "response_types_supported": ["id_token"] })), Some(MetadataFault::CodeFlow));
        assert_eq!(
            fault(json!({ "code_challenge_methods_supported": ["plain"] })),
            Some(MetadataFault::ChallengeMethod)
        );
        for name in [
            "response_types_supported",
            "code_challenge_methods_supported",
            "id_token_signing_alg_values_supported",
            "token_endpoint_auth_methods_supported",
            "prompt_values_supported",
        ] {
            assert_eq!(fault(json!({ name: "code S256 RS256" })), Some(MetadataFault::Type(name)));
            assert_eq!(fault(json!({ name: [1] })), Some(MetadataFault::Type(name)));
        }
    }

    #[test]
    fn rule_5_one_algorithm_is_ours() {
        for none in [json!([]), json!(["none", "HS256", "ES256K", "Ed448"])] {
            let changes = json!({ "id_token_signing_alg_values_supported": none });
            assert_eq!(fault(changes), Some(MetadataFault::Algorithms));
        }
    }

    #[test]
    fn rule_6_what_is_demanded_has_an_address() {
        let demanded = json!({ "require_pushed_authorization_requests": true });
        assert!(matches!(metadata(demanded.clone()).pushed, Pushed::Demanded(_)));
        let mut nowhere = demanded;
        nowhere["pushed_authorization_request_endpoint"] = Value::Null;
        assert_eq!(fault(nowhere), Some(MetadataFault::Missing("pushed_authorization_request_endpoint")));
    }

    #[test]
    fn a_flag_is_a_truth_value() {
        for name in [
            "authorization_response_iss_parameter_supported",
            "require_pushed_authorization_requests",
            "backchannel_logout_supported",
            "frontchannel_logout_session_supported",
        ] {
            assert_eq!(fault(json!({ name: "true" })), Some(MetadataFault::Type(name)));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(Metadata::parse(&bytes, &Issuer::parse(ISSUER).unwrap(), &Tenants::Any).is_err());
        }
    }
}
