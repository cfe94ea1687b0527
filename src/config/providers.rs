//! `PROVIDERS`: the identity providers at which people log in, and their secrets.
//!
//! Invariant: a [`Provider`] can be used as it is: its issuer is an address, its client has the secret that its way of
//! authentication needs, and nobody else has its key.

use std::rc::Rc;

use oidc::authorize::{Extra, Scopes};
use oidc::issuer::{Issuer, Tenants};
use oidc::quirks::{EndSessionStyle, Quirks};
use serde_json::Value;

use super::demands::{REQUIRE, Requirement, read_requirements};
use super::fault::Faults;
use super::table::{Table, span};
use super::vars::{POSITIVE, Vars};
use crate::base::json::{Fields, array, text};
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

const VARIABLE: &str = "PROVIDERS";
const ARRAY: &str = "an array of tables, each with key, issuer and client_id";
const TABLE: &str = "a table with key, issuer and client_id";
const KEY: &str = "1 to 32 lower-case letters, digits and hyphens, once each, and not `service`";
const ISSUER: &str = "an https URL without query or fragment (http on this machine only)";
const TEXT: &str = "a text";
const AUTH: &str = "client_secret_basic, client_secret_post, private_key_jwt or none";
const SCOPES: &str = "an array of scopes without spaces";
const PARAMS: &str = "a table of texts, and none of the protocol's own parameters";
const CLAIM_LIST: &str = "an array of names";
const TOKEN_SCOPE: &str = "session or user";
const RECHECK: &str = "1 to 86400 seconds";
const TENANTS: &str = "an array of tenant ids";
const END_SESSION: &str = "standard or cognito";
const SECRET: &str = "set: the provider's client_auth needs it";
const KEYS: &str = "one of key, issuer, client_id, name, scopes, client_auth, claims, allow, params, logout, \
    logout_token_scope, sid_index, recheck, tenants, end_session_style, persistent, idle, absolute: there is no such key";

/// Reads the providers; their secrets are variables of their own.
pub fn read(vars: &mut Vars<'_>) -> Vec<Rc<Provider>> {
    let mut providers: Vec<Rc<Provider>> = Vec::new();
    for (number, value) in vars.list(VARIABLE, ARRAY).into_iter().enumerate() {
        let at = format!("{VARIABLE}[{number}]");
        let mut missing = None;
        let secret = |name: &str| vars.value(name).as_ref().and_then(Value::as_str).map(str::to_owned);
        let mut faults = Faults::default();
        if let Some(mut table) = Table::of(value, at, TABLE, &mut faults) {
            let is_new = |key: &str| is_key(key) && providers.iter().all(|other| other.key != key);
            let key = table.needed("key", KEY, &is_new);
            let provider = provider(key, table, secret, &mut missing);
            providers.extend(provider.map(Rc::new));
        }
        faults.into_all().into_iter().for_each(|fault| vars.faults.push(fault));
        if let Some(secret) = missing {
            vars.faults.add(&secret, SECRET);
        }
    }
    providers
}

fn provider(
    key: String,
    mut table: Table<'_>,
    secret: impl Fn(&str) -> Option<String>,
    missing: &mut Option<String>,
) -> Option<Provider> {
    let issuer = Issuer::parse(&table.needed("issuer", ISSUER, &|issuer| Issuer::parse(issuer).is_ok())).ok();
    let client_id = table.needed("client_id", TEXT, &|id| !id.is_empty());
    let style = table.take("end_session_style", END_SESSION, |value| match text(value)?.as_str() {
        "standard" => Some(EndSessionStyle::Standard),
        "cognito" => Some(EndSessionStyle::Cognito),
        _ => None,
    });
    let client_auth = client_auth(&mut table, &key, secret, missing);
    let name = table.take("name", TEXT, text);
    let default_scopes = || Scopes::parse(&["email".to_owned(), "profile".to_owned()]).ok();
    let scopes =
        table.take("scopes", SCOPES, |value| Scopes::parse(&texts(value)?).ok()).or_else(default_scopes);
    let claims = table.take("claims", CLAIM_LIST, texts);
    let tenants = table.take("tenants", TENANTS, texts);
    let (logout, sid_index) = (table.flag("logout", true), table.flag("sid_index", false));
    let persistent = table.flag("persistent", true);
    let allow = table.take("allow", REQUIRE, read_requirements).unwrap_or_default();
    let params = table.take("params", PARAMS, params).unwrap_or_default();
    let user_scope = table.take("logout_token_scope", TOKEN_SCOPE, |value| match text(value)?.as_str() {
        "session" => Some(LogoutTokenScope::Session),
        "user" => Some(LogoutTokenScope::User),
        _ => None,
    });
    let at_most_a_day = |value| span(value).filter(|span| span.get() <= MAX_RECHECK);
    let recheck = table.take("recheck", RECHECK, at_most_a_day);
    let (idle, absolute) = (table.take("idle", POSITIVE, span), table.take("absolute", POSITIVE, span));
    table.close(KEYS);
    let issuer = issuer?;
    let mut quirks = Quirks::of(&issuer);
    if let Some(style) = style {
        quirks.end_session = style;
    }
    Some(Provider {
        name: name.unwrap_or_else(|| key.clone()),
        key,
        issuer,
        client_id,
        client_auth,
        scopes: scopes?,
        claims: claims.unwrap_or_else(|| CLAIMS.map(str::to_owned).to_vec()),
        allow,
        params,
        logout,
        logout_token_scope: user_scope.unwrap_or(LogoutTokenScope::Session),
        sid_index,
        recheck,
        tenants: tenants.map_or(Tenants::Any, Tenants::Listed),
        persistent,
        idle,
        absolute,
        quirks,
    })
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
    table: &mut Table<'_>,
    key: &str,
    secret: impl Fn(&str) -> Option<String>,
    missing: &mut Option<String>,
) -> ClientAuth {
    let known = |value| {
        let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
        text(value).filter(|method| methods.contains(&method.as_str()))
    };
    let method = table.take("client_auth", AUTH, known);
    let is_key = method.as_deref() == Some("private_key_jwt");
    let variable = secret_name(if is_key { "PROVIDER_PRIVATE_KEY_" } else { "PROVIDER_SECRET_" }, key);
    let Some(secret) = secret(&variable).map(SecretText) else {
        if method.is_some_and(|method| method != "none") {
            *missing = Some(variable);
        }
        return ClientAuth::None;
    };
    match method.as_deref() {
        Some("none") => ClientAuth::None,
        Some("private_key_jwt") => ClientAuth::PrivateKey(secret),
        Some("client_secret_post") => ClientAuth::Post(secret),
        _ => ClientAuth::Basic(secret),
    }
}

fn params(value: Value) -> Option<Extra> {
    let pairs = Fields::of(value)?.into_map().into_iter();
    let pairs: Option<Vec<(String, String)>> =
        pairs.map(|(name, value)| Some((name, text(value)?))).collect();
    Extra::parse(pairs?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What tables come to; else where the faults are.
    fn read_all(tables: Value) -> Result<Vec<Rc<Provider>>, Vec<String>> {
        let lookup = |name: &str| match name {
            VARIABLE => Some(tables.clone()),
            name => name.contains("_CORP_A").then(|| json!("secret")),
        };
        let mut vars = Vars::new(&lookup);
        let providers = read(&mut vars);
        let faults: Vec<_> = vars.faults.into_all().into_iter().map(|fault| fault.at).collect();
        if faults.is_empty() { Ok(providers) } else { Err(faults) }
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
        assert!(read_all(Value::Null).is_ok_and(|providers| providers.is_empty()));
    }

    #[test]
    fn a_wrong_table_is_named_by_its_number_and_key() {
        for (key, value) in [
            ("key", json!("")),
            ("key", json!("Corp")),
            ("key", json!("service")),
            ("key", json!("a".repeat(33))),
            ("issuer", json!("http://idp.example")),
            ("issuer", json!("https://idp.example?x")),
            ("issuer", json!(null)),
            ("client_id", json!("")),
            ("client_auth", json!("basic")),
            ("name", json!(1)),
            ("scopes", json!(["a b"])),
            ("claims", json!("email")),
            ("params", json!({ "state": "x" })),
            ("params", json!({ "a": 1 })),
            ("allow", json!({})),
            ("allow", json!({ "hd": "example.com" })),
            ("allow", json!({ "hd": [] })),
            ("logout", json!("yes")),
            ("sid_index", json!(1)),
            ("logout_token_scope", json!("all")),
            ("recheck", json!(0)),
            ("recheck", json!(86_401)),
            ("idle", json!(0)),
            ("absolute", json!("x")),
            ("tenants", json!([1])),
            ("end_session_style", json!("x")),
            ("scope", json!(["openid"])),
        ] {
            let tables = json!([table(json!({ "key": "first" })), table(json!({ key: value }))]);
            assert_eq!(read_all(tables).err().unwrap(), [format!("PROVIDERS[1].{key}")], "{value}");
        }
        assert_eq!(
            read_all(json!([table(json!({})), table(json!({}))])).err().unwrap(),
            ["PROVIDERS[1].key"]
        );
        assert_eq!(read_all(json!(["corp"])).err().unwrap(), ["PROVIDERS[0]"]);
        assert_eq!(read_all(json!({})).err().unwrap(), ["PROVIDERS"]);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let tables = json!([{ "key": "B", "scope": 1 }, table(json!({ "idle": -1, "logout": "no" }))]);
        let all = [
            "PROVIDERS[0].key",
            "PROVIDERS[0].issuer",
            "PROVIDERS[0].client_id",
            "PROVIDERS[0].scope",
            "PROVIDERS[1].logout",
            "PROVIDERS[1].idle",
        ];
        assert_eq!(read_all(tables).err().unwrap(), all);
    }

    #[test]
    fn a_secret_that_is_needed_and_missing_is_named() {
        for (auth, variable) in [
            ("client_secret_basic", "PROVIDER_SECRET_MY_CORP"),
            ("client_secret_post", "PROVIDER_SECRET_MY_CORP"),
            ("private_key_jwt", "PROVIDER_PRIVATE_KEY_MY_CORP"),
        ] {
            let missing = read_all(json!([table(json!({ "key": "my-corp", "client_auth": auth }))]));
            assert_eq!(missing.err().unwrap(), [variable]);
            let there = read_all(json!([table(json!({ "client_auth": auth }))])).ok().unwrap();
            let is_meant = match &there[0].client_auth {
                ClientAuth::Basic(_) => auth == "client_secret_basic",
                ClientAuth::Post(_) => auth == "client_secret_post",
                ClientAuth::PrivateKey(_) => auth == "private_key_jwt",
                ClientAuth::None => false,
            };
            assert!(is_meant, "{auth}");
        }
        let none = read_all(json!([table(json!({ "client_auth": "none" }))])).ok().unwrap();
        assert!(matches!(none[0].client_auth, ClientAuth::None));
    }
}
