//! `session-gate`: a Worker that stands in front of a web application, keeps its sessions in Durable
//! Objects, and owns logout.

#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test may fail by panicking")
)]

pub mod config;
pub mod cookies;
pub mod gate;
pub mod log;
pub mod logout;
pub mod memory;
pub mod object;
pub mod pages;
pub mod provider;
pub mod request;
pub mod response;
pub mod session;
pub mod supertokens;
pub mod token;

pub use ::base;

#[cfg(target_arch = "wasm32")]
mod edge;
