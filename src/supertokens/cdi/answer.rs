//! What a call is answered: sessions, tokens and refusals as the SDKs read them.

use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;

use super::call::{RefreshCall, VerifyCall};
use crate::base::time::Timestamp;
use crate::gate::TokenPair;
use crate::session::{AntiCsrf, Handle, Session};
use crate::token::{AccessToken, Keys, Version};

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

/// `{"status": …, "message": …}` where there is no such session.
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
