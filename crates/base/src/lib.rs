//! What every subject builds on: bytes and their text forms, JSON by name, form encoding, points in time, names.
//!
//! Invariant: nothing here knows what a session is.

#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test may fail by panicking")
)]

pub mod bytes;
pub mod form;
pub mod json;
pub mod names;
pub mod order;
pub mod time;
