//! The application's response on its way to the browser: what it asks for is done, what the browser must hear is added.
//!
//! Invariant: no header that is the gate's alone to send comes from the application.

use worker::js_sys::Promise;
use worker::wasm_bindgen::JsValue;
use worker::web_sys;

use super::admit::Admitted;
use super::control;
use super::forward::{is_guarded_preflight, upstream};
use crate::config::Rule;
use crate::edge::exchange::Exchange;
use crate::edge::finish;
use crate::edge::platform::{self, Changes};
use crate::edge::reply;
use crate::edge::standing::still_true;
use crate::gate::{Answered, Controls, SessionChange, is_targeted};
use crate::pages::Problem;
use crate::request::{answers_preflight, public_location, sets_cookie, site_data_but_cookies};

/// Hands the response back.
pub async fn back(
    exchange: &Exchange,
    rule: &Rule,
    admitted: Admitted,
    response: web_sys::Response,
) -> Result<web_sys::Response, JsValue> {
    if is_guarded_preflight(exchange, rule) {
        return permission(&response);
    }
    // Most responses have nothing in them that concerns the gate, and need not be read.
    let lines = Lines(platform::concerns_of(&response));
    for name in lines.gate_names().filter(|name| !Controls::HEADERS.contains(name)) {
        platform::log_error(&format!(
            "origin-headers: `{name}` of the application is no header of the gate's"
        ));
    }
    let has_identity = admitted.identity.is_some() || admitted.service.is_some();
    // Of an upgraded connection nothing is stored.
    let is_stored = response.status() != 101;
    let change = match heed(exchange, rule, admitted, &lines).await {
        Ok(change) => change,
        Err(answered) => return finish::own(exchange, answered).await,
    };
    let mut additions = finish::additions(exchange, &change).await;
    // Whatever hands out or takes back tokens, in cookies or in headers, says `no-store`, and nothing weakens that.
    let has_tokens = additions.has("cache-control");
    if has_identity
        && is_stored
        && !has_tokens
        && let Some(value) = platform::caching_of(&response).added(&exchange.head)
    {
        additions.add("cache-control", value);
    }
    let has_gate_cookie = lines.cookies().any(|cookie| is_gate_cookie(exchange, cookie));
    let location = location(exchange, &response);
    let site_data = site_data(&lines, &change);
    let is_clean = lines.gate_names().next().is_none() && !has_gate_cookie && site_data.is_none();
    let live = exchange.live_if_begun().filter(|_| has_identity);
    if let Some(live) = live
        && change.ends_session()
    {
        live.let_go();
    }
    if is_clean && location.is_none() && additions.is_empty() && live.is_none() {
        return Ok(response);
    }
    let mut changes = Changes::default();
    for name in lines.gate_names() {
        changes.delete(name);
    }
    if let Some(location) = location {
        changes.set("location", &location);
    }
    match site_data.as_deref() {
        None => {}
        Some("") => changes.delete("clear-site-data"),
        Some(rest) => changes.set("clear-site-data", rest),
    }
    if has_gate_cookie {
        changes.delete("set-cookie");
        for cookie in lines.cookies().filter(|cookie| !is_gate_cookie(exchange, cookie)) {
            changes.append("set-cookie", cookie);
        }
    }
    if has_tokens {
        let all = Lines(platform::lines_of(&response.headers()));
        for (name, _) in all.iter().filter(|(name, _)| is_targeted(name)) {
            changes.delete(name);
        }
    }
    reply::add(&mut changes, &additions);
    match live {
        Some(live) => live.watched().pass(&response, changes.as_str()),
        None => platform::changed_response(&response, changes.as_str()),
    }
}

/// Does what the control headers say, where the rule lets them; `Err` is the answer that replaces the response.
async fn heed(
    exchange: &Exchange,
    rule: &Rule,
    admitted: Admitted,
    lines: &Lines,
) -> Result<SessionChange, Answered> {
    let has_controls = lines.gate_names().any(|name| Controls::HEADERS.contains(&name));
    if !has_controls || !exchange.config().origin_control || !rule.control {
        return Ok(still_true(exchange, admitted.change).await);
    }
    let header = |name: &str| lines.iter().find(|(other, _)| *other == name).map(|(_, value)| value);
    let controls = Controls::parse(header).map_err(|error| {
        let why = format!("{}: {}", error.header, error.why);
        exchange.problem(&Problem::OriginHeaders(why))
    })?;
    Ok(control::carry_out(exchange, rule, admitted, controls).await?)
}

/// Of a response to a preflight on a path that is not open, what a browser needs of it and no more. Anybody can
/// make one up, and an application that does not look at the method answers with a page.
fn permission(response: &web_sys::Response) -> Result<web_sys::Response, JsValue> {
    let mut changes = Changes::default();
    let lines = Lines(platform::lines_of(&response.headers()));
    for (name, value) in lines.iter().filter(|(name, _)| answers_preflight(name)) {
        changes.append(name, value);
    }
    platform::drop_unread(&Promise::resolve(&JsValue::from(Clone::clone(response))));
    platform::new_response(response.status(), None, changes.as_str())
}

/// Where the response leads, if that is the application's own address, which only the gate reaches.
fn location(exchange: &Exchange, response: &web_sys::Response) -> Option<String> {
    let origin = upstream(exchange)?;
    if !matches!(response.status(), 201 | 300..=399) {
        return None;
    }
    let location = response.headers().get("location").ok().flatten()?;
    public_location(&location, origin, exchange.head.origin())
}

/// What the application clears in the browser, if it is not all that it names: cookies stay, unless their session has
/// ended by this response.
fn site_data(lines: &Lines, change: &SessionChange) -> Option<String> {
    if matches!(change, SessionChange::Ended(_)) {
        return None;
    }
    let (_, header) = lines.iter().find(|(name, _)| *name == "clear-site-data")?;
    site_data_but_cookies(header)
}

/// Headers as `name,value` lines.
struct Lines(String);

impl Lines {
    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(','))
    }

    fn gate_names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name).filter(|name| name.starts_with("gate-"))
    }

    fn cookies(&self) -> impl Iterator<Item = &str> {
        self.iter().filter(|(name, _)| *name == "set-cookie").map(|(_, value)| value)
    }
}

/// Also where it stands behind a comma: not every client takes several cookies for one.
fn is_gate_cookie(exchange: &Exchange, set_cookie: &str) -> bool {
    sets_cookie(set_cookie, |name| exchange.config().cookies.is_gate_name(name))
}
