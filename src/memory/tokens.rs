//! The isolate's memory of access tokens whose signature was good: a verification costs more than
//! everything else that the gate does for a request.
//!
//! Invariant: bounded, keyed by the whole token, of one app alone; and only the
//! signature is remembered: whether the token is good now is asked each time.

use std::cell::RefCell;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::rc::Rc;

use lru::LruCache;

use crate::token::AccessToken;

/// How many tokens are remembered: at 4 KiB each for text and claims, 8 MiB at the most.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(2048).unwrap();

/// The tokens that were verified lately.
pub struct VerifiedTokens(RefCell<LruCache<String, Rc<AccessToken>, BuildHasherDefault<BySignature>>>);

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(RefCell::new(LruCache::with_hasher(CAPACITY, BuildHasherDefault::default())))
    }
}

/// The hash of a token is the end of its signature, which is as good as random: only a token whose
/// signature was good is kept, so nobody can choose one that collides.
#[derive(Default)]
struct BySignature(u64);

impl Hasher for BySignature {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(end) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*end);
        }
    }

    // The text of a signature leaves most bits of a byte alone; the map wants all of them to differ.
    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl VerifiedTokens {
    /// An access token that was verified lately.
    #[must_use]
    pub fn recall(&self, text: &str) -> Option<Rc<AccessToken>> {
        self.0.try_borrow_mut().ok()?.get(text).map(Rc::clone)
    }

    /// Remembers what a text says whose signature is good.
    #[must_use]
    pub fn remember(&self, text: &str, token: AccessToken) -> Rc<AccessToken> {
        let token = Rc::new(token);
        if let Ok(mut tokens) = self.0.try_borrow_mut() {
            tokens.put(text.to_owned(), Rc::clone(&token));
        }
        token
    }
}
