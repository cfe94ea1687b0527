//! `session-gate`: a Worker that stands in front of a web application, keeps its sessions in Durable
//! Objects, and owns logout.

#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test may fail by panicking")
)]

pub mod bytes;
pub mod config;
pub mod event;
pub mod gate;
pub mod json;
pub mod pages;
pub mod request;
pub mod response;
pub mod session;
pub mod supertokens;
pub mod time;
pub mod token;

#[cfg(target_arch = "wasm32")]
mod edge;
