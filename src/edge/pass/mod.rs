//! The hot path: a request's way to the application and back.
//!
//! 1. `admit`: may it pass, and as whom? At most one question to the session's object.
//! 2. `forward`: the request to the application, perhaps sent ahead (`overlap`), and its response.
//! 3. `back`: what the application says of sessions is carried out (`control`), and the response is handed on.
//!
//! Invariant: bodies never enter Wasm, and a response that needs nothing is handed on untouched. The application sees
//! no cookie of the gate's and no identity header but the gate's own.

mod admit;
mod back;
mod control;
mod forward;
mod overlap;

use worker::wasm_bindgen::JsValue;
use worker::web_sys;

use crate::edge::exchange::Exchange;
use crate::edge::finish;
use crate::request::is_loop;
use overlap::Overlap;

/// Any path that is not the gate's own.
pub async fn pass(exchange: &Exchange) -> Result<web_sys::Response, JsValue> {
    if is_loop(&exchange.head, &exchange.mark()) {
        return finish::own(exchange, forward::looped(exchange)).await;
    }
    let rule = exchange.config().rule(&exchange.head);
    let overlap = Overlap::begin(exchange, &rule).await;
    let admitted = match admit::admit(exchange, &rule).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            if let Some(overlap) = overlap {
                overlap.drop_unread();
            }
            return finish::own(exchange, refusal).await;
        }
    };
    match forward::forward(exchange, &rule, &admitted, overlap).await {
        Ok(response) => back::back(exchange, &rule, admitted, response).await,
        Err(refusal) => finish::own(exchange, refusal).await,
    }
}
