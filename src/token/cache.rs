//! The isolate's memory of access tokens whose signature was good: a verification costs more than
//! everything else that the gate does for a request.
//!
//! Invariant: bounded, keyed by the whole token, kept with the keys of one app; and only the
//! signature is remembered: whether the token is good now is asked each time.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;

use super::access::AccessToken;
use super::keys::Keys;

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
    /// An access token that was verified lately.
    #[must_use]
    pub fn recall(&self, text: &str) -> Option<Rc<AccessToken>> {
        self.verified.0.try_borrow_mut().ok()?.get(text).map(Rc::clone)
    }

    /// Remembers what a text says whose signature is good.
    #[must_use]
    pub fn remember(&self, text: &str, token: AccessToken) -> Rc<AccessToken> {
        let token = Rc::new(token);
        if let Ok(mut tokens) = self.verified.0.try_borrow_mut() {
            tokens.put(text.to_owned(), Rc::clone(&token));
        }
        token
    }
}
