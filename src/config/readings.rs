//! How applications read a path: the steps that lead from one spelling to the next.
//!
//! Invariant: a step changes nothing of a path that [`is_plain`]. Each takes time in proportion to the
//! path, and none makes it longer, but for lower-case letters that have more bytes.

use std::borrow::Cow;

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
    /// Upper and lower case are the same.
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
            Self::LowerCase => Some(path.to_lowercase()).filter(|lowered| lowered != path),
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
