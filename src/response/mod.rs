//! What the gate answers: answers of its own, and what it adds to the origin's.
//!
//! Invariant: a response that sets or clears a gate cookie is never stored by a cache.

mod answer;
pub mod cookies;

pub use answer::{Additions, Answer, Body};
