//! Who a provider's person is here.
//!
//! Invariant: two people of one provider, or of two, never have one user id, whatever their subjects are.

use oidc::names::Subject;

use crate::session::MAX_USER_ID;

/// The user id: `<key>:<sub>`, or `<key>:~<digest of issuer and sub>` where that would be too long, or where the subject
/// has the form of the other.
#[must_use]
pub fn user_id(key: &str, issuer: &str, subject: &Subject) -> String {
    let plain = format!("{key}:{}", subject.as_str());
    if plain.len() <= MAX_USER_ID && !subject.as_str().starts_with('~') {
        return plain;
    }
    format!("{key}:~{}", subject.digest(issuer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_short_and_nobody_else_s() {
        let id = |subject: &str| user_id("corp", "https://idp.example", &Subject::parse(subject).unwrap());
        assert_eq!(id("a/b:c"), "corp:a/b:c");
        let long = "x".repeat(255);
        assert!(id(&long).starts_with("corp:~") && id(&long).len() == "corp:~".len() + 43);
        assert_eq!(id(&"x".repeat(251)), format!("corp:{}", "x".repeat(251)));
        // A subject that looks like a digest does not become one.
        let taken = id(&long).split_once(':').unwrap().1.to_owned();
        assert_ne!(id(&taken), id(&long));
    }
}
