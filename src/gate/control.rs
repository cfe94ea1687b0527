//! What the origin may say about sessions in its response: the control headers, parsed.
//!
//! Invariant: a header is understood completely or the response is refused; nothing is done by halves.

use serde_json::{Map, Value};

use crate::base::json::{Fields, object, optional, text};
use crate::base::names::is_name_space_id;
use crate::base::time::{Seconds, Timestamp};
use crate::config::SERVICE;
use crate::session::{Claims, DEFAULT_TENANT, Handle, Login, MAX_USER_ID, Payload, Scope};

/// The header that makes a session.
const CREATE: &str = "gate-create-session";
/// The header that ends sessions.
const REVOKE: &str = "gate-revoke-session";
/// The header that changes the access token's payload.
const SET_PAYLOAD: &str = "gate-set-payload";
/// The header that changes what is known of the person.
const SET_CLAIMS: &str = "gate-set-claims";

/// Why claims are refused.
pub const CLAIMS_TOO_LARGE: &str = "claims must be at most 8 KiB of JSON in ASCII";

/// The longest `acr`, in bytes.
const MAX_ACR: usize = 256;

/// How much data a session may carry, in bytes of JSON.
const MAX_DATA: usize = 64 * 1024;

/// What a response asks for.
#[derive(Debug, Default, PartialEq)]
pub struct Controls {
    /// Make a session.
    pub create: Option<CreateSession>,
    /// End sessions.
    pub revoke: Option<RevokeSession>,
    /// Merge this into the payload.
    pub payload: Option<Payload>,
    /// Merge this into the claims.
    pub claims: Option<Map<String, Value>>,
}

/// `Gate-Create-Session`.
#[derive(Debug, PartialEq)]
pub struct CreateSession {
    /// Who logged in.
    pub user_id: String,
    /// The application's claims.
    pub payload: Payload,
    /// What the application keeps in the session.
    pub data: Map<String, Value>,
    /// The tenant.
    pub tenant_id: String,
    /// What else is known of the login.
    pub login: Login,
}

/// `Gate-Revoke-Session`.
#[derive(Debug, PartialEq, Eq)]
pub enum RevokeSession {
    /// By what the request's session is.
    Scope(Scope),
    /// These.
    Handles(Vec<Handle>),
}

/// A control header that is not understood.
#[derive(Debug, PartialEq, Eq)]
pub struct ControlError {
    /// Which.
    pub header: &'static str,
    /// Why.
    pub why: String,
}

impl Controls {
    /// All control headers; none of them ever reaches a browser.
    pub const HEADERS: [&str; 4] = [CREATE, REVOKE, SET_PAYLOAD, SET_CLAIMS];

    /// Reads the control headers of a response.
    ///
    /// # Errors
    /// The first header that is malformed.
    pub fn parse<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<Self, ControlError> {
        let json = |name| header(name).map(|value| fields(name, value)).transpose();
        let payload = |fields: Fields| protected(SET_PAYLOAD, fields.into_map());
        Ok(Self {
            create: json(CREATE)?.map(create).transpose()?,
            revoke: header(REVOKE).map(|value| revoke(REVOKE, value)).transpose()?,
            payload: json(SET_PAYLOAD)?.map(payload).transpose()?,
            claims: json(SET_CLAIMS)?.map(Fields::into_map),
        })
    }
}

fn create(mut fields: Fields) -> Result<CreateSession, ControlError> {
    let header = CREATE;
    let refuse = |why: &str| ControlError { header, why: why.to_owned() };
    let user_id = user_id(fields.take("userId")).filter(|id| may_be_user(id));
    let payload =
        optional(fields.take("payload"), object).ok_or_else(|| refuse("payload must be an object"))?;
    let data = optional(fields.take("data"), object).ok_or_else(|| refuse("data must be an object"))?;
    let tenant_id =
        optional(fields.take("tenantId"), text).map(|id| id.unwrap_or_else(|| DEFAULT_TENANT.to_owned()));
    let login = login(header, &mut fields)?;
    if let Some(name) = fields.left_over() {
        return Err(refuse(&format!("unknown field `{name}`")));
    }
    let create = CreateSession {
        user_id: user_id.ok_or_else(|| {
            refuse(
                "userId must be a text of 1 to 256 bytes, which does not begin with service:; it names the object that \
                 keeps the user's sessions",
            )
        })?,
        payload: protected(header, payload.unwrap_or_default())?,
        data: data.unwrap_or_default(),
        tenant_id: tenant_id
            .filter(|id| is_name_space_id(id))
            .ok_or_else(|| refuse("tenantId must be lower-case letters, digits and hyphens"))?,
        login,
    };
    if is_too_much_data(&create.data) {
        return Err(refuse("data must be at most 64 KiB"));
    }
    Ok(create)
}

/// What a login says beside the user.
fn login(header: &'static str, fields: &mut Fields) -> Result<Login, ControlError> {
    let refuse = |why: &str| ControlError { header, why: why.to_owned() };
    let mut limit = |name: &str| {
        optional(fields.take(name), lifetime)
            .ok_or_else(|| refuse(&format!("{name} must be a positive whole number of seconds")))
    };
    let (idle, absolute) = (limit("idle")?, limit("absolute")?);
    let claims = optional(fields.take("claims"), object).ok_or_else(|| refuse("claims must be an object"))?;
    let persistent = optional(fields.take("persistent"), |value| value.as_bool())
        .ok_or_else(|| refuse("persistent must be true or false"))?;
    let auth_time = optional(fields.take("authTime"), |value| i64::try_from(value.as_u64()?).ok())
        .ok_or_else(|| refuse("authTime must be a whole number of seconds since 1970"))?;
    let acr = optional(fields.take("acr"), text)
        .filter(|acr| acr.as_ref().is_none_or(|acr| acr.len() <= MAX_ACR))
        .ok_or_else(|| refuse("acr must be a text of at most 256 bytes"))?;
    Ok(Login {
        claims: Claims::try_from(claims.unwrap_or_default()).map_err(|_| refuse(CLAIMS_TOO_LARGE))?,
        auth_time: auth_time.map(Timestamp::from_seconds),
        acr: acr.filter(|acr| !acr.is_empty()),
        persistent: persistent.unwrap_or(true),
        idle,
        absolute,
        ..Login::default()
    })
}

/// A span that is longer than can be counted is longer than every configured one.
fn lifetime(value: Value) -> Option<Seconds> {
    let seconds = value.as_u64().filter(|seconds| *seconds > 0)?;
    Some(Seconds::new(u32::try_from(seconds).unwrap_or(u32::MAX)))
}

/// Whether an application's user may have this id: it names the object that keeps their sessions, and no service.
#[must_use]
pub fn may_be_user(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_USER_ID && !id.starts_with(SERVICE)
}

/// A user id. Databases count their users: a whole number is the text of its digits. A fraction, or a number that is too
/// large for its digits to be kept, is nobody.
fn user_id(value: Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        value => text(value),
    }
}

fn protected(header: &'static str, payload: Map<String, Value>) -> Result<Payload, ControlError> {
    Payload::try_from(payload).map_err(|error| ControlError { header, why: error.to_string() })
}

fn revoke(header: &'static str, value: &str) -> Result<RevokeSession, ControlError> {
    let value = value.trim();
    if let Some(scope) = Scope::parse(value) {
        return Ok(RevokeSession::Scope(scope));
    }
    let handles: Option<Vec<Handle>> = value.split(',').map(|handle| Handle::parse(handle.trim())).collect();
    match handles {
        Some(handles) => Ok(RevokeSession::Handles(handles)),
        None => {
            Err(ControlError { header, why: "current, all, others or session handles expected".to_owned() })
        }
    }
}

/// The platform reads a header as UTF-8, and puts U+FFFD where it is none: then nobody knows which characters are meant,
/// and two users could be one.
fn fields(header: &'static str, value: &str) -> Result<Fields, ControlError> {
    let refuse = |why: &str| ControlError { header, why: why.to_owned() };
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Err(refuse("the JSON must be UTF-8, or ASCII with \\u escapes"));
    }
    Fields::parse(value).ok_or_else(|| refuse("a JSON object expected"))
}

/// Whether a session's data is over its limit.
#[must_use]
pub fn is_too_much_data(data: &Map<String, Value>) -> bool {
    serde_json::to_string(data).map_or(true, |json| json.len() > MAX_DATA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(name: &str, value: &str) -> Result<Controls, ControlError> {
        Controls::parse(|header| (header == name).then_some(value))
    }

    #[test]
    fn json_is_read_where_all_of_its_characters_are_known() {
        let user = |value: &str| {
            let controls = parse(CREATE, &format!("{{\"userId\":\"{value}\"}}"));
            controls.ok().map(|controls| controls.create.unwrap().user_id)
        };
        for name in ["zoë", "日本", "\u{1f600}"] {
            assert_eq!(user(name).as_deref(), Some(name));
        }
        assert_eq!(user("zo\\u00eb").as_deref(), Some("zoë"));
        assert_eq!(user("zo\u{fffd}"), None);
        assert_eq!(user("\\ufffd").as_deref(), Some("\u{fffd}"), "as it was meant");
    }

    #[test]
    fn a_whole_number_is_a_user_id() {
        let user = |id: &str| {
            let controls = parse(CREATE, &format!("{{\"userId\":{id}}}"));
            controls.ok().map(|controls| controls.create.unwrap().user_id)
        };
        for id in ["7", "0", "-1", "9007199254740993", "18446744073709551615"] {
            assert_eq!(user(id).as_deref(), Some(id));
        }
        for id in ["1.5", "1e3", "1.0", "18446744073709551616", "true", "null", "[7]"] {
            assert_eq!(user(id), None, "{id}");
        }
    }

    #[test]
    fn a_session_is_described_in_full_or_by_its_user_alone() {
        let full = r#"{"userId":"\u00fc","payload":{"role":"admin"},"data":{"x":1},"tenantId":"t1"}"#;
        let create = parse(CREATE, full).unwrap().create.unwrap();
        assert_eq!((create.user_id.as_str(), create.tenant_id.as_str()), ("ü", "t1"));
        let create = parse(CREATE, r#"{"userId":"u"}"#).unwrap().create.unwrap();
        assert_eq!(create.tenant_id, "public");
    }

    #[test]
    fn what_a_login_says_of_itself_is_read_and_what_it_leaves_out_is_plain() {
        let login = |more: serde_json::Value| {
            let mut value = json!({ "userId": "u" });
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            parse(CREATE, &value.to_string()).unwrap().create.unwrap().login
        };
        assert_eq!(login(json!({})), Login::default());
        let nothing = json!({
            "claims": null, "persistent": null, "idle": null, "absolute": null, "authTime": null, "acr": null,
        });
        assert_eq!(login(nothing), Login::default());
        assert_eq!(login(json!({ "acr": "", "claims": {}, "persistent": true })), Login::default());
        let said = login(json!({
            "claims": { "email": "a@example.com", "userId": "root" }, "persistent": false, "idle": 60,
            "absolute": 99_999_999_999_u64, "authTime": 5, "acr": "mfa",
        }));
        let expected = Login {
            claims: said.claims.clone(),
            persistent: false,
            idle: Some(Seconds::new(60)),
            absolute: Some(Seconds::new(u32::MAX)),
            auth_time: Some(Timestamp::from_seconds(5)),
            acr: Some("mfa".into()),
            ..Login::default()
        };
        assert_eq!(said, expected);
        assert_eq!(said.claims.to_ascii(), r#"{"email":"a@example.com"}"#);
    }

    #[test]
    fn a_malformed_header_is_named() {
        let long_acr = format!(r#"{{"userId":"u","acr":"{}"}}"#, "x".repeat(257));
        let many_claims = format!(r#"{{"userId":"u","claims":{{"a":"{}"}}}}"#, "x".repeat(8192));
        let long = format!(r#"{{"userId":"{}"}}"#, "u".repeat(257));
        for value in [
            "",
            "{}",
            "u1",
            "[]",
            r#"{"userId":""}"#,
            r#"{"userId":"service:ci"}"#,
            r#"{"userId":1.5}"#,
            "{\"userId\":\"\u{fffd}\"}",
            &long,
            r#"{"userId":"u","payload":[]}"#,
            r#"{"userId":"u","payload":{"sub":"x"}}"#,
            r#"{"userId":"u","tenantId":"T 1"}"#,
            r#"{"userId":"u","role":"x"}"#,
            r#"{"userId":"u","claims":[]}"#,
            r#"{"userId":"u","claims":"x"}"#,
            r#"{"userId":"u","persistent":"no"}"#,
            r#"{"userId":"u","idle":0}"#,
            r#"{"userId":"u","idle":-1}"#,
            r#"{"userId":"u","idle":1.5}"#,
            r#"{"userId":"u","absolute":"60"}"#,
            r#"{"userId":"u","authTime":-1}"#,
            r#"{"userId":"u","authTime":"now"}"#,
            r#"{"userId":"u","acr":1}"#,
            &long_acr,
            &many_claims,
            r#"{"userId":"u"} x"#,
        ] {
            assert_eq!(parse(CREATE, value).unwrap_err().header, CREATE, "{value}");
        }
        for value in ["", "everything", "current, all", "abc"] {
            assert_eq!(parse(REVOKE, value).unwrap_err().header, REVOKE, "{value}");
        }
        for value in ["", "1", "null", r#"{"exp":1}"#] {
            assert_eq!(parse(SET_PAYLOAD, value).unwrap_err().header, SET_PAYLOAD, "{value}");
        }
        for value in ["", "1", "[]", "null", "{\"a\":\"\u{fffd}\"}"] {
            assert_eq!(parse(SET_CLAIMS, value).unwrap_err().header, SET_CLAIMS, "{value}");
        }
    }

    #[test]
    fn scopes_and_handles_are_told_apart() {
        assert_eq!(parse(REVOKE, "others").unwrap().revoke, Some(RevokeSession::Scope(Scope::Others)));
        let handle = "A".repeat(64);
        let two = format!("{handle}, {handle}");
        let Some(RevokeSession::Handles(handles)) = parse(REVOKE, &two).unwrap().revoke else { panic!() };
        assert_eq!(handles.len(), 2);
    }
}
