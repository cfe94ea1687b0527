//! Answers and added headers as the platform's responses.

use worker::wasm_bindgen::JsValue;
use worker::web_sys;

use crate::edge::platform::{self, Changes};
use crate::response::{Answer, Body, ResponseHeaders};

/// The response for an answer.
pub fn to_response(answer: &Answer) -> Result<web_sys::Response, JsValue> {
    let (content_type, content) = match &answer.body {
        Body::Empty => (None, None),
        Body::Json(text) => (Some("application/json; charset=utf-8"), Some(text.as_str())),
        Body::Html(text) => (Some("text/html; charset=utf-8"), Some(text.as_str())),
        Body::Text(text) => (Some("text/plain; charset=utf-8"), Some(text.as_str())),
    };
    let mut changes = Changes::default();
    changes.set("x-content-type-options", "nosniff");
    changes.set("gate-reason", answer.reason.as_str());
    if let Some(content_type) = content_type {
        changes.set("content-type", content_type);
    }
    add(&mut changes, &answer.headers);
    platform::new_response(answer.status, content, changes.as_str())
}

/// Puts headers on a response.
pub fn add(changes: &mut Changes, additions: &ResponseHeaders) {
    for (name, value) in additions.iter() {
        if ResponseHeaders::accumulates(name) {
            changes.append(name, value);
        } else {
            changes.set(name, value);
        }
    }
}
