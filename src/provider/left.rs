//! That the last session in this browser was a provider's: the next login asks the provider to prompt, so that the next
//! person at a shared computer does not become the last one.
//!
//! Invariant: the cookie says nothing of the person.

use serde::Serialize;

use super::sealed::{self, Opened};
use crate::base::time::{Seconds, Timestamp};
use crate::cookies::{LEFT, expired_login_cookie, login_cookie};
use crate::request::{Head, find_cookie};
use crate::token::{Keys, RarePurpose};

/// How long the cookie lasts.
const LIFETIME: Seconds = Seconds::new(600);

#[derive(Serialize)]
struct Sealed {
    at: Timestamp,
}

/// The `Set-Cookie` value that says so.
#[must_use]
pub fn set(keys: &Keys, now: Timestamp) -> String {
    login_cookie(LEFT, &sealed::seal(&Sealed { at: now }, RarePurpose::Left, 0, keys), LIFETIME)
}

/// The `Set-Cookie` value that takes it back, if the browser holds one.
#[must_use]
pub fn expired(head: &Head) -> Option<String> {
    held(head).map(|_| expired_login_cookie(LEFT))
}

/// Whether the browser holds one of now.
#[must_use]
pub fn is_held(head: &Head, keys: &Keys, now: Timestamp) -> bool {
    let at = || {
        let Opened { mut fields, .. } = sealed::open(held(head)?, RarePurpose::Left, keys)?;
        fields.integer("at").map(Timestamp::from_seconds)
    };
    at().is_some_and(|at| at.within(LIFETIME, now))
}

fn held(head: &Head) -> Option<&str> {
    find_cookie(head.header("cookie")?, LEFT).value()
}
