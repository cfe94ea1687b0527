//! The application's control headers: understood whole, or refused by name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use session_gate::gate::{Controls, CreateSession, RevokeSession, is_too_much_data};
use session_gate::session::PROTECTED;

const CREATE: &str = "gate-create-session";

// The first character says which of the three headers the rest is the value of.
fuzz_target!(|input: &str| {
    let Some(which) = input.chars().next() else { return };
    let value = &input[which.len_utf8()..];
    let name = Controls::HEADERS[which as usize % 3];
    let controls = match parse(name, value) {
        Ok(controls) => controls,
        Err(error) => return assert_eq!(error.header, name),
    };
    if let Some(create) = &controls.create {
        assert_sound(create);
    }
    if let Some(RevokeSession::Handles(handles)) = &controls.revoke {
        let written: Vec<String> = handles.iter().map(ToString::to_string).collect();
        assert_eq!(parse(name, &written.join(", ")).ok(), Some(controls));
    } else if let Some(payload) = &controls.payload {
        assert!(PROTECTED.iter().all(|name| !payload.as_map().contains_key(*name)));
    }
});

fn parse(name: &str, value: &str) -> Result<Controls, session_gate::gate::ControlError> {
    Controls::parse(|header| (header == name).then_some(value))
}

fn assert_sound(create: &CreateSession) {
    assert!((1..=256).contains(&create.user_id.len()));
    assert!(PROTECTED.iter().all(|name| !create.payload.as_map().contains_key(*name)));
    assert!(!is_too_much_data(&create.data));
    let written = json!({
        "userId": create.user_id, "payload": create.payload, "data": create.data, "tenantId": create.tenant_id,
    });
    let again = parse(CREATE, &ascii(&written.to_string())).expect("what was written reads");
    assert_eq!(again.create.as_ref(), Some(create));
}

/// JSON with all that is no ASCII in `\u` escapes.
fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let escaped = |it: char| {
        it.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>()
    };
    let mut escaped = escaped;
    json.chars().map(|it| if it.is_ascii() { it.to_string() } else { escaped(it) }).collect()
}
