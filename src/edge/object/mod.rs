//! The users' objects: the client that asks them, and the object itself.

pub mod begin;
pub mod client;
pub mod end;
mod table;
mod user_sessions;
