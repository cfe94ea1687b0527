//! Connections that end with their session.
//!
//! Invariant: frames and bodies stay in JavaScript, and a request that was answered otherwise is watched no longer.

use worker::js_sys::Promise;
use worker::wasm_bindgen::closure::Closure;
use worker::wasm_bindgen::{self, JsCast, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Request, Response};
use worker::worker_sys;

#[wasm_bindgen(module = "/src/edge/platform/live.js")]
extern "C" {
    type Lives;

    #[wasm_bindgen(constructor)]
    fn new(objects: &JsValue, app_id: &str, heard: JsValue) -> Lives;

    #[wasm_bindgen(method)]
    fn begin(this: &Lives, is_unsafe: bool) -> Watched;

    /// A request and its answer, watched from the time on at which that is due.
    #[wasm_bindgen(js_name = Live)]
    pub type Watched;

    #[wasm_bindgen(method)]
    fn head(this: &Watched, response: &Promise) -> Promise;

    /// The response as it goes to the browser, with other headers.
    #[wasm_bindgen(method, catch)]
    pub fn pass(this: &Watched, response: &Response, changes: &str) -> Result<Response, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn send(
        this: &Watched,
        origin: Option<&worker_sys::Fetcher>,
        request: &Request,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method)]
    fn drop(this: &Watched);

    #[wasm_bindgen(method)]
    fn finish(this: &Watched);
}

/// What begins to watch in an isolate.
pub struct Watcher(Lives);

/// A request that ends with its session.
pub struct Live(Watched);

/// What became of a request to the application.
pub enum Head {
    /// Its response has begun.
    Response(Response),
    /// It took too long.
    Late,
    /// Its session has ended.
    Ended,
    /// Nobody knows whether its session lives.
    Lost,
}

impl Watcher {
    /// Watches in the objects' sessions of an app; `heard` is told the handle of each that ended.
    pub fn new(objects: &JsValue, app_id: &str, heard: impl Fn(String) + 'static) -> Self {
        let heard = Closure::<dyn Fn(String)>::new(heard).into_js_value();
        Self(Lives::new(objects, app_id, heard))
    }

    /// A request begins.
    pub fn begin(&self, is_unsafe: bool) -> Live {
        Live(self.0.begin(is_unsafe))
    }
}

impl Live {
    /// The platform's object.
    pub const fn watched(&self) -> &Watched {
        &self.0
    }

    /// Nothing ends it any more.
    pub fn let_go(&self) {
        self.0.finish();
    }

    /// Sends the request to the application: `origin`, or whoever its URL leads to.
    pub fn send(&self, origin: Option<&worker_sys::Fetcher>, request: &Request) -> Result<Promise, JsValue> {
        self.0.send(origin, request)
    }

    /// What becomes of a request that was sent.
    pub async fn head(&self, response: &Promise) -> Result<Head, JsValue> {
        let head = JsFuture::from(self.0.head(response)).await?;
        Ok(match head.as_string().as_deref() {
            Some("ended") => Head::Ended,
            Some(_) => Head::Lost,
            None if head.is_undefined() => Head::Late,
            None => Head::Response(head.unchecked_into()),
        })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.drop();
    }
}
