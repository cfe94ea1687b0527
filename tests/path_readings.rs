//! The rule for any path, beside an oracle that knows nothing of how the gate finds it: every way of
//! reading the path, written down plainly, whatever it costs.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use session_gate::base::time::Seconds;
use session_gate::config::{Asked, Faults, Rules, SessionNeed};

/// What a rule says here: path, need, `fresh`, `control`.
type Row = (String, SessionNeed, u32, bool);

/// A path and the rules' paths, read in the same way; how often they were decoded.
type Reading = (String, Vec<String>, u8);

/// With more readings than this the oracle, which compares all with all, takes too long.
const TOO_MANY: usize = 80;

fn rules_of(rows: &[Row]) -> Rules {
    let word = |need| match need {
        SessionNeed::Required => "required",
        SessionNeed::Optional => "optional",
        SessionNeed::None => "none",
    };
    let tables = rows.iter().map(|(path, need, fresh, control)| {
        json!({ "path": path, "session": word(*need), "fresh": fresh, "control": control })
    });
    let mut faults = Faults::default();
    let rules = Rules::read(tables.collect(), &mut faults);
    assert!(faults.are_none());
    rules
}

/// All readings, or nothing if there are too many. A rule's star is a character like any other to them.
fn readings(path: &str, rows: &[Row]) -> Option<HashSet<Reading>> {
    let paths: Vec<String> = rows.iter().map(|row| row.0.clone()).collect();
    let mut known = HashSet::from([(path.to_owned(), paths, 0)]);
    loop {
        let mut grown = known.clone();
        for (path, rules, decoded) in &known {
            for (at, change) in
                [decode, drop_parameters, merge_slashes, resolve_dots, lower].into_iter().enumerate()
            {
                let decoded = decoded + u8::from(at == 0);
                if decoded <= 2 {
                    grown.insert((change(path), rules.iter().map(|rule| change(rule)).collect(), decoded));
                }
            }
        }
        if grown.iter().map(|(path, rules, _)| (path, rules)).collect::<HashSet<_>>().len() > TOO_MANY {
            return None;
        }
        if grown.len() == known.len() {
            return Some(known);
        }
        known = grown;
    }
}

fn decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits =
            path.get(at + 1..at + 3).filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match (bytes[at], digits) {
            (b'%', Some(digits)) => {
                decoded.push(u8::from_str_radix(digits, 16).unwrap());
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn drop_parameters(path: &str) -> String {
    let mut is_kept = true;
    let kept = path.chars().filter(|character| {
        is_kept = *character == '/' || (is_kept && *character != ';');
        is_kept
    });
    kept.collect()
}

fn merge_slashes(path: &str) -> String {
    let mut merged = path.replace('\\', "/");
    while merged.contains("//") {
        merged = merged.replace("//", "/");
    }
    merged
}

fn resolve_dots(path: &str) -> String {
    if let Some(at) = path.find("/./") {
        return resolve_dots(&format!("{}{}", &path[..at], &path[at + 2..]));
    }
    if let Some(at) = path.find("/../") {
        return resolve_dots(&format!("{}{}", parent(&path[..at]), &path[at + 3..]));
    }
    if let Some(before) = path.strip_suffix("/..") {
        return format!("{}/", parent(before));
    }
    path.strip_suffix("/.").map_or(path.to_owned(), |before| format!("{before}/"))
}

fn parent(path: &str) -> &str {
    &path[..path.rfind('/').unwrap_or(0)]
}

fn lower(path: &str) -> String {
    path.to_lowercase()
}

/// What the strictest rule of all readings says: need, `fresh`, `control`.
fn decision(path: &str, rows: &[Row]) -> Option<(SessionNeed, u32, bool)> {
    let mut strictest = (SessionNeed::None, u32::MAX, true);
    for (read, rules, _) in readings(path, rows)? {
        let is_closed = read.bytes().any(|byte| byte < 32 || byte == 127 || byte == b'\\')
            || (read == path && path.to_lowercase().contains("%2f"));
        let mut decided = (SessionNeed::Required, 0, true);
        for (rule, row) in rules.iter().zip(rows) {
            let is_match = match rule.strip_suffix('*') {
                Some(prefix) => read.starts_with(prefix),
                None => &read == rule,
            };
            if is_match && (row.1 == SessionNeed::Required || !is_closed) {
                decided = (row.1, row.2, row.3);
                break;
            }
        }
        let fresh = match decided.0.cmp(&strictest.0) {
            std::cmp::Ordering::Less => strictest.1,
            std::cmp::Ordering::Equal => strictest.1.min(decided.1),
            std::cmp::Ordering::Greater => decided.1,
        };
        strictest = (strictest.0.max(decided.0), fresh, strictest.2 && decided.2);
    }
    Some(strictest)
}

const PIECES: [&str; 40] = [
    "/", "/", "/", "/", "//", "\\", "admin", "Admin", "pub", "PUB", "a", "b", "x", "é", "%C3%89", "%61",
    "%41", "%2561", "%252561", ".", "..", "%2e", "%2E%2e", "%252e", ";", ";a=b", ";/", "%3b", "%3B", "%253b",
    "%2f", "%252f", "%5c", "%255C", "%00", "%2500", "%", "%zz", "%20", "~",
];

fn any_path() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES.to_vec()), 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let path = select(vec![
        "/admin/*",
        "/admin",
        "/Admin/*",
        "/admin*",
        "/pub/*",
        "/pub/x",
        "/PUB/x",
        "/*",
        "/",
        "/a/*",
        "/%61/*",
        "/caf%C3%A9/*",
        "/a;b/*",
        "/.well-known/*",
        "/.*",
        "/a//b",
        "/pub/../x",
        "/A/B*",
    ]);
    let need = select(vec![SessionNeed::Required, SessionNeed::Optional, SessionNeed::None]);
    let row = (path.prop_map(str::to_owned), need, select(vec![0, 30, 60]), any::<bool>());
    prop::collection::vec(row, 0..5)
}

/// A way to spell the same path otherwise, for those that read it so.
#[derive(Clone, Debug)]
enum Disguise {
    Encode(usize),
    Parameter(usize),
    Slash(usize),
    Dots(usize),
    Upper(usize),
}

fn disguises() -> impl Strategy<Value = Vec<Disguise>> {
    let disguise = prop_oneof![
        any::<usize>().prop_map(Disguise::Encode),
        any::<usize>().prop_map(Disguise::Parameter),
        any::<usize>().prop_map(Disguise::Slash),
        any::<usize>().prop_map(Disguise::Dots),
        any::<usize>().prop_map(Disguise::Upper),
    ];
    prop::collection::vec(disguise, 0..6)
}

/// The path in disguise. No character is encoded more than twice, and no slash is.
fn disguised(path: &str, disguises: &[Disguise]) -> String {
    let mut path = path.to_owned();
    let mut encoded = 0;
    for disguise in disguises {
        let slashes = path.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
        let (Disguise::Encode(seed)
        | Disguise::Parameter(seed)
        | Disguise::Slash(seed)
        | Disguise::Dots(seed)
        | Disguise::Upper(seed)) = disguise;
        let slash = slashes[seed % slashes.len()];
        let at = seed % path.len();
        match disguise {
            Disguise::Encode(_) if encoded < 2 && path.as_bytes()[at] != b'/' => {
                encoded += 1;
                path = format!("{}%{:02x}{}", &path[..at], path.as_bytes()[at], &path[at + 1..]);
            }
            Disguise::Parameter(_) if slash > 0 => path.insert_str(slash, ";v=1"),
            Disguise::Slash(_) => path.insert(slash, '/'),
            Disguise::Dots(_) => path.insert_str(slash, "/x/..;"),
            Disguise::Upper(_) => {
                // Not in an escape, where it means nothing.
                let upper = path[at..=at].to_uppercase();
                path.replace_range(at..=at, &upper);
            }
            Disguise::Encode(_) | Disguise::Parameter(_) => {}
        }
    }
    path
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn the_strictest_rule_of_all_readings_decides(path in any_path(), rows in any_rows()) {
        let rule = rules_of(&rows).find(Asked { path: &path, method: "GET", host: "a.example" });
        // Where the gate stops looking has a test of its own.
        if let Some(expected) = decision(&path, &rows) {
            prop_assert_eq!((rule.session, rule.fresh, rule.control), (expected.0, Seconds::new(expected.1), expected.2));
        }
    }

    #[test]
    fn no_disguise_opens_a_closed_path(disguises in disguises()) {
        let rows = [("/admin/*".to_owned(), SessionNeed::Required, 0, false), ("/*".to_owned(), SessionNeed::None, 0, true)];
        let path = disguised("/admin/secret", &disguises);
        let rule = rules_of(&rows).find(Asked { path: &path, method: "GET", host: "a.example" });
        prop_assert_eq!((rule.session, rule.control), (SessionNeed::Required, false), "{}", path);
    }

    #[test]
    fn a_path_that_every_reader_finds_in_the_open_is_open(disguises in disguises()) {
        let rows = [("/pub/*".to_owned(), SessionNeed::None, 0, true)];
        // The first segment as the rule has it: a path is what the rule names byte for byte.
        let path = format!("/pub{}", disguised("/style/sheet.css", &disguises));
        prop_assert_eq!(rules_of(&rows).find(Asked { path: &path, method: "GET", host: "a.example" }).session, SessionNeed::None, "{}", path);
    }
}

#[test]
fn a_path_with_more_readings_than_are_looked_at_is_under_all_rules_at_once() {
    let rows = [
        ("/pub/*".to_owned(), SessionNeed::None, 0, true),
        ("/relay/*".to_owned(), SessionNeed::Optional, 0, false),
    ];
    let rules = rules_of(&rows);
    let path = "/pub/%2e%41/..;/%252f//..;//%2ea/..;/%252e%252e//..;/%2e/..;/Admin//..;/%2541x///admin%41%252e/%252f%41%253b%2561%61admin//%2e%3b%2e//x/%2e";
    assert!(readings(path, &rows).is_none());
    let rule = rules.find(Asked { path, method: "GET", host: "a.example" });
    assert_eq!((rule.session, rule.control), (SessionNeed::Required, false));
}
