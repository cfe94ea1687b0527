//! The `Cookie` header: which of the gate's cookies it holds, and what of it the origin may see.
//!
//! Invariant: **reading is exact**. The gate takes for its cookies what a browser holds as such, and nothing
//! else: the header is split at `;`, SP and HTAB are taken off, names are compared byte for byte
//! (RFC 6265bis §5.6). A sibling sub-domain can plant a cookie of nearly any other name or value. A name that
//! occurs twice counts as missing: somebody put one beside ours (ASVS 3.3, RFC 6265bis §8.6).
//!
//! **Stripping is generous**: the origin sees nothing that the parser of some framework could take for a
//! gate's cookie ([`Names`] are where it stands, [`crate::base::names::is_taken_for`] how it is spelled).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What the browser holds under one of the gate's names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CookieMatch<'a> {
    /// Nothing.
    Nothing,
    /// This value.
    One(&'a str),
    /// More than one value: none of them is taken.
    Several,
}

impl<'a> CookieMatch<'a> {
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
pub fn find_cookie<'a>(header: &'a str, name: &str) -> CookieMatch<'a> {
    let mut held = values(header, name);
    match (held.next(), held.next()) {
        (None, _) => CookieMatch::Nothing,
        (Some(value), None) => CookieMatch::One(value),
        _ => CookieMatch::Several,
    }
}

/// Every value that the header holds under `name`.
pub fn values<'a>(header: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    header.split(';').filter_map(move |pair| {
        // Without `=` it is a value without a name.
        let (held, value) = pair.split_once('=')?;
        (trimmed(held) == name && !pair.bytes().any(is_refused)).then(|| trimmed(value))
    })
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Whether no browser keeps a cookie with this byte in it.
const fn is_refused(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// The header without what could be taken for the cookies named; `None` if it needs no change.
#[must_use]
pub fn strip(header: &str, is_ours: impl Fn(&str) -> bool) -> Option<String> {
    let mut kept = String::new();
    let mut from = 0;
    for start in Names::of(header).filter_map(|name| name.start_of_ours(header, &is_ours)) {
        // Inside of what was taken out already.
        let Some(before) = header.get(from..start) else { continue };
        let rest = header.get(start..).unwrap_or_default();
        let end = rest.find([';', ',']).map_or(header.len(), |length| start.saturating_add(length));
        push(&mut kept, before);
        from = end;
    }
    if from == 0 {
        return None;
    }
    push(&mut kept, header.get(from..).unwrap_or_default());
    Some(kept.trim_matches(SEPARATORS).to_owned())
}

/// Adds a part that is kept. Of the separators before and behind what was taken out, those with a semicolon
/// stay: behind a comma, a cookie would become a piece of another's value.
fn push(kept: &mut String, part: &str) {
    let before = kept.trim_end_matches(SEPARATORS).len();
    let follows = part.trim_start_matches(SEPARATORS);
    let behind = part.strip_suffix(follows).unwrap_or_default();
    if before == kept.len() {
        kept.push_str(part);
    } else if behind.contains(';') && !kept.get(before..).is_some_and(|separators| separators.contains(';')) {
        kept.truncate(before);
        kept.push_str(part);
    } else {
        kept.push_str(follows);
    }
}

const SEPARATORS: [char; 4] = [' ', '\t', ';', ','];

/// Whether a `Set-Cookie` header may set a cookie named so, by itself or behind a comma or a semicolon: not every
/// client takes several cookies for one. A name that stands in a value is a value.
#[must_use]
pub fn sets_cookie(header: &str, is_ours: impl Fn(&str) -> bool) -> bool {
    header.split([';', ',']).any(|part| {
        // Of a cookie without a name its value is sent as if it were one, behind the `=` that some browsers leave out.
        let name = part.trim_start_matches(|it| !is_name_character(it));
        let name = name.split(|it| !is_name_character(it)).next().unwrap_or_default();
        is_read_as_ours(name, &is_ours)
    })
}

/// What some parser could take for the name of a cookie: every run of characters that a name may have
/// (RFC 9110 §5.6.2), wherever it stands, unless it is the value of another. For some parsers commas separate
/// cookies, for some spaces do; some take Unicode's spaces off, or quotes; some decode names (`%5F`).
struct Names<'a> {
    header: &'a str,
    at: usize,
    /// Where the last name was, unless that was a value.
    last: Option<(usize, usize)>,
}

/// What may be a name.
struct Name {
    start: usize,
    end: usize,
    /// Where it begins for a parser that joins it to what is before it.
    joined: Option<usize>,
}

impl Name {
    /// Where a name of ours begins that ends here.
    fn start_of_ours(&self, header: &str, is_ours: impl Fn(&str) -> bool) -> Option<usize> {
        let starts = self.joined.into_iter().chain([self.start]);
        let text_from = |start| header.get(start..self.end).unwrap_or_default();
        starts.into_iter().find(|start| is_read_as_ours(text_from(*start), &is_ours))
    }
}

impl<'a> Names<'a> {
    const fn of(header: &'a str) -> Self {
        Self { header, at: 0, last: None }
    }

    /// Where a name begins that is joined to the one before it: PHP writes `_` for a space and for `[` in a name, and the
    /// second character of our names is one.
    fn joined(&self, start: usize) -> Option<usize> {
        let (last, end) = self.last?;
        matches!(self.header.get(end..start), Some(" " | "[")).then_some(last)
    }
}

impl Iterator for Names<'_> {
    type Item = Name;

    fn next(&mut self) -> Option<Name> {
        let bytes = self.header.as_bytes();
        loop {
            let rest = bytes.get(self.at..)?;
            let start = self.at.saturating_add(rest.iter().position(|byte| is_in_name(*byte))?);
            let run = bytes.get(start..)?;
            let length = run.iter().position(|byte| !is_in_name(*byte)).unwrap_or(run.len());
            let end = start.saturating_add(length);
            self.at = end;
            if is_value(bytes.get(..start)?) {
                self.last = None;
                continue;
            }
            let name = Name { start, end, joined: self.joined(start) };
            self.last = Some((start, end));
            return Some(name);
        }
    }
}

const fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether what follows is the value of a name: it comes right behind that and `=`.
fn is_value(before: &[u8]) -> bool {
    let name = before.iter().rev().skip_while(|byte| **byte == b'=');
    before.ends_with(b"=") && name.take(1).any(|byte| is_in_name(*byte))
}

/// Whether a name is ours as some parser reads it, or a beginning of it is: PHP ends names at `[`, and C at a character
/// 0, also where these are escaped.
fn is_read_as_ours(name: &str, is_ours: impl Fn(&str) -> bool) -> bool {
    let read = as_read(name);
    let ends = read.char_indices().filter(|(_, it)| !is_name_character(*it)).map(|(end, _)| end);
    ends.chain([read.len()]).any(|end| read.get(..end).is_some_and(&is_ours))
}

/// A name as the most generous parser reads it, but for what [`is_taken_for`] covers.
///
/// [`is_taken_for`]: crate::base::names::is_taken_for
fn as_read(name: &str) -> Cow<'_, str> {
    // A plus sign is a form's escape for a space.
    let is_edge = |it| it == '+' || !is_name_character(it);
    if !name.contains('%') {
        return Cow::Borrowed(name.trim_matches(is_edge));
    }
    let decoded = percent_decode_str(name.get(..LONGEST).unwrap_or(name)).decode_utf8_lossy();
    Cow::Owned(decoded.trim_matches(is_edge).to_owned())
}

fn is_name_character(character: char) -> bool {
    u8::try_from(character).is_ok_and(is_in_name)
}

/// No name of ours is longer, each of its characters escaped, and with something behind it.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::names::is_taken_for;

    #[test]
    fn a_cookie_is_found_among_others() {
        assert!(find_cookie("a=1; b=2;c=3", "b") == CookieMatch::One("2"));
        assert!(find_cookie("a=1; b=2=3", "b") == CookieMatch::One("2=3"));
        assert!(find_cookie("a=1", "b") == CookieMatch::Nothing);
        assert!(find_cookie("", "b") == CookieMatch::Nothing);
    }

    #[test]
    fn two_cookies_of_a_name_count_as_missing() {
        assert!(find_cookie("__Host-x=1; __Host-x=2", "__Host-x") == CookieMatch::Several);
        assert!(find_cookie("__Host-x=1;__Host-x=1", "__Host-x") == CookieMatch::Several);
    }

    #[test]
    fn what_a_browser_does_not_hold_under_a_name_is_not_read_under_it() {
        for planted in [
            "__host-x=1",
            "__HOST-x=1",
            "\u{2000}__Host-x=1",
            "\u{a0}__Host-x=1",
            "\u{85}__Host-x=1",
            "\u{3000}__Host-x=1",
            "\u{feff}__Host-x=1",
            "\u{c}__Host-x=1",
            "\u{b}__Host-x=1",
            "__Host-x\u{2000}=1",
            "x=1, __Host-x=1",
            "x=1,__Host-x=1",
            "x=1 __Host-x=1",
            "x=\"1\"__Host-x=1",
            "\"__Host-x\"=1",
            "%5F%5fHost-x=1",
            "%20__Host-x=1",
            "..Host-x=1",
            "_[Host-x=1",
            "_ Host-x=1",
            "%5F[Host-x=1",
            "_%20Host-x=1",
            "_+Host-x=1",
            "+__Host-x=1",
            ". Host-x=1",
            "__Host_x=1",
            "__Host.x=1",
            "__Host-x%5B0]=1",
            "__Host-x%00y=1",
            "_[Host-x%00=1",
            "__Host-x[0]=1",
            "=__Host-x=1",
            "__Host-x",
            "__Host-x=\u{1}",
        ] {
            assert!(find_cookie(planted, "__Host-x") == CookieMatch::Nothing, "{planted:?}");
            assert!(
                find_cookie(&format!("{planted}; __Host-x=2"), "__Host-x") == CookieMatch::One("2"),
                "{planted:?}"
            );
            assert!(
                !strip(planted, is_ours).unwrap_or_else(|| planted.to_owned()).contains("ost-x"),
                "{planted:?}"
            );
        }
        assert!(find_cookie(" \t__Host-x\t = \t2 ", "__Host-x") == CookieMatch::One("2"));
    }

    #[test]
    fn what_is_stripped_leaves_the_others_as_far_apart_as_they_were() {
        for (header, kept) in [
            ("a=1; __Host-x=2; b=3", "a=1; b=3"),
            ("a=1;__Host-x=2;b=3", "a=1;b=3"),
            ("a=1, __Host-x=2, b=3; c=4", "a=1, b=3; c=4"),
            ("a=1;__Host-x=2, b=3", "a=1;b=3"),
            ("a=1, __Host-x=2; b=3", "a=1; b=3"),
            ("a=1,2; __Host-x=2;; b=3, 4", "a=1,2; b=3, 4"),
            ("a=1 __Host-x=2; b=3", "a=1; b=3"),
        ] {
            assert_eq!(strip(header, is_ours).as_deref(), Some(kept), "{header}");
        }
    }

    #[test]
    fn only_the_named_cookies_are_stripped() {
        assert_eq!(strip("__Host-x=2;__host-X = 3", is_ours).as_deref(), Some(""));
        for other in
            ["a=1;  b=\"2\"", "x__Host-x=1", "__Host-x2=1", "a=__Host-x", "a=1=__Host-x", "a==__Host-x"]
        {
            assert_eq!(strip(other, is_ours), None, "{other}");
        }
    }

    #[test]
    fn a_cookie_is_set_by_its_name_and_by_no_value() {
        for header in [
            "__Host-x=1; Path=/",
            "__host-X =1",
            "\t__Host-x\t; Path=/",
            "=__Host-x=1",
            "a=1, __Host-x=1",
            "a=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT,__Host-x=1",
            "\"__Host-x\"=1",
            "%5F_Host-x=1",
            "a=1; __Host-x=1",
        ] {
            assert!(sets_cookie(header, is_ours), "{header}");
        }
        for header in [
            "pref=__Host-x",
            "pref=\"__Host-x\"; Path=/",
            "pref=\"__Host-x=1\"",
            "pref=a __Host-x=1",
            "last=a=__Host-x=1",
            "__Host-x2=1",
            "x__Host-x=1",
            "",
        ] {
            assert!(!sets_cookie(header, is_ours), "{header}");
        }
    }

    fn is_ours(name: &str) -> bool {
        is_taken_for(name, "__Host-x")
    }
}
