//! `SERVICE_TOKENS`: programs that may pass where a rule names them, each by a token of its own.
//!
//! Invariant: of a token only its digest is known here, and how long a comparison takes says nothing of it.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::vars::Vars;
use crate::base::bytes;
use crate::base::names::is_name_space_id;

/// What the user id of a service begins with. No user of the application's is named so, and no provider.
pub const SERVICE: &str = "service:";

const VARIABLE: &str = "SERVICE_TOKENS";
const MUST_BE: &str = "like ci:<hex SHA-256 of the token>, separated by commas";

/// The services, each with the digest of its token; one may have several.
#[derive(Default)]
pub struct Services(Vec<(String, [u8; 32])>);

impl Services {
    /// Reads the variable.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let text = vars.text(VARIABLE, MUST_BE, &|_| true).unwrap_or_default();
        let mut services = Self::default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (number, entry) in entries.enumerate() {
            match service(entry) {
                Some(service) => services.0.push(service),
                None => vars.faults.add(&format!("{VARIABLE}[{number}]"), MUST_BE),
            }
        }
        services
    }

    /// The service whose token this is.
    #[must_use]
    pub fn named_by(&self, token: &str) -> Option<&str> {
        let digest = Sha256::digest(token.as_bytes());
        let mut found = None;
        // All of them are compared, whichever it is.
        for (name, own) in &self.0 {
            if own.ct_eq(digest.as_slice()).into() {
                found = Some(name.as_str());
            }
        }
        found
    }
}

fn service(entry: &str) -> Option<(String, [u8; 32])> {
    let (name, digest) = entry.split_once(':')?;
    let digest = bytes::decode_hex(&digest.trim().to_ascii_lowercase())?;
    is_name_space_id(name).then(|| (name.to_owned(), digest))
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{config, faults};
    use serde_json::json;

    // printf 'token of ci' | sha256sum
    const CI: &str = "7d6a04e3bd04e7e6ff4b7d1e77bb0e2d6e5a4a2f0d57a3c4a2ab12ff4f2f7e9b";

    #[test]
    fn a_service_is_known_by_its_token_and_may_have_two() {
        let digest = |token: &str| {
            use sha2::Digest as _;
            crate::base::bytes::encode_hex(&sha2::Sha256::digest(token.as_bytes()))
        };
        let tokens =
            format!("ci:{}, backup:{},ci:{},", digest("one"), digest("two").to_uppercase(), digest("three"));
        let config = config(json!({ "SERVICE_TOKENS": tokens })).ok().unwrap();
        for (token, name) in
            [("one", Some("ci")), ("two", Some("backup")), ("three", Some("ci")), ("four", None), ("", None)]
        {
            assert_eq!(config.services.named_by(token), name, "{token}");
        }
        assert_eq!(config.services.named_by(&digest("one")), None, "the digest is no token");
    }

    #[test]
    fn a_wrong_entry_is_named_by_its_number_and_never_shown() {
        for wrong in [
            "ci".to_owned(),
            CI.to_owned(),
            format!("ci={CI}"),
            format!("ci:{}", &CI[1..]),
            format!("ci:{CI}0"),
            format!("CI:{CI}"),
            format!(":{CI}"),
            "ci:the token itself".to_owned(),
        ] {
            let tokens = format!("good:{CI},{wrong}");
            assert_eq!(faults(json!({ "SERVICE_TOKENS": tokens })), ["SERVICE_TOKENS[1]"], "{wrong}");
        }
        assert_eq!(faults(json!({ "SERVICE_TOKENS": 7 })), ["SERVICE_TOKENS"]);
        assert!(faults(json!({ "SERVICE_TOKENS": " , " })).is_empty());
    }
}
