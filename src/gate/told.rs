//! What the application is told of a person, beside who it is.
//!
//! Invariant: every value is one that a header can carry, and reads back by percent-decoding.
//!
//! A person of whom a login said nothing is told as ever: by no header more. Only where a rule asks for a proof, the
//! application hears when that was, of whomever it is.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::person::Person;
use crate::config::ClaimHeaders;

/// What Gate-User has encoded too: with it, a text that is no printable ASCII is as it would be there.
const TEXT: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The same within an array, whose members stand between commas.
const MEMBER: &AsciiSet = &TEXT.add(b',');

/// What a value is in a header.
#[derive(Clone, Copy)]
enum Place {
    /// All of it.
    Alone,
    /// One of several.
    Member,
}

impl Place {
    const fn escaped(self) -> &'static AsciiSet {
        match self {
            Self::Alone => TEXT,
            Self::Member => MEMBER,
        }
    }
}

/// The headers and their values, of a person whom a rule `asks` for more than a session or does not.
#[must_use]
pub fn told(person: &Person<'_>, asks: bool, headers: &ClaimHeaders) -> Vec<(String, String)> {
    let mut told = Vec::new();
    let mut tell = |name: &str, value| told.push((name.to_owned(), value));
    if !person.login.claims.is_empty() {
        tell("gate-claims", person.login.claims.to_ascii());
    }
    if (asks || person.login.is_told())
        && let Some(proved_at) = person.proved_at()
    {
        tell("gate-auth-time", proved_at.seconds().to_string());
    }
    if let Some(acr) = &person.login.acr {
        tell("gate-acr", encoded(acr, Place::Alone));
    }
    for (name, claim) in headers.iter() {
        if let Some(value) = person.claim(claim) {
            tell(name, header_value(&value));
        }
    }
    told
}

/// A claim as the value of a header.
fn header_value(value: &Value) -> String {
    match value {
        Value::Array(members) => {
            members.iter().map(|member| single(member, Place::Member)).collect::<Vec<_>>().join(",")
        }
        value => single(value, Place::Alone),
    }
}

fn single(value: &Value, place: Place) -> String {
    match value {
        Value::String(text) => encoded(text, place),
        Value::Object(_) | Value::Array(_) => {
            utf8_percent_encode(&value.to_string(), place.escaped()).to_string()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text as it is if it is printable ASCII and nothing in it has a meaning, else percent-encoded UTF-8. HTTP takes
/// spaces at either end away (RFC 9110 §5.5), so these have to be encoded.
fn encoded(text: &str, place: Place) -> String {
    let is_plain = |byte: u8| match byte {
        b'%' => false,
        b',' => matches!(place, Place::Alone),
        other => matches!(other, b' '..=b'~'),
    };
    if text.bytes().all(is_plain) && !text.starts_with(' ') && !text.ends_with(' ') {
        return text.to_owned();
    }
    utf8_percent_encode(text, place.escaped()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Timestamp;
    use crate::config::tests::claim_headers;
    use crate::session::{Claims, Login};
    use serde_json::json;

    fn login(claims: Value) -> Login {
        Login { claims: Claims::try_from(claims.as_object().unwrap().clone()).unwrap(), ..Login::default() }
    }

    fn told_of(login: &Login, asks: bool, headers: Value) -> Vec<(String, String)> {
        let created_at = Some(Timestamp::from_seconds(7));
        let person = Person { user_id: "alice smith", handle: None, login, created_at };
        told(&person, asks, &claim_headers(headers).unwrap())
    }

    fn is(told: &[(String, String)], expected: &[(&str, &str)]) {
        let told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn each_value_is_written_as_documented() {
        for (value, written) in [
            (json!("a@example.com"), "a@example.com"),
            (json!("Jo Doe, \"x\""), "Jo Doe, \"x\""),
            (json!("100%"), "100%25"),
            (json!("Zoë Müller"), "Zo%C3%AB%20M%C3%BCller"),
            (json!("a\r\nGate-User: root"), "a%0D%0AGate-User:%20root"),
            (json!(" a"), "%20a"),
            (json!("a "), "a%20"),
            (json!("\u{7f}"), "%7F"),
            (json!(""), ""),
            (json!(["ops", "a b", "a,b", "ü", "50%"]), "ops,a b,a%2Cb,%C3%BC,50%25"),
            (json!(["a, b"]), "a%2C%20b"),
            (json!([]), ""),
            (json!([1, true, 2.5, { "a": [1, 2] }]), "1,true,2.5,{\"a\":[1%2C2]}"),
            (json!(3), "3"),
            (json!(-1.5), "-1.5"),
            (json!(false), "false"),
            (json!({ "a": "x y", "ü": 1 }), "{\"a\":\"x%20y\",\"%C3%BC\":1}"),
        ] {
            assert_eq!(header_value(&value), written, "{value}");
        }
    }

    #[test]
    fn a_person_of_whom_nothing_is_known_is_told_by_no_header_more() {
        is(&told_of(&Login::default(), false, json!({})), &[]);
        is(&told_of(&Login::default(), true, json!({})), &[("gate-auth-time", "7")]);
        is(&told_of(&Login::default(), false, json!({ "X-User": "userId" })), &[("x-user", "alice smith")]);
        let limited = Login { persistent: false, ..Login::default() };
        is(&told_of(&limited, false, json!({})), &[]);
    }

    #[test]
    fn what_is_known_is_told() {
        let known =
            Login { acr: Some("mfä".into()), provider: Some("corp".into()), ..login(json!({ "a": "ü" })) };
        let headers = json!({ "X-A": "a", "X-B": "b", "X-Provider": "provider" });
        let mut told = told_of(&known, false, headers);
        told.sort_unstable();
        let expected = [
            ("gate-acr", "mf%C3%A4"),
            ("gate-claims", r#"{"a":"\u00fc"}"#),
            ("x-a", "%C3%BC"),
            ("x-provider", "corp"),
        ];
        is(&told, &expected);
    }

    #[test]
    fn an_address_that_is_not_verified_is_no_header() {
        let unverified =
            Login { provider: Some("corp".into()), ..login(json!({ "email": "a@example.com" })) };
        let told = told_of(&unverified, false, json!({ "X-Email": "email" }));
        is(&told, &[("gate-claims", r#"{"email":"a@example.com"}"#)]);
    }
}
