//! The logout routes: read, delete in the object, clear cookies, answer.

use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::future_to_promise;

use super::exchange::{Exchange, Stage};
use super::platform::{self, Moment};
use super::store::{self, Asker, Unavailable};
use crate::event::GateEvent;
use crate::gate::{
    Credentials, LogoutRequest, LogoutStep, all_logouts, asked, done, pending, postponed, redirect_target,
    step_of_link,
};
use crate::pages::Problem;
use crate::request::Form;
use crate::response::Answer;
use crate::session::{Logout, Reply, Scope};

/// What logouts came to.
#[derive(Clone, Copy)]
pub struct Ended {
    /// How many sessions were deleted just now.
    pub revoked: usize,
    /// Whether this device's own session was left alone, as `others` asks.
    pub spared: bool,
}

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
    // Only here, so that no other site's page can use up what its visitor may ask for.
    if let Some(refusal) = exchange.rate_refusal("logout").await {
        return Ok(refusal);
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
    match end(exchange, &logouts).await {
        Ok(ended) => {
            let delivery = credentials.delivery();
            done(head, config, target, ended.revoked, ended.spared, delivery)
        }
        Err(Unavailable) => {
            let logouts = postponed(&logouts, exchange.now);
            keep_trying(exchange, logouts.clone());
            pending(head, config, request, &logouts, exchange.keys())
        }
    }
}

/// Ends what the logouts name. It goes on when the client does not wait for the answer: who clicks
/// "log out" and closes the tab is logged out.
pub async fn end(exchange: &Exchange, logouts: &[Logout]) -> Result<Ended, Unavailable> {
    exchange.outlive_client();
    let begun = Moment::now();
    let outcome = end_each(&exchange.asker, logouts).await;
    exchange.took(Stage::Check, begun);
    outcome
}

/// All of them are tried, whatever becomes of the others.
async fn end_each(asker: &Asker, logouts: &[Logout]) -> Result<Ended, Unavailable> {
    let mut total = Ok(Ended::NOTHING);
    for logout in logouts {
        let ended = end_one(asker, logout).await;
        total = total.and_then(|total| Ok(total.and(ended?)));
    }
    total
}

async fn end_one(asker: &Asker, logout: &Logout) -> Result<Ended, Unavailable> {
    match store::ask(asker, asker.isolate.keys.app_id(), logout.handle.object, logout.command()).await? {
        Reply::Revoked { ids, scope } => {
            if scope != Scope::Others {
                asker.isolate.memory.ended(logout.handle);
            }
            Ok(Ended { revoked: ids.len(), spared: scope == Scope::Others })
        }
        // No such object: nothing to end.
        _ => Ok(Ended::NOTHING),
    }
}

/// Tries again after the answer, as long as the platform allows.
pub fn keep_trying(exchange: &Exchange, logouts: Vec<Logout>) {
    let asker = exchange.asker.clone();
    let work = future_to_promise(async move {
        for pause in store::LATER {
            platform::pause(pause).await;
            if end_each(&asker.again(), &logouts).await.is_ok() {
                break;
            }
        }
        Ok(JsValue::UNDEFINED)
    });
    // Only an event that is over refuses to be prolonged.
    let _ = exchange.context.wait_until(&work);
}

impl Ended {
    const NOTHING: Self = Self { revoked: 0, spared: false };

    fn and(self, other: Self) -> Self {
        Self { revoked: self.revoked.saturating_add(other.revoked), spared: self.spared || other.spared }
    }
}
