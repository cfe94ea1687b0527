//! The three tokens a browser holds, and the keys they are made with.
//!
//! Invariant: every key is derived from the configured secrets and none is stored; a token made with any other key is
//! rejected like random bytes.

mod access;
mod draft;
mod keys;
mod marker;
mod refresh;

pub use access::{AccessToken, Unverified, Verified, Version, claims_session, draft_jwt, fits_a_cookie};
pub use draft::Draft;
pub use keys::{Keys, PrivateKey, RarePurpose, Secret, public_jwk};
pub use marker::{open_marker, seal_marker};
pub use refresh::RefreshToken;
