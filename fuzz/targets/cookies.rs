//! The `Cookie` header: nothing of the gate's gets past `strip`, and nothing else is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::request::{CookieMatch, find_cookie, strip};
use session_gate::cookies::GateCookie;
use session_gate_fuzz::with_gate;

fuzz_target!(|header: &str| {
    with_gate(|config, _| {
        let is_ours = |name: &str| config.cookies.is_gate_name(name);
        let names = GateCookie::ALL.map(|cookie| config.cookies.name(cookie));
        let stripped = strip(header, is_ours);
        let rest = stripped.as_deref().unwrap_or(header);

        for name in &names {
            assert!(find_cookie(rest, name) == CookieMatch::Nothing, "{name} is still held");
            if let CookieMatch::One(value) = find_cookie(header, name) {
                assert!(!value.contains(';') && value.trim_matches([' ', '\t']) == value);
            }
        }
        assert!(strip(rest, is_ours).is_none(), "stripped once is stripped");
        // As any origin reads it.
        for pair in rest.split(';') {
            let read = pair.split('=').next().unwrap_or_default().trim();
            assert!(!names.iter().any(|name| name.eq_ignore_ascii_case(read)), "{pair:?}");
        }
        let mut kept = pairs(rest);
        for pair in pairs(header).filter(|pair| strip(pair, is_ours).is_none()) {
            assert!(kept.any(|other| other == pair), "{pair:?} is lost");
        }
    });
});

/// What semicolons separate, without what is around it.
fn pairs(header: &str) -> impl Iterator<Item = &str> {
    let is_around = |it: char| matches!(it, ' ' | '\t' | ',');
    header.split(';').map(move |pair| pair.trim_matches(is_around)).filter(|pair| !pair.is_empty())
}
