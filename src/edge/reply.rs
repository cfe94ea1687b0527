//! Answers and added headers as the platform's responses.

use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys;

use crate::response::{Additions, Answer, Body};

/// The response for an answer.
pub fn to_response(answer: &Answer) -> Result<web_sys::Response, JsValue> {
    let (content_type, content) = match &answer.body {
        Body::Empty => (None, None),
        Body::Json(text) => (Some("application/json; charset=utf-8"), Some(text.as_str())),
        Body::Html(text) => (Some("text/html; charset=utf-8"), Some(text.as_str())),
        Body::Text(text) => (Some("text/plain; charset=utf-8"), Some(text.as_str())),
    };
    let init = web_sys::ResponseInit::new();
    init.set_status(answer.status);
    let response = web_sys::Response::new_with_opt_str_and_init(content, &init)?;
    let headers = response.headers();
    if let Some(content_type) = content_type {
        headers.set("content-type", content_type)?;
    }
    add(&headers, &answer.headers)?;
    Ok(response)
}

/// A copy of a response whose headers can be changed. Status, body stream and WebSocket are handed on.
pub fn mutable(response: &web_sys::Response) -> Result<web_sys::Response, JsValue> {
    web_sys::Response::new_with_opt_readable_stream_and_init(
        response.body().as_ref(),
        response.unchecked_ref(),
    )
}

/// Puts headers on a response.
pub fn add(headers: &web_sys::Headers, additions: &Additions) -> Result<(), JsValue> {
    for (name, value) in additions.iter() {
        if Additions::accumulates(name) {
            headers.append(name, value)?;
        } else {
            headers.set(name, value)?;
        }
    }
    Ok(())
}
