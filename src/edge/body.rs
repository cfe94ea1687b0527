//! The body of a request, where the gate reads one: bounded in size and time.
//!
//! Invariant: a body on its way to the application is never read here.

use std::time::Duration;

use crate::edge::exchange::Exchange;
use crate::edge::platform::{self, Unread};
use crate::pages::Problem;
use crate::request::{Broken, Form, FormType};
use crate::response::Answer;

/// The largest form, in bytes: a handle, a scope and an address.
const MAX_FORM: u32 = 16 * 1024;

/// For how long the body of a form is waited for.
const FORM_TIME: Duration = Duration::from_secs(10);

/// The form in the body; `Err` is the answer to one that is not taken.
pub async fn form(exchange: &Exchange) -> Result<Form, Answer> {
    let head = &exchange.head;
    let form_type = FormType::of(head.header("content-type"), head.header("content-encoding"));
    // Of a body that is no form only one thing is of interest: whether it is empty.
    let limit = if form_type.is_some() { MAX_FORM } else { 0 };
    let problem = match (bytes(exchange, limit, FORM_TIME).await, form_type) {
        (Ok(body), _) if body.is_empty() => return Ok(Form::default()),
        (Ok(body), Some(form_type)) => match Form::read(&form_type, &body) {
            Ok(form) => return Ok(form),
            Err(Broken) => Problem::BrokenBody,
        },
        (Ok(_) | Err(Unread::TooLarge), None) => Problem::UnknownForm,
        (Err(Unread::TooLarge), Some(_)) => Problem::TooLarge,
        (Err(Unread::TooSlow), _) => Problem::TooSlow,
        (Err(Unread::Broken), _) => Problem::BrokenBody,
    };
    Err(exchange.problem(&problem))
}

/// The bytes of the body: at most `limit`, within `time`.
pub async fn bytes(exchange: &Exchange, limit: u32, time: Duration) -> Result<Vec<u8>, Unread> {
    let announced = exchange.head.header("content-length").and_then(|length| length.parse::<u64>().ok());
    match announced {
        Some(0) => Ok(Vec::new()),
        Some(length) if length > u64::from(limit) => Err(Unread::TooLarge),
        _ => platform::read_body(&exchange.request, limit, time).await,
    }
}
