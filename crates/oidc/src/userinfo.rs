//! The `UserInfo` endpoint (Core §5.3): more claims of the person who just logged in.
//!
//! 1. An answer is status 200 and at most 64 KiB of JSON in which no member is there twice. A signed one
//!    (`application/jwt`) is not asked for and not read.
//! 2. `sub` is there and exactly the ID token's: the answer may be about somebody else (Core §5.3.2).
//!
//! Invariant: nothing of an answer about somebody else is seen.

use serde_json::{Map, Value};

use crate::json::{JsonFault, Members};
use crate::names::Subject;

/// The longest answer, in bytes.
pub const MAX_USERINFO: usize = 64 << 10;

/// Why there are no claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInfoFault {
    /// An answer with this status.
    Status(u16),
    /// No JSON object as it has to be.
    Json(JsonFault),
    /// It names nobody.
    SubjectMissing,
    /// It is about somebody else.
    OtherSubject,
}

/// The header `Authorization` of the request, a `GET`.
#[must_use]
pub fn authorization(access_token: &str) -> String {
    format!("Bearer {access_token}")
}

/// Reads an answer about a person.
///
/// # Errors
/// Why there are no claims.
pub fn read(status: u16, body: &[u8], subject: &Subject) -> Result<Map<String, Value>, UserInfoFault> {
    if status != 200 {
        return Err(UserInfoFault::Status(status));
    }
    let claims = Members::parse_document(body, MAX_USERINFO).map_err(UserInfoFault::Json)?;
    match claims.value("sub") {
        Some(Value::String(stated)) if stated == subject.as_str() => Ok(claims.into_map()),
        Some(_) => Err(UserInfoFault::OtherSubject),
        None => Err(UserInfoFault::SubjectMissing),
    }
}

impl UserInfoFault {
    /// The name, as a log shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status(_) => "userinfo status",
            Self::Json(_) => "userinfo no JSON",
            Self::SubjectMissing => "userinfo sub missing",
            Self::OtherSubject => "userinfo sub",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn subject() -> Subject {
        Subject::parse("u").unwrap()
    }

    #[test]
    fn rule_1_it_is_bounded_json_with_status_200() {
        let claims = read(200, br#"{"sub":"u","email":"u@example.com","x":null}"#, &subject()).unwrap();
        assert_eq!(Value::Object(claims), json!({ "sub": "u", "email": "u@example.com" }));
        for status in [201, 302, 401, 500] {
            assert_eq!(read(status, br#"{"sub":"u"}"#, &subject()), Err(UserInfoFault::Status(status)));
        }
        let fault = |body: &[u8]| read(200, body, &subject()).err();
        assert_eq!(fault(b"eyJhbGciOiJub25lIn0.e30."), Some(UserInfoFault::Json(JsonFault::NotAnObject)));
        assert_eq!(fault(br#"{"sub":"u","sub":"u"}"#), Some(UserInfoFault::Json(JsonFault::Repeated)));
        let long = json!({ "sub": "u", "x": "x".repeat(MAX_USERINFO) }).to_string();
        assert_eq!(fault(long.as_bytes()), Some(UserInfoFault::Json(JsonFault::TooLong)));
    }

    #[test]
    fn rule_2_it_is_about_the_person_who_logged_in() {
        for body in [
            &br#"{"sub":"v"}"#[..],
            br#"{"sub":"U"}"#,
            br#"{"sub":""}"#,
            br#"{"sub":["u"]}"#,
            br#"{"sub":1}"#,
        ] {
            assert_eq!(read(200, body, &subject()), Err(UserInfoFault::OtherSubject));
        }
        for body in [&b"{}"[..], br#"{"email":"u@example.com"}"#, br#"{"sub":null}"#] {
            assert_eq!(read(200, body, &subject()), Err(UserInfoFault::SubjectMissing));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(read(200, &bytes, &subject()).is_err());
        }
    }
}
