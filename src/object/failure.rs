//! What can go wrong with a call to an object, and which failures are worth another try.
//!
//! Invariant: no failure says anything about a session.

use crate::session::{ObjectId, SessionId};

/// How the platform marks the error of a call that failed (Cloudflare, "Error handling" of Durable Objects).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlatformError {
    /// `retryable`: what went wrong will pass.
    pub retryable: bool,
    /// `durableObjectReset`: the object was put away and will be there again, with a new version of its code for one.
    pub reset: bool,
    /// `overloaded`: it has more to do than it can.
    pub overloaded: bool,
}

/// A command that its object did not answer, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFailure {
    /// The object.
    pub object: ObjectId,
    /// The session that the command was about, if it was about one.
    pub session: Option<SessionId>,
    /// The command's name.
    pub command: &'static str,
    /// How often it was tried.
    pub tries: u8,
    /// What the platform said the last time.
    pub cause: String,
}

impl PlatformError {
    /// Whether a further try can help. An overloaded object is left alone, whatever else is said of it: tries would
    /// make it worse.
    #[must_use]
    pub const fn invite_another_try(self) -> bool {
        (self.retryable || self.reset) && !self.overloaded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_is_overloaded_never() {
        let tried = |retryable, reset, overloaded| {
            PlatformError { retryable, reset, overloaded }.invite_another_try()
        };
        assert!(tried(true, false, false));
        assert!(tried(false, true, false));
        assert!(tried(true, true, false));
        assert!(!tried(false, false, false), "an error that says nothing may be the command's own");
        assert!(!tried(true, true, true) && !tried(true, false, true) && !tried(false, true, true));
        assert!(!tried(false, false, true));
    }
}
