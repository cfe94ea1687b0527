//! The platform's clock, random generator and log, and its headers and bodies as plain values.
//!
//! Invariant: nothing else in the crate reads the clock or draws randomness.

use worker::js_sys::{self, JsString, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys;

use crate::bytes::Random;
use crate::time::Timestamp;

/// Now. The platform's clock stands still between two I/O operations.
pub fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit 53 bits")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// 128 fresh random bits.
pub fn random() -> Result<Random, JsValue> {
    let mut bytes = [0; Random::LENGTH];
    getrandom::fill(&mut bytes).map_err(|_| JsValue::from_str("no randomness"))?;
    Ok(Random::from_bytes(bytes))
}

/// Writes an event.
pub fn log(line: &str) {
    web_sys::console::log_1(&line.into());
}

/// Writes an error.
pub fn log_error(line: &str) {
    web_sys::console::error_1(&line.into());
}

/// All headers as `name,value` lines, in two calls however many there are: the join of an array
/// joins the pairs in it with commas.
pub fn header_lines(headers: &web_sys::Headers) -> String {
    let pairs = js_sys::Array::from(headers.unchecked_ref());
    String::from(pairs.join("\n"))
}

/// A text body of at most `limit` bytes; `None` if there is more.
pub async fn read_text(
    body: Option<web_sys::ReadableStream>,
    limit: usize,
) -> Result<Option<String>, JsValue> {
    let Some(body) = body else { return Ok(Some(String::new())) };
    let reader: web_sys::ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await?;
        if js_sys::Reflect::get(&chunk, &"done".into())?.is_truthy() {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
        let value: Uint8Array = js_sys::Reflect::get(&chunk, &"value".into())?.unchecked_into();
        if bytes.len().saturating_add(value.length() as usize) > limit {
            // Whoever sends too much is not waited for.
            drop(reader.cancel());
            return Ok(None);
        }
        bytes.extend(value.to_vec());
    }
}

/// The text of a response.
pub async fn text_of(response: &web_sys::Response) -> Result<String, JsValue> {
    let text = JsFuture::from(response.text()?).await?;
    Ok(String::from(text.unchecked_into::<JsString>()))
}

/// The country a request comes from, two letters, as the platform tells it.
pub fn country(request: &web_sys::Request) -> Option<String> {
    let cf = js_sys::Reflect::get(request, &"cf".into()).ok().filter(JsValue::is_object)?;
    let country = js_sys::Reflect::get(&cf, &"country".into()).ok()?.as_string()?;
    (country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(country)
}
