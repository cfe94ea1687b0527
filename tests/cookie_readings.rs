//! What the gate reads of any `Cookie` header, beside a browser's jar, and what it leaves of it, beside the
//! most generous parsers.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test may fail by panicking"
)]

use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use proptest::sample::select;
use session_gate::base::names::is_taken_for;
use session_gate::request::{CookieMatch, find_cookie, strip, values};

const NAME: &str = "__Host-sAccessToken";

fn is_ours(name: &str) -> bool {
    is_taken_for(name, NAME)
}

/// Whether a name that a generous parser found is ours to it: in any case, and with `_` for `-` and `.`.
fn is_ours_to_it(name: &str) -> bool {
    let written = |name: &str| name.replace(['-', '.'], "_").to_ascii_lowercase();
    written(name) == written(NAME)
}

/// The cookies of one name that a jar holds after RFC 6265bis §5.6, had a site set each part of the header.
fn jar(header: &str) -> Vec<String> {
    let mut held = Vec::new();
    for part in header.split(';') {
        let (name, value) = match part.find('=') {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => ("", part),
        };
        let space =
            |text: &str| text.trim_start_matches([' ', '\t']).trim_end_matches([' ', '\t']).to_owned();
        let is_control =
            |character: char| matches!(character, '\0'..='\u{8}' | '\u{a}'..='\u{1f}' | '\u{7f}');
        if !part.contains(is_control) && space(name) == NAME {
            held.push(space(value));
        }
    }
    held
}

/// How generous parsers tell cookies apart, take off what surrounds a name, and read it.
fn generously(header: &str) -> Vec<String> {
    let separators: [fn(char) -> bool; 4] = [
        |character| character == ';',
        |character| matches!(character, ';' | ','),
        |character| matches!(character, ';' | ',' | '&') || character.is_whitespace(),
        |character| {
            matches!(character, ';' | ',' | '"') || character.is_whitespace() || character.is_control()
        },
    ];
    let edges: [fn(char) -> bool; 4] = [
        |character| matches!(character, ' ' | '\t'),
        |character| character.is_whitespace() || character.is_control(),
        |character| !character.is_ascii_graphic() || matches!(character, '"' | '='),
        |character| !character.is_ascii_alphanumeric() && !matches!(character, '_' | '-' | '%' | '.' | '+'),
    ];
    let mut names = Vec::new();
    for separator in separators {
        for pair in header.split(separator) {
            for edge in edges {
                let pair = pair.trim_matches(edge);
                for name in [
                    pair.split('=').next().unwrap_or_default(),
                    pair.split(['=', '[']).next().unwrap_or_default(),
                ] {
                    let name = name.trim_matches(edge);
                    names.push(name.to_owned());
                    names.push(name.replace("%5F", "_").replace("%5f", "_").replace("%48", "H"));
                    names.push(name.replace('.', "_"));
                }
            }
        }
    }
    names
}

/// How PHP names the cookies (`php_default_treat_data`, and `php_register_variable_ex` with what CVE-2020-7070 and
/// CVE-2022-31629 have since forbidden it): names are decoded like a form's, leading spaces are nothing, and a space, a
/// dot and a bracket that nothing closes become `_`.
fn php(header: &str) -> Vec<String> {
    let space = |it: char| matches!(it, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r');
    let mut names = Vec::new();
    for pair in header.split(';') {
        let name = pair.trim_start_matches(space).split('=').next().unwrap_or_default();
        let decoded = percent_decode_str(&name.replace('+', " ")).decode_utf8_lossy().into_owned();
        let name = decoded.trim_start_matches(' ');
        let (name, _) = name.split_once('\0').unwrap_or((name, ""));
        let written = name.replace(['.', ' '], "_");
        match (written.find('['), written.find(']')) {
            (Some(0), _) => {}
            (Some(open), Some(close)) if open < close => names.push(written[..open].to_owned()),
            _ => names.push(written.replace('[', "_")),
        }
    }
    names
}

/// What semicolons separate, without what is around it.
fn pairs(header: &str) -> impl Iterator<Item = &str> {
    let is_around = |character| matches!(character, ' ' | '\t' | ',');
    header.split(';').map(move |pair| pair.trim_matches(is_around)).filter(|pair| !pair.is_empty())
}

fn any_header() -> impl Strategy<Value = String> {
    let piece = select(vec![
        NAME,
        NAME,
        NAME,
        "__host-saccesstoken",
        "__HOST-sAccessToken",
        "%5F%5fHost-sAccessToken",
        "..Host-sAccessToken",
        "_[Host-sAccessToken",
        "_ Host-sAccessToken",
        "Host-sAccessToken",
        "__Host_sAccessToken",
        "__Host.sAccessToken",
        "_",
        "[",
        "]",
        ".",
        "+",
        "%5B",
        "%00",
        "=",
        "=",
        "=",
        ";",
        "; ",
        ", ",
        ",",
        " ",
        "\t",
        "\"",
        "a",
        "x=1",
        "b=2",
        "token",
        "\u{a0}",
        "\u{85}",
        "\u{2000}",
        "\u{3000}",
        "\u{feff}",
        "\u{b}",
        "\u{c}",
        "\u{1}",
        "\u{1c}",
        "é",
        "[0]",
        "%20",
        "-",
        "2",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_a_jar_holds(header in any_header()) {
        let held = jar(&header);
        prop_assert_eq!(values(&header, NAME).collect::<Vec<_>>(), held.clone());
        let expected = match held.as_slice() {
            [] => CookieMatch::Nothing,
            [one] => CookieMatch::One(one),
            _ => CookieMatch::Several,
        };
        prop_assert!(find_cookie(&header, NAME) == expected);
    }

    #[test]
    fn what_is_left_is_ours_to_no_parser(header in any_header()) {
        let left = strip(&header, is_ours).unwrap_or_else(|| header.clone());
        let taken = generously(&left).into_iter().chain(php(&left)).find(|name| is_ours_to_it(name));
        prop_assert_eq!(taken, None, "{:?}", left);
        prop_assert_eq!(strip(&left, is_ours), None, "once is enough");
    }

    #[test]
    fn a_pair_in_which_nothing_of_ours_is_named_is_a_pair_of_what_is_left(header in any_header()) {
        let left = strip(&header, is_ours).unwrap_or_else(|| header.clone());
        let mut left = pairs(&left);
        for pair in pairs(&header).filter(|pair| strip(pair, is_ours).is_none()) {
            prop_assert!(left.any(|other| other == pair), "{:?} is lost", pair);
        }
    }

    #[test]
    fn cookies_beside_ours_are_left_as_they_were(
        before in prop::collection::vec("[a-z]{1,4}=[a-z0-9 ,\"=%.]{0,6}[a-z]", 0..4),
        after in prop::collection::vec("[a-z]{1,4}=[a-z0-9 ,\"=%.]{0,6}[a-z]", 0..4),
    ) {
        let ours = [format!("{NAME}=token")];
        let all = [before.as_slice(), &ours, &after].concat().join("; ");
        prop_assert_eq!(strip(&all, is_ours), Some([before, after].concat().join("; ")));
    }
}
