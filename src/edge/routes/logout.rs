//! The logout routes: read, delete in the object, clear cookies, answer.

use super::Served;
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
use crate::response::Answer;
use crate::session::{Left, ObjectId, Scope};

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
        Ok(Ended { handles, left, .. }) => {
            let change = SessionChange::Ended(credentials.delivery());
            signed_out(exchange, target, handles.len(), left, change).await
        }
        Err(failed) => {
            let logouts = postponed(&failed, exchange.now);
            exchange.keep_trying(logouts.clone(), Vec::new());
            pending(head, config, request, &logouts, exchange.keys()).into()
        }
    }
}

/// The answer once this device is signed out: of a session that came from a provider, the provider's is to end as well.
pub async fn signed_out(
    exchange: &Exchange,
    target: Option<String>,
    revoked: usize,
    left: Option<(ObjectId, Left)>,
    change: SessionChange,
) -> Answered {
    let (head, config) = (&exchange.head, exchange.config());
    let provider = match &left {
        Some((object, left)) => leave(exchange, *object, left, target.as_deref()).await,
        None => None,
    };
    let came_from_provider = provider.is_some();
    let Answered { answer, change } = match provider {
        Some(provider) => done_at_provider(head, config, target, revoked, provider, change),
        None => done(head, config, target, revoked, Spared::Nobody, change),
    };
    Answered { answer: with_login_cookies(exchange, answer, came_from_provider), change }
}

/// The answer that expires the attempts to log in of this browser, and makes a provider ask who comes next.
pub fn with_login_cookies(exchange: &Exchange, answer: Answer, came_from_provider: bool) -> Answer {
    if exchange.config().providers.is_empty() {
        return answer;
    }
    let expired = Attempt::all_expired(&exchange.head, exchange.keys());
    let left = came_from_provider.then(|| left::set(exchange.keys(), exchange.now));
    answer.with_cookies(expired.into_iter().chain(left))
}
