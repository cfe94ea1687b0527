//! A body as a form: the first line is its `Content-Type`, the rest is the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use session_gate::request::{Form, FormType, first_parameter};

fuzz_target!(|bytes: &[u8]| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (content_type, body) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 1..]);
    let Some(form_type) = FormType::of(Some(&content_type), None) else { return };
    let Ok(form) = Form::read(&form_type, body) else {
        // Broken is only what a form would have escaped, or a name that may be meant for another.
        if form_type == FormType::UrlEncoded {
            let is_odd = |name: &str| {
                let name = name.to_ascii_lowercase();
                name.contains(['"', '<', '>', '{', '}']) || name.contains("scope") || name.contains("handle")
            };
            let mut names = url::form_urlencoded::parse(body).map(|(name, _)| name);
            assert!(
                body.iter().any(u8::is_ascii_control)
                    || names.any(|name| name.contains(|it: char| it.is_ascii_control()) || is_odd(&name))
            );
        }
        return;
    };
    let scope = form.first("scope");
    match form_type {
        // Another reader of forms: the one that browsers follow.
        FormType::UrlEncoded => {
            let expected = url::form_urlencoded::parse(body).find(|(name, _)| name == "scope");
            assert_eq!(scope.as_deref(), expected.as_ref().map(|(_, value)| value.as_ref()));
            if let Ok(text) = std::str::from_utf8(body) {
                assert_eq!(scope, first_parameter(text, "scope"));
            }
        }
        FormType::Json => {
            let value = serde_json::from_slice::<serde_json::Value>(body).expect("JSON");
            let has_scope = value.as_object().expect("an object").contains_key("scope");
            assert!(has_scope || scope.is_none());
        }
        FormType::Garbled => panic!("no charset but ASCII's is read"),
        FormType::Multipart(boundary) => {
            let text = String::from_utf8_lossy(body);
            assert!(scope.is_none_or(|scope| text.contains(&scope) && !scope.contains(&format!("\r\n--{boundary}"))));
        }
    }
});
