//! `application/x-www-form-urlencoded`: the text of queries and of the simplest bodies.
//!
//! Invariant: linear in the text, and nothing is allocated for pairs that nobody asks for. There is no text that
//! is no form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself everywhere. A space becomes `%20`, which is one also where `+` is not.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The pairs of a form as they are written, in their order.
pub fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'&').map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    })
}

/// The bytes of a name or a value. A percent sign that begins no escape is itself.
pub fn decoded(text: &[u8]) -> impl Iterator<Item = u8> + Clone {
    let mut rest = text.iter().copied();
    std::iter::from_fn(move || match rest.next()? {
        b'+' => Some(b' '),
        b'%' => {
            let mut ahead = rest.clone();
            let mut digit = || ahead.next().and_then(|byte| char::from(byte).to_digit(16));
            let value = digit().zip(digit()).and_then(|(high, low)| u8::try_from((high << 4) | low).ok());
            if value.is_some() {
                rest = ahead;
            }
            Some(value.unwrap_or(b'%'))
        }
        byte => Some(byte),
    })
}

/// A name or a value as it is written.
#[must_use]
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A form of these pairs.
#[must_use]
pub fn write<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pair = |(name, value)| format!("{}={}", encoded(name), encoded(value));
    fields.into_iter().map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let text_of = |part| String::from_utf8(decoded(part).collect()).unwrap();
        pairs(text.as_bytes()).map(|(name, value)| (text_of(name), text_of(value))).collect()
    }

    #[test]
    fn only_what_stands_for_itself_everywhere_is_not_escaped() {
        assert_eq!(write([("a b", "c/d+e&f=g"), ("~", "\u{fc}")]), "a%20b=c%2Fd%2Be%26f%3Dg&~=%C3%BC");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(fields in proptest::collection::vec(("\\PC{0,6}", "\\PC{0,6}"), 1..6)) {
            let text = write(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            prop_assert_eq!(read(&text), fields);
        }
    }
}
