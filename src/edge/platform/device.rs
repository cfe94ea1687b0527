//! What a user agent says of a device, read by the `bowser` package, which is bundled with the Worker.
//!
//! Not by a parser in Rust: the maintained ones are built on the `regex` crate, and that alone is
//! larger than the rest of the Worker.

use worker::js_sys::Array;

use crate::pages::device_name;

#[wasm_bindgen::prelude::wasm_bindgen(module = "/src/edge/platform/device.js")]
extern "C" {
    fn describe(user_agent: &str) -> Array;
}

/// Browser and system in words.
pub fn name_of(user_agent: Option<&str>) -> String {
    let parts = describe(user_agent.unwrap_or_default());
    device_name(parts.get(0).as_string().as_deref(), parts.get(1).as_string().as_deref())
}
