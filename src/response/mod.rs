//! What the gate answers: answers of its own, and what it adds to the origin's.
//!
//! Invariant: a response that sets or clears a gate cookie is never stored by a cache, and an answer of the gate's own
//! says why it is what it is.

mod answer;
mod reason;

pub use answer::{Answer, Body, ResponseHeaders};
pub use reason::Reason;
