//! The session handle and the texts in it: one spelling each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::base::bytes;
use session_gate::session::{Handle, ObjectId, SessionId};

fuzz_target!(|text: &str| {
    if let Some(handle) = Handle::parse(text) {
        assert_eq!(handle.to_string(), text);
        assert_eq!(Handle::from_bytes(&handle.to_bytes()), Some(handle));
        assert_eq!(ObjectId::from_hex(&handle.object.to_hex()), Some(handle.object));
    }
    if let Some(object) = ObjectId::from_hex(text) {
        assert_eq!(object.to_hex(), text.to_ascii_lowercase());
    }
    if let Some(random) = SessionId::parse(text) {
        assert_eq!(random.to_string(), text);
    }
    if let Some(decoded) = bytes::decode_any(text) {
        assert_eq!(bytes::encode(&decoded), text);
        assert_eq!(Handle::from_bytes(&decoded).is_some(), decoded.len() == Handle::LENGTH);
    }
});
