//! What is known of the person who is signed in, beside the user id: a JSON object in the session's row.
//!
//! Invariant: claims that are new fit [`MAX_CLAIMS`], and no claim has a name that is always the gate's own, so none can
//! be taken for who somebody is. They are in no token and in no cookie.

use std::fmt::Write as _;
use std::rc::Rc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// How many bytes the claims of a session may have, as JSON in ASCII: that is what the application is sent.
pub const MAX_CLAIMS: usize = 8 * 1024;

/// What the gate itself says of a session. A claim of such a name is dropped.
const OWN: [&str; 3] = ["userId", "handle", "provider"];

/// A JSON object without names of the gate's own. A copy shares it, and none at all takes no memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims(Option<Rc<Map<String, Value>>>);

/// The claims would be over [`MAX_CLAIMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyClaims;

impl Claims {
    /// None.
    pub const NONE: Self = Self(None);

    /// The claims of a stored session: the limit was another release's to keep.
    #[must_use]
    pub fn of_before(mut map: Map<String, Value>) -> Self {
        map.retain(|name, value| !OWN.contains(&name.as_str()) && !value.is_null());
        Self((!map.is_empty()).then(|| Rc::new(map)))
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The claim of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }

    /// These claims with `change` merged in; `null` removes a name.
    ///
    /// # Errors
    /// [`TooManyClaims`] if they would be over the limit.
    pub fn merged(&self, change: Map<String, Value>) -> Result<Self, TooManyClaims> {
        let mut map = self.0.as_deref().cloned().unwrap_or_default();
        map.extend(change);
        Self::try_from(map)
    }

    /// What has to be merged into claims for these to become `later`.
    #[must_use]
    pub fn change_to(&self, later: &Self) -> Map<String, Value> {
        let names = |claims: &Self| claims.0.iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>();
        let removed = names(self).into_iter().map(|name| (name, Value::Null));
        let later = names(later).into_iter().filter_map(|name| Some((later.get(&name)?.clone(), name)));
        let mut change = Map::new();
        change.extend(removed);
        change.extend(later.map(|(value, name)| (name, value)));
        change.retain(|name, value| self.get(name) != Some(value));
        change
    }

    /// The claims as JSON in ASCII, which a header can carry.
    #[must_use]
    pub fn to_ascii(&self) -> String {
        self.0.as_deref().map_or_else(|| "{}".to_owned(), ascii_json)
    }
}

impl TryFrom<Map<String, Value>> for Claims {
    type Error = TooManyClaims;

    fn try_from(map: Map<String, Value>) -> Result<Self, TooManyClaims> {
        let claims = Self::of_before(map);
        if claims.to_ascii().len() <= MAX_CLAIMS { Ok(claims) } else { Err(TooManyClaims) }
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(map) => map.serialize(serializer),
            None => Map::new().serialize(serializer),
        }
    }
}

fn ascii_json(map: &Map<String, Value>) -> String {
    // What has been read as JSON can be written as JSON.
    let json = serde_json::to_string(map).unwrap_or_default();
    if json.bytes().all(is_printable) {
        return json;
    }
    let mut ascii = String::with_capacity(json.len().saturating_mul(2));
    let mut units = [0; 2];
    for character in json.chars() {
        if u8::try_from(character).is_ok_and(is_printable) {
            ascii.push(character);
        } else {
            // RFC 8259 §7: beyond the first plane, the escapes of a surrogate pair.
            for unit in character.encode_utf16(&mut units) {
                // Writing to a text does not fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn claims(value: Value) -> Claims {
        Claims::try_from(value.as_object().unwrap().clone()).unwrap()
    }

    fn change(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn names_of_the_gate_s_own_are_dropped() {
        let all = json!({ "userId": "root", "handle": "x", "provider": "corp", "email": "a@example.com" });
        assert_eq!(claims(all), claims(json!({ "email": "a@example.com" })));
        let merged = claims(json!({ "a": 1 })).merged(change(json!({ "userId": "root" })));
        assert_eq!(merged, Ok(claims(json!({ "a": 1 }))));
    }

    #[test]
    fn merging_adds_replaces_and_removes() {
        let before = claims(json!({ "role": "user", "plan": "free" }));
        let after = before.merged(change(json!({ "role": "admin", "plan": null, "none": null })));
        assert_eq!(after, Ok(claims(json!({ "role": "admin" }))));
        let none = claims(json!({ "a": 1 })).merged(change(json!({ "a": null }))).unwrap();
        assert!(none.is_empty() && none == Claims::default());
    }

    #[test]
    fn the_limit_counts_what_the_application_is_sent() {
        let of = |text: String| Claims::try_from(change(json!({ "a": text })));
        let overhead = r#"{"a":""}"#.len();
        assert!(of("x".repeat(MAX_CLAIMS - overhead)).is_ok());
        assert_eq!(of("x".repeat(MAX_CLAIMS - overhead + 1)), Err(TooManyClaims));
        assert_eq!(of("é".repeat((MAX_CLAIMS - overhead) / 6 + 1)), Err(TooManyClaims));
        let full = of("x".repeat(MAX_CLAIMS - overhead)).unwrap();
        assert_eq!(full.merged(change(json!({ "b": 1 }))), Err(TooManyClaims));
        assert!(full.merged(change(json!({ "a": "y" }))).is_ok());
    }

    #[test]
    fn claims_are_sent_as_ascii_that_reads_back() {
        let all = claims(json!({ "n": "Zoë \u{1f600}\u{7f}\n", "ü": [1, true, { "a": 1.5 }] }));
        let sent = all.to_ascii();
        assert!(sent.bytes().all(is_printable), "{sent}");
        assert!(sent.contains("Zo\\u00eb \\ud83d\\ude00\\u007f\\n"), "{sent}");
        assert_eq!(claims(serde_json::from_str(&sent).unwrap()), all);
        assert_eq!(Claims::default().to_ascii(), "{}");
    }

    #[test]
    fn a_change_merged_in_makes_the_later_claims() {
        let all = [json!({}), json!({ "a": 1 }), json!({ "a": 2, "b": [1] }), json!({ "b": [2], "c": "x" })];
        for (before, later) in all.iter().flat_map(|before| all.iter().map(move |later| (before, later))) {
            let (before, later) = (claims(before.clone()), claims(later.clone()));
            let change = before.change_to(&later);
            assert_eq!(change.is_empty(), before == later);
            assert_eq!(before.merged(change), Ok(later));
        }
    }
}
