//! The gate's own routes.

pub mod account;
pub mod browser_sdk;
pub mod core;
pub mod logout;
