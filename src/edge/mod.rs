//! The shell: the only code that knows the platform.
//!
//! A request comes in by [`serve`], is taken to its route by `Route::of`, passes `guard::enter`, is carried out by its
//! route's function, and leaves by `finish`.
//!
//! Invariant: the shell asks the domain and obeys. Whether a token is good, a session lives, a request is refused or an
//! answer may clear a cookie is decided there; here is what takes waiting for, and in which order.

mod body;
mod exchange;
mod finish;
mod guard;
mod isolate;
mod object;
mod pass;
mod platform;
mod provider;
mod reply;
mod routes;
mod standing;

use std::rc::Rc;

use worker::js_sys::Promise;
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{Env, event, web_sys, worker_sys};

use crate::config::Invalid;
use crate::gate::{Route, misconfigured};
use crate::pages::Problem;
use crate::request::Head;
use exchange::{Exchange, head_of};
use isolate::Isolate;

#[event(start)]
fn start() {
    // The SDK's hook marks the instance for re-creation; this one adds the stack to the log.
    let recover = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        console_error_panic_hook::hook(panic);
        recover(panic);
    }));
}

/// Answers a request; `entry.js` calls it.
#[wasm_bindgen]
pub fn serve(request: web_sys::Request, env: &Env, context: worker_sys::Context) -> Result<Promise, JsValue> {
    let isolate = match Isolate::of(env) {
        Ok(isolate) => isolate,
        Err(broken) => return nothing_served(&head_of(&request)?, &broken.faults, &broken.base_path),
    };
    let origin = isolate.origin(env);
    let exchange = Exchange::begin(request, context, isolate, origin)?;
    if let Err(invalid) = exchange.config().check_at(exchange.head.origin()) {
        return nothing_served(&exchange.head, &[invalid], &exchange.config().base_path);
    }
    let own_promise = Rc::clone(&exchange.client.promise);
    let promise = future_to_promise(async move {
        let response = match answer(&exchange).await {
            Ok(response) => response,
            Err(error) => {
                platform::log_error(&format!("a request failed: {}", platform::message_of(&error)));
                finish::to_backend(&exchange, exchange.problem(&Problem::Failed))?
            }
        };
        Ok(response.into())
    });
    Ok(own_promise.get_or_init(|| promise).clone())
}

/// The answer of a gate whose configuration is wrong; only the log says why.
fn nothing_served(head: &Head, faults: &[Invalid], base_path: &str) -> Result<Promise, JsValue> {
    for fault in faults {
        platform::log_error(&format!("configuration: {fault}"));
    }
    Ok(Promise::resolve(&JsValue::from(reply::to_response(&misconfigured(head, base_path))?)))
}

async fn answer(exchange: &Exchange) -> Result<web_sys::Response, JsValue> {
    match Route::of(exchange.head.path(), exchange.config()) {
        Route::Application => pass::pass(exchange).await,
        Route::Core(path) => finish::to_backend(exchange, routes::core::serve(exchange, path).await),
        route => finish::own(exchange, routes::serve(exchange, route).await).await,
    }
}
