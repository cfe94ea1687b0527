//! Who a provider's person is here.
//!
//! Invariant: two people of one provider, or of two, never have one user id, whatever their subjects are.

use oidc::issuer::Tenants;
use oidc::names::{SessionId, Subject};

use crate::config::Provider;
use crate::session::MAX_USER_ID;

/// The user id: `<key>:<sub>`, or `<key>:~<digest of issuer and sub>` where that would be too long, where the subject has
/// the form of the other, or where the provider has several issuers, of which each has its own subjects.
#[must_use]
pub fn user_id(provider: &Provider, issuer: &str, subject: &Subject) -> String {
    let key = &provider.key;
    let plain = format!("{key}:{}", subject.as_str());
    let has_issuers = matches!(&provider.tenants, Tenants::Listed(tenants) if tenants.len() > 1);
    if plain.len() <= MAX_USER_ID && !subject.as_str().starts_with('~') && !has_issuers {
        return plain;
    }
    format!("{key}:~{}", subject.digest(issuer))
}

/// The name of the object that finds a session of this provider by its `sid` alone. It is the storage location: it never
/// changes. The issuer in it is the configured one, since a browser may name none.
#[must_use]
pub fn sid_name(app_id: &str, provider: &Provider, session_id: &SessionId) -> String {
    format!("{app_id}/{}/{}", provider.key, session_id.digest(provider.issuer.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use serde_json::json;

    #[test]
    fn two_tenants_have_two_people_of_one_subject() {
        let provider = json!({
            "key": "corp", "issuer": "https://idp.example/common", "client_id": "gate", "tenants": ["a", "b"],
        });
        let config = config(json!({ "PROVIDERS": [provider] })).ok().unwrap();
        let id = |tenant: &str| {
            let issuer = format!("https://idp.example/{tenant}");
            user_id(&config.providers[0], &issuer, &Subject::parse("ada").unwrap())
        };
        assert_ne!(id("a"), id("b"));
        assert!(id("a").starts_with("corp:~"));
    }

    #[test]
    fn a_sid_is_the_name_of_one_provider_s_session() {
        let names: Vec<_> = ["https://idp.example", "https://other.example"]
            .into_iter()
            .map(|issuer| {
                let provider = json!({ "key": "corp", "issuer": issuer, "client_id": "gate" });
                let config = config(json!({ "PROVIDERS": [provider] })).ok().unwrap();
                sid_name("public", &config.providers[0], &SessionId::parse("a/b").unwrap())
            })
            .collect();
        // printf 'https://idp.example\0a/b' | openssl dgst -sha256 -binary | basenc --base64url
        assert_eq!(names[0], "public/corp/Z40UDqss7pZzHVUfN87xz5DsOm4Pq_XvdWBxxrOTUpI");
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn a_user_id_is_short_and_nobody_else_s() {
        let provider = json!({ "key": "corp", "issuer": "https://idp.example", "client_id": "gate" });
        let config = config(json!({ "PROVIDERS": [provider] })).ok().unwrap();
        let id = |subject: &str| {
            user_id(&config.providers[0], "https://idp.example", &Subject::parse(subject).unwrap())
        };
        assert_eq!(id("a/b:c"), "corp:a/b:c");
        let long = "x".repeat(255);
        assert!(id(&long).starts_with("corp:~") && id(&long).len() == "corp:~".len() + 43);
        assert_eq!(id(&"x".repeat(251)), format!("corp:{}", "x".repeat(251)));
        // A subject that looks like a digest does not become one.
        let taken = id(&long).split_once(':').unwrap().1.to_owned();
        assert_ne!(id(&taken), id(&long));
    }
}
