//! The shell: the only code that knows the platform.
//!
//! Invariant: no rule lives here. The shell reads the request, asks the core, talks to the object
//! and the origin, writes the response; wherever it branches, it branches on an enum of the core.

mod exchange;
mod isolate;
mod object;
mod pass;
mod platform;
mod reply;
mod routes;

use std::rc::Rc;

use worker::js_sys::Promise;
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{Env, event, web_sys, worker_sys};

use crate::gate::{Route, misconfigured};
use crate::response::{Answer, Reason};
use exchange::Exchange;
use isolate::Isolate;
use routes::{account, browser_sdk, core, logout};

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
        Err(invalid) => {
            platform::log_error(&format!("configuration: {invalid}"));
            return Ok(Promise::resolve(&JsValue::from(reply::to_response(&misconfigured())?)));
        }
    };
    let exchange = Exchange::begin(request, context, isolate)?;
    let own_promise = Rc::clone(&exchange.promise);
    let promise = future_to_promise(async move {
        let response = match answer(&exchange).await {
            Ok(response) => response,
            Err(error) => {
                platform::log_error(&format!("a request failed: {}", platform::message_of(&error)));
                reply::to_response(&Answer::message(500, Reason::Error, "internal error"))?
            }
        };
        Ok(response.into())
    });
    Ok(own_promise.get_or_init(|| promise).clone())
}

async fn answer(exchange: &Exchange) -> Result<web_sys::Response, JsValue> {
    let answer = match Route::of(exchange.head.path(), exchange.config()) {
        Route::Origin => return pass::pass(exchange).await,
        Route::Core(path) => return exchange.respond_as_is(core::serve(exchange, path).await?),
        route => own_route(exchange, route).await?,
    };
    exchange.respond(answer)
}

async fn own_route(exchange: &Exchange, route: Route<'_>) -> Result<Answer, JsValue> {
    if let Some(answer) = exchange.preflight() {
        return Ok(answer);
    }
    if exchange.head.is_upgrade()
        && let Some(refusal) = exchange.cross_site_refusal(exchange.credentials().await, false)
    {
        return Ok(refusal);
    }
    match route {
        Route::Logout { all } => logout::serve(exchange, all).await,
        Route::Session => account::session(exchange).await,
        Route::Sessions => account::sessions(exchange).await,
        Route::RevokeSession => account::revoke(exchange).await,
        Route::Jwks => Ok(account::jwks(exchange).await),
        Route::Health => Ok(account::health(exchange)),
        Route::Refresh => browser_sdk::refresh(exchange).await,
        Route::SignOut => browser_sdk::sign_out(exchange).await,
        Route::Origin | Route::Core(_) | Route::Unknown => {
            // Read so that cookies which prove nothing are expired.
            exchange.credentials().await;
            Ok(exchange.not_found())
        }
    }
}
