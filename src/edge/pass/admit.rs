//! Whether a request may pass, and as whom.

use crate::base::time::Seconds;
use crate::config::{Live, Rule, SERVICE, SessionNeed};
use crate::edge::exchange::Exchange;
use crate::edge::guard;
use crate::edge::object::client::Unavailable;
use crate::edge::standing::{renewed, standing};
use crate::gate::{Answered, Entry, Identity, SessionChange, Standing, is_unsafe, lack, lacking, no_session};
use crate::response::Answer;

/// A request that may pass.
pub struct Admitted {
    /// Who it is from.
    pub identity: Option<Identity>,
    /// Which service, if it is from one; then there is no session.
    pub service: Option<String>,
    /// What the browser is told about its session.
    pub change: SessionChange,
}

impl Admitted {
    const NOBODY: Self = Self { identity: None, service: None, change: SessionChange::Nothing };
}

/// Decides; `Err` is the refusal.
pub async fn admit(exchange: &Exchange, rule: &Rule) -> Result<Admitted, Answered> {
    if exchange.head.is_preflight() {
        return Ok(Admitted::NOBODY);
    }
    if rule.session == SessionNeed::None {
        if exchange.may_have_marker() {
            // An object that fails keeps nobody from an open path.
            let _ = exchange.complete_pending(exchange.credentials().await).await;
        }
        return Ok(Admitted::NOBODY);
    }
    if let Some(service) = service(exchange, rule) {
        return Ok(Admitted { service: Some(format!("{SERVICE}{service}")), ..Admitted::NOBODY });
    }
    if let Some(refusal) = exchange.uncovered_host() {
        return Err(refusal.into());
    }
    guard::enter(exchange, &Entry::APPLICATION).await?;
    let credentials = exchange.credentials().await;
    // An upgraded connection is watched from the start, by what asks for its session.
    if rule.live == Live::Watched && exchange.head.is_upgrade() {
        exchange.live();
    }
    let fresh = if is_unsafe(&exchange.head) { Seconds::new(0) } else { rule.fresh };
    match standing(exchange, credentials, fresh).await {
        Ok(Standing::SignedIn(mut identity)) => {
            let tokens = identity.tokens.take();
            let change =
                tokens.map_or(SessionChange::Nothing, |tokens| renewed(tokens, credentials.delivery()));
            if let Some(answer) = refused(exchange, rule, &identity) {
                return Err(Answered { answer, change });
            }
            Ok(Admitted { identity: Some(*identity), service: None, change })
        }
        Ok(Standing::SignedOut(absence)) if rule.session == SessionNeed::Required => {
            Err(no_session(&exchange.head, exchange.config(), credentials, absence))
        }
        // By the time that the application has answered, the browser may hold a newer session: nothing is cleared.
        Ok(Standing::SignedOut(_)) => Ok(Admitted::NOBODY),
        Err(Unavailable) => Err(exchange.unavailable().into()),
    }
}

/// The service that the request's token names, where the rule lets it pass. No other site can make a browser send such a
/// token, so it is no matter where the request comes from.
fn service<'a>(exchange: &'a Exchange, rule: &Rule) -> Option<&'a str> {
    rule.services.as_ref()?;
    let service = exchange.config().services.named_by(exchange.head.bearer()?)?;
    rule.admits(service).then_some(service)
}

/// The refusal of a person who is signed in and lacks what the rule asks for.
fn refused(exchange: &Exchange, rule: &Rule, identity: &Identity) -> Option<Answer> {
    let demands = rule.demands.as_deref()?;
    let person = identity.person();
    let lack = lack(demands, &person, exchange.now)?;
    Some(lacking(lack, demands, &person, &exchange.head, exchange.config(), exchange.now))
}
