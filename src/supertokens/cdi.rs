//! The backend protocol (CDI): what the Node, Python and Go SDKs ask of their core.
//!
//! A request becomes a [`Call`], which the shell carries out; the objects' replies become JSON.
//! Invariant: every expected outcome is 200 with a `status`; an absent field is left out, never `null`.

use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;

use crate::config::is_name_space_id;
use crate::gate::{TokenPair, first_parameter, is_too_much_data};
use crate::json::{Fields, array, object, optional, text};
use crate::request::Head;
use crate::response::{Answer, Body};
use crate::session::{AntiCsrf, DEFAULT_APP, DEFAULT_TENANT, Handle, MAX_USER_ID, Payload, Session};
use crate::time::Timestamp;
use crate::token::{AccessToken, Keys, RefreshToken, Version};

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

/// A call with its arguments.
#[derive(Debug, PartialEq)]
pub enum Call {
    /// Make a session.
    Create(CreateCall),
    /// Read one session.
    Read(String),
    /// Read its data alone.
    ReadData(String),
    /// Read its payload alone.
    ReadPayload(String),
    /// Is this access token good?
    Verify(VerifyCall),
    /// Rotate a refresh token.
    Refresh(RefreshCall),
    /// End sessions by handle.
    RemoveHandles(Vec<String>),
    /// End all sessions of a user.
    RemoveUser(UserCall),
    /// The handles of a user's sessions.
    ListUser(UserCall),
    /// Replace a session's data.
    SetData(String, Map<String, Value>),
    /// Replace a session's payload.
    SetPayload(String, Payload),
    /// A new access token, with another payload perhaps.
    Regenerate(String, Option<Payload>),
    /// Sign a JWT for other services.
    SignJwt(JwtCall),
    /// The user of an id: sessions know no users.
    LookUpUser,
}

/// Arguments of `POST /recipe/session`.
#[derive(Debug, PartialEq)]
pub struct CreateCall {
    /// Who is signed in.
    pub user_id: String,
    /// The application's claims.
    pub payload: Payload,
    /// What the application keeps.
    pub data: Map<String, Value>,
    /// Whether the access token carries an anti-CSRF token.
    pub anti_csrf: bool,
    /// Whether the static key signs.
    pub static_key: bool,
}

/// Arguments of `POST /recipe/session/verify`.
#[derive(Debug, PartialEq, Eq)]
pub struct VerifyCall {
    /// The access token.
    pub access_token: String,
    /// The anti-CSRF token that was shown, where one is wanted.
    pub anti_csrf: Option<Option<String>>,
    /// Whether the object is to be asked.
    pub check_database: bool,
}

/// Arguments of `POST /recipe/session/refresh`.
#[derive(Debug, PartialEq, Eq)]
pub struct RefreshCall {
    /// The refresh token.
    pub refresh_token: String,
    /// The anti-CSRF token that was shown.
    pub anti_csrf_token: Option<String>,
    /// Whether one is wanted.
    pub anti_csrf: bool,
    /// Whether the static key signs from now on.
    pub static_key: Option<bool>,
}

/// A user, in one tenant or in all.
#[derive(Debug, PartialEq, Eq)]
pub struct UserCall {
    /// The user.
    pub user_id: String,
    /// The tenant; `None` is all of them.
    pub tenant_id: Option<String>,
}

/// Arguments of `POST /recipe/jwt`.
#[derive(Debug, PartialEq)]
pub struct JwtCall {
    /// All claims but the times.
    pub claims: Map<String, Value>,
    /// For how many seconds the JWT is good.
    pub validity: u32,
    /// Whether the static key signs.
    pub static_key: bool,
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
    key_kind_is_mandatory: bool,
}

impl Refused {
    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer::new(self.0, Body::Text(format!("{}\n", self.1))).with("cache-control", "no-store")
    }

    fn bad_field(name: &str) -> Self {
        Self(400, format!("Field name '{name}' is invalid in JSON input"))
    }

    fn missing_parameter(name: &str) -> Self {
        Self(400, format!("Field name '{name}' is missing in GET request"))
    }
}

impl CorePath {
    /// Reads `[/appid-<id>][/<tenant>]/<endpoint>`, in any case, with or without a slash at the end.
    ///
    /// # Errors
    /// 404 for an unknown endpoint, 400 for a name that is none.
    pub fn parse(path: &str) -> Result<Self, Refused> {
        let lower = path.to_ascii_lowercase();
        let mut rest: Vec<&str> = lower.trim_end_matches('/').split('/').skip(1).collect();
        let mut app_id = DEFAULT_APP;
        if let Some(id) = rest.first().and_then(|first| first.strip_prefix("appid-")) {
            app_id = id;
            rest.remove(0);
        }
        let mut tenant_id = None;
        let mut endpoint = Endpoint::find(&rest.join("/"));
        if endpoint.is_none() && !rest.is_empty() {
            tenant_id = Some(rest.remove(0));
            endpoint = Endpoint::find(&rest.join("/"));
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
        matches!(self, Self::Hello | Self::ApiVersion | Self::Jwks)
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

impl Call {
    /// Reads a call; `body` is the content of a POST or PUT.
    ///
    /// # Errors
    /// 405 for a method the endpoint has not, 400 for arguments that make no sense.
    pub fn parse(path: &CorePath, head: &Head, version: CdiVersion, body: &str) -> Result<Self, Refused> {
        let query = Query(head.query());
        let json = || Input::parse(body);
        let tenant = path.tenant_id.as_deref().unwrap_or(DEFAULT_TENANT);
        match (path.endpoint, head.method()) {
            (Endpoint::UserId, "GET") => query.text("userId").map(|_| Self::LookUpUser),
            (Endpoint::Session, "GET") => query.text("sessionHandle").map(Self::Read),
            (Endpoint::Session, "POST") => json()?.create(),
            (Endpoint::Verify, "POST") => json()?.verify(version),
            (Endpoint::Refresh, "POST") => json()?.refresh(version),
            (Endpoint::Remove, "POST") => json()?.remove(tenant),
            (Endpoint::UserSessions, "GET") => {
                let everywhere = query.switch("fetchAcrossAllTenants")?.unwrap_or(true);
                let user_id = query.text("userId")?;
                Ok(Self::ListUser(UserCall::new(user_id, tenant, everywhere)))
            }
            (Endpoint::Data, "GET") => query.text("sessionHandle").map(Self::ReadData),
            (Endpoint::JwtData, "GET") => query.text("sessionHandle").map(Self::ReadPayload),
            (Endpoint::Data, "PUT") => json()?.set_data(),
            (Endpoint::JwtData, "PUT") => {
                let mut input = json()?;
                Ok(Self::SetPayload(input.text("sessionHandle")?, input.payload("userDataInJWT")?))
            }
            (Endpoint::Regenerate, "POST") => {
                let mut input = json()?;
                let has_payload = input.0.has("userDataInJWT");
                let payload = has_payload.then(|| input.payload("userDataInJWT")).transpose()?;
                Ok(Self::Regenerate(input.text("accessToken")?, payload))
            }
            (Endpoint::Jwt, "POST") => json()?.sign_jwt(),
            _ => Err(Refused(405, "Method not supported".to_owned())),
        }
    }
}

impl UserCall {
    fn new(user_id: String, tenant: &str, everywhere: bool) -> Self {
        Self { user_id, tenant_id: (!everywhere).then(|| tenant.to_owned()) }
    }
}

/// The parameters of a GET request.
struct Query<'a>(&'a str);

impl Query<'_> {
    fn text(&self, name: &str) -> Result<String, Refused> {
        first_parameter(self.0, name).ok_or_else(|| Refused::missing_parameter(name))
    }

    fn switch(&self, name: &str) -> Result<Option<bool>, Refused> {
        match first_parameter(self.0, name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Refused(400, format!("Field name '{name}' should be a boolean in GET request"))),
        }
    }
}

/// The JSON object of a POST or PUT request.
struct Input(Fields);

impl Input {
    fn parse(body: &str) -> Result<Self, Refused> {
        Fields::parse(body).map(Self).ok_or_else(|| Refused(400, "Invalid Json Input".to_owned()))
    }

    fn read<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Option<T>) -> Result<T, Refused> {
        read(self.0.take(name)).ok_or_else(|| Refused::bad_field(name))
    }

    fn text(&mut self, name: &str) -> Result<String, Refused> {
        self.read(name, text)
    }

    fn flag(&mut self, name: &str) -> Result<bool, Refused> {
        self.read(name, |value| value.as_bool())
    }

    fn optional_text(&mut self, name: &str) -> Result<Option<String>, Refused> {
        self.read(name, |value| optional(value, text))
    }

    fn optional_flag(&mut self, name: &str) -> Result<Option<bool>, Refused> {
        self.read(name, |value| optional(value, |value| value.as_bool()))
    }

    fn payload(&mut self, name: &str) -> Result<Payload, Refused> {
        let map = self.read(name, object)?;
        Payload::try_from(map)
            .map_err(|_| Refused(400, "The user payload contains protected field".to_owned()))
    }

    fn data(&mut self) -> Result<Map<String, Value>, Refused> {
        let data = self.read("userDataInDatabase", object)?;
        if is_too_much_data(&data) {
            return Err(Refused(413, "The session data must be at most 64 KiB".to_owned()));
        }
        Ok(data)
    }

    fn create(&mut self) -> Result<Call, Refused> {
        let user_id = self.text("userId")?;
        if user_id.is_empty() || user_id.len() > MAX_USER_ID {
            return Err(Refused::bad_field("userId"));
        }
        Ok(Call::Create(CreateCall {
            user_id,
            payload: self.payload("userDataInJWT")?,
            data: self.data()?,
            anti_csrf: self.flag("enableAntiCsrf")?,
            static_key: !self.optional_flag("useDynamicSigningKey")?.unwrap_or(true),
        }))
    }

    fn verify(&mut self, version: CdiVersion) -> Result<Call, Refused> {
        let (wanted, enabled): (bool, bool) = (self.flag("doAntiCsrfCheck")?, self.flag("enableAntiCsrf")?);
        let shown = self.optional_text("antiCsrfToken")?;
        Ok(Call::Verify(VerifyCall {
            access_token: self.text("accessToken")?,
            anti_csrf: (wanted && enabled).then_some(shown),
            check_database: match version.tokens {
                Version::V4 => self.optional_flag("checkDatabase")?.unwrap_or(false),
                Version::V5 => self.flag("checkDatabase")?,
            },
        }))
    }

    fn refresh(&mut self, version: CdiVersion) -> Result<Call, Refused> {
        let dynamic: Option<bool> = if version.key_kind_is_mandatory {
            Some(self.flag("useDynamicSigningKey")?)
        } else {
            self.optional_flag("useDynamicSigningKey")?
        };
        Ok(Call::Refresh(RefreshCall {
            refresh_token: self.text("refreshToken")?,
            anti_csrf_token: self.optional_text("antiCsrfToken")?,
            anti_csrf: self.flag("enableAntiCsrf")?,
            static_key: dynamic.map(|dynamic| !dynamic),
        }))
    }

    fn remove(&mut self, tenant: &str) -> Result<Call, Refused> {
        let handles = self.read("sessionHandles", |value| optional(value, |value| array(value, text)))?;
        match (handles, self.optional_text("userId")?) {
            (Some(handles), None) => Ok(Call::RemoveHandles(handles)),
            (None, Some(user_id)) => {
                let everywhere = self.optional_flag("revokeAcrossAllTenants")?.unwrap_or(true);
                Ok(Call::RemoveUser(UserCall::new(user_id, tenant, everywhere)))
            }
            _ => {
                Err(Refused(400, "Invalid JSON input - use one of userId or sessionHandles array".to_owned()))
            }
        }
    }

    fn set_data(&mut self) -> Result<Call, Refused> {
        Ok(Call::SetData(self.text("sessionHandle")?, self.data()?))
    }

    fn sign_jwt(&mut self) -> Result<Call, Refused> {
        let mut claims = self.read("payload", object)?;
        if let Some(issuer) = self.optional_text("jwksDomain")? {
            claims.entry("iss").or_insert_with(|| issuer.into());
        }
        // The times are the gate's to say.
        for name in ["iat", "exp"] {
            claims.remove(name);
        }
        let validity = self.read("validity", |value| u32::try_from(value.as_u64()?).ok())?;
        if validity == 0 {
            return Err(Refused(400, "validity must be greater than or equal to 0".to_owned()));
        }
        self.text("algorithm")?;
        Ok(Call::SignJwt(JwtCall {
            claims,
            validity,
            static_key: self.optional_flag("useStaticSigningKey")?.unwrap_or(true),
        }))
    }
}

/// How the anti-CSRF token of a refresh stands.
#[must_use]
pub fn anti_csrf_of(call: &RefreshCall, handle: Handle, keys: &Keys) -> AntiCsrf {
    let shown = call.anti_csrf_token.as_deref().unwrap_or_default();
    match (call.anti_csrf, keys.accepts_anti_csrf(handle, shown)) {
        (false, _) => AntiCsrf::Off,
        (true, true) => AntiCsrf::Proved,
        (true, false) => AntiCsrf::Missing,
    }
}

/// Whether a verification lacks the anti-CSRF token it wants.
#[must_use]
pub fn fails_anti_csrf(call: &VerifyCall, token: &AccessToken) -> bool {
    let Some(shown) = &call.anti_csrf else { return false };
    match (&token.anti_csrf, shown) {
        (Some(expected), Some(shown)) => !bool::from(expected.as_bytes().ct_eq(shown.as_bytes())),
        _ => true,
    }
}

/// `{"status": …, "message": …}` of a session that is none.
#[must_use]
pub fn unauthorised(message: &str) -> Value {
    json!({ "status": "UNAUTHORISED", "message": message })
}

/// The answer for a handle without a session.
#[must_use]
pub fn no_such_session() -> Value {
    unauthorised("Session does not exist.")
}

/// The answer that makes the SDK refresh.
#[must_use]
pub fn try_refresh(message: &str) -> Value {
    json!({ "status": "TRY_REFRESH_TOKEN", "message": message })
}

/// The answer to a reused refresh token.
#[must_use]
pub fn token_theft(handle: Handle, user_id: &str, version: Version) -> Value {
    let mut session = json!({ "handle": handle, "userId": user_id });
    add_recipe_user(&mut session, user_id, version);
    json!({ "status": "TOKEN_THEFT_DETECTED", "session": session })
}

/// The answer of create and refresh: a session and its tokens.
#[must_use]
pub fn session_with_tokens(tokens: &TokenPair, version: Version) -> Value {
    let created = tokens.token.issued_at;
    let mut answer = json!({
        "status": "OK",
        "session": session_of(&tokens.token, version),
        "accessToken": token_details(&tokens.access, tokens.token.expires_at, created),
        "refreshToken": token_details(tokens.refresh.as_deref().unwrap_or_default(), tokens.ends_at, created),
    });
    if let Some(anti_csrf) = &tokens.token.anti_csrf {
        insert(&mut answer, "antiCsrfToken", anti_csrf.as_str().into());
    }
    answer
}

/// The answer of verify and regenerate: a session, and a new access token if there is one.
#[must_use]
pub fn session_answer(token: &AccessToken, replacement: Option<&TokenPair>, version: Version) -> Value {
    let mut answer = json!({ "status": "OK", "session": session_of(token, version) });
    if let Some(tokens) = replacement {
        let details = token_details(&tokens.access, tokens.token.expires_at, tokens.token.issued_at);
        insert(&mut answer, "accessToken", details);
    }
    answer
}

/// The answer of `GET /recipe/session`.
#[must_use]
pub fn session_details(
    handle: Handle,
    session: &Session,
    data: &Map<String, Value>,
    ends_at: Timestamp,
    version: Version,
) -> Value {
    let mut answer = json!({
        "status": "OK",
        "sessionHandle": handle,
        "userId": session.user_id,
        "userDataInDatabase": data,
        "userDataInJWT": session.payload,
        "expiry": ends_at.millis(),
        "timeCreated": session.created_at.millis(),
        "tenantId": session.tenant_id,
    });
    add_recipe_user(&mut answer, &session.user_id, version);
    answer
}

/// Reads a refresh token as the SDKs send it on.
#[must_use]
pub fn open_refresh_token(call: &RefreshCall, keys: &Keys) -> Option<RefreshToken> {
    RefreshToken::open(&call.refresh_token, keys)
}

fn session_of(token: &AccessToken, version: Version) -> Value {
    let mut session = json!({
        "handle": token.handle,
        "userId": token.user_id,
        "userDataInJWT": token.payload,
        "tenantId": token.tenant_id,
    });
    add_recipe_user(&mut session, &token.user_id, version);
    session
}

/// The recipe user id came with CDI 4.0; without account linking it is the user id.
fn add_recipe_user(object: &mut Value, user_id: &str, version: Version) {
    match version {
        Version::V4 => {}
        Version::V5 => insert(object, "recipeUserId", user_id.into()),
    }
}

fn token_details(token: &str, expiry: Timestamp, created: Timestamp) -> Value {
    json!({ "token": token, "expiry": expiry.millis(), "createdTime": created.millis() })
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
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

    #[test]
    fn a_field_that_makes_no_sense_is_named() {
        let mut input = Input::parse(r#"{"userId":1}"#).ok().unwrap();
        assert_eq!(input.create().unwrap_err(), Refused::bad_field("userId"));
        assert_eq!(Input::parse("[").err().unwrap().1, "Invalid Json Input");
    }

    #[test]
    fn removal_takes_handles_or_a_user() {
        let mut both = Input::parse(r#"{"sessionHandles":[],"userId":"u"}"#).ok().unwrap();
        assert_eq!(both.remove("public").unwrap_err().0, 400);
        let mut user = Input::parse(r#"{"userId":"u","revokeAcrossAllTenants":false}"#).ok().unwrap();
        let call = user.remove("t1").unwrap();
        assert_eq!(call, Call::RemoveUser(UserCall { user_id: "u".into(), tenant_id: Some("t1".into()) }));
    }
}
