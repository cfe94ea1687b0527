//! That the last session in this browser was a provider's: the next login asks the provider to prompt, so that the next
//! person at a shared computer does not become the last one.
//!
//! Invariant: the cookie says nothing of the person.

use serde::Serialize;

use super::sealed::{self, Opened};
use crate::base::time::{Seconds, Timestamp};
use crate::request::{Head, find_cookie};
use crate::token::{Keys, RarePurpose};

/// The cookie.
pub const COOKIE: &str = "__Host-sLeft";

/// How long it lasts.
pub const LIFETIME: Seconds = Seconds::new(600);

#[derive(Serialize)]
struct Sealed {
    at: Timestamp,
}

/// The value of the cookie.
#[must_use]
pub fn seal(keys: &Keys, now: Timestamp) -> String {
    sealed::seal(&Sealed { at: now }, RarePurpose::Left, 0, keys)
}

/// Whether the browser holds one of now.
#[must_use]
pub fn is_held(head: &Head, keys: &Keys, now: Timestamp) -> bool {
    let at = || {
        let value = find_cookie(head.header("cookie")?, COOKIE).value()?;
        let Opened { mut fields, .. } = sealed::open(value, RarePurpose::Left, keys)?;
        fields.integer("at").map(Timestamp::from_seconds)
    };
    at().is_some_and(|at| at.within(LIFETIME, now))
}
