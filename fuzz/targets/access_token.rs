//! The access token: one spelling, nothing of it without a good signature, and what is read is what was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::base::bytes;
use session_gate::token::{Unverified, Version};
use session_gate_fuzz::{NOW, with_gate};

fuzz_target!(|text: &str| {
    with_gate(|_, keys| {
        let read = |text| Unverified::read(text, keys, NOW);
        let Some(unverified) = read(text) else { return };
        let message = std::str::from_utf8(unverified.message()).expect("it was text");
        assert_eq!(format!("{message}.{}", bytes::encode(unverified.signature())), text);
        assert!(keys.can_have_signed(unverified.key_id(), NOW));

        assert!(read(text).is_some_and(|again| again.judge(false).is_none()));
        let Some(token) = unverified.judge(true) else { return };
        for version in [Version::V4, Version::V5] {
            // Times beyond the calendar are in no token that the gate signs.
            let Some(draft) = token.draft(version) else { continue };
            let written = draft.seal(&[7; 64]);
            let again = Unverified::read(&written, keys, NOW).and_then(|unverified| unverified.judge(true));
            assert!(again.is_some_and(|again| again == token), "{written}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(&token.front_token()).is_ok());
    });
});
