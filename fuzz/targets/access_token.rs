//! The access token: one spelling, nothing of it without a good signature, and what is read is what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::base::bytes;
use session_gate::supertokens::wire::front_token;
use session_gate::token::{Unverified, Version};
use session_gate_fuzz::{NOW, with_gate};

fuzz_target!(|text: &str| {
    with_gate(|_, keys| {
        let read = |text| Unverified::read(text, keys, NOW);
        let Some(unverified) = read(text) else { return };
        let message = std::str::from_utf8(unverified.message()).expect("it was text");
        assert_eq!(format!("{message}.{}", bytes::encode(unverified.signature())), text);
        assert!(keys.can_have_signed(unverified.key_id(), NOW));

        assert!(read(text).is_some_and(|again| again.confirm(false).is_none()));
        let Some(token) = unverified.confirm(true) else { return };
        for version in [Version::V4, Version::V5] {
            // Times beyond the calendar are in no token that the gate signs.
            let Some(draft) = token.draft(version) else { continue };
            let written = draft.seal(&[7; 64]);
            let again = Unverified::read(&written, keys, NOW).and_then(|unverified| unverified.confirm(true));
            assert!(again.is_some_and(|again| again == token), "{written}");
        }
        assert!(!front_token(&token).is_empty());
    });
});
