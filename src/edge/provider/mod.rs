//! What takes waiting for at identity providers: their documents, tokens for a code, and the checks in between.
//!
//! Invariant: sessions that exist do not wait for a provider, but for one renewal in each interval of `recheck`; a login
//! waits at most [`TIME_LIMIT`].

pub mod documents;
pub mod leave;
pub mod recheck;
pub mod sign_in;

use crate::base::time::Timestamp;
use crate::config::Provider;
use crate::edge::platform::{self, metrics};
use crate::log::{login_refused_line, provider_line};

/// For how many milliseconds a login waits for a provider in all.
pub const TIME_LIMIT: u32 = 12_000;

/// A provider does not answer as it should. The cause was logged where it arose.
#[derive(Clone, Copy, Debug)]
pub struct ProviderTrouble;

impl ProviderTrouble {
    /// Trouble of this cause, which is logged.
    pub fn because(provider: &str, what: &'static str, cause: &str) -> Self {
        metrics::report(&provider_line(provider, what, cause, platform::now()));
        Self
    }
}

/// Logs that a provider's word was not taken, because of this check.
pub fn report_refusal(provider: &Provider, check: &str, now: Timestamp) {
    metrics::report(&login_refused_line(&provider.key, check, now));
}
