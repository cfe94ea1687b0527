//! The way through the gate: admission, the origin, and what the origin says about sessions.
//!
//! Invariant: bodies never enter Wasm, and a response that needs nothing is handed on untouched. The
//! origin sees no cookie of the gate and no identity header but the gate's own.

mod control;

use std::rc::Rc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use worker::js_sys::{self, Promise};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys;

use crate::base::time::Seconds;
use crate::config::{Rule, SessionNeed};
use crate::edge::exchange::{Exchange, IN_TIME, Stage};
use crate::edge::platform::{self, Changes, Moment};
use crate::edge::reply;
use crate::gate::{
    Controls, Identity, Standing, TokenPair, bearer_cleared, cleared, expected, is_targeted, lacks_anti_csrf,
    no_session,
};
use crate::log::GateEvent;
use crate::pages::Problem;
use crate::request::{Origin, answers_preflight, is_withheld, names_cookie, public_location, strip};
use crate::response::{Answer, ResponseHeaders};
use crate::session::{Command, Reply};
use crate::supertokens::fdi;

/// What the browser is told about its session beside the origin's answer.
///
/// Late answers: by the time that the origin has answered, the browser may hold the cookies of a newer session. So
/// that a session is dead is no news for an origin's answer, and clears nothing, unless the answer itself ended it.
/// New tokens are set only if the session is known to live, and has not moved on to later ones.
pub enum SessionChange {
    /// Nothing.
    Nothing,
    /// Here are new tokens for its session.
    Tokens(Renewed),
    /// Here are the tokens of a session that was made just now.
    NewSession(TokenPair),
    /// The application has ended its session.
    Ended,
    /// The application has ended the session of its bearer token, and not that of its cookies.
    BearerEnded,
}

/// New tokens, and when the object last said that their session lives.
pub struct Renewed {
    /// The tokens.
    pub tokens: TokenPair,
    known: Moment,
}

impl Renewed {
    /// Tokens of a session that lives now.
    pub fn now(tokens: TokenPair) -> Self {
        Self { tokens, known: Moment::now() }
    }
}

/// A request that may pass.
pub struct Admitted {
    /// Who it is from.
    pub identity: Option<Identity>,
    /// What the browser is told.
    pub news: SessionChange,
}

/// Any path that is not the gate's own.
pub async fn pass(exchange: &Exchange) -> Result<web_sys::Response, JsValue> {
    let rule = exchange.config().rule(&exchange.head);
    let ahead = Overlap::begin(exchange, &rule).await;
    match admission(exchange, &rule).await {
        Ok(admitted) => forward(exchange, &rule, admitted, ahead).await,
        Err(refusal) => {
            if let Some(ahead) = ahead {
                ahead.drop_unread();
            }
            exchange.respond(refusal)
        }
    }
}

/// A request that the origin has got while the object is still asked about the session. Its answer is
/// the browser's only if the request would be the same now.
struct Overlap {
    identity: Identity,
    response: Promise,
}

impl Overlap {
    async fn begin(exchange: &Exchange, rule: &Rule) -> Option<Self> {
        // A body is there once, and there may have to be a second request.
        if !rule.may_overlap(&exchange.head) || exchange.request.body().is_some() {
            return None;
        }
        let identity = expected(exchange.credentials().await, exchange.memory())?;
        let request = origin_request(exchange, Some(&identity)).ok()?;
        Some(Self { identity, response: fetch(exchange, &request).ok()? })
    }

    /// The answer, if it is one to this request.
    fn for_admitted(self, admitted: &Admitted) -> Option<Promise> {
        let is_same = |identity: &Identity| Rc::ptr_eq(&identity.token, &self.identity.token);
        if admitted.identity.as_ref().is_some_and(is_same) {
            return Some(self.response);
        }
        self.drop_unread();
        None
    }

    fn drop_unread(self) {
        platform::drop_unread(&self.response);
    }
}

/// Decides whether the request may pass, and as whom.
async fn admission(exchange: &Exchange, rule: &Rule) -> Result<Admitted, Answer> {
    let nobody = Admitted { identity: None, news: SessionChange::Nothing };
    if exchange.head.is_preflight() || (rule.session == SessionNeed::None && !exchange.may_have_marker()) {
        return Ok(nobody);
    }
    let credentials = exchange.credentials().await;
    let completed = exchange.complete_pending(credentials).await;
    if rule.session == SessionNeed::None {
        return Ok(nobody);
    }
    if let Some(refusal) = exchange.cross_site_refusal(credentials, true) {
        return Err(refusal);
    }
    if lacks_anti_csrf(&exchange.head, credentials, exchange.config(), exchange.keys()) {
        exchange.report(GateEvent::CsrfRefused, credentials.handle());
        return Err(exchange.problem(&Problem::AntiCsrf));
    }
    if completed.is_err() {
        return Err(exchange.unavailable());
    }
    let fresh =
        if exchange.head.is_safe() && !exchange.head.is_upgrade() { rule.fresh } else { Seconds::new(0) };
    let standing = exchange.standing(credentials, fresh).await.map_err(|_| exchange.unavailable())?;
    let (identity, news) = match standing {
        Standing::SignedIn(mut identity) => {
            let news = identity
                .tokens
                .take()
                .map_or(SessionChange::Nothing, |tokens| SessionChange::Tokens(Renewed::now(tokens)));
            (Some(*identity), news)
        }
        Standing::SignedOut(absence) if rule.session == SessionNeed::Required => {
            return Err(no_session(&exchange.head, exchange.config(), credentials, absence));
        }
        Standing::SignedOut(_) => (None, SessionChange::Nothing),
    };
    Ok(Admitted { identity, news })
}

async fn forward(
    exchange: &Exchange,
    rule: &Rule,
    admitted: Admitted,
    ahead: Option<Overlap>,
) -> Result<web_sys::Response, JsValue> {
    let response = match origin_response(exchange, &admitted, ahead).await {
        Ok(Some(response)) => response,
        Ok(None) => return exchange.respond(exchange.problem(&Problem::GatewayTimeout)),
        Err(_) => return bad_gateway(exchange, "the origin does not answer"),
    };
    let status = response.status();
    let is_guarded_preflight = exchange.head.is_preflight() && rule.session != SessionNeed::None;
    let is_upgraded = status == 101 && exchange.head.is_upgrade() && !is_guarded_preflight;
    if !is_upgraded && !(200..=599).contains(&status) {
        return bad_gateway(exchange, "the origin answered with a status that is none");
    }
    if is_guarded_preflight {
        return permission(&response);
    }
    back(exchange, rule, admitted, response).await
}

/// Of an answer to a preflight on a path that is not open, what a browser needs of it and no more. Anybody can
/// make one up, and an application that does not look at the method answers with a page.
fn permission(response: &web_sys::Response) -> Result<web_sys::Response, JsValue> {
    let mut changes = Changes::default();
    let lines = platform::lines_of(&response.headers());
    for (name, value) in head_lines(&lines).filter(|(name, _)| answers_preflight(name)) {
        changes.append(name, value);
    }
    platform::drop_unread(&Promise::resolve(&JsValue::from(Clone::clone(response))));
    platform::new_response(response.status(), None, changes.as_str())
}

/// The origin's response; none if its head takes too long. A body may take its time.
async fn origin_response(
    exchange: &Exchange,
    admitted: &Admitted,
    ahead: Option<Overlap>,
) -> Result<Option<web_sys::Response>, JsValue> {
    let begun = Moment::now();
    let promise = match ahead.and_then(|ahead| ahead.for_admitted(admitted)) {
        Some(promise) => promise,
        None => fetch(exchange, &origin_request(exchange, admitted.identity.as_ref())?)?,
    };
    let promise = match exchange.config().origin_timeout {
        Some(limit) => platform::response_within(&promise, f64::from(limit.get()) * 1000.0),
        None => promise,
    };
    let response = JsFuture::from(promise).await;
    exchange.took(Stage::Origin, begun);
    Ok(Some(response?).filter(|response| !response.is_undefined()).map(JsCast::unchecked_into))
}

/// The request for the origin: the browser's own, with what only the gate may say in the gate's words.
fn origin_request(exchange: &Exchange, identity: Option<&Identity>) -> Result<web_sys::Request, JsValue> {
    let (head, config) = (&exchange.head, exchange.config());
    let mut changes = Changes::default();
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
    changes.set("x-forwarded-host", head.origin().authority());
    changes.set("x-forwarded-proto", head.origin().scheme());
    if let Some(identity) = identity {
        changes.set("gate-user", &header_text(&identity.token.user_id));
        changes.set("gate-session", &identity.token.handle.to_string());
        changes.set("gate-token", &identity.text);
    }
    let url = address_of_origin(exchange).map(|origin| format!("{origin}{}", head.target()));
    platform::changed_request(&exchange.request, url.as_deref(), identity.is_some(), changes.as_str())
}

/// Where the application is, if it is addressed by another name than the browser used.
fn address_of_origin(exchange: &Exchange) -> Option<&Origin> {
    let has_binding = exchange.client.isolate.origin.is_some();
    exchange.config().origin_url.as_ref().filter(|_| !has_binding)
}

fn fetch(exchange: &Exchange, request: &web_sys::Request) -> Result<Promise, JsValue> {
    match &exchange.client.isolate.origin {
        Some(origin) => Ok(origin.fetch(request)?.unchecked_into()),
        None => {
            let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
            Ok(scope.fetch_with_request(request).unchecked_into())
        }
    }
}

/// Hands the origin's answer back, with what it asked for done and what the browser must hear added.
async fn back(
    exchange: &Exchange,
    rule: &Rule,
    admitted: Admitted,
    response: web_sys::Response,
) -> Result<web_sys::Response, JsValue> {
    // Most answers have nothing in them that concerns the gate, and need not be read.
    let lines = platform::concerns_of(&response);
    let header = |name: &str| head_lines(&lines).find(|(other, _)| *other == name).map(|(_, value)| value);
    let ours = || head_lines(&lines).map(|(name, _)| name).filter(|name| name.starts_with("gate-"));
    for name in ours().filter(|name| !Controls::HEADERS.contains(name)) {
        platform::log_error(&format!(
            "origin-headers: `{name}` of the application is no header of the gate's"
        ));
    }
    let has_controls = ours().any(|name| Controls::HEADERS.contains(&name));
    let gate_cookies = set_cookies(&lines).any(|cookie| is_gate_cookie(exchange, cookie));

    // Of an upgraded connection nothing is stored.
    let has_identity = admitted.identity.is_some() && response.status() != 101;
    let news = if has_controls && exchange.config().origin_control && rule.control {
        let controls = match Controls::parse(header) {
            Ok(controls) => controls,
            Err(error) => {
                let why = format!("{}: {}", error.header, error.why);
                return exchange.respond(exchange.problem(&Problem::OriginHeaders(why)));
            }
        };
        match control::carry_out(exchange, rule, admitted, controls).await {
            Ok(news) => news,
            Err(answer) => return exchange.respond(answer),
        }
    } else {
        still_true(exchange, admitted.news).await
    };

    let mut additions = additions(exchange, &news).await;
    exchange.clear_completed_marker(&mut additions);
    exchange.add_timing(&mut additions);
    // Whatever hands out or takes back tokens, in cookies or in headers, says `no-store`, and nothing weakens that.
    let has_tokens = additions.iter().any(|(name, _)| name == "cache-control");
    if has_identity
        && !has_tokens
        && let Some(value) = platform::caching_of(&response).added(&exchange.head)
    {
        additions.add("cache-control", value);
    }
    let location = location(exchange, &response);
    if ours().next().is_none() && !gate_cookies && location.is_none() && additions.is_empty() {
        return Ok(response);
    }
    let mut changes = Changes::default();
    for name in ours() {
        changes.delete(name);
    }
    if let Some(location) = location {
        changes.set("location", &location);
    }
    if gate_cookies {
        changes.delete("set-cookie");
        for cookie in set_cookies(&lines).filter(|cookie| !is_gate_cookie(exchange, cookie)) {
            changes.append("set-cookie", cookie);
        }
    }
    if has_tokens {
        for (name, _) in
            head_lines(&platform::lines_of(&response.headers())).filter(|(name, _)| is_targeted(name))
        {
            changes.delete(name);
        }
    }
    reply::add(&mut changes, &additions);
    platform::changed_response(&response, changes.as_str())
}

/// Where the response leads, if that is the application's own address, which only the gate reaches.
fn location(exchange: &Exchange, response: &web_sys::Response) -> Option<String> {
    let origin = address_of_origin(exchange)?;
    if !matches!(response.status(), 201 | 300..=399) {
        return None;
    }
    let location = response.headers().get("location").ok().flatten()?;
    public_location(&location, origin, exchange.head.origin())
}

/// The news, if the session still lives and has not moved on.
pub async fn still_true(exchange: &Exchange, news: SessionChange) -> SessionChange {
    let SessionChange::Tokens(renewed) = news else { return news };
    let handle = renewed.tokens.token.handle;
    if exchange.memory().has_ended(handle) {
        return SessionChange::Nothing;
    }
    if renewed.known.elapsed() <= IN_TIME {
        return SessionChange::Tokens(renewed);
    }
    let check = Command::Check { id: handle.id, first_use: None };
    match exchange.ask(handle.object, check).await {
        Ok(Reply::Live(session)) if renewed.tokens.are_latest_of(&session) => SessionChange::Tokens(renewed),
        _ => SessionChange::Nothing,
    }
}

async fn additions(exchange: &Exchange, news: &SessionChange) -> ResponseHeaders {
    if matches!(news, SessionChange::Nothing) {
        return ResponseHeaders::default();
    }
    let credentials = exchange.credentials().await;
    let delivery = credentials.delivery();
    match news {
        SessionChange::Nothing => ResponseHeaders::default(),
        SessionChange::Tokens(Renewed { tokens, .. }) => {
            exchange.tokens(tokens, delivery, credentials, credentials.in_conflict())
        }
        SessionChange::NewSession(tokens) => {
            let delivery = fdi::delivery(&exchange.head);
            exchange.tokens(tokens, delivery, credentials, credentials.has_cookie())
        }
        SessionChange::BearerEnded => bearer_cleared(),
        SessionChange::Ended => cleared(delivery, exchange.head.origin().host(), exchange.config()),
    }
}

fn bad_gateway(exchange: &Exchange, why: &str) -> Result<web_sys::Response, JsValue> {
    exchange.respond(exchange.problem(&Problem::BadGateway(why.to_owned())))
}

fn head_lines(lines: &str) -> impl Iterator<Item = (&str, &str)> {
    lines.lines().filter_map(|line| line.split_once(','))
}

fn set_cookies(lines: &str) -> impl Iterator<Item = &str> {
    lines.lines().filter_map(|line| line.strip_prefix("set-cookie,"))
}

/// Also where it stands behind a comma: not every client takes several cookies for one.
fn is_gate_cookie(exchange: &Exchange, set_cookie: &str) -> bool {
    names_cookie(set_cookie, |name| exchange.config().cookies.is_gate_name(name))
}

/// A user id as a header value: percent-encoded UTF-8 wherever it is no printable ASCII.
fn header_text(text: &str) -> String {
    const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
    utf8_percent_encode(text, ESCAPED).to_string()
}
