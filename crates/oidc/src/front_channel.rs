//! Logout at the provider, told to us by the browser (Front-Channel Logout §2): a request that anybody can make.
//!
//! 1. `sid` is there once and has at least 16 characters: one provider sends the user's name, which anybody knows.
//! 2. `iss`, if there, is there once and is the provider; Entra sends none.
//!
//! Invariant: what is read here is a claim of the browser's. It ends a session only if an ID token brought the very
//! same `sid`, and no cookie counts.

use base::form;

use crate::issuer::Issuers;
use crate::names::SessionId;

/// The shortest `sid` that nobody guesses.
pub const MIN_SESSION_ID: usize = 16;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontChannelFault {
    /// A parameter is there twice.
    Repeated,
    /// It has no `sid`.
    SessionMissing,
    /// Its `sid` is too short or no name.
    SessionId,
    /// Its `iss` is another provider.
    Issuer,
}

/// The session that a request names.
///
/// # Errors
/// What is wrong with it.
pub fn read(query: &[u8], issuers: &Issuers) -> Result<SessionId, FrontChannelFault> {
    if let Some(issuer) = only(query, "iss")?
        && !issuers.may_be(&issuer)
    {
        return Err(FrontChannelFault::Issuer);
    }
    let text = only(query, "sid")?.ok_or(FrontChannelFault::SessionMissing)?;
    SessionId::parse(&text)
        .filter(|id| id.as_str().len() >= MIN_SESSION_ID)
        .ok_or(FrontChannelFault::SessionId)
}

fn only(query: &[u8], name: &str) -> Result<Option<String>, FrontChannelFault> {
    let mut values = form::pairs(query).filter(|(other, _)| form::decoded(other).eq(name.bytes()));
    let value = values.next();
    if values.next().is_some() {
        return Err(FrontChannelFault::Repeated);
    }
    Ok(value
        .map(|(_, value)| String::from_utf8_lossy(&form::decoded(value).collect::<Vec<_>>()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::tests::metadata;
    use proptest::prelude::*;
    use serde_json::json;

    fn session(query: &str) -> Result<String, FrontChannelFault> {
        read(query.as_bytes(), &metadata(json!({})).issuers).map(|id| id.as_str().to_owned())
    }

    #[test]
    fn rule_1_a_session_is_named_once_by_what_nobody_guesses() {
        assert_eq!(session("sid=0123456789abcdef"), Ok("0123456789abcdef".into()));
        assert_eq!(session("sid=0123456789%61bcdef&x=y"), Ok("0123456789abcdef".into()));
        assert_eq!(session("sid=0123456789abcde"), Err(FrontChannelFault::SessionId));
        for sid in ["", "dwho", "%ff%ff%ff%ff%ff%ff", "0123456789abcde%0a"] {
            assert_eq!(session(&format!("sid={sid}")), Err(FrontChannelFault::SessionId), "{sid}");
        }
        assert_eq!(session(""), Err(FrontChannelFault::SessionMissing));
        assert_eq!(session("sid=0123456789abcdef&sid=0123456789abcdef"), Err(FrontChannelFault::Repeated));
    }

    #[test]
    fn rule_2_the_issuer_is_missing_or_the_provider() {
        assert_eq!(
            session("iss=https%3A%2F%2Fidp.example&sid=0123456789abcdef"),
            Ok("0123456789abcdef".into())
        );
        for issuer in ["", "https%3A%2F%2Fidp.example%2F", "https%3A%2F%2Fevil.example"] {
            assert_eq!(
                session(&format!("sid=0123456789abcdef&iss={issuer}")),
                Err(FrontChannelFault::Issuer),
                "{issuer}"
            );
        }
        assert_eq!(session("iss=a&iss=b&sid=0123456789abcdef"), Err(FrontChannelFault::Repeated));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = read(&bytes, &metadata(json!({})).issuers);
        }
    }
}
