//! The gate's events: lines of the log and, where `METRICS` is bound, data points of Workers Analytics Engine.

use worker::wasm_bindgen::JsValue;
use worker::web_sys::Request;

#[wasm_bindgen::prelude::wasm_bindgen(module = "/src/edge/platform/metrics.js")]
extern "C" {
    /// Counts in a dataset from now on.
    #[wasm_bindgen(js_name = measureIn)]
    pub fn measure_in(dataset: &JsValue);

    /// Writes an event.
    pub fn report(line: &str);

    /// Writes an event that is a fault.
    #[wasm_bindgen(js_name = reportFault)]
    pub fn report_fault(line: &str);

    /// Counts an answer of the gate's own: its reason, the kind of route, the number of the rule, and for how many
    /// milliseconds objects were waited for.
    #[wasm_bindgen(js_name = countAnswer)]
    pub fn count_answer(request: &Request, reason: &str, route: &str, rule: &str, waited: u32);
}
