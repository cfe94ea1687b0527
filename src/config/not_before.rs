//! `NOT_BEFORE`: sessions from before a moment are over, everybody's, a tenant's or a provider's.
//!
//! Invariant: a moment is in the past, or so near that a change that is rolled out reaches it.

use serde_json::Value;

use super::fault::Invalid;
use super::vars::Vars;
use crate::base::json::{Fields, optional, text};
use crate::base::time::{Seconds, Timestamp, millis_of_rfc3339};
use crate::session::{NotBefore, Whose};

/// How far ahead a moment may be: a change that is rolled out takes its time.
const MAX_AHEAD: Seconds = Seconds::new(300);

const VARIABLE: &str = "NOT_BEFORE";
const NOT_AHEAD: &str = "at most 5 minutes ahead";
const MOMENTS: &str =
    "a time such as 2026-11-28T10:00:00Z, or a table of such times: `all`, `tenant.<id>`, `provider.<key>`";

/// Reads the variable.
pub fn read(vars: &mut Vars<'_>) -> Vec<NotBefore> {
    vars.read(VARIABLE, MOMENTS, moments).unwrap_or_default()
}

/// What is wrong with moments at this time, and may be right later.
///
/// # Errors
/// One is too far ahead.
pub fn check(moments: &[NotBefore], now: Timestamp) -> Result<(), Invalid> {
    let latest = now.after(MAX_AHEAD).millis().saturating_add(999);
    match moments.iter().find(|end| end.at > latest) {
        Some(_) => Err(Invalid::new(VARIABLE, NOT_AHEAD)),
        None => Ok(()),
    }
}

/// A time for everybody, or a table of times.
fn moments(value: Value) -> Option<Vec<NotBefore>> {
    let at = |value: Value| millis_of_rfc3339(&text(value)?);
    if value.is_string() {
        return Some(vec![NotBefore { whose: Whose::All, at: at(value)? }]);
    }
    let mut fields = Fields::of(value)?;
    let everybody = optional(fields.take("all"), Some)?.map(|at| (Whose::All, at));
    let mut named =
        |kind| Some(optional(fields.take(kind), Fields::of)?.map(Fields::into_map).unwrap_or_default());
    let tenants = named("tenant")?.into_iter().map(|(id, at)| (Whose::Tenant(id), at));
    let providers = named("provider")?.into_iter().map(|(key, at)| (Whose::Provider(key), at));
    let moments = everybody.into_iter().chain(tenants).chain(providers);
    let moments: Vec<_> =
        moments.map(|(whose, value)| Some(NotBefore { whose, at: at(value)? })).collect::<Option<_>>()?;
    // A table that says nothing, or something else, may have lost what it was made for.
    (fields.left_over().is_none() && !moments.is_empty()).then_some(moments)
}
