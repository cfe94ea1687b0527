//! Logins at identity providers, as far as they are the gate's: attempts, and who somebody is here. The protocol is
//! `crates/oidc`'s.
//!
//! Invariant: plain values and pure functions.

mod attempt;
pub mod left;
mod returned;
mod sealed;
mod user;

pub use attempt::{Attempt, Demand, State};
pub use returned::ReturnedForm;
pub use user::{sid_name, user_id};
