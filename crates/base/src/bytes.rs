//! Fixed-size byte strings and their text forms: base64url without padding, and hex for object ids.
//!
//! Invariant: a text has exactly one meaning. A decoder takes only what the encoder writes, so no
//! two spellings name one thing.

use std::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding};

/// Base64url without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Exactly `N` bytes from canonical base64url without padding.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = Base64UrlUnpadded::decode(text, &mut bytes).ok()?.len();
    (length == N).then_some(bytes)
}

/// Any number of bytes from canonical base64url without padding.
#[must_use]
pub fn decode_any(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// Standard base64 with padding, which the SuperTokens `front-token` header is read with (`atob`).
#[must_use]
pub fn encode_standard(bytes: &[u8]) -> String {
    // The other alphabet's encoder would be there a second time.
    let mut text = encode(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Lower-case hex.
#[must_use]
pub fn encode_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Exactly `N` bytes from hex.
#[must_use]
pub fn decode_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_digits(pair)?;
    }
    Some(bytes)
}

/// Not `u8::from_str_radix` alone: it takes a sign.
fn hex_digits(pair: &[u8]) -> Option<u8> {
    if !pair.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_read() {
        let text = encode(&[0xff; 16]);
        assert_eq!(decode::<16>(&text), Some([0xff; 16]));
        assert_eq!(decode::<16>(&format!("{text}=")), None);
        // The last character has four unused bits; a set one is another spelling of the same bytes.
        let respelled = format!("{}x", text.strip_suffix('w').unwrap_or_default());
        assert_eq!(decode::<16>(&respelled), None);
    }

    #[test]
    fn hex_has_a_fixed_length() {
        assert_eq!(decode_hex::<2>("00ff"), Some([0, 255]));
        assert_eq!(decode_hex::<2>("00f"), None);
        assert_eq!(decode_hex::<2>("00fg"), None);
        assert_eq!(decode_hex::<2>("+0ff"), None);
    }
}
