//! The two SuperTokens protocols as plain types: FDI for browsers, CDI for backends.
//!
//! Invariant: a protocol only translates. It has no rule of its own about sessions.

pub mod cdi;
pub mod fdi;
