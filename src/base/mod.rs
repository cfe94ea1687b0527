//! What every subject builds on: bytes and their text forms, JSON by name, points in time, names.
//!
//! Invariant: nothing here knows what a session is.

pub mod bytes;
pub mod json;
pub mod names;
pub mod time;
