//! The `Cookie` header: nothing of the gate's gets past `strip`, and nothing else is lost.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::request::{Held, hold, strip};
use session_gate::cookies::GateCookie;
use session_gate_fuzz::with_gate;

fuzz_target!(|header: &str| {
    with_gate(|config, _| {
        let is_ours = |name: &str| config.cookies.is_gate_name(name);
        let names = GateCookie::ALL.map(|cookie| config.cookies.name(cookie));
        let stripped = strip(header, is_ours);
        let rest = stripped.as_deref().unwrap_or(header);

        for name in &names {
            assert!(hold(rest, name) == Held::Nothing, "{name} is still held");
            if let Held::One(value) = hold(header, name) {
                assert!(!value.contains(';') && value.trim() == value);
            }
        }
        assert!(strip(rest, is_ours).is_none(), "stripped once is stripped");
        // As any origin reads it.
        for pair in rest.split(';') {
            assert!(!is_ours(pair.split('=').next().unwrap_or_default().trim()), "{pair:?}");
        }
        assert_eq!(others(rest, is_ours), others(header, is_ours));
    });
});

fn others(header: &str, is_ours: impl Fn(&str) -> bool) -> Vec<&str> {
    let name_of = |piece: &str| piece.split('=').next().unwrap_or_default().trim().to_owned();
    let pieces =
        header.split(';').flat_map(|pair| pair.split(", ")).filter(|piece| !is_ours(&name_of(piece)));
    // The comma before an empty piece is no loss.
    let is_end = |it: char| it == ',' || it.is_whitespace();
    pieces
        .map(|piece| piece.trim_start().trim_end_matches(is_end))
        .filter(|piece| !piece.is_empty())
        .collect()
}
