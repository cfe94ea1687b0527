//! The platform's clock, random generator and log, and its objects as plain values.
//!
//! Invariant: nothing else in the crate reads the clock or draws randomness.

pub mod dates;
pub mod device;
pub mod live;
pub mod metrics;
pub mod provider;
pub mod signatures;

use std::time::Duration;

use worker::Env;
use worker::js_sys::{self, Promise, Uint8Array};
use worker::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{self, Headers, Request, Response};
use worker::worker_sys::{self, Fetcher};

use crate::base::time::{Instant, Timestamp};
use crate::gate::Caching;
use crate::session::{Nonce, SessionId};

#[wasm_bindgen(module = "/src/edge/platform/platform.js")]
extern "C" {
    /// Method, URL and headers of a request, a line each.
    #[wasm_bindgen(js_name = headOf)]
    pub fn head_of(request: &Request) -> String;

    /// The names of the variables in an environment, a line each.
    #[wasm_bindgen(js_name = variablesOf)]
    pub fn variables_of(env: &Env) -> String;

    /// Whether an application is a service of the platform's, and not in this Worker.
    #[wasm_bindgen(js_name = isService)]
    pub fn is_service(origin: &JsValue) -> bool;

    /// Headers as `name,value` lines.
    #[wasm_bindgen(js_name = linesOf)]
    pub fn lines_of(headers: &Headers) -> String;

    /// What of a response's headers concerns the gate, as `name,value` lines.
    #[wasm_bindgen(js_name = concernsOf)]
    pub fn concerns_of(response: &Response) -> String;

    /// What a response says of its storage, as bits.
    #[wasm_bindgen(js_name = cachingOf)]
    fn caching_bits(response: &Response) -> u8;

    /// A copy of a request with other headers and perhaps another address; no cache answers a personal one.
    #[wasm_bindgen(js_name = changedRequest, catch)]
    pub fn changed_request(
        request: &Request,
        url: Option<&str>,
        is_personal: bool,
        live: Option<&live::Watched>,
        changes: &str,
    ) -> Result<Request, JsValue>;

    /// Which of the objects and the application answer, as words.
    #[wasm_bindgen(js_name = look)]
    pub fn look(objects: &JsValue, origin: Option<&Fetcher>, address: &str, changes: &str) -> Promise;

    /// A copy of a response with other headers.
    #[wasm_bindgen(js_name = changedResponse, catch)]
    pub fn changed_response(response: &Response, changes: &str) -> Result<Response, JsValue>;

    /// A response whose head comes within so many milliseconds, or `undefined`.
    #[wasm_bindgen(js_name = responseWithin)]
    pub fn response_within(response: &Promise, time: f64) -> Promise;

    /// Whether a promise is settled within so many milliseconds. One that is not goes on.
    #[wasm_bindgen(js_name = isSettledWithin)]
    pub fn is_settled_within(promise: &Promise, time: u32) -> Promise;

    /// Gives up a response that is on its way.
    #[wasm_bindgen(js_name = dropUnread)]
    pub fn drop_unread(response: &Promise);

    /// The bytes of a body, or why there are none.
    #[wasm_bindgen(js_name = bytesOf, catch)]
    fn bytes_of(body: &web_sys::ReadableStream, limit: u32, time: u32) -> Result<Promise, JsValue>;

    /// Whether a client may go on, by the platform's rate limiter.
    #[wasm_bindgen(js_name = isWithinLimit, catch)]
    pub fn is_within_limit(limiter: &JsValue, key: &str) -> Result<Promise, JsValue>;

    /// A response of the gate's own.
    #[wasm_bindgen(js_name = newResponse, catch)]
    pub fn new_response(status: u16, body: Option<&str>, changes: &str) -> Result<Response, JsValue>;

    /// The id of the object of this name, in hex.
    #[wasm_bindgen(js_name = objectId, catch)]
    pub fn object_id(namespace: &JsValue, name: &str) -> Result<String, JsValue>;

    /// Asks an object and waits for its answer for so many milliseconds; `undefined` if there is none. What is `live`
    /// is watched from then on, if the answer is that the session lives.
    #[wasm_bindgen(catch)]
    pub fn ask(
        namespace: &JsValue,
        hex: &str,
        command: &str,
        time: u32,
        live: Option<&live::Watched>,
    ) -> Result<Promise, JsValue>;

    /// Closes the watches of sessions, one a line, which are known to have ended or have to be asked about again.
    #[wasm_bindgen(js_name = endWatches)]
    pub fn end_watches(context: &worker_sys::DurableObjectState, ids: &str, is_known: bool);

    /// Runs a statement that reads; returns the first column of its rows, a line each.
    #[wasm_bindgen(catch)]
    pub fn query(sql: &JsValue, statement: &str, binding: Option<&str>) -> Result<String, JsValue>;

    /// Runs a statement that writes.
    #[wasm_bindgen(catch)]
    pub fn execute(
        sql: &JsValue,
        statement: &str,
        first: Option<&str>,
        second: Option<&str>,
        third: Option<&str>,
    ) -> Result<(), JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = scheduler)]
    fn wait(milliseconds: u32) -> Promise;
}

/// What a response made for an identity says of its storage.
pub fn caching_of(response: &Response) -> Caching {
    let bits = caching_bits(response);
    Caching { has_control: bits & 1 != 0, has_expires: bits & 2 != 0, is_html: bits & 4 != 0 }
}

/// Changes of headers, as `platform.js` reads them: a line each.
#[derive(Default)]
pub struct Changes(String);

impl Changes {
    /// Takes a header away.
    pub fn delete(&mut self, name: &str) {
        self.line(&["-", name]);
    }

    /// Sets a header in the place of those of its name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.line(&["=", name, ",", value]);
    }

    /// Adds a header to those of its name.
    pub fn append(&mut self, name: &str, value: &str) {
        self.line(&["+", name, ",", value]);
    }

    /// The lines.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn line(&mut self, parts: &[&str]) {
        // No header value holds a line break, so one in here is no header's.
        if parts.iter().any(|part| part.bytes().any(|byte| matches!(byte, b'\n' | b'\r'))) {
            return;
        }
        for part in parts {
            self.0.push_str(part);
        }
        self.0.push('\n');
    }
}

/// Now. The platform's clock stands still between two I/O operations.
pub fn now() -> Timestamp {
    Moment::now().timestamp()
}

/// A point in time to measure from, in milliseconds.
#[derive(Clone, Copy)]
pub struct Moment(f64);

impl Moment {
    /// This one.
    pub fn now() -> Self {
        Self(js_sys::Date::now())
    }

    /// The point in time.
    pub fn timestamp(self) -> Timestamp {
        self.instant().second
    }

    /// The point in time, to the millisecond.
    pub fn instant(self) -> Instant {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit 53 bits")]
        Instant::from_millis(self.0 as i64)
    }

    /// The milliseconds since.
    pub fn elapsed(self) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let elapsed = (js_sys::Date::now() - self.0) as u32;
        elapsed
    }
}

/// The platform has no randomness to offer, which it never says in practice.
#[derive(Clone, Copy, Debug)]
pub struct NoRandomness;

/// A new session's id.
pub fn session_id() -> Result<SessionId, NoRandomness> {
    drawn().map(SessionId::from_bytes)
}

/// A new refresh token's nonce.
pub fn nonce() -> Result<Nonce, NoRandomness> {
    drawn().map(Nonce::from_bytes)
}

fn drawn() -> Result<[u8; 16], NoRandomness> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Waits.
pub async fn pause(duration: Duration) {
    let milliseconds = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
    // A timer that is cancelled ends the wait as well.
    let _ = JsFuture::from(wait(milliseconds)).await;
}

/// What an error says.
pub fn message_of(error: &JsValue) -> String {
    let message = js_sys::Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message.or_else(|| error.as_string()).unwrap_or_default()
}

/// Writes an error.
pub fn log_error(line: &str) {
    web_sys::console::error_1(&line.into());
}

/// Why a body was not read.
pub enum Unread {
    /// There is more of it than is wanted.
    TooLarge,
    /// It takes longer than it may.
    TooSlow,
    /// It broke off, or is not what its framing says.
    Broken,
}

/// The body of a request, of at most `limit` bytes that come within `time`.
pub async fn read_body(request: &Request, limit: u32, time: Duration) -> Result<Vec<u8>, Unread> {
    let Some(body) = request.body() else { return Ok(Vec::new()) };
    let time = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    let promise = bytes_of(&body, limit, time).map_err(|_| Unread::Broken)?;
    let read = JsFuture::from(promise).await.map_err(|_| Unread::Broken)?;
    match read.as_string().as_deref() {
        Some("large") => Err(Unread::TooLarge),
        Some(_) => Err(Unread::TooSlow),
        None => Ok(read.unchecked_into::<Uint8Array>().to_vec()),
    }
}

/// The country a request comes from, two letters, as the platform tells it.
pub fn country(request: &Request) -> Option<String> {
    let cf = js_sys::Reflect::get(request, &"cf".into()).ok().filter(JsValue::is_object)?;
    let country = js_sys::Reflect::get(&cf, &"country".into()).ok()?.as_string()?;
    (country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(country)
}
