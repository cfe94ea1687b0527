//! The way in: what a route asks of a request, checked in one order (`gate/entry.rs` states it).
//!
//! Invariant: a request that is refused here has changed nothing, but for completing this browser's pending logouts.

use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

use crate::edge::body;
use crate::edge::exchange::Exchange;
use crate::edge::platform;
use crate::gate::{
    Absence, Answered, Credentials, Entry, Limit, Proof, Provenance, ReadBody, Reads, is_forged, is_unsafe,
    lacks_anti_csrf, too_many,
};
use crate::log::GateEvent;
use crate::pages::Problem;
use crate::request::{Form, network};
use crate::response::{Answer, Reason};
use crate::supertokens::fdi;
use crate::supertokens::wire::Delivery;
use crate::token::RefreshToken;

/// What was read of a request on the way in.
#[derive(Default)]
pub struct Entered {
    /// The form in its body.
    pub form: Form,
    /// The refresh token of a renewal, and how it came.
    pub renewal: Option<(Option<RefreshToken>, Delivery)>,
}

/// Checks what `entry` asks; `Err` is the refusal.
pub async fn enter(exchange: &Exchange, entry: &Entry) -> Result<Entered, Answered> {
    let head = &exchange.head;
    if let Some(allowed) = entry.methods.refusal(head.method()) {
        return Err(exchange.problem(&Problem::Method).with("allow", allowed).into());
    }
    // What needs no credential does not wait for one, unless the request wants more than to read.
    if entry.reads == Reads::Nothing && (!is_unsafe(head) || entry.provenance == Provenance::OwnProof) {
        return Ok(Entered::default());
    }
    let credentials = match entry.reads {
        Reads::ForLogout => exchange.credentials_for_logout().await,
        Reads::Nothing | Reads::Session | Reads::ForRenewal => exchange.credentials().await,
    };
    let completed = match entry.reads {
        Reads::ForLogout => Ok(()),
        Reads::Nothing | Reads::Session | Reads::ForRenewal => exchange.complete_pending(credentials).await,
    };
    let renewal = (entry.reads == Reads::ForRenewal)
        .then(|| fdi::refresh_token(head, exchange.config(), exchange.keys()));
    let in_header = match renewal {
        Some((token, delivery)) => token.is_some() && delivery == Delivery::Headers,
        None => credentials.header_mode,
    };
    if let Some(refusal) = cross_site_refusal(exchange, credentials, entry.provenance, in_header) {
        return Err(refusal.into());
    }
    if let Some(refusal) = proof_refusal(exchange, credentials, entry.proof, renewal) {
        return Err(refusal);
    }
    if completed.is_err() {
        return Err(exchange.unavailable().into());
    }
    let costs_a_call = renewal.is_none_or(|(token, _)| token.is_some());
    if let Some(limit) = entry.limit
        && costs_a_call
        && let Some(refusal) = rate_refusal(exchange, limit).await
    {
        return Err(refusal.into());
    }
    // A client without a credential is not waited for, and nothing is kept for it.
    let reads_form =
        entry.body == ReadBody::Form && !head.is_safe() && exchange.shows_credential(credentials).await;
    let form = if reads_form { body::form(exchange).await? } else { Form::default() };
    Ok(Entered { form, renewal })
}

/// The refusal of an unsafe request that another site may have made the browser send.
pub fn cross_site_refusal(
    exchange: &Exchange,
    credentials: &Credentials,
    provenance: Provenance,
    in_header: bool,
) -> Option<Answer> {
    is_forged(&exchange.head, credentials, provenance, in_header, exchange.config()).then(|| {
        exchange.report(GateEvent::CsrfRefused, credentials.handle());
        exchange.problem(&Problem::CrossSite)
    })
}

fn proof_refusal(
    exchange: &Exchange,
    credentials: &Credentials,
    proof: Proof,
    renewal: Option<(Option<RefreshToken>, Delivery)>,
) -> Option<Answered> {
    let (head, config, keys) = (&exchange.head, exchange.config(), exchange.keys());
    let lacks_proof = || lacks_anti_csrf(head, credentials, config, keys);
    let try_refresh = || fdi::nothing_to_sign_out_of(Absence::TryRefresh).because(Reason::AntiCsrf).into();
    match proof {
        Proof::None => None,
        Proof::Forbidden => lacks_proof().then(|| {
            exchange.report(GateEvent::CsrfRefused, credentials.handle());
            exchange.problem(&Problem::AntiCsrf).into()
        }),
        Proof::TryRefreshUnlessForm => (lacks_proof() && !head.wants_page()).then(try_refresh),
        Proof::TryRefresh => lacks_proof().then(try_refresh),
        Proof::Unauthorised => {
            let (token, delivery) = renewal?;
            let lacks_header = token.is_some() && fdi::lacks_custom_header(head, delivery, config);
            lacks_header.then(|| fdi::refresh_refused(Absence::None, delivery).because(Reason::AntiCsrf))
        }
    }
}

/// The refusal of a client that asks too often for what costs a call to an object. A logout is never refused: with a
/// genuine token it is what its user needs most, and without one it costs nothing.
pub async fn rate_refusal(exchange: &Exchange, limit: Limit) -> Option<Answer> {
    let limiter = exchange.client.isolate.rate_limiter.as_ref()?;
    let client = network(exchange.head.header("cf-connecting-ip").unwrap_or_default());
    let promise = platform::is_within_limit(limiter, &format!("{} {client}", limit.name())).ok()?;
    // A limiter that fails limits nobody: the gate would be down with it.
    if JsFuture::from(promise).await.is_ok_and(|is_within| is_within == JsValue::FALSE) {
        exchange.report(GateEvent::RateLimited, None);
        return Some(too_many(&exchange.head, exchange.config()));
    }
    None
}
