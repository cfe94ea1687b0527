//! A request that is sent to the application while its session's object is still being asked (a rule's `overlap`).
//!
//! Invariant: its answer reaches the browser only if the very same request would be sent now.

use worker::js_sys::Promise;

use super::forward::{Told, fetch, request_for};
use crate::config::Rule;
use crate::edge::exchange::Exchange;
use crate::edge::platform;
use crate::gate::{identity_if_unchanged, lack};

/// A request that was sent ahead.
pub struct Overlap {
    told: Told,
    response: Promise,
}

impl Overlap {
    /// Sends the request, if the rule allows it and the credentials say who it will be from.
    pub async fn begin(exchange: &Exchange, rule: &Rule) -> Option<Self> {
        // A body is there once, and there may have to be a second request.
        if !rule.may_overlap(&exchange.head) || exchange.request.body().is_some() {
            return None;
        }
        let identity = identity_if_unchanged(
            exchange.credentials().await,
            exchange.memory(),
            &exchange.config().policy,
            exchange.now,
        )?;
        // Nobody's request goes ahead to where it may not come.
        if let Some(demands) = &rule.demands
            && lack(demands, &identity.person(), exchange.now).is_some()
        {
            return None;
        }
        let told = Told::of(exchange, rule, &identity);
        let request = request_for(exchange, rule, Some(&told), None).ok()?;
        let response = fetch(exchange, &request, Some(&told)).ok()?;
        Some(Self { told, response })
    }

    /// The response, if it is one to this request.
    pub fn for_admitted(self, told: Option<&Told>) -> Option<Promise> {
        if told.is_some_and(|told| told.is_same(&self.told)) {
            return Some(self.response);
        }
        self.drop_unread();
        None
    }

    /// Gives the response up.
    pub fn drop_unread(self) {
        platform::drop_unread(&self.response);
    }
}
