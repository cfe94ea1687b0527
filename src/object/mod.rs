//! What a user's object does: commands decided over rows, what it knows of its rows, what it reports.
//!
//! Invariant: nothing here does I/O. The object loads rows, calls [`decide()`], and writes what it is told; no other
//! code changes a session.

mod decide;
mod event;
mod failure;
mod known;
mod recheck;
mod sid_index;

pub use decide::{Outcome, PROVIDER_END_MEMORY, Rows, decide};
pub use event::{SessionEvent, SessionEventKind};
pub use failure::{PlatformError, StoreFailure};
pub use known::Known;
pub use sid_index::{SidCommand, SidReply, SidRow, SidWrite, decide_sid};
