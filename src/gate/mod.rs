//! What to do about a request: its route and what that asks, who it is from, how it is refused, how tokens travel,
//! and what the application may say about sessions.
//!
//! Invariant: every function here decides over plain values, what the isolate remembers among them, and changes
//! none of them. The shell carries the decision out.

mod admission;
mod caching;
mod change;
mod control;
mod credentials;
mod csrf;
mod entry;
mod mint;
mod person;
mod refusal;
mod require;
mod route;
mod step_up;
mod told;

pub use admission::{
    Absence, Admission, Identity, Standing, Verdict, admit, identity_if_unchanged, interpret, is_too_early,
};
pub use caching::{Caching, is_targeted};
pub use change::{Answered, IN_TIME_MS, Renewed, SessionChange, strays_expired};
pub use control::{
    CLAIMS_TOO_LARGE, ControlError, Controls, CreateSession, RevokeSession, is_too_much_data, may_be_user,
};
pub use credentials::{Access, Beside, Credentials, Logouts, Presented, Strays};
pub use csrf::{is_forged, is_unsafe, lacks_anti_csrf, shows_anti_csrf};
pub use entry::{Entry, Limit, Methods, Proof, Provenance, ReadBody, Reads};
pub use mint::{Mint, TokenPair, Unsigned};
pub use person::Person;
pub use refusal::{
    RETRY_AFTER, challenged, lacking, misconfigured, no_session, problem, too_many, unauthorised, unavailable,
};
pub use require::{Lack, is_met, lack};
pub use route::Route;
pub use step_up::{MARKER_LIFETIME, StepUpMarker, StepUpWay, acr_values, step_up_way};
pub use told::told;
