//! The refresh token and the logout marker: genuine in every character, and in one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::session::{Generation, Handle, Nonce};
use session_gate::token::{RefreshToken, open_marker, seal_marker};
use session_gate_fuzz::with_gate;

fuzz_target!(|data: &[u8]| {
    with_gate(|_, keys| {
        if let Ok(text) = std::str::from_utf8(data) {
            if let Some(token) = RefreshToken::open(text, keys) {
                assert_eq!(token.seal(keys), text);
            }
            if let Some(logouts) = open_marker(text, keys) {
                assert_eq!(open_marker(&seal_marker(&logouts, keys), keys), Some(logouts));
            }
        }
        let Some((token, rest)) = made_of(data) else { return };
        let text = token.seal(keys);
        assert!(RefreshToken::open(&text, keys) == Some(token));
        assert_eq!(open_marker(&text, keys), None);
        let [at, other, ..] = rest else { return };
        let mut changed = text.clone().into_bytes();
        let at = usize::from(*at) % changed.len();
        changed[at] = *other;
        if let Ok(changed) = String::from_utf8(changed)
            && changed != text
        {
            assert!(RefreshToken::open(&changed, keys).is_none(), "character {at}");
        }
    });
});

/// A token of any content, and the bytes that are left.
fn made_of(data: &[u8]) -> Option<(RefreshToken, &[u8])> {
    let (handle, rest) = data.split_first_chunk::<{ Handle::LENGTH }>()?;
    let (generation, rest) = rest.split_first_chunk::<4>()?;
    let (nonce, rest) = rest.split_first_chunk::<16>()?;
    let (parent, rest) = rest.split_first_chunk::<16>()?;
    let generation = Generation {
        generation: u32::from_be_bytes(*generation),
        nonce: Nonce::from_bytes(*nonce),
        parent: Nonce::from_bytes(*parent),
    };
    Some((RefreshToken { handle: Handle::from_bytes(handle)?, generation }, rest))
}
