//! What an isolate remembers: which sessions lived or ended, and which tokens have a good signature.
//!
//! Invariant: bounded plain data; losing it costs time and nothing else.

mod sessions;
mod tokens;

pub use sessions::{Asked, Memory, Recalled};
pub use tokens::VerifiedTokens;
