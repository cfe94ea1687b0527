//! The application's claims in the access token.
//!
//! Invariant: a payload never has a name that the gate or a verifier of JWTs gives a meaning to, so
//! it can neither shadow a claim of the gate nor make the token unreadable.

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
    fn merging_adds_replaces_and_removes() {
        let before = payload(json!({ "role": "user", "plan": "free" }));
        let change = payload(json!({ "role": "admin", "plan": null, "team": 7 }));
        assert_eq!(before.merged(&change), payload(json!({ "role": "admin", "team": 7 })));
    }
}
