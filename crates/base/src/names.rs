//! Names that several subjects share: what may be taken for a name, what may name an app or a tenant, and what a domain.
//!
//! Invariant: plain syntax. Whether such an app, tenant or domain exists is not known here.

/// Whether some reader may take `text` for the name of a header, a cookie or a field: case means nothing to it, and
/// any character that is no letter or digit is the same as any other. CGI writes `_` for `-` (RFC 3875 §4.1.18), its
/// heirs for all such characters, and PHP for `.`, `[` and the space.
#[must_use]
pub fn is_taken_for(text: &str, name: &str) -> bool {
    let is_alike = |(one, other): (u8, u8)| {
        one.eq_ignore_ascii_case(&other) || !(one.is_ascii_alphanumeric() || other.is_ascii_alphanumeric())
    };
    text.len() == name.len() && text.bytes().zip(name.bytes()).all(is_alike)
}

/// Whether a text can name an app or a tenant.
#[must_use]
pub fn is_name_space_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed)
}

/// Whether a text is a domain name of at least two labels, which is what a cookie can be set for.
#[must_use]
pub fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // The last label of a domain name is never a number; that would be an IP address.
    let numeric =
        |text: &str| text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    (text.contains('.') || text == "localhost")
        && text.len() <= 253
        && text.split('.').all(label)
        && !numeric(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_letter_or_digit_is_alike() {
        for text in ["gate-user", "Gate_User", "GATE.USER", "gate user", "gate[user"] {
            assert!(is_taken_for(text, "gate-user"), "{text}");
        }
        for text in ["gateuser", "gate-user-", "-gate-user", "gate--user", "gate2user", "gat\u{e9}-user", ""]
        {
            assert!(!is_taken_for(text, "gate-user"), "{text}");
        }
    }
}
