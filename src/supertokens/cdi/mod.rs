//! The backend protocol (CDI): what the Node, Python and Go SDKs ask of their core.
//!
//! A request becomes a [`Call`], which the shell carries out; the objects' replies become JSON.
//! Invariant: every expected outcome is 200 with a `status`; an absent field is left out, never `null`.

mod answer;
mod call;

pub use answer::{
    anti_csrf_of, fails_anti_csrf, no_such_session, session_answer, session_details, session_with_tokens,
    token_theft, try_refresh, unauthorised,
};
pub use call::{Call, CreateCall, JwtCall, RefreshCall, UserCall, VerifyCall};

use subtle::ConstantTimeEq as _;

use crate::base::names::is_name_space_id;
use crate::request::Head;
use crate::response::{Answer, Body, Reason};
use crate::session::{DEFAULT_APP, DEFAULT_TENANT};
use crate::token::Version;

/// The versions spoken. The Node and Python SDKs need 5.4, Go needs 3.1.
pub const VERSIONS: [&str; 7] = ["3.1", "4.0", "5.0", "5.1", "5.2", "5.3", "5.4"];

/// A path under `CORE_PATH`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct CorePath {
    /// The isolated name space.
    pub app_id: String,
    /// The tenant, if the path names one.
    pub tenant_id: Option<String>,
    /// What is called.
    pub endpoint: Endpoint,
}

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/hello`
    Hello,
    /// `/apiversion`
    ApiVersion,
    /// `/.well-known/jwks.json`
    Jwks,
    /// `/user/id`
    UserId,
    /// `/recipe/session`
    Session,
    /// `/recipe/session/verify`
    Verify,
    /// `/recipe/session/refresh`
    Refresh,
    /// `/recipe/session/remove`
    Remove,
    /// `/recipe/session/user`
    UserSessions,
    /// `/recipe/session/data`
    Data,
    /// `/recipe/jwt/data`
    JwtData,
    /// `/recipe/session/regenerate`
    Regenerate,
    /// `/recipe/jwt`
    Jwt,
}

/// A refusal: status and text, as the core words it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused(pub u16, pub String);

/// The CDI version of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CdiVersion {
    /// The access token format it implies.
    pub tokens: Version,
    /// Whether `useDynamicSigningKey` is mandatory at refresh (≥ 5.0).
    pub(super) key_kind_is_mandatory: bool,
}

impl Refused {
    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer::new(self.0, self.reason(), Body::Text(format!("{}\n", self.1)))
            .with("cache-control", "no-store")
    }

    const fn reason(&self) -> Reason {
        match self.0 {
            401 => Reason::ApiKey,
            404 => Reason::NotFound,
            405 => Reason::Method,
            413 => Reason::Body,
            503 => Reason::StoreUnavailable,
            _ => Reason::Request,
        }
    }

    pub(super) fn bad_field(name: &str) -> Self {
        Self(400, format!("Field name '{name}' is invalid in JSON input"))
    }

    pub(super) fn missing_parameter(name: &str) -> Self {
        Self(400, format!("Field name '{name}' is missing in GET request"))
    }
}

impl CorePath {
    /// Reads `[/appid-<id>][/<tenant>]/<endpoint>`, in any case, with or without a slash at the end.
    ///
    /// # Errors
    /// 404 for an unknown endpoint, 400 for a name that no endpoint can have.
    pub fn parse(path: &str) -> Result<Self, Refused> {
        let lower = path.to_ascii_lowercase();
        let parts: Vec<&str> = lower.trim_end_matches('/').split('/').skip(1).collect();
        let mut rest = parts.as_slice();
        let mut app_id = DEFAULT_APP;
        if let [first, others @ ..] = rest
            && let Some(id) = first.strip_prefix("appid-")
        {
            (app_id, rest) = (id, others);
        }
        let mut tenant_id = None;
        let mut endpoint = Endpoint::find(&rest.join("/"));
        if endpoint.is_none()
            && let [first, others @ ..] = rest
        {
            tenant_id = Some(*first);
            endpoint = Endpoint::find(&others.join("/"));
        }
        let endpoint = endpoint.ok_or_else(|| Refused(404, "Not found".to_owned()))?;
        if !is_name_space_id(app_id) || !tenant_id.is_none_or(is_name_space_id) {
            let tenant_id = tenant_id.unwrap_or(DEFAULT_TENANT);
            let why = format!("AppId or tenantId not found => appId: {app_id}, tenantId: {tenant_id}");
            return Err(Refused(400, why));
        }
        Ok(Self { app_id: app_id.to_owned(), tenant_id: tenant_id.map(str::to_owned), endpoint })
    }
}

impl Endpoint {
    fn find(path: &str) -> Option<Self> {
        Some(match path {
            "hello" => Self::Hello,
            "apiversion" => Self::ApiVersion,
            ".well-known/jwks.json" | "recipe/jwt/jwks" => Self::Jwks,
            "user/id" => Self::UserId,
            "recipe/session" => Self::Session,
            "recipe/session/verify" => Self::Verify,
            "recipe/session/refresh" => Self::Refresh,
            "recipe/session/remove" => Self::Remove,
            "recipe/session/user" => Self::UserSessions,
            "recipe/session/data" => Self::Data,
            "recipe/jwt/data" => Self::JwtData,
            "recipe/session/regenerate" => Self::Regenerate,
            "recipe/jwt" => Self::Jwt,
            _ => return None,
        })
    }

    const fn methods(self) -> &'static str {
        match self {
            Self::Hello | Self::ApiVersion | Self::Jwks | Self::UserId | Self::UserSessions => "GET",
            Self::Session => "GET, POST",
            Self::Data | Self::JwtData => "GET, PUT",
            Self::Verify | Self::Refresh | Self::Remove | Self::Regenerate | Self::Jwt => "POST",
        }
    }

    /// Whether it has this method.
    #[must_use]
    pub fn allows(self, method: &str) -> bool {
        self.methods().split(", ").any(|allowed| allowed == method)
    }

    /// The answer to a method that it has not.
    #[must_use]
    pub fn method_refusal(self) -> Answer {
        Refused(405, "Method not supported".to_owned()).answer().with("allow", self.methods())
    }

    /// Whether it is open to everybody.
    #[must_use]
    pub const fn needs_no_key(self) -> bool {
        matches!(self, Self::Hello | Self::Jwks)
    }
}

/// Whether the request shows one of the configured keys. Every key is compared, in constant time.
#[must_use]
pub fn is_authorised(head: &Head, api_keys: &[String]) -> bool {
    let Some(shown) = head.header("api-key").or_else(|| head.bearer()) else { return false };
    api_keys.iter().fold(false, |found, key| found | bool::from(key.as_bytes().ct_eq(shown.as_bytes())))
}

/// The refusal of a payload that no cookie could carry.
#[must_use]
pub fn payload_too_large() -> Refused {
    Refused(400, "The user payload does not fit the access token's cookie of 4096 bytes".to_owned())
}

/// The refusal of a request without a key.
#[must_use]
pub fn invalid_api_key() -> Refused {
    Refused(401, "Invalid API key".to_owned())
}

impl CdiVersion {
    /// Reads the `cdi-version` header; a request without one speaks the latest.
    ///
    /// # Errors
    /// 400 for a version that is not spoken.
    pub fn of(head: &Head) -> Result<Self, Refused> {
        let version = head.header("cdi-version").unwrap_or("5.4");
        if !VERSIONS.contains(&version) {
            return Err(Refused(400, format!("cdi-version {version} not supported")));
        }
        Ok(Self {
            tokens: if version.starts_with("3.") { Version::V4 } else { Version::V5 },
            key_kind_is_mandatory: version.starts_with("5."),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Result<CorePath, u16> {
        CorePath::parse(text).map_err(|refused| refused.0)
    }

    #[test]
    fn paths_name_app_and_tenant() {
        let parsed = path("/recipe/session/verify").unwrap();
        assert_eq!(
            (parsed.app_id.as_str(), parsed.tenant_id, parsed.endpoint),
            ("public", None, Endpoint::Verify)
        );
        let parsed = path("/appid-A1/t2/Recipe/Session/").unwrap();
        assert_eq!((parsed.app_id.as_str(), parsed.tenant_id.as_deref()), ("a1", Some("t2")));
        assert_eq!(parsed.endpoint, Endpoint::Session);
        assert_eq!(path("/appid-x/hello").unwrap().endpoint, Endpoint::Hello);
        assert_eq!(path("/nothing"), Err(404));
        assert_eq!(path(""), Err(404));
        assert_eq!(path("/a/b/recipe/session"), Err(404));
        assert_eq!(path("/t_1/recipe/session"), Err(400));
    }
}
