//! What a user agent says of a device, read by the `detect-browser` package, which is bundled with the Worker.
//!
//! Not by a parser in Rust: the maintained ones are built on the `regex` crate, and that alone is
//! larger than the rest of the Worker.

use worker::js_sys::Array;

use crate::pages::DeviceNames;

#[wasm_bindgen::prelude::wasm_bindgen(module = "/src/edge/platform/device.js")]
extern "C" {
    fn describe(user_agent: &str) -> Array;
}

/// Browser and system by their names.
pub fn names_of(user_agent: Option<&str>) -> DeviceNames {
    let parts = describe(user_agent.unwrap_or_default());
    let part = |at| parts.get(at).as_string().unwrap_or_default();
    DeviceNames { browser: part(0), system: part(1) }
}
