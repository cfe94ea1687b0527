//! Names that several subjects share: what may name an app or a tenant, and what a domain.
//!
//! Invariant: plain syntax. Whether such an app, tenant or domain exists is not known here.

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
