//! Logout at the provider, begun by us (RP-Initiated Logout 1.0): where a browser is sent.
//!
//! 1. With `client_id`, the registered `post_logout_redirect_uri` as it is, and a `state` that comes back.
//! 2. With the ID token as `id_token_hint`, which may be expired, unless the address would be longer than servers take;
//!    without it the provider asks the person.
//! 3. In Cognito's way where that is the provider: `client_id` and `logout_uri` alone.
//!
//! A return proves nothing: the person may have said no. Nobody may say "signed out there" because of it.
//!
//! Invariant: without an `end_session_endpoint` there is no address, and the person has to hear so.

use crate::metadata::Metadata;
use crate::quirks::EndSessionStyle;

/// What a browser takes along.
pub struct EndSession<'a> {
    /// The client.
    pub client_id: &'a str,
    /// The ID token of the session that ends.
    pub id_token: Option<&'a str>,
    /// Where the browser comes back to.
    pub return_uri: &'a str,
    /// What comes back as it is.
    pub state: &'a str,
    /// The language of the person (BCP 47).
    pub language: Option<&'a str>,
}

/// The longest hint, in bytes: most servers take a request line of 8 KiB.
pub const MAX_HINT: usize = 6 << 10;

impl EndSession<'_> {
    /// Where the browser goes.
    #[must_use]
    pub fn url(&self, metadata: &Metadata, style: EndSessionStyle) -> Option<String> {
        let endpoint = metadata.end_session.as_ref()?;
        Some(match style {
            EndSessionStyle::Standard => endpoint.with(self.parameters()),
            EndSessionStyle::Cognito => {
                endpoint.with([("client_id", self.client_id), ("logout_uri", self.return_uri)])
            }
        })
    }

    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let hint = self.id_token.filter(|token| token.len() <= MAX_HINT);
        let all = [
            ("id_token_hint", hint),
            ("client_id", Some(self.client_id)),
            ("post_logout_redirect_uri", Some(self.return_uri)),
            ("state", Some(self.state)),
            ("ui_locales", self.language),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::tests::metadata;
    use serde_json::json;

    fn url(id_token: Option<&str>, style: EndSessionStyle) -> Option<String> {
        let leaving = EndSession {
            client_id: "gate",
            id_token,
            return_uri: "https://app.example/bye",
            state: "s+t",
            language: None,
        };
        leaving.url(&metadata(json!({})), style)
    }

    const COMMON: &str =
        "client_id=gate&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=s%2Bt";

    #[test]
    fn rule_1_a_browser_comes_back_to_the_registered_address() {
        let expected = format!("https://idp.example/logout?{COMMON}");
        assert_eq!(url(None, EndSessionStyle::Standard), Some(expected));
    }

    #[test]
    fn rule_2_the_id_token_goes_along_if_it_fits() {
        let hint = |length: usize| {
            let token = "x".repeat(length);
            url(Some(&token), EndSessionStyle::Standard)
                .is_some_and(|url| url.contains(&format!("id_token_hint={token}&{COMMON}")))
        };
        assert!(hint(5) && hint(MAX_HINT));
        assert!(!hint(MAX_HINT + 1));
        assert_eq!(
            url(Some(&"x".repeat(MAX_HINT + 1)), EndSessionStyle::Standard),
            url(None, EndSessionStyle::Standard)
        );
    }

    #[test]
    fn rule_3_cognito_has_names_of_its_own() {
        let expected = "https://idp.example/logout?client_id=gate&logout_uri=https%3A%2F%2Fapp.example%2Fbye";
        assert_eq!(url(Some("x"), EndSessionStyle::Cognito).as_deref(), Some(expected));
    }

    #[test]
    fn without_an_endpoint_there_is_no_address() {
        let leaving = EndSession {
            client_id: "gate",
            id_token: None,
            return_uri: "x",
            state: "s",
            language: Some("de"),
        };
        assert_eq!(
            leaving.url(&metadata(json!({ "end_session_endpoint": null })), EndSessionStyle::Standard),
            None
        );
        let with = leaving.url(&metadata(json!({})), EndSessionStyle::Standard);
        assert!(with.is_some_and(|url| url.ends_with("&ui_locales=de")));
    }
}
