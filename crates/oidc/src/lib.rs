//! An `OpenID` Connect relying party: what it asks, and what it makes of the answers.
//!
//! Bytes, texts and `now` go in, decisions come out. Nothing here does I/O, reads a clock, draws randomness or knows
//! what the answers are for; nothing here computes a signature. A signed token therefore passes through three types,
//! and its claims can be reached only in the last one: [`jws::Unverified`], [`jws::Candidate`] (with the one key that
//! may have signed it) and [`jws::Signed`] (after the caller has said that this key did).
//!
//! Invariant: every rule fails closed, and a failure is the name of the check, never a token or a part of one.

#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test may fail by panicking")
)]

pub mod freshness;
pub mod issuer;
pub mod metadata;
pub mod quirks;

pub mod authorize;
pub mod callback;
pub mod claims;
pub mod client;
pub mod id_token;
pub mod token;
pub mod userinfo;

pub mod end_session;
pub mod front_channel;
pub mod logout_token;
pub mod revocation;
pub mod security_event;

pub mod algorithm;
pub mod check;
pub mod jwks;
pub mod jws;
pub mod names;
pub mod url;

mod json;
mod registered;

pub use json::JsonFault;
