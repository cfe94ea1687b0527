//! A call and its arguments, read from path, query and body.
//!
//! Invariant: a call is complete and makes sense, or it is refused in the core's own words.

use serde_json::{Map, Value};

use super::{CdiVersion, CorePath, Endpoint, Refused};
use crate::base::json::{Fields, array, object, optional, text};
use crate::gate::is_too_much_data;
use crate::gate::may_be_user;
use crate::request::{Head, first_parameter};
use crate::session::{DEFAULT_TENANT, Payload};
use crate::token::Version;

/// The core's words, and why: an empty user id would name nobody's object.
const USER_ID_MUST_BE: &str = "Field name 'userId' is invalid in JSON input: it names the object that keeps the user's \
    sessions, so it must be a text of 1 to 256 bytes, and not begin with service:";

/// A call with its arguments. It has no `Debug`, like everything that holds a token.
#[derive(PartialEq)]
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
    /// A JWT with an algorithm that the core does not know.
    SignUnknown,
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
#[derive(PartialEq, Eq)]
pub struct VerifyCall {
    /// The access token.
    pub access_token: String,
    /// The anti-CSRF token that was shown, where one is wanted.
    pub anti_csrf: Option<Option<String>>,
    /// Whether the object is to be asked.
    pub check_database: bool,
}

/// Arguments of `POST /recipe/session/refresh`.
#[derive(PartialEq, Eq)]
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

/// The algorithms that a JWT may be asked for under: the one that the core knows, and the one that the gate signs with
/// whatever is asked for; in any case, as the core takes it.
const KNOWN_ALGORITHMS: [&str; 2] = ["RS256", "EdDSA"];

/// The longest validity of a JWT, in seconds: the largest number that every JSON parser reads exactly (RFC 8259 §6).
const MAX_VALIDITY: u64 = 1 << 53;

/// Arguments of `POST /recipe/jwt`.
#[derive(Debug, PartialEq)]
pub struct JwtCall {
    /// All claims but the times.
    pub claims: Map<String, Value>,
    /// For how many seconds the JWT is good.
    pub validity: i64,
    /// Whether the static key signs.
    pub static_key: bool,
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
        if !may_be_user(&user_id) {
            return Err(Refused(400, USER_ID_MUST_BE.to_owned()));
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
        let whole = |value: Value| value.as_u64().filter(|seconds| *seconds <= MAX_VALIDITY)?.try_into().ok();
        let validity: i64 = self.read("validity", whole)?;
        if validity == 0 {
            return Err(Refused(400, "validity must be greater than or equal to 0".to_owned()));
        }
        let algorithm = self.text("algorithm")?;
        if !KNOWN_ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(&algorithm)) {
            return Ok(Call::SignUnknown);
        }
        Ok(Call::SignJwt(JwtCall {
            claims,
            validity,
            static_key: self.optional_flag("useStaticSigningKey")?.unwrap_or(true),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_makes_no_sense_is_named() {
        let mut input = Input::parse(r#"{"userId":1}"#).ok().unwrap();
        assert_eq!(input.create().err().unwrap(), Refused::bad_field("userId"));
        assert_eq!(Input::parse("[").err().unwrap().1, "Invalid Json Input");
    }

    #[test]
    fn removal_takes_handles_or_a_user() {
        let mut both = Input::parse(r#"{"sessionHandles":[],"userId":"u"}"#).ok().unwrap();
        assert_eq!(both.remove("public").err().unwrap().0, 400);
        let mut user = Input::parse(r#"{"userId":"u","revokeAcrossAllTenants":false}"#).ok().unwrap();
        let call = user.remove("t1").unwrap();
        let expected = UserCall { user_id: "u".into(), tenant_id: Some("t1".into()) };
        assert!(call == Call::RemoveUser(expected));
    }
}
