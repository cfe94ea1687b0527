//! Times in words, by the platform's `Intl`.

use worker::js_sys::Array;
use worker::web_sys::Request;

use crate::base::time::Timestamp;
use crate::request::Language;

#[wasm_bindgen::prelude::wasm_bindgen(module = "/src/edge/platform/dates.js")]
extern "C" {
    #[wasm_bindgen(js_name = datesOf)]
    fn dates_of(request: &Request, language: &str, now: f64, moments: Vec<f64>) -> Array;
}

/// Each time as a date where the request comes from, and as how long ago it was.
pub fn in_words(
    times: &[Timestamp],
    now: Timestamp,
    language: Language,
    request: &Request,
) -> Vec<(String, String)> {
    let moments = times.iter().map(|time| milliseconds(*time)).collect();
    let words = dates_of(request, language.code(), milliseconds(now), moments);
    let mut words = words.iter().map(|word| word.as_string().unwrap_or_default());
    times.iter().map(|_| (words.next().unwrap_or_default(), words.next().unwrap_or_default())).collect()
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds are exact for 285,000 years")]
fn milliseconds(time: Timestamp) -> f64 {
    time.millis() as f64
}
