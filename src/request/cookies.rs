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

/// The header without the cookies named; `None` if it needs no change.
#[must_use]
pub fn strip(header: &str, is_ours: impl Fn(&str) -> bool) -> Option<String> {
    if !pieces(header).any(|piece| is_ours(name_of(piece))) {
        return None;
    }
    let without = |pair: &str| {
        let kept: Vec<&str> = pair.split(JOINT).filter(|piece| !is_ours(name_of(piece))).collect();
        kept.join(JOINT)
    };
    let kept: Vec<String> = header.split(';').map(without).filter(|pair| !pair.trim().is_empty()).collect();
    Some(kept.join(";").trim().to_owned())
}

/// What the runtime puts between several `Cookie` headers of one request. It may stand in a value as
/// well, so what follows it counts as a cookie only where its name is one of ours.
const JOINT: &str = ", ";

fn pieces(header: &str) -> impl Iterator<Item = &str> {
    header.split(';').flat_map(|pair| pair.split(JOINT))
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
    fn only_the_named_cookies_are_stripped() {
        let ours = |name: &str| name.eq_ignore_ascii_case("__Host-x");
        assert_eq!(strip("a=1; __Host-x=2; b=3", ours).as_deref(), Some("a=1; b=3"));
        assert_eq!(strip("__Host-x=2;__host-X = 3", ours).as_deref(), Some(""));
        assert_eq!(strip("a=1;  b=\"2\"", ours), None);
    }
}
