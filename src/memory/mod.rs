//! What an isolate remembers: which sessions lived or ended, and which tokens have a good
//! signature, what identity providers say of themselves.
//!
//! Invariant: bounded plain data; losing it costs time and nothing else.

mod documents;
mod sessions;
mod tokens;

pub use documents::{Documents, Kept, OfProvider};
pub use sessions::{Asked, Memory, Recalled};
pub use tokens::VerifiedTokens;
