//! How applications read a path: the steps that lead from one spelling to the next.
//!
//! Invariant: a step changes nothing of a path that [`is_plain`]. Each takes time in proportion to the
//! path, and none makes it longer, but for letters that have more bytes without their case.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;

/// What servers and frameworks do to a path before they look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Percent-encoding is decoded. Some do it twice: a proxy and the server behind it, say.
    Decode,
    /// `;…` is taken off each segment (RFC 3986 §3.3 calls it a parameter, Java servlets obey).
    DropParameters,
    /// Repeated slashes count as one, and so does a backslash.
    MergeSlashes,
    /// `.` and `..` lead where they lead (RFC 3986 §5.2.4).
    ResolveDots,
    /// Upper and lower case are the same ([`without_case`]).
    LowerCase,
}

/// How often the same path may be decoded.
pub const MAX_DECODED: u8 = 2;

impl Step {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Decode, Self::DropParameters, Self::MergeSlashes, Self::ResolveDots, Self::LowerCase];

    /// The path after this step; `None` if it stays what it is.
    #[must_use]
    pub fn apply(self, path: &str) -> Option<String> {
        match self {
            Self::Decode => match percent_decode_str(path).decode_utf8_lossy() {
                Cow::Borrowed(_) => None,
                Cow::Owned(decoded) => Some(decoded),
            },
            Self::DropParameters => path.contains(';').then(|| without_parameters(path)),
            Self::MergeSlashes => Some(with_single_slashes(path)).filter(|merged| merged != path),
            Self::ResolveDots => path.split('/').any(is_dots).then(|| without_dots(path)),
            Self::LowerCase => {
                Some(path.chars().map(without_case).collect()).filter(|lowered: &String| lowered != path)
            }
        }
    }
}

/// Whether every step leaves a path as it is, by a look at its bytes.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    let mut follows_slash = false;
    path.bytes().all(|byte| {
        let may_change = match byte {
            b'%' | b';' | b'\\' | b'A'..=b'Z' | 0..0x20 | 0x7f.. => true,
            b'/' | b'.' => follows_slash,
            _ => false,
        };
        follows_slash = byte == b'/';
        !may_change
    })
}

/// A character without its case: the same for two of which one is the other in lower case.
///
/// Not [`char::to_lowercase`], whose tables are a thirtieth of the Worker. The letters of [`SELDOM`] are one and the same
/// here, which can only make a path's rule stricter.
fn without_case(character: char) -> char {
    let code = u32::from(character);
    let plus = |distance: u32| char::from_u32(code.wrapping_add(distance)).unwrap_or(character);
    match character {
        'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ρ' | 'Σ'..='Ϋ' | 'А'..='Я' | 'Ａ'..='Ｚ' => {
            plus(32)
        }
        'Ѐ'..='Џ' => plus(80),
        'Ա'..='Ֆ' => plus(48),
        'Ā'..='į'
        | 'Ĳ'..='ķ'
        | 'Ŋ'..='ŷ'
        | 'Ơ'..='ơ'
        | 'Ș'..='ț'
        | 'Ѡ'..='ҁ'
        | 'Ҋ'..='ҿ'
        | 'Ӑ'..='ԯ'
        | 'Ḁ'..='ẕ'
        | 'Ạ'..='ỿ' => plus(1 & !code),
        'Ĺ'..='ň' | 'Ź'..='ž' | 'Ư'..='ư' | 'Ӂ'..='ӎ' => plus(1 & code),
        'Έ'..='Ί' => plus(37),
        'Ύ' | 'Ώ' => plus(63),
        'Ά' => 'ά',
        'Ό' => 'ό',
        'ς' => 'σ',
        'ϴ' => 'θ',
        'Ӏ' => 'ӏ',
        'Ÿ' => 'ÿ',
        'ẞ' => 'ß',
        // Letters beside ASCII that have a case in it.
        'ı' | 'İ' => 'i',
        'ſ' => 's',
        '\u{212a}' => 'k',
        '\u{212b}' => 'å',
        '\u{2126}' => 'ω',
        _ if SELDOM.iter().any(|letters| letters.contains(&character)) => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

/// Where the other letters are that have a case: of Latin phonetics, ancient Greek, Georgian, Cherokee and the like.
const SELDOM: [RangeInclusive<char>; 13] = [
    '\u{180}'..='\u{2af}',
    '\u{370}'..='\u{37f}',
    '\u{3cf}'..='\u{3ff}',
    '\u{10a0}'..='\u{10ff}',
    '\u{13a0}'..='\u{13ff}',
    '\u{1c80}'..='\u{1cbf}',
    '\u{1d79}'..='\u{1d8e}',
    '\u{1f00}'..='\u{1fff}',
    '\u{2132}'..='\u{2188}',
    '\u{24b6}'..='\u{24e9}',
    '\u{2c00}'..='\u{2d2f}',
    '\u{a640}'..='\u{abbf}',
    '\u{10400}'..='\u{1e95f}',
];

fn without_parameters(path: &str) -> String {
    let segments = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default());
    segments.collect::<Vec<_>>().join("/")
}

fn with_single_slashes(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for character in path.chars() {
        match character {
            '/' | '\\' if merged.ends_with('/') => {}
            '/' | '\\' => merged.push('/'),
            other => merged.push(other),
        }
    }
    merged
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

fn without_dots(path: &str) -> String {
    let mut kept = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
        if is_dots(segment) && segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn leads(step: Step, cases: &[(&str, &str)]) {
        for (path, expected) in cases {
            assert_eq!(step.apply(path).as_deref().unwrap_or(path), *expected, "{path}");
        }
    }

    #[test]
    fn each_step_does_what_servers_do() {
        leads(
            Step::Decode,
            &[("/%61%2F%", "/a/%"), ("/%2561", "/%61"), ("/%C3%89", "/É"), ("/%ff", "/\u{fffd}")],
        );
        leads(Step::DropParameters, &[("/a;b=c/d;e;f/;", "/a/d/"), ("/..;/a", "/../a"), ("/a/b", "/a/b")]);
        leads(Step::MergeSlashes, &[("//a///b/", "/a/b/"), ("/a\\b\\/c", "/a/b/c"), ("/a/b", "/a/b")]);
        leads(
            Step::ResolveDots,
            &[
                ("/a/../b", "/b"),
                ("/a/./b/.", "/a/b/"),
                ("/a/b/..", "/a/"),
                ("/a//../b", "/a/b"),
                ("/../../a", "/a"),
                ("/..", "/"),
                ("/..a/.b/...", "/..a/.b/..."),
            ],
        );
        leads(Step::LowerCase, &[("/ADMIN/É", "/admin/é"), ("/\u{212a}eys", "/keys"), ("/a", "/a")]);
    }

    #[test]
    fn a_letter_is_the_same_in_either_case() {
        for letter in '\0'..=char::MAX {
            let lower = letter.to_lowercase();
            let Some(other) = lower.clone().next().filter(|_| lower.count() == 1) else { continue };
            assert_eq!(without_case(letter), without_case(other), "{letter} {:x}", u32::from(letter));
        }
        let alone = "azéßαωάώаяёіўўґαωńěőșțơưứ中文かなカナ한국어กขעبअ€😀";
        assert_eq!(alone.chars().map(without_case).collect::<String>(), alone);
    }

    #[test]
    fn a_plain_path_is_changed_by_no_step() {
        for path in ["/", "/a/b.c/d~e-f_g", "/a/b/", "/a.b/c..d", "/a+b,c:d@e!f$g&h'(i)*j="] {
            assert!(is_plain(path), "{path}");
            assert!(Step::ALL.iter().all(|step| step.apply(path).is_none()), "{path}");
        }
        for path in ["/%", "/;", "//", "/A", "/.", "/a/..", "/\\", "/\u{0}", "/é", "/\u{7f}"] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
