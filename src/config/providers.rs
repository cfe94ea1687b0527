//! `PROVIDERS`: the identity providers at which people log in, and their secrets.
//!
//! Invariant: a [`Provider`] can be used as it is: its issuer is an address, its client has the secret that its way of
//! authentication needs, and nobody else has its key.

use std::rc::Rc;

use oidc::authorize::{Extra, Scopes};
use oidc::issuer::{Issuer, Tenants};
use oidc::quirks::{EndSessionStyle, Quirks};
use serde_json::Value;

use super::Invalid;
use super::demands::{Requirement, read_requirements};
use crate::base::json::{Fields, array, optional, text};
use crate::base::time::Seconds;

/// The longest key of a provider, in characters.
const MAX_KEY: usize = 32;

/// The longest `recheck`, in seconds: a day.
const MAX_RECHECK: u32 = 86_400;

/// What is kept of a person if the table does not say.
const CLAIMS: [&str; 4] = ["email", "email_verified", "name", "groups"];

/// The provider key of services, and the prefix of user ids of no provider.
const RESERVED_KEY: &str = "service";

/// An identity provider.
pub struct Provider {
    /// Its name in paths and user ids. It is never changed.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// Where its metadata is, and what they must say.
    pub issuer: Issuer,
    /// Who the gate is there.
    pub client_id: String,
    /// How the gate proves it.
    pub client_auth: ClientAuth,
    /// What is asked for.
    pub scopes: Scopes,
    /// What is kept of a person.
    pub claims: Vec<String>,
    /// Who is let in: of each claim one of the values.
    pub allow: Vec<Requirement>,
    /// What is added to the authorization request.
    pub params: Extra,
    /// Whether a logout goes on to the provider's.
    pub logout: bool,
    /// What a logout token with a `sid` ends.
    pub logout_token_scope: LogoutTokenScope,
    /// Whether sessions can be found by their `sid` alone.
    pub sid_index: bool,
    /// How often the provider is asked whether a person may stay.
    pub recheck: Option<Seconds>,
    /// The tenants that are let in.
    pub tenants: Tenants,
    /// Whether the browser keeps the cookies when it is closed.
    pub persistent: bool,
    /// The idle lifetime of the sessions that are made here.
    pub idle: Option<Seconds>,
    /// Their absolute lifetime.
    pub absolute: Option<Seconds>,
    /// What the provider does otherwise than the specifications say.
    pub quirks: Quirks,
}

/// How a client proves who it is.
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic(SecretText),
    /// `client_secret_post`.
    Post(SecretText),
    /// `private_key_jwt`, with a PKCS #8 key as PEM or a JWK.
    PrivateKey(SecretText),
    /// `none`: PKCE alone.
    None,
}

/// A secret of the configuration. It has no `Debug`.
pub struct SecretText(String);

/// What a logout token with a `sid` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutTokenScope {
    /// The session with this `sid`.
    Session,
    /// All sessions of the user at this provider.
    User,
}

impl SecretText {
    /// The text, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

const TABLE: &str =
    "an array of tables, each with `key`, `issuer` and `client_id`, and with fields that the documents name";
const KEY: &str =
    "tables whose `key` is 1 to 32 lower-case letters, digits and hyphens, once each, and not `service`";
const ISSUER: &str =
    "tables whose `issuer` is an https URL without query or fragment (http for localhost only)";
const AUTH: &str =
    "tables whose `client_auth` is client_secret_basic, client_secret_post, private_key_jwt or none";
const SCOPES: &str = "tables whose `scopes` are an array of scopes without spaces";
const PARAMS: &str = "tables whose `params` are texts, and none of the protocol's own parameters";
const CLAIM_LIST: &str = "tables whose `claims` are an array of names";
const ALLOW: &str = "tables whose `allow` is a table of claims, each with an array of values, like { hd = [\"example.com\"] }";
const TOKEN_SCOPE: &str = "tables whose `logout_token_scope` is session or user";
const RECHECK: &str = "tables whose `recheck` is 1 to 86400 seconds";
const LIFETIME: &str = "tables whose `idle` and `absolute` are positive whole numbers of seconds";
const TENANTS: &str = "tables whose `tenants` are an array of tenant ids";
const END_SESSION: &str = "tables whose `end_session_style` is standard or cognito";
const SECRET: &str = "set for each provider whose `client_auth` needs a client secret";
const PRIVATE_KEY: &str = "set for each provider whose `client_auth` is private_key_jwt";

/// Reads the providers; `secret` looks a secret up by its whole name.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(
    value: Option<Value>,
    secret: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Rc<Provider>>, Invalid> {
    let tables = match value {
        None => return Ok(Vec::new()),
        Some(Value::String(json)) => serde_json::from_str(&json).unwrap_or_default(),
        Some(value) => value,
    };
    let tables = array(tables, Fields::of).ok_or_else(|| invalid(TABLE))?;
    let mut providers: Vec<Rc<Provider>> = Vec::new();
    for table in tables {
        let provider = provider(table, &secret)?;
        if providers.iter().any(|other| other.key == provider.key) {
            return Err(invalid(KEY));
        }
        providers.push(Rc::new(provider));
    }
    Ok(providers)
}

const fn invalid(must_be: &'static str) -> Invalid {
    Invalid { variable: "PROVIDERS", must_be }
}

fn provider(mut table: Fields, secret: &impl Fn(&str) -> Option<String>) -> Result<Provider, Invalid> {
    let key = table.text("key").filter(|key| is_key(key)).ok_or_else(|| invalid(KEY))?;
    let issuer = table.text("issuer").and_then(|issuer| Issuer::parse(&issuer).ok());
    let issuer = issuer.ok_or_else(|| invalid(ISSUER))?;
    let mut quirks = Quirks::of(&issuer);
    if let Some(style) = end_session_style(table.take("end_session_style"))? {
        quirks.end_session = style;
    }
    let client_auth = client_auth(table.take("client_auth"), &key, secret)?;
    let name = optional(table.take("name"), text).ok_or_else(|| invalid(TABLE))?;
    let scopes = optional(table.take("scopes"), texts).ok_or_else(|| invalid(SCOPES))?;
    let scopes = scopes.unwrap_or_else(|| vec!["email".to_owned(), "profile".to_owned()]);
    let claims = optional(table.take("claims"), texts).ok_or_else(|| invalid(CLAIM_LIST))?;
    let mut flag = |name, default| {
        let flag = optional(table.take(name), |value| value.as_bool()).ok_or_else(|| invalid(TABLE));
        flag.map(|flag| flag.unwrap_or(default))
    };
    let (logout, sid_index, persistent) =
        (flag("logout", true)?, flag("sid_index", false)?, flag("persistent", true)?);
    let tenants = optional(table.take("tenants"), texts).ok_or_else(|| invalid(TENANTS))?;
    let provider = Provider {
        name: name.unwrap_or_else(|| key.clone()),
        key,
        issuer,
        client_id: table.text("client_id").filter(|id| !id.is_empty()).ok_or_else(|| invalid(TABLE))?,
        client_auth,
        scopes: Scopes::parse(&scopes).map_err(|_| invalid(SCOPES))?,
        claims: claims.unwrap_or_else(|| CLAIMS.map(str::to_owned).to_vec()),
        allow: optional(table.take("allow"), read_requirements)
            .ok_or_else(|| invalid(ALLOW))?
            .unwrap_or_default(),
        params: params(table.take("params"))?,
        logout,
        logout_token_scope: token_scope(table.take("logout_token_scope"))?,
        sid_index,
        recheck: seconds(table.take("recheck"), MAX_RECHECK, RECHECK)?,
        tenants: tenants.map_or(Tenants::Any, Tenants::Listed),
        persistent,
        idle: seconds(table.take("idle"), u32::MAX, LIFETIME)?,
        absolute: seconds(table.take("absolute"), u32::MAX, LIFETIME)?,
        quirks,
    };
    match table.left_over() {
        // A name that means nothing may be a misspelt restriction.
        Some(_) => Err(invalid(TABLE)),
        None => Ok(provider),
    }
}

fn is_key(key: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(is_plain) && key != RESERVED_KEY
}

fn texts(value: Value) -> Option<Vec<String>> {
    array(value, text)
}

/// The name of a provider's secret.
fn secret_name(prefix: &str, key: &str) -> String {
    format!("{prefix}{}", key.to_ascii_uppercase().replace('-', "_"))
}

fn client_auth(
    value: Value,
    key: &str,
    secret: &impl Fn(&str) -> Option<String>,
) -> Result<ClientAuth, Invalid> {
    let method = optional(value, text).ok_or_else(|| invalid(AUTH))?;
    let client_secret = || secret(&secret_name("PROVIDER_SECRET_", key)).map(SecretText);
    let needed = || client_secret().ok_or(Invalid { variable: "PROVIDER_SECRET_<KEY>", must_be: SECRET });
    Ok(match method.as_deref() {
        None => client_secret().map_or(ClientAuth::None, ClientAuth::Basic),
        Some("client_secret_basic") => ClientAuth::Basic(needed()?),
        Some("client_secret_post") => ClientAuth::Post(needed()?),
        Some("private_key_jwt") => {
            let key = secret(&secret_name("PROVIDER_PRIVATE_KEY_", key)).map(SecretText);
            let missing = Invalid { variable: "PROVIDER_PRIVATE_KEY_<KEY>", must_be: PRIVATE_KEY };
            ClientAuth::PrivateKey(key.ok_or(missing)?)
        }
        Some("none") => ClientAuth::None,
        Some(_) => return Err(invalid(AUTH)),
    })
}

fn params(value: Value) -> Result<Extra, Invalid> {
    let pairs = match value {
        Value::Null => return Ok(Extra::default()),
        Value::Object(map) => map,
        _ => return Err(invalid(PARAMS)),
    };
    let pairs: Option<Vec<(String, String)>> =
        pairs.into_iter().map(|(name, value)| Some((name, text(value)?))).collect();
    Extra::parse(pairs.ok_or_else(|| invalid(PARAMS))?).map_err(|_| invalid(PARAMS))
}

fn token_scope(value: Value) -> Result<LogoutTokenScope, Invalid> {
    match optional(value, text).ok_or_else(|| invalid(TOKEN_SCOPE))?.as_deref() {
        None | Some("session") => Ok(LogoutTokenScope::Session),
        Some("user") => Ok(LogoutTokenScope::User),
        Some(_) => Err(invalid(TOKEN_SCOPE)),
    }
}

fn end_session_style(value: Value) -> Result<Option<EndSessionStyle>, Invalid> {
    match optional(value, text).ok_or_else(|| invalid(END_SESSION))?.as_deref() {
        None => Ok(None),
        Some("standard") => Ok(Some(EndSessionStyle::Standard)),
        Some("cognito") => Ok(Some(EndSessionStyle::Cognito)),
        Some(_) => Err(invalid(END_SESSION)),
    }
}

fn seconds(value: Value, most: u32, must_be: &'static str) -> Result<Option<Seconds>, Invalid> {
    let number = |value: Value| match value {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        // A value from `.dev.vars` or the dashboard is always a text.
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let seconds = optional(value, number).ok_or_else(|| invalid(must_be))?;
    match seconds {
        Some(seconds) if seconds == 0 || seconds > most => Err(invalid(must_be)),
        seconds => Ok(seconds.map(Seconds::new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_all(tables: Value) -> Result<Vec<Rc<Provider>>, Invalid> {
        read(Some(tables), |name| name.contains("_CORP_A").then(|| "secret".to_owned()))
    }

    fn table(change: Value) -> Value {
        let mut table = json!({ "key": "corp-a", "issuer": "https://idp.example", "client_id": "gate" });
        for (name, value) in change.as_object().unwrap() {
            table.as_object_mut().unwrap().insert(name.clone(), value.clone());
        }
        table
    }

    #[test]
    fn three_fields_are_enough() {
        let providers = read_all(json!([table(json!({}))])).ok().unwrap();
        let [provider] = providers.as_slice() else { panic!() };
        assert_eq!((provider.name.as_str(), provider.logout, provider.persistent), ("corp-a", true, true));
        assert!(matches!(&provider.client_auth, ClientAuth::Basic(secret) if secret.reveal() == "secret"));
        assert_eq!(provider.claims, CLAIMS);
        let others = read_all(json!([table(json!({ "key": "b" }))])).ok().unwrap();
        assert!(matches!(others[0].client_auth, ClientAuth::None));
        assert!(read(None, |_| None).is_ok_and(|providers| providers.is_empty()));
    }

    #[test]
    fn a_wrong_table_is_refused_and_the_error_says_what_it_must_be() {
        for (change, must_be) in [
            (json!({ "key": "" }), KEY),
            (json!({ "key": "Corp" }), KEY),
            (json!({ "key": "service" }), KEY),
            (json!({ "key": "a".repeat(33) }), KEY),
            (json!({ "issuer": "http://idp.example" }), ISSUER),
            (json!({ "issuer": "https://idp.example?x" }), ISSUER),
            (json!({ "client_id": "" }), TABLE),
            (json!({ "client_auth": "basic" }), AUTH),
            (json!({ "scopes": ["a b"] }), SCOPES),
            (json!({ "claims": "email" }), CLAIM_LIST),
            (json!({ "params": { "state": "x" } }), PARAMS),
            (json!({ "params": { "a": 1 } }), PARAMS),
            (json!({ "allow": {} }), ALLOW),
            (json!({ "allow": { "hd": "example.com" } }), ALLOW),
            (json!({ "allow": { "hd": [] } }), ALLOW),
            (json!({ "logout": "yes" }), TABLE),
            (json!({ "logout_token_scope": "all" }), TOKEN_SCOPE),
            (json!({ "recheck": 0 }), RECHECK),
            (json!({ "recheck": 86_401 }), RECHECK),
            (json!({ "idle": 0 }), LIFETIME),
            (json!({ "absolute": "x" }), LIFETIME),
            (json!({ "tenants": [1] }), TENANTS),
            (json!({ "end_session_style": "x" }), END_SESSION),
            (json!({ "scope": ["openid"] }), TABLE),
        ] {
            let error = read_all(json!([table(change.clone())])).err().unwrap();
            assert_eq!((error.variable, error.must_be), ("PROVIDERS", must_be), "{change}");
        }
        let twice = json!([table(json!({})), table(json!({}))]);
        assert_eq!(read_all(twice).err().unwrap().must_be, KEY);
    }

    #[test]
    fn a_secret_that_is_needed_and_missing_is_named() {
        for (auth, variable) in [
            ("client_secret_basic", "PROVIDER_SECRET_<KEY>"),
            ("client_secret_post", "PROVIDER_SECRET_<KEY>"),
            ("private_key_jwt", "PROVIDER_PRIVATE_KEY_<KEY>"),
        ] {
            let missing = read_all(json!([table(json!({ "key": "b", "client_auth": auth }))]));
            assert_eq!(missing.err().unwrap().variable, variable);
            assert!(read_all(json!([table(json!({ "client_auth": auth }))])).is_ok());
        }
    }
}
