//! The isolate's memory of access tokens whose signature was good: a verification costs more than
//! everything else that the gate does for a request.
//!
//! Invariant: bounded, keyed by the whole token, kept with the keys of one app; and only the
//! signature is remembered: whether the token is good now is asked each time.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;

use super::access::{AccessToken, Verified};
use super::keys::Keys;
use crate::time::Timestamp;

/// How many tokens are remembered: at 4 KiB each for text and claims, 8 MiB at the most.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(2048).unwrap();

/// The tokens that were verified lately.
pub(super) struct VerifiedTokens(RefCell<LruCache<String, Rc<AccessToken>>>);

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(RefCell::new(LruCache::new(CAPACITY)))
    }
}

impl Keys {
    /// Reads an access token, verifying its signature only the first time.
    #[must_use]
    pub fn verify(&self, text: &str, now: Timestamp) -> Option<Verified> {
        let token = match self.verified.recall(text) {
            Some(token) => token,
            None => self.verified.remember(text, AccessToken::verify(text, self, now)?),
        };
        Some(token.at(self, now))
    }
}

impl VerifiedTokens {
    fn recall(&self, text: &str) -> Option<Rc<AccessToken>> {
        self.0.try_borrow_mut().ok()?.get(text).map(Rc::clone)
    }

    fn remember(&self, text: &str, token: AccessToken) -> Rc<AccessToken> {
        let token = Rc::new(token);
        if let Ok(mut tokens) = self.0.try_borrow_mut() {
            tokens.put(text.to_owned(), Rc::clone(&token));
        }
        token
    }
}
