//! SuperTokens: the headers that its SDKs know (`wire`), and the two protocols as plain types, FDI for browsers and CDI
//! for backends.
//!
//! Invariant: a protocol only translates. It has no rule of its own about sessions.

pub mod cdi;
pub mod fdi;
pub mod wire;
