//! The logout routes: read, delete in the object, clear cookies, answer.

use super::Served;
use crate::edge::exchange::Exchange;
use crate::gate::{Answered, Credentials, SessionChange};
use crate::log::GateEvent;
use crate::logout::{
    LogoutRequest, LogoutStep, Spared, all_logouts, asked, done, pending, postponed, redirect_target,
    step_of_link,
};
use crate::pages::Problem;
use crate::request::Form;
use crate::session::Scope;

/// `/logout` and `/logout/all`.
pub async fn log_out(exchange: &Exchange, form: &Form, all: bool) -> Served {
    let head = &exchange.head;
    let Ok(request) = asked(all, head.query(), form) else {
        return Ok(exchange.problem(&Problem::BadRequest("scope must be current, all or others")).into());
    };
    if head.method() == "GET"
        && let LogoutStep::Answer(answer) = step_of_link(head, exchange.config(), &request)
    {
        if answer.status == 403 {
            let credentials = exchange.credentials_for_logout().await;
            exchange.report(GateEvent::CsrfRefused, credentials.handle());
        }
        return Ok(answer.into());
    }
    // More than this session takes more than its name: proof that it lives.
    let credentials = match request.scope {
        Scope::Current => exchange.credentials_for_logout().await,
        Scope::All | Scope::Others => exchange.credentials().await,
    };
    Ok(end_and_answer(exchange, credentials, &request).await)
}

async fn end_and_answer(exchange: &Exchange, credentials: &Credentials, request: &LogoutRequest) -> Answered {
    let (head, config) = (&exchange.head, exchange.config());
    let (target, refused) = redirect_target(head, config, request);
    if refused {
        exchange.report(GateEvent::RedirectRefused, credentials.handle());
    }
    let logouts = all_logouts(credentials, exchange.logouts(credentials, request.scope).await);
    match exchange.end(&logouts).await {
        Ok(ended) if ended.spared => {
            done(head, config, target, ended.handles.len(), Spared::ThisDevice, SessionChange::Nothing)
        }
        Ok(ended) => {
            let change = SessionChange::Ended(credentials.delivery());
            done(head, config, target, ended.handles.len(), Spared::Nobody, change)
        }
        Err(failed) => {
            let logouts = postponed(&failed, exchange.now);
            exchange.keep_trying(logouts.clone(), Vec::new());
            pending(head, config, request, &logouts, exchange.keys()).into()
        }
    }
}
