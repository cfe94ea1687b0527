//! The users' objects: the client that asks them, and the object itself.

pub mod client;
mod table;
mod user_sessions;
