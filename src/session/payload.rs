//! The application's claims in the access token.
//!
//! Invariant: a payload never has a name that the gate or a verifier of JWTs gives a meaning to, so
//! it can neither shadow a claim of the gate nor make the token unreadable.
//!
//! What is new has to keep to the rule ([`Payload::try_from`]). What was stored or signed before keeps to
//! the rule of its day: a name that became protected since is left out ([`Payload::of_before`]), and
//! the session lives on.

use serde::Serialize;
use serde_json::{Map, Value};

/// Names a payload may not use: the gate's own claims, and `aud`, `nbf` and `stt`, which the
/// SuperTokens SDKs would refuse the token for.
pub const PROTECTED: [&str; 12] = [
    "sub",
    "exp",
    "iat",
    "tId",
    "rsub",
    "sessionHandle",
    "refreshTokenHash1",
    "parentRefreshTokenHash1",
    "antiCsrfToken",
    "aud",
    "nbf",
    "stt",
];

/// A JSON object without protected names.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Payload(Map<String, Value>);

/// The payload used a name that is not the application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectedName(pub &'static str);

impl Payload {
    /// The payload of a stored session, of a signed token, or of another release's command or reply,
    /// without the names that are protected by now.
    #[must_use]
    pub fn of_before(mut map: Map<String, Value>) -> Self {
        for name in PROTECTED {
            map.remove(name);
        }
        Self(map)
    }

    /// The claims.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// This payload with `change` merged in; `null` removes a name.
    #[must_use]
    pub fn merged(mut self, change: &Self) -> Self {
        for (name, value) in &change.0 {
            if value.is_null() {
                self.0.remove(name);
            } else {
                self.0.insert(name.clone(), value.clone());
            }
        }
        self
    }
}

impl TryFrom<Map<String, Value>> for Payload {
    type Error = ProtectedName;

    fn try_from(map: Map<String, Value>) -> Result<Self, ProtectedName> {
        match PROTECTED.into_iter().find(|name| map.contains_key(*name)) {
            Some(name) => Err(ProtectedName(name)),
            None => Ok(Self(map)),
        }
    }
}

impl std::fmt::Display for ProtectedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the payload may not contain the protected name `{}`", self.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn payload(value: Value) -> Payload {
        Payload::try_from(value.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn protected_names_are_refused() {
        for name in PROTECTED {
            let claims = json!({ name: 1 });
            let refused = Payload::try_from(claims.as_object().unwrap().clone());
            assert_eq!(refused, Err(ProtectedName(name)));
        }
    }

    #[test]
    fn a_name_that_became_protected_is_left_out_of_what_was_there_before() {
        let mut before = json!({ "role": "user" });
        for name in PROTECTED {
            before[name] = json!("the application's");
        }
        let before = before.as_object().unwrap().clone();
        assert_eq!(Payload::of_before(before), payload(json!({ "role": "user" })));
    }

    #[test]
    fn merging_adds_replaces_and_removes() {
        let before = payload(json!({ "role": "user", "plan": "free" }));
        let change = payload(json!({ "role": "admin", "plan": null, "team": 7 }));
        assert_eq!(before.merged(&change), payload(json!({ "role": "admin", "team": 7 })));
    }
}
