//! The logout routes: read, delete in the object, clear cookies, answer.

use worker::wasm_bindgen::JsValue;

use crate::edge::exchange::Exchange;
use crate::gate::Credentials;
use crate::log::GateEvent;
use crate::logout::{
    LogoutRequest, LogoutStep, all_logouts, asked, done, pending, postponed, redirect_target, step_of_link,
};
use crate::pages::Problem;
use crate::request::Form;
use crate::response::Answer;
use crate::session::Scope;

/// `/logout` and `/logout/all`.
pub async fn serve(exchange: &Exchange, all: bool) -> Result<Answer, JsValue> {
    let head = &exchange.head;
    let is_link = match head.method() {
        "GET" => true,
        "POST" => false,
        _ => return Ok(Answer::method_not_allowed("GET, POST")),
    };
    let credentials = exchange.leaving().await;
    if !is_link && let Some(refusal) = exchange.cross_site_refusal(credentials, false) {
        return Ok(refusal);
    }
    let has_form = !is_link && exchange.shows_credential(credentials).await;
    let form = match if has_form { exchange.form().await } else { Ok(Form::default()) } {
        Ok(form) => form,
        Err(refusal) => return Ok(refusal),
    };
    let Ok(request) = asked(all, head.query(), &form) else {
        return Ok(exchange.problem(&Problem::BadRequest("scope must be current, all or others")));
    };
    if is_link && let LogoutStep::Answer(answer) = step_of_link(head, exchange.config(), &request) {
        if answer.status == 403 {
            exchange.report(GateEvent::CsrfRefused, credentials.handle());
        }
        return Ok(answer);
    }
    // More than this session takes more than its name: proof that it lives.
    let credentials =
        if request.scope == Scope::Current { credentials } else { exchange.credentials().await };
    Ok(log_out(exchange, credentials, &request).await)
}

async fn log_out(exchange: &Exchange, credentials: &Credentials, request: &LogoutRequest) -> Answer {
    let (head, config) = (&exchange.head, exchange.config());
    let (target, refused) = redirect_target(head, config, request);
    if refused {
        exchange.report(GateEvent::RedirectRefused, credentials.handle());
    }
    let logouts = all_logouts(credentials, exchange.logouts(credentials, request.scope).await);
    match exchange.end(&logouts).await {
        Ok(ended) => {
            let delivery = credentials.delivery();
            done(head, config, target, ended.handles.len(), ended.spared, delivery)
        }
        Err(failed) => {
            let logouts = postponed(&failed, exchange.now);
            exchange.keep_trying(logouts.clone(), Vec::new());
            pending(head, config, request, &logouts, exchange.keys())
        }
    }
}
