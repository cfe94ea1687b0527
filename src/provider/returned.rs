//! An answer that a provider sent as a form, on its way through a page of this site.
//!
//! Invariant: it is what came with a genuine `state`, for a minute; it signs nobody in without the attempt's cookie.

use serde::Serialize;

use super::sealed::{self, Opened};
use crate::base::time::{Seconds, Timestamp};
use crate::cookies::{RETURN, expired_login_cookie, login_cookie};
use crate::request::{Head, find_cookie};
use crate::token::{Keys, RarePurpose};

/// How long the page may take to go on.
const LIFETIME: Seconds = Seconds::new(60);

/// A form that a provider sent.
#[derive(Serialize)]
pub struct ReturnedForm {
    /// The form, urlencoded.
    pub text: String,
}

#[derive(Serialize)]
struct Sealed<'a> {
    text: &'a str,
    at: Timestamp,
}

impl ReturnedForm {
    /// The `Set-Cookie` value that keeps it in the browser.
    #[must_use]
    pub fn set(&self, keys: &Keys, now: Timestamp) -> String {
        let sealed = sealed::seal(&Sealed { text: &self.text, at: now }, RarePurpose::Return, 0, keys);
        login_cookie(RETURN, &sealed, LIFETIME)
    }

    /// The form that the browser holds.
    #[must_use]
    pub fn of(head: &Head, keys: &Keys, now: Timestamp) -> Option<Self> {
        let Opened { mut fields, .. } = sealed::open(held(head)?, RarePurpose::Return, keys)?;
        let at = Timestamp::from_seconds(fields.integer("at")?);
        at.within(LIFETIME, now).then_some(Self { text: fields.text("text")? })
    }

    /// The `Set-Cookie` value that takes from the browser what it holds of one, if it does.
    #[must_use]
    pub fn expired(head: &Head) -> Option<String> {
        held(head).map(|_| expired_login_cookie(RETURN))
    }
}

fn held(head: &Head) -> Option<&str> {
    find_cookie(head.header("cookie")?, RETURN).value()
}
