//! What an isolate remembers of identity providers: their metadata and keys.
//!
//! Invariant: bounded by the configured providers; losing it costs a request to each.

use std::cell::RefCell;
use std::rc::Rc;

use oidc::jwks::Jwks;
use oidc::metadata::Metadata;

use crate::base::time::{Seconds, Timestamp};

/// The documents of all providers.
#[derive(Default)]
pub struct Documents(RefCell<Vec<(String, OfProvider)>>);

/// The documents of one provider.
#[derive(Default)]
pub struct OfProvider {
    /// Its metadata.
    pub metadata: Kept<Metadata>,
    /// Its keys.
    pub keys: Kept<Jwks>,
}

/// A document.
pub struct Kept<T> {
    /// The document, when it came, and for how long it is fresh.
    pub value: Option<(Rc<T>, Timestamp, Seconds)>,
    /// Since when it is being fetched.
    pub fetching: Option<Timestamp>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { value: None, fetching: None }
    }
}

impl Documents {
    /// What is kept of the provider with this key, to be read or changed.
    pub fn with<T>(&self, key: &str, change: impl FnOnce(&mut OfProvider) -> T) -> T {
        let Ok(mut all) = self.0.try_borrow_mut() else { return change(&mut OfProvider::default()) };
        if let Some((_, kept)) = all.iter_mut().find(|(other, _)| other == key) {
            return change(kept);
        }
        let mut new = OfProvider::default();
        let result = change(&mut new);
        all.push((key.to_owned(), new));
        result
    }

    /// When the keys came that are kept.
    #[must_use]
    pub fn keys_fetched_at(&self, key: &str) -> Option<Timestamp> {
        self.with(key, |kept| kept.keys.value.as_ref().map(|(_, at, _)| *at))
    }
}
