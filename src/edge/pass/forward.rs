//! The request to the application, and its response.
//!
//! Invariant: the application sees no cookie of the gate's, and of identity and address only what the gate says.

use std::rc::Rc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use worker::js_sys::{self, Promise};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys;

use super::admit::Admitted;
use super::overlap::Overlap;
use crate::config::{Live, Rule, SessionNeed};
use crate::edge::exchange::{Exchange, Stage};
use crate::edge::platform::live::Head;
use crate::edge::platform::{self, Changes};
use crate::gate::{Absence, Answered, Identity, no_session, told};
use crate::pages::Problem;
use crate::request::{HOPS, Origin, is_withheld, marked, names, strip};
use crate::response::Answer;
use crate::token::AccessToken;

/// 508 (RFC 5842 §7.2).
const LOOP_DETECTED: u16 = 508;

/// What the application is told of the person.
pub struct Told {
    token: Rc<AccessToken>,
    text: String,
    more: Vec<(String, String)>,
}

impl Told {
    /// Of this one, under this rule.
    pub fn of(exchange: &Exchange, rule: &Rule, identity: &Identity) -> Self {
        let (asks, headers) = (rule.demands.is_some(), &exchange.config().claim_headers);
        Self {
            token: Rc::clone(&identity.token),
            text: identity.text.clone(),
            more: told(&identity.person(), asks, headers),
        }
    }

    /// Whether the very same is said.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.token, &other.token) && self.more == other.more
    }
}

/// Sends the request to the application; `Err` is the gate's answer where no usable response comes.
pub async fn forward(
    exchange: &Exchange,
    rule: &Rule,
    admitted: &Admitted,
    overlap: Option<Overlap>,
) -> Result<web_sys::Response, Answered> {
    let bad_gateway = |why, cause| Err(exchange.problem(&Problem::BadGateway { why, cause }).into());
    let response = match response_to(exchange, rule, admitted, overlap).await {
        Ok(Head::Response(response)) => response,
        Ok(Head::Late) => return Err(exchange.problem(&Problem::GatewayTimeout).into()),
        Ok(Head::Ended) => {
            let credentials = exchange.credentials().await;
            return Err(no_session(&exchange.head, exchange.config(), credentials, Absence::Ended));
        }
        Ok(Head::Lost) => return Err(exchange.unavailable().into()),
        Err(error) => return bad_gateway("the origin does not answer", platform::message_of(&error)),
    };
    let status = response.status();
    if status == LOOP_DETECTED && has_looped(exchange, &response) {
        platform::drop_unread(&Promise::resolve(&JsValue::from(response)));
        return Err(looped(exchange).into());
    }
    let is_upgraded = status == 101 && exchange.head.is_upgrade() && !is_guarded_preflight(exchange, rule);
    if is_upgraded || (200..=599).contains(&status) {
        Ok(response)
    } else {
        bad_gateway("the origin answered with a status that HTTP does not have", status.to_string())
    }
}

/// The answer to a request whose way to the application leads back here. Whoever is on that way knows by the marks that
/// this is no answer of the application's.
pub fn looped(exchange: &Exchange) -> Answer {
    let answer = exchange.problem(&Problem::Loop);
    match exchange.head.header(HOPS) {
        Some(hops) => answer.with(HOPS, hops),
        None => answer,
    }
}

/// Whether a response says that this very request came back.
fn has_looped(exchange: &Exchange, response: &web_sys::Response) -> bool {
    let hops = response.headers().get(HOPS).ok().flatten();
    names(hops.as_deref(), &exchange.mark())
}

/// Whether the request is a preflight on a path that is not open.
pub fn is_guarded_preflight(exchange: &Exchange, rule: &Rule) -> bool {
    rule.session != SessionNeed::None && exchange.head.is_preflight()
}

/// What becomes of the request. A body may take its time.
async fn response_to(
    exchange: &Exchange,
    rule: &Rule,
    admitted: &Admitted,
    overlap: Option<Overlap>,
) -> Result<Head, JsValue> {
    let told = admitted.identity.as_ref().map(|identity| Told::of(exchange, rule, identity));
    let promise = match overlap.and_then(|overlap| overlap.for_admitted(told.as_ref())) {
        Some(promise) => promise,
        None => {
            let request = request_for(exchange, rule, told.as_ref(), admitted.service.as_deref())?;
            fetch(exchange, &request, told.as_ref())?
        }
    };
    let promise = match exchange.config().origin_timeout {
        Some(limit) => platform::response_within(&promise, f64::from(limit.get()) * 1000.0),
        None => promise,
    };
    match exchange.live_if_begun() {
        Some(live) if told.is_some() => return exchange.timed(Stage::Application, live.head(&promise)).await,
        // It was sent ahead for a session that has ended, or there was none to be watched.
        Some(live) => live.let_go(),
        None => {}
    }
    let response = exchange.timed(Stage::Application, JsFuture::from(promise)).await?;
    Ok(if response.is_undefined() { Head::Late } else { Head::Response(response.unchecked_into()) })
}

/// The request for the application: the browser's own, with what only the gate may say in the gate's words.
pub fn request_for(
    exchange: &Exchange,
    rule: &Rule,
    told: Option<&Told>,
    service: Option<&str>,
) -> Result<web_sys::Request, JsValue> {
    let (head, config) = (&exchange.head, exchange.config());
    let mut changes = Changes::default();
    let is_withheld = |name: &str| is_withheld(name) || config.claim_headers.withholds(name);
    for (name, _) in head.headers().filter(|(name, _)| is_withheld(name)) {
        changes.delete(name);
    }
    if head.is_upgrade() {
        changes.set("connection", "Upgrade");
    }
    let cookies = head.header("cookie");
    match cookies.and_then(|header| strip(header, |name| config.cookies.is_gate_name(name))).as_deref() {
        None => {}
        Some("") => changes.delete("cookie"),
        Some(rest) => changes.set("cookie", rest),
    }
    changes.set(HOPS, &marked(head, &exchange.mark()));
    changes.set("x-forwarded-host", head.origin().authority());
    changes.set("x-forwarded-proto", head.origin().scheme());
    if let Some(Told { token, text, more }) = told {
        changes.set("gate-user", &header_text(&token.user_id));
        changes.set("gate-session", &token.handle.to_string());
        changes.set("gate-token", text);
        for (name, value) in more {
            changes.set(name, value);
        }
    }
    if let Some(service) = service {
        changes.set("gate-user", service);
        changes.delete("authorization");
    }
    let url = upstream(exchange).map(|origin| format!("{origin}{}", head.target()));
    let live = told.filter(|_| rule.live == Live::Watched).map(|_| exchange.live().watched());
    let is_personal = told.is_some() || service.is_some();
    platform::changed_request(&exchange.request, url.as_deref(), is_personal, live, changes.as_str())
}

/// Where the application is, if it is addressed by another name than the browser used.
pub fn upstream(exchange: &Exchange) -> Option<&Origin> {
    exchange.config().origin_url.as_ref().filter(|_| exchange.origin.is_none())
}

/// Sends a request to the application.
pub fn fetch(
    exchange: &Exchange,
    request: &web_sys::Request,
    told: Option<&Told>,
) -> Result<Promise, JsValue> {
    if let Some(live) = exchange.live_if_begun().filter(|_| told.is_some()) {
        return live.send(exchange.origin.as_ref(), request);
    }
    match &exchange.origin {
        // An application in this Worker may answer at once.
        Some(origin) => Ok(Promise::resolve(&origin.fetch(request)?)),
        None => {
            let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
            Ok(scope.fetch_with_request(request).unchecked_into())
        }
    }
}

/// A user id as a header value: percent-encoded UTF-8 wherever it is not printable ASCII.
fn header_text(text: &str) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
    utf8_percent_encode(text, ESCAPED).to_string()
}
