//! What to do about a request: the rules of routes, admission, logout, and what the origin may say.
//!
//! Invariant: every function here is a decision over plain values. The shell carries it out.

mod admission;
mod caching;
mod control;
mod credentials;
mod refusal;
mod route;
mod tokens;

pub use admission::{
    Absence, Admission, Identity, Standing, Verdict, admit, anti_csrf_on_renewal, csrf_refusal, expected,
    judge, lacks_anti_csrf, shows_anti_csrf,
};
pub use caching::{Caching, is_targeted};
pub use control::{ControlError, Controls, CreateSession, RevokeSession, is_too_much_data};
pub use credentials::{Access, Beside, Credentials, Logouts, Presented, Strays};
pub use refusal::{
    RETRY_AFTER, challenged, misconfigured, no_session, problem, too_many, unauthorised, unavailable,
};
pub use route::Route;
pub use tokens::{Delivery, Mint, TokenPair, Unsigned, bearer_cleared, cleared, delivered, taken_back};
