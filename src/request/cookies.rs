//! The `Cookie` header: which of the gate's cookies it holds, and what of it the origin may see.
//!
//! Invariant: a gate name that occurs twice, in any case, counts as missing: somebody put one beside
//! ours (ASVS 3.3, RFC 6265bis §8.6). The origin sees none of the gate's cookies.

/// What the browser holds under one of the gate's names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Held<'a> {
    /// Nothing.
    Nothing,
    /// This value.
    One(&'a str),
    /// More than one value: none of them is taken.
    Several,
}

impl<'a> Held<'a> {
    /// The value, if there is exactly one.
    #[must_use]
    pub const fn value(self) -> Option<&'a str> {
        match self {
            Self::One(value) => Some(value),
            Self::Nothing | Self::Several => None,
        }
    }
}

/// What the header holds under `name`.
#[must_use]
pub fn hold<'a>(header: &'a str, name: &str) -> Held<'a> {
    // Browsers compare prefixes like `__Host-` without case, so a variant is a rival of ours.
    let mut rivals = pieces(header).filter(|piece| name_of(piece).eq_ignore_ascii_case(name));
    match (rivals.next(), rivals.next()) {
        (None, _) => Held::Nothing,
        (Some(piece), None) if name_of(piece) == name => Held::One(value_of(piece)),
        _ => Held::Several,
    }
}

/// Every value that the header holds under `name`, those of rivals included.
pub fn values<'a>(header: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    pieces(header).filter(move |piece| name_of(piece).eq_ignore_ascii_case(name)).map(value_of)
}

/// The header without the cookies named; `None` if it needs no change.
#[must_use]
pub fn strip(header: &str, is_ours: impl Fn(&str) -> bool) -> Option<String> {
    if !pieces(header).any(|piece| is_ours(name_of(piece))) {
        return None;
    }
    let mut kept = String::with_capacity(header.len());
    let mut has_ended = false;
    for Piece { text, ends_pair } in Pieces(Some(header)) {
        if !is_ours(name_of(text)) && !text.trim().is_empty() {
            if !kept.is_empty() {
                kept.push_str(if has_ended { ";" } else { JOINT });
            }
            kept.push_str(text);
            has_ended = false;
        }
        has_ended |= ends_pair;
    }
    Some(kept.trim().to_owned())
}

/// What the runtime puts between several `Cookie` headers of one request. It may stand in a value as
/// well, so what follows it counts as a cookie only where its name is one of ours.
const JOINT: &str = ", ";

/// What may be a cookie.
struct Piece<'a> {
    text: &'a str,
    /// Whether a semicolon follows it, and no joint.
    ends_pair: bool,
}

/// The pieces of a header that are left.
struct Pieces<'a>(Option<&'a str>);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.0?;
        let bytes = rest.as_bytes();
        // Byte by byte: a session's cookies are long, and every request is looked through.
        let is_end = |(at, byte): (usize, &u8)| match byte {
            b';' => true,
            b',' => bytes.get(at.saturating_add(1)) == Some(&b' '),
            _ => false,
        };
        let end = bytes.iter().enumerate().position(is_end);
        let Some((text, after)) = end.and_then(|end| rest.split_at_checked(end)) else {
            self.0 = None;
            return Some(Piece { text: rest, ends_pair: true });
        };
        let joined = after.strip_prefix(JOINT);
        self.0 = joined.or_else(|| after.strip_prefix(';'));
        Some(Piece { text, ends_pair: joined.is_none() })
    }
}

fn pieces(header: &str) -> impl Iterator<Item = &str> {
    Pieces(Some(header)).map(|piece| piece.text)
}

fn name_of(piece: &str) -> &str {
    piece.split('=').next().unwrap_or_default().trim()
}

fn value_of(piece: &str) -> &str {
    piece.split_once('=').map_or("", |(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        assert!(hold("a=1; b=2;c=3", "b") == Held::One("2"));
        assert!(hold("a=1; b=2=3", "b") == Held::One("2=3"));
        assert!(hold("a=1", "b") == Held::Nothing);
        assert!(hold("", "b") == Held::Nothing);
    }

    #[test]
    fn rivals_make_a_cookie_count_as_missing() {
        assert!(hold("__Host-x=1; __Host-x=2", "__Host-x") == Held::Several);
        assert!(hold("__Host-x=1; __host-x=2", "__Host-x") == Held::Several);
        assert!(hold("__HOST-x=1", "__Host-x") == Held::Several);
    }

    #[test]
    fn several_headers_are_one() {
        let ours = |name: &str| name.eq_ignore_ascii_case("__Host-x");
        assert!(hold("a=1, __Host-x=2, b=3", "__Host-x") == Held::One("2"));
        assert_eq!(strip("a=1, __Host-x=2, b=3; c=4", ours).as_deref(), Some("a=1, b=3; c=4"));
    }

    #[test]
    fn what_is_stripped_leaves_the_others_as_far_apart_as_they_were() {
        let ours = |name: &str| name.eq_ignore_ascii_case("__Host-x");
        assert_eq!(strip("a=1;__Host-x=2, b=3", ours).as_deref(), Some("a=1;b=3"));
        assert_eq!(strip("a=1, __Host-x=2; b=3", ours).as_deref(), Some("a=1; b=3"));
        assert_eq!(strip("a=1,2; __Host-x=2;; b=3, 4", ours).as_deref(), Some("a=1,2; b=3, 4"));
    }

    #[test]
    fn only_the_named_cookies_are_stripped() {
        let ours = |name: &str| name.eq_ignore_ascii_case("__Host-x");
        assert_eq!(strip("a=1; __Host-x=2; b=3", ours).as_deref(), Some("a=1; b=3"));
        assert_eq!(strip("__Host-x=2;__host-X = 3", ours).as_deref(), Some(""));
        assert_eq!(strip("a=1;  b=\"2\"", ours), None);
    }
}
