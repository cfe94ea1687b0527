//! The objects: the clients that ask them, and the two classes.

pub mod begin;
pub mod client;
pub mod end;
pub mod sid;
mod sid_index;
mod table;
mod user_sessions;
