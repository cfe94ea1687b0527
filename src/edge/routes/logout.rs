//! The logout routes: read, delete in the object, clear cookies, answer.

use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::future_to_promise;

use crate::edge::exchange::{Exchange, Stage};
use crate::edge::object::client::{self as store, Asker, Unavailable};
use crate::edge::platform::{self, Moment};
use crate::gate::Credentials;
use crate::log::GateEvent;
use crate::logout::{
    LogoutRequest, LogoutStep, all_logouts, asked, done, pending, postponed, redirect_target, step_of_link,
};
use crate::pages::Problem;
use crate::request::Form;
use crate::response::Answer;
use crate::session::{Handle, Logout, Reply, Scope};

/// What logouts came to.
#[derive(Default)]
pub struct Ended {
    /// The sessions that were deleted just now.
    pub handles: Vec<Handle>,
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
            done(head, config, target, ended.handles.len(), ended.spared, delivery)
        }
        Err(failed) => {
            let logouts = postponed(&failed, exchange.now);
            keep_trying(exchange, logouts.clone(), Vec::new());
            pending(head, config, request, &logouts, exchange.keys())
        }
    }
}

/// Ends what the logouts name; `Err` are those whose object did not answer. It goes on when the client does not
/// wait for the answer: who clicks "log out" and closes the tab is logged out.
pub async fn end(exchange: &Exchange, logouts: &[Logout]) -> Result<Ended, Vec<Logout>> {
    exchange.outlive_client();
    let begun = Moment::now();
    let (ended, failed) = end_each(&exchange.asker, logouts).await;
    exchange.took(Stage::Check, begun);
    if failed.is_empty() { Ok(ended) } else { Err(failed) }
}

/// All of them are tried, whatever becomes of the others.
async fn end_each(asker: &Asker, logouts: &[Logout]) -> (Ended, Vec<Logout>) {
    let (mut ended, mut failed) = (Ended::default(), Vec::new());
    for logout in logouts {
        match end_one(asker, logout).await {
            Ok(one) => ended.add(one),
            Err(Unavailable) => failed.push(*logout),
        }
    }
    (ended, failed)
}

async fn end_one(asker: &Asker, logout: &Logout) -> Result<Ended, Unavailable> {
    let object = logout.handle.object;
    match store::ask(asker, asker.isolate.app.keys.app_id(), object, logout.command()).await? {
        Reply::Revoked { ids, scope } => {
            if scope != Scope::Others {
                asker.isolate.memory.ended(logout.handle);
            }
            let handles = ids.into_iter().map(|id| Handle { object, id }).collect();
            Ok(Ended { handles, spared: scope == Scope::Others })
        }
        // No such object: nothing to end.
        _ => Ok(Ended::default()),
    }
}

/// Tries again after the answer, as long as the platform allows: what a user or the application has ended is not
/// lost because an object fails once.
pub fn keep_trying(exchange: &Exchange, mut logouts: Vec<Logout>, mut handles: Vec<Handle>) {
    let asker = exchange.asker.clone();
    let work = future_to_promise(async move {
        for pause in store::LATER {
            platform::pause(pause).await;
            let asker = asker.again();
            // What was done by another request in the meantime is not done twice.
            logouts.retain(|logout| !asker.isolate.memory.has_ended(logout.handle));
            (_, logouts) = end_each(&asker, &logouts).await;
            handles = store::remove_handles(&asker, asker.isolate.app.keys.app_id(), &handles).await.failed;
            if logouts.is_empty() && handles.is_empty() {
                break;
            }
        }
        Ok(JsValue::UNDEFINED)
    });
    // Only an event that is over refuses to be prolonged.
    let _ = exchange.context.wait_until(&work);
}

impl Ended {
    fn add(&mut self, other: Self) {
        self.handles.extend(other.handles);
        self.spared |= other.spared;
    }
}
