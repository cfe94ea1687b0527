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
    let mut rivals = pairs(header).filter(|(other, _)| other.eq_ignore_ascii_case(name));
    match (rivals.next(), rivals.next()) {
        (None, _) => Held::Nothing,
        (Some((exact, value)), None) if exact == name => Held::One(value),
        _ => Held::Several,
    }
}

/// The header without the cookies named; `None` if it needs no change.
#[must_use]
pub fn strip(header: &str, is_ours: impl Fn(&str) -> bool) -> Option<String> {
    if !pairs(header).any(|(name, _)| is_ours(name)) {
        return None;
    }
    let kept = header.split(';').map(str::trim).filter(|pair| !is_ours(name_of(pair)) && !pair.is_empty());
    Some(kept.collect::<Vec<_>>().join("; "))
}

fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header
        .split(';')
        .map(str::trim)
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.trim_end(), value.trim_start()))
}

fn name_of(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default().trim_end()
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
    fn only_the_named_cookies_are_stripped() {
        let ours = |name: &str| name.eq_ignore_ascii_case("__Host-x");
        assert_eq!(strip("a=1; __Host-x=2; b=3", ours).as_deref(), Some("a=1; b=3"));
        assert_eq!(strip("__Host-x=2;__host-X = 3", ours).as_deref(), Some(""));
        assert_eq!(strip("a=1;  b=\"2\"", ours), None);
    }
}
