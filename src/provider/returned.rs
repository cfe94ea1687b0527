//! An answer that a provider sent as a form, on its way through a page of this site.
//!
//! Invariant: it is what came with a genuine `state`, for a minute; it signs nobody in without the attempt's cookie.

use serde::Serialize;

use super::sealed::{self, Opened};
use crate::base::time::{Seconds, Timestamp};
use crate::request::{Head, find_cookie};
use crate::token::{Keys, RarePurpose};

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
    /// The value of its cookie.
    #[must_use]
    pub fn seal(&self, keys: &Keys, now: Timestamp) -> String {
        sealed::seal(&Sealed { text: &self.text, at: now }, RarePurpose::Return, 0, keys)
    }

    /// The form in the cookie of this name.
    #[must_use]
    pub fn of(head: &Head, name: &str, keys: &Keys, now: Timestamp) -> Option<Self> {
        let value = find_cookie(head.header("cookie")?, name).value()?;
        let Opened { mut fields, .. } = sealed::open(value, RarePurpose::Return, keys)?;
        let at = Timestamp::from_seconds(fields.integer("at")?);
        at.within(LIFETIME, now).then_some(Self { text: fields.text("text")? })
    }

    /// Whether the browser holds the cookie of this name.
    #[must_use]
    pub fn is_held(head: &Head, name: &str) -> bool {
        head.header("cookie").is_some_and(|cookies| find_cookie(cookies, name).value().is_some())
    }
}
