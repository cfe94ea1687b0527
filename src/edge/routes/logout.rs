//! The logout routes: read, delete in the object, clear cookies, answer.

use super::Served;
use crate::cookies::login_cookie;
use crate::edge::exchange::Exchange;
use crate::edge::object::end::Ended;
use crate::edge::provider::leave::leave;
use crate::gate::{Answered, Credentials, SessionChange};
use crate::log::GateEvent;
use crate::logout::{
    LogoutRequest, LogoutStep, Spared, all_logouts, asked, done, done_at_provider, pending, postponed,
    redirect_target, step_of_link,
};
use crate::pages::Problem;
use crate::provider::{Attempt, left};
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
        Ok(Ended { handles, left: Some((object, left)), .. }) => {
            let change = SessionChange::Ended(credentials.delivery());
            match leave(exchange, object, &left, target.as_deref()).await {
                Some(provider) => {
                    let answered = done_at_provider(head, config, target, handles.len(), provider, change);
                    with_login_cookies_cleared(exchange, answered)
                }
                None => done(head, config, target, handles.len(), Spared::Nobody, change),
            }
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

/// The answer that also ends what logins of this browser are under way, and makes the provider ask who comes next.
fn with_login_cookies_cleared(exchange: &Exchange, answered: Answered) -> Answered {
    let (keys, now) = (exchange.keys(), exchange.now);
    let Answered { mut answer, change } = answered;
    for name in Attempt::names_in(&exchange.head, keys) {
        answer = answer.with("set-cookie", login_cookie(&name, "", 0));
    }
    let left = login_cookie(left::COOKIE, &left::seal(keys, now), left::LIFETIME.get());
    Answered { answer: answer.with("set-cookie", left), change }
}
